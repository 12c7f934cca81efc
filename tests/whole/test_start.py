"""Starting, reloading and stopping a real tocsind: what it refuses, what it keeps, who it is."""

import os
import pwd
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from needs import need
from running import ROOT, Tocsind, running
from until import until

pytestmark = pytest.mark.slow

CONFIG = """
sources: {script: {handler: generic, map: {key: $.key, title: $.title}}}
channels: {console: {type: console}}
receivers: [{name: ops, notify: [{by: [console]}]}]
route: {receiver: ops, group_by: ['...'], group_wait: 0s, group_interval: 0s}
"""


def python_for_all() -> tuple[str, dict[str, str]]:
    """A Python that every user may run: ours, or the system's with our packages when ours is somebody's own."""
    needed = [Path(sys.base_prefix), *Path(sys.base_prefix).parents]
    if all(folder.stat().st_mode & 0o005 == 0o005 for folder in needed):
        return sys.executable, {}
    need(Path("/usr/bin/python3.11").exists(), "a Python that every user may run (Debian package python3)")
    return "/usr/bin/python3.11", {"PYTHONPATH": sysconfig.get_path("purelib")}


def ended(daemon: Tocsind, *more: str) -> tuple[int, str]:
    python, environ = python_for_all() if "--user" in more else (sys.executable, {})
    done = subprocess.run(
        [python, "-m", "daemon", "--config", str(daemon.config), *more],
        cwd=ROOT, env=os.environ | environ, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_bad_configuration_is_6_and_every_problem_is_named(tmp_path: Path) -> None:
    daemon = Tocsind(tmp_path, CONFIG.replace("console}", "consol}") + "rooute: {}\n")
    code, said = ended(daemon)
    assert code == 6
    assert f"{daemon.config}:" in said
    assert said.count(f"{daemon.config}:") >= 2


def test_a_door_that_is_taken_is_1_and_named(tmp_path: Path) -> None:
    daemon = Tocsind(tmp_path, CONFIG)
    with socket.create_server(("127.0.0.1", daemon.http)):
        code, said = ended(daemon)
    assert code == 1
    assert str(daemon.http) in said


def test_a_log_file_that_cannot_be_opened_is_6(tmp_path: Path) -> None:
    code, said = ended(Tocsind(tmp_path, CONFIG + f"log: {{file: {tmp_path}}}\n"))
    assert (code, str(tmp_path) in said) == (6, True)


def test_a_second_daemon_on_the_same_store_is_refused(tmp_path: Path) -> None:
    with running(tmp_path, CONFIG) as first:
        (tmp_path / "other").mkdir()
        second = Tocsind(tmp_path / "other", CONFIG)
        second.config.write_text(second.config.read_text().replace(str(second.store), str(first.store)))
        code, said = ended(second)
        assert (code, "another process" in said) == (1, True)
        assert first.ready()


def test_hup_takes_a_good_configuration_and_refuses_a_bad_one(tmp_path: Path) -> None:
    with running(tmp_path, CONFIG) as daemon:
        assert daemon.post("/webhook/second", {"key": "a", "title": "b"})[0] == 404
        second = "  second: {handler: generic, map: {key: $.key, title: $.title}}"
        daemon.configure(
            CONFIG.replace("sources: {script", f"sources:\n{second}\n  script").replace(
                "title: $.title}}}", "title: $.title}}"
            )
        )
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: daemon.post("/webhook/second", {"key": "a", "title": "b"})[0] == 200, why=daemon.errors)
        daemon.configure("route: {receiver: nobody}\n")
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: "reload refused" in daemon.errors(), why=daemon.errors)
        assert daemon.post("/webhook/second", {"key": "c", "title": "d"})[0] == 200
        assert daemon.stop() == 0


def test_usr1_opens_the_log_anew(tmp_path: Path) -> None:
    log = tmp_path / "tocsin.log"
    with running(tmp_path, CONFIG + f"log: {{file: {log}}}\n") as daemon:
        log.rename(tmp_path / "old.log")
        daemon.process.send_signal(signal.SIGUSR1)
        until(lambda: daemon.post("/webhook/script", {"key": "a", "title": "b"})[0] == 200 and log.exists())
        until(lambda: "A1" in log.read_text())


@pytest.fixture
def open_path() -> Iterator[Path]:
    """A folder that every user may walk through; those of `tmp_path` are its owner's alone."""
    need(os.geteuid() == 0, "becoming another user needs root")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


def test_handlers_run_as_the_user_that_the_daemon_becomes(open_path: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    home, handlers, witness = open_path / "home", open_path / "handlers.d", open_path / "witness"
    for folder in (home, witness):
        folder.mkdir()
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    handlers.mkdir()
    (handlers / "spy.py").write_text(
        f"import os\nopen({str(witness / 'uid')!r}, 'w').write(str(os.geteuid()))\n"
        "from daemon.registry import Sample, handler\n"
        "@handler('spy', samples={'firing': Sample(body=b'{}')})\ndef spy(hook):\n    return []\n"
    )
    daemon = Tocsind(home, CONFIG + f"handlers_dir: {handlers}\n")
    python, environ = python_for_all()
    daemon.start(python=python, arguments=("--user", "nobody"), **environ)
    try:
        assert (witness / "uid").read_text() == str(nobody.pw_uid)
        assert daemon.store.stat().st_uid == nobody.pw_uid
    finally:
        assert daemon.stop() == 0


def test_a_secret_that_only_root_can_read_is_noticed_at_the_start(open_path: Path) -> None:
    secret = open_path / "secret"
    secret.write_text("0123456789")
    secret.chmod(0o600)
    daemon = Tocsind(open_path, CONFIG + f"auth: {{tokens: [{{name: ops, token: 'file:{secret}'}}]}}\n")
    for arguments in (("--user", "nobody"), ("--check", "--user", "nobody")):
        code, said = ended(daemon, *arguments)
        assert (code, str(secret) in said) == (6, True), said
