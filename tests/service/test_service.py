"""The service for real: init script, supervisord and tocsind, as root, without systemd."""

import os
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from needs import need
from running import free_port
from service import USER, Service, command_line, installed, is_alive, processes
from until import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def _installed() -> Iterator[Service]:
    need(os.geteuid() == 0, "only root can install a service")
    need(not Path("/run/systemd/system").exists(), "systemd is PID 1: the init script hands over to it")
    with installed() as service:
        yield service


@pytest.fixture
def service(_installed: Service) -> Iterator[Service]:
    """An installation with a good configuration, stopped before and after."""
    program = _installed.home / "bin/tocsind"
    original = program.read_text()
    _installed.configure()
    yield _installed
    _installed.do("stop")
    for path in (_installed.etc / "services.d").iterdir():
        path.unlink()
    program.write_text(original)
    _installed.output.unlink(missing_ok=True)
    assert not _installed.daemons()


def ask(service: Service, path: str, *, method: str = "GET") -> int:
    connection = HTTPConnection("127.0.0.1", service.http, timeout=5)
    try:
        connection.request(method, path, b"{}", {"Content-Type": "application/json"})
        return connection.getresponse().status
    finally:
        connection.close()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def breaks(service: Service) -> None:
    """From now on tocsind finds its configuration good and then dies."""
    (service.home / "bin/tocsind").write_text(
        '#!/bin/sh\ncase "$*" in *--check*) exit 0 ;; esac\necho "cannot find my feet"\nexit 1\n'
    )


def test_a_day_in_the_life(service: Service) -> None:
    service.expect(3, "status")
    service.expect(0, "stop")
    service.expect(0, "start")
    assert ask(service, "/-/ready") == 200  # at once: `start` has waited for it
    pid = service.pid()
    assert str(pid) in service.expect(0, "status")
    assert "already" in service.expect(0, "start")
    assert service.daemons() == [pid]
    supervisor = service.supervisor()
    service.expect(0, "stop")
    assert not service.daemons()
    assert not is_alive(supervisor)
    assert not (service.run / "tocsin.pid").exists()
    service.expect(0, "stop")
    service.expect(3, "status")
    service.expect(0, "start")
    assert service.pid() != pid


def test_the_daemon_is_root_for_its_doors_only(service: Service) -> None:
    port = next(port for port in range(1_023, 512, -1) if is_free(port))
    service.configure(http=port)
    service.expect(0, "start")
    assert f":{port}/" in (service.run / "door").read_text()
    status = Path(f"/proc/{service.pid()}/status").read_text()
    uid = int(subprocess.run(["id", "-u", USER], capture_output=True, text=True, check=True).stdout)
    assert f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status
    assert "CapEff:\t0000000000000000" in status
    groups = next(line for line in status.splitlines() if line.startswith("Groups:"))
    gid = subprocess.run(["id", "-G", USER], capture_output=True, text=True, check=True).stdout.split()
    assert groups.split()[1:] == gid
    database = service.state / "tocsin.db"
    assert database.stat().st_uid == uid
    assert not database.stat().st_mode & 0o027


def test_places_are_made_anew_with_their_owners(service: Service) -> None:
    subprocess.run(["rm", "-rf", service.run, service.log], check=True)  # as after a boot
    service.expect(0, "start")
    uid = int(subprocess.run(["id", "-u", USER], capture_output=True, text=True, check=True).stdout)
    expected = {
        service.run: (0, 0o755),
        service.run / "ipc": (uid, 0o750),
        service.state: (uid, 0o750),
        service.log: (uid, 0o750),
        service.output.parent: (0, 0o750),
    }
    found = {path: (path.stat().st_uid, stat.S_IMODE(path.stat().st_mode)) for path in expected}
    assert found == expected
    assert stat.S_IMODE((service.run / "supervisor.sock").stat().st_mode) == 0o700


def test_a_killed_daemon_is_back_within_seconds(service: Service) -> None:
    service.expect(0, "start")
    first = service.pid()
    os.kill(first, signal.SIGKILL)
    service.until_running(other_than=first)
    assert ask(service, "/-/ready") == 200
    assert service.daemons() == [service.pid()]


def test_a_daemon_that_dies_at_once_does_not_look_well(service: Service) -> None:
    breaks(service)
    said = service.expect(1, "start")
    assert "cannot find my feet" in said
    service.expect(1, "status")
    assert is_alive(service.supervisor())  # which goes on trying
    service.expect(0, "stop")
    service.expect(3, "status")


def test_a_daemon_that_crashes_every_other_minute_does_not_look_well(service: Service) -> None:
    service.expect(0, "start")
    starts = service.run / "starts"
    starts.write_text(starts.read_text() * 5)
    assert "crashing" in service.expect(1, "status")
    starts.write_text("1000000000\n" * 50)  # long ago
    service.expect(0, "status")


def test_a_daemon_that_hangs_is_not_well(service: Service) -> None:
    service.expect(0, "start")
    pid = service.pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        code, said = service.do("status")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code in {1, 4}, said
    service.expect(0, "status")


def test_a_number_that_now_is_somebody_elses_is_left_alone(service: Service) -> None:
    with subprocess.Popen(["sleep", "100"]) as stranger:
        try:
            service.run.mkdir(parents=True, exist_ok=True)
            for name in ("tocsin.pid", "supervisord.pid"):
                (service.run / name).write_text(f"{stranger.pid}\n")
            service.expect(1, "status")
            service.expect(7, "reload")
            service.expect(0, "start")
            assert service.pid() != stranger.pid
            service.expect(0, "stop")
            for name in ("tocsin.pid", "supervisord.pid"):
                (service.run / name).write_text(f"{stranger.pid}\n")
            service.expect(0, "stop")
            assert stranger.poll() is None
        finally:
            stranger.kill()


@pytest.mark.parametrize("content", ["", "\n", "none", "-1", "0", "99999999", "1 2", "$(touch /tmp/x)"])
def test_rubbish_in_a_pid_file_harms_nobody(service: Service, content: str) -> None:
    service.run.mkdir(parents=True, exist_ok=True)
    for name in ("tocsin.pid", "supervisord.pid"):
        (service.run / name).write_text(content)
    service.expect(1, "status")
    service.expect(0, "stop")
    service.expect(3, "status")


def test_a_lost_supervisord_is_replaced(service: Service) -> None:
    service.expect(0, "start")
    orphan = service.pid()
    os.kill(service.supervisor(), signal.SIGKILL)
    until(lambda: not is_alive(service.supervisor()))
    assert ask(service, "/-/ready") == 200
    assert "without a supervisord" in service.expect(1, "status")
    service.expect(0, "start")
    assert service.daemons() == [service.pid()] != [orphan]
    service.expect(0, "status")


def test_a_daemon_without_supervisord_is_stopped_too(service: Service) -> None:
    service.expect(0, "start")
    os.kill(service.supervisor(), signal.SIGKILL)
    until(lambda: not is_alive(service.supervisor()))
    service.expect(0, "stop")
    assert not service.daemons()
    service.expect(3, "status")


def test_a_good_reload_takes_effect_and_a_bad_one_changes_nothing(service: Service) -> None:
    service.expect(0, "start")
    pid = service.pid()
    assert ask(service, "/webhook/script", method="POST") == 404
    service.configure("sources: {script: {handler: generic, map: {key: $.key, title: $.title}}}\n")
    service.expect(0, "reload")
    until(lambda: ask(service, "/webhook/script", method="POST") != 404)
    service.configure("sauces: {}\n")
    for action in ("reload", "force-reload", "restart", "try-restart"):
        assert "sauces" in service.expect(6, action)
    assert service.pid() == pid
    service.expect(0, "status")
    service.expect(0, "stop")
    assert "sauces" in service.expect(6, "start")
    service.expect(3, "status")


def test_a_new_address_in_the_file_is_not_taken_for_the_door_until_the_daemon_is_started_anew(
    service: Service,
) -> None:
    service.expect(0, "start")
    first, noted = service.pid(), (service.run / "door").read_text()
    later = free_port()
    service.configure(http=later)
    service.expect(0, "reload")
    assert (service.run / "door").read_text() == noted
    assert str(first) in service.expect(0, "status")
    assert "already" in service.expect(0, "start")
    os.kill(first, signal.SIGKILL)
    service.until_running(other_than=first)
    assert (service.run / "door").read_text() == f"http://127.0.0.1:{later}/-/ready\n"
    assert "already" in service.expect(0, "start")


def test_what_does_not_run_is_not_reloaded_and_not_restarted_by_try(service: Service) -> None:
    service.expect(7, "reload")
    service.expect(7, "force-reload")
    service.expect(0, "try-restart")
    service.expect(3, "status")
    service.expect(0, "restart")
    first = service.pid()
    service.expect(0, "try-restart")
    assert service.pid() != first
    second = service.pid()
    service.expect(0, "restart")
    assert service.pid() != second
    assert service.daemons() == [service.pid()]


def test_a_taken_door_is_told_and_taken_over_when_it_is_free(service: Service) -> None:
    with service.defaults.open("a") as defaults:
        defaults.write("TOCSIN_RESTARTS=100\n")  # on a busy machine it dies often before the door is free
    with socket.create_server(("127.0.0.1", service.http)):
        said = service.expect(1, "start")
        assert "listens there" in said, said
        service.expect(1, "status")
    service.until_running()


def test_two_starts_at_once_make_one_daemon(service: Service) -> None:
    service.run.mkdir(parents=True, exist_ok=True)
    with (service.run / "said").open("w") as said:
        both = [subprocess.Popen([service.script, "start"], stdout=said, stderr=said) for _ in range(2)]
        codes = [one.wait(60) for one in both]
    assert codes == [0, 0], (service.run / "said").read_text()
    assert service.daemons() == [service.pid()]


def test_other_programs_of_the_machine_are_left_alone(service: Service) -> None:
    (service.etc / "services.d/other.conf").write_text("[program:other]\ncommand=/bin/sleep 98765\nstartsecs=0\n")
    service.expect(0, "start")

    def others() -> list[int]:
        return [pid for pid in processes() if command_line(pid)[:2] == ["/bin/sleep", "98765"]]

    until(others)
    other, first = others(), service.pid()
    service.expect(0, "restart")
    assert service.pid() != first
    service.expect(0, "stop")
    service.expect(3, "status")
    assert not service.daemons()
    service.expect(0, "stop")
    service.expect(0, "start")
    assert others() == other
    service.expect(0, "status")
    subprocess.run(
        [service.home / "bin/supervisorctl", "-c", service.etc / "supervisord.conf", "stop", "other"],
        check=True,
        capture_output=True,
    )
    supervisor = service.supervisor()
    service.expect(0, "stop")
    assert not is_alive(supervisor)


def test_secrets_reach_the_daemon_and_nobody_else(service: Service) -> None:
    service.configure("auth: {tokens: [{name: ops, token: '${TOCSIN_TEST_SECRET}', may: [read]}]}\n")
    assert "TOCSIN_TEST_SECRET" in service.expect(6, "start")
    with service.defaults.open("a") as defaults:
        defaults.write("TOCSIN_TEST_SECRET='a b$c'\n")
    service.expect(0, "start")
    assert b"TOCSIN_TEST_SECRET=a b$c\0" in Path(f"/proc/{service.pid()}/environ").read_bytes()
    assert b"TOCSIN_TEST" not in Path(f"/proc/{service.supervisor()}/environ").read_bytes()
    service.expect(0, "reload")


def test_whoever_is_not_root_may_ask_only(service: Service) -> None:
    service.expect(0, "start")
    for action in ("start", "stop", "restart", "reload"):
        assert service.do(action, by=USER)[0] == 4
    assert service.do("status", by=USER) == (0, f"tocsin: is running (pid {service.pid()})\n")
    service.expect(0, "stop")
    assert service.do("status", by=USER)[0] == 3


@pytest.mark.parametrize("action", ["", "dance", "start-all", "--help"])
def test_an_unknown_action_is_2(service: Service, action: str) -> None:
    assert "Usage" in service.expect(2, action)


def test_what_is_not_installed_or_not_configured_is_told(service: Service) -> None:
    service.config.rename(service.config.with_suffix(".away"))
    service.expect(6, "start")
    service.expect(3, "status")
    service.config.with_suffix(".away").rename(service.config)
    with service.defaults.open("a") as defaults:
        defaults.write("TOCSIN_USER=nobody-of-that-name\n")
    service.expect(6, "start")
    with service.defaults.open("a") as defaults:
        defaults.write("TOCSIN_HOME=/nowhere\n")
    service.expect(5, "start")
    service.expect(4, "status")
    service.configure()
