"""`tocsinctl run`: what a job notices of it (nothing), and what its heartbeat hears."""

import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from gevent.event import Event
from gevent.pywsgi import WSGIServer

from daemon.cli.ask import CannotAskError
from daemon.cli.wrap import heartbeat
from raw_server import serving
from until import until

ROOT = Path(__file__).parents[2]
KEY = "key-of-the-backup-job"

pytestmark = pytest.mark.slow  # each job is a process in a process


class Door:
    """Hears calls; answers with `status`, after `before`."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, bytes]] = []
        self.status = "200 OK"
        self.before: Callable[[], object] = lambda: None
        self._server = WSGIServer(("127.0.0.1", 0), self._answer, log=None)
        self._server.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, environ: dict, start_response: Callable) -> list[bytes]:
        self.before()
        body = environ["wsgi.input"].read()
        self.heard.append((environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])["rid"][0], body))
        start_response(self.status, [("Content-Length", "2")])
        return [b"{}"]

    def words(self) -> list[str]:
        return [path.removeprefix(f"/ping/{KEY}") for path, _, _ in self.heard]

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture
def door() -> Iterator[Door]:
    one = Door()
    yield one
    one.stop()


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "daemon.cli", "run", *words]


def env(url: str, **more: str) -> dict[str, str]:
    return {**os.environ, "TOCSIN_PING_KEY": KEY, "TOCSIN_PING_URL": url, **more}


def run(url: str, *argv: str, **more: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command("--", *argv), cwd=ROOT, env=env(url), capture_output=True, check=False, timeout=30, **more
    )  # type: ignore[call-overload, no-any-return]


def test_a_job_that_goes_well(door: Door) -> None:
    done = run(door.url, "sh", "-c", "echo 42 files; echo slow >&2")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"42 files\n", b"slow\n")
    assert door.words() == ["/start", "/0"]
    (_, first, nothing), (_, second, body) = door.heard
    assert first == second
    assert nothing == b""
    assert sorted(body.splitlines()) == [b"42 files", b"slow"]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("false",), 1),
        (("sh", "-c", "exit 42"), 42),
        (("sh", "-c", "kill -9 $$"), 137),
        (("sh", "-c", "kill -TERM $$"), 143),
        (("/no/such/command",), 127),
        (("/etc/hostname",), 126),
    ],
)
def test_it_ends_as_the_job_ended(door: Door, argv: tuple[str, ...], code: int) -> None:
    done = run(door.url, *argv)
    assert done.returncode == code
    assert door.words() == ["/start", f"/{code}"]
    if code in (126, 127):
        assert b"cannot be run" in done.stderr
        assert b"cannot be run" in door.heard[1][2]


def test_what_looks_like_options_belongs_to_the_job(door: Door) -> None:
    done = run(door.url, "echo", "--key", "send", "--title", "--", "-x")
    assert done.stdout == b"--key send --title -- -x\n"


def test_input_is_the_jobs_own(door: Door) -> None:
    assert run(door.url, "cat", input=b"in and out").stdout == b"in and out"


def test_of_much_output_all_is_passed_on_and_the_end_is_told(door: Door) -> None:
    done = run(door.url, "sh", "-c", "head -c 20000000 /dev/zero; echo the end")
    assert (done.returncode, len(done.stdout)) == (0, 20_000_008)
    body = door.heard[1][2]
    assert (len(body), body[-8:]) == (10 * 1024, b"the end\n")


def test_when_nobody_listens_the_job_runs_all_the_same() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = run(f"http://127.0.0.1:{taken.getsockname()[1]}", "sh", "-c", "echo done; exit 3")
    assert (done.returncode, done.stdout) == (3, b"done\n")
    assert done.stderr.count(b"did not hear of") == 2
    assert b"Connection refused" in done.stderr
    assert KEY.encode() not in done.stderr


@pytest.mark.parametrize(
    "url",
    ["http://name.that.is.not.there.invalid:8420", "https://127.0.0.1:{port}", "http://127.0.0.1:{port}/elsewhere"],
)
def test_whatever_answers_there_the_job_ends_as_it_ended(door: Door, url: str) -> None:
    door.status = "404 Not Found"
    done = run(url.format(port=door.url.rpartition(":")[2]), "sh", "-c", "exit 3")
    assert done.returncode == 3
    assert done.stderr.count(b"did not hear of") == 2


def test_a_door_that_never_answers_costs_a_time_out_for_each_call() -> None:
    with serving(lambda sock: sock.recv(10_000) and Event().wait(20)) as port:
        words = command("--timeout", "0.2", "--", "echo", "done")
        url = f"http://127.0.0.1:{port}"
        done = subprocess.run(words, cwd=ROOT, env=env(url), capture_output=True, check=False, timeout=15)
    assert (done.returncode, done.stdout) == (0, b"done\n")
    assert done.stderr.count(b"no answer within 0.2 s") == 2


def test_the_end_is_told_again_when_it_was_not_heard(door: Door) -> None:
    def once() -> None:
        door.status = "503 Service Unavailable" if door.words() == ["/start"] else "200 OK"

    door.before = once
    assert run(door.url, "true").returncode == 0
    assert door.words() == ["/start", "/0", "/0"]
    assert len({rid for _, rid, _ in door.heard}) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_handed_on(door: Door, tmp_path: Path, number: signal.Signals) -> None:
    here = tmp_path / "here"
    script = f"trap 'echo got it; exit 7' {number.value}; touch {here}; while :; do sleep 0.05; done"
    job = subprocess.Popen(command("--", "bash", "-c", script), cwd=ROOT, env=env(door.url), stdout=subprocess.PIPE)
    until(here.exists, within=20)
    job.send_signal(number)
    output, _ = job.communicate(timeout=20)
    assert (job.returncode, output) == (7, b"got it\n")
    assert door.words() == ["/start", "/7"]


def test_a_terminal_gives_its_interrupt_to_the_job_once(door: Door, tmp_path: Path) -> None:
    here = tmp_path / "here"
    script = f"trap 'echo one >> {here}' INT; touch {here}; sleep 1; sleep 1; exit 5"
    leader, follower = pty.openpty()
    owner = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
    job = subprocess.Popen(
        [sys.executable, "-c", owner, *command("--", "bash", "-c", script)], cwd=ROOT, env=env(door.url),
        stdin=follower, stdout=follower, stderr=follower, start_new_session=True,
    )  # fmt: skip
    os.close(follower)
    until(here.exists, within=20)
    os.write(leader, b"\x03")
    job.wait(20)
    os.close(leader)
    assert here.read_text() == "one\n"
    assert job.returncode == 5


def test_children_that_outlive_the_job_keep_nobody_waiting_and_can_still_write(door: Door, tmp_path: Path) -> None:
    go, said = tmp_path / "go", tmp_path / "said"
    script = f"(while [ ! -e {go} ]; do sleep 0.05; done; echo late; touch {said}) & echo early"
    with subprocess.Popen(
        command("--", "sh", "-c", script), cwd=ROOT, env=env(door.url), stdout=subprocess.PIPE
    ) as job:
        assert job.wait(20) == 0
        assert door.words() == ["/start", "/0"]
        go.touch()
        assert job.stdout is not None
        assert job.stdout.read() == b"early\nlate\n"
    assert said.exists()


def test_a_reader_that_has_seen_enough_ends_the_job_as_it_would_without_us(door: Door) -> None:
    line = " ".join(command("--", "yes"))
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} | head -1"],
        cwd=ROOT, env=env(door.url), capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (128 + signal.SIGPIPE, b"y\n")
    assert door.words() == ["/start", f"/{128 + signal.SIGPIPE}"]


def test_it_is_not_in_the_command_line_of_the_job(door: Door) -> None:
    done = run(door.url, "sh", "-c", "tr '\\0' ' ' < /proc/$PPID/cmdline")
    assert KEY.encode() not in done.stdout


def test_without_a_command_or_a_key_it_is_wrong_usage(door: Door) -> None:
    for words, said in ((("--",), b"what is to be run?"), (("--url", "ftp://x", "--", "true"), b"tocsin's HTTP door")):
        done = subprocess.run(command(*words), cwd=ROOT, env=env(door.url), capture_output=True, check=False)
        assert done.returncode == 2
        assert said in done.stderr
    nobody = {name: text for name, text in env(door.url).items() if name != "TOCSIN_PING_KEY"}
    done = subprocess.run(command("--", "true"), cwd=ROOT, env=nobody, capture_output=True, check=False)
    assert (done.returncode, b"TOCSIN_PING_KEY" in done.stderr) == (2, True)
    assert door.heard == []


@pytest.mark.parametrize(
    ("key", "url", "path"),
    [
        (KEY, "", f"/ping/{KEY}"),
        (KEY, "https://tocsin.example.com/", f"/ping/{KEY}"),
        (KEY, "https://example.com/tocsin", f"/tocsin/ping/{KEY}"),
        ("", f"http://[::1]:8420/ping/{KEY}", f"/ping/{KEY}"),
        ("a/../b", "", "/ping/a%2F..%2Fb"),
    ],
)
def test_where_to_call(key: str, url: str, path: str) -> None:
    found = heartbeat(key, url, 5.0)
    assert found.url.path == path
    assert KEY not in repr(found) + found.shown


@pytest.mark.parametrize(
    ("key", "url"),
    [("", ""), (KEY, f"http://x/ping/{KEY}"), (KEY, "tcp://127.0.0.1:8421"), (KEY, "http://x:99999"), (KEY, "http://"),
     (KEY, "http://x?a=b"), (KEY, "http://[::1")],
)  # fmt: skip
def test_what_is_no_address_is_said_before_anything_is_run(key: str, url: str) -> None:
    with pytest.raises(CannotAskError) as refused:
        heartbeat(key, url, 5.0)
    assert KEY not in str(refused.value)
