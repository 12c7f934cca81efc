"""Programs of supervisor: each state, those that do not stay up, and a supervisord that means no good."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import gevent
import pytest
import zmq.green as zmq

from daemon.probes.machine.standing import MOST_NOTED, History, noted
from daemon.probes.machine.supervision import MOST_ANSWER, Program
from daemon.probes.service import Service
from daemon.reading import Health, Past, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from lag import calmly
from needs import need
from probe_pages import shown_on_the_page
from raw_server import answering, ok, request, serving
from remains import descriptors
from supervised import PASSWORD, Supervised, supervised
from tree import ROOT
from until import until

NOW = 1_790_000_000.0
NONE = "the answer is none of supervisord's"


@pytest.fixture(scope="module")
def keeper() -> Iterator[Supervised]:
    with supervised() as one:
        yield one


def look(probe: Service, notes: bytes = b"", now: float = NOW) -> Reading:
    return probe.look_on(Past(now=now, notes=notes))


@pytest.mark.parametrize(
    ("program", "state", "health", "detail"),
    [
        ("running", "RUNNING", Health.UP, "running for "),
        ("starting", "STARTING", Health.UNKNOWN, "starting"),
        ("stopped", "STOPPED", Health.DOWN, "stopped"),
        ("missing", "FATAL", Health.DOWN, "fatal: can't find command '/no/such/program'"),
        ("fatal", "FATAL", Health.DOWN, "fatal: Exited too quickly (process log may have details)"),
        ("done", "EXITED", Health.UP, "ended as it should, with exit code 0"),
        ("broken", "EXITED", Health.DOWN, "exited: Bad exit code 3"),
    ],
)
def test_each_state_means_something(keeper: Supervised, program: str, state: str, health: Health, detail: str) -> None:
    until(lambda: keeper.state(program) == state)
    reading = look(Service(program=program, url=keeper.url))
    assert reading.health is health
    assert reading.detail.startswith(detail)
    assert reading.values["state"] == state
    assert reading.values["running"] == (state == "RUNNING")
    assert ("uptime" in reading.values) == (state == "RUNNING")
    assert reading.phases.keys() == {"connect", "answer"}
    assert reading.evidence["programs"] == f"{program}: {reading.detail}"


def test_one_that_fails_to_start_again_and_again_is_down(keeper: Supervised) -> None:
    """supervisorctl's status would be 0."""
    probe = Service(program="backing-off", url=keeper.url)
    until(lambda: look(probe).values["state"] == "BACKOFF")
    until(lambda: look(probe).health is Health.DOWN)


def test_one_that_is_being_stopped_is_down(keeper: Supervised) -> None:
    until(lambda: keeper.state("stopping") == "RUNNING")
    keeper.call("stopProcess", "stopping", 0)
    reading = look(Service(program="stopping", url=keeper.url))
    assert (reading.health, reading.detail) == (Health.DOWN, "stopping")


def test_one_that_runs_at_every_look_and_is_another_each_time_is_down(keeper: Supervised) -> None:
    probe = Service(program="looping", url=keeper.url)
    reading, now, first = look(probe), NOW, None
    while reading.values["restarts"] < 2:
        before = started(keeper, "looping")
        until(lambda before=before: started(keeper, "looping") != before)  # type: ignore[misc]
        now += 60
        reading = look(probe, reading.notes or b"", now)
        first = first or reading
    assert first
    assert "restarted" not in first.detail, "once may be somebody's wish"
    assert reading.health is Health.DOWN
    assert reading.detail.endswith(", restarted 2 times in 5m")
    assert look(probe, reading.notes or b"", now + 290).values["restarts"] <= 2


def started(keeper: Supervised, program: str) -> object:
    info = keeper.call("getProcessInfo", program)
    assert isinstance(info, dict)
    return info["start"]


def test_restarts_are_counted_in_the_window_and_survive_a_restart_of_tocsin() -> None:
    def at(start: int) -> list[Program]:
        return [Program(name="a", group="a", state=20, state_name="RUNNING", start=start)]

    notes = noted({}, at(100), 1000.0, 300.0)
    assert notes == {"a": History(100)}
    notes = noted(notes, at(100), 1010.0, 300.0)
    assert not notes["a"].restarts
    notes = noted(noted(notes, at(1015), 1020.0, 300.0), at(1025), 1030.0, 300.0)
    assert notes["a"].restarts == (1020, 1030)
    stopped = [Program(name="a", group="a", state=0, state_name="STOPPED", start=0)]
    assert noted(notes, stopped, 1040.0, 300.0)["a"] == History(1025, (1020, 1030)), "it was not started"
    assert noted(notes, at(1025), 1325.0, 300.0)["a"].restarts == (1030,)
    for n in range(200):
        notes = noted(notes, at(2000 + n), 1330.0, 300.0)
    assert len(notes["a"].restarts) == MOST_NOTED


def test_how_many_restarts_are_too_many_can_be_said() -> None:
    assert Service(program="a").yielding({"restarts"}).restarts
    assert Service(program="a").yielding({"state"}).restarts is None
    assert Service(program="a", restarts=5).yielding({"restarts"}).restarts == 5


def test_what_its_page_shows_can_be_written(tmp_path: Path) -> None:
    shown = shown_on_the_page("service", tmp_path, SUPERVISOR_PASSWORD=PASSWORD)
    assert shown["workers"].target() == "workers:* of http://127.0.0.1:9001"


def test_a_group_is_as_well_as_its_worst(keeper: Supervised) -> None:
    until(lambda: look(Service(program="crowd:*", url=keeper.url)).is_well)
    whole = look(Service(program="crowd:*", url=keeper.url))
    assert whole.values["running"] == 3
    assert whole.detail.startswith("3 of 3: crowd-0 running for")
    assert look(Service(program="crowd:crowd-1", url=keeper.url)).is_well
    keeper.call("stopProcess", "crowd:crowd-1")
    worst = look(Service(program="crowd:*", url=keeper.url))
    assert (worst.health, worst.detail) == (Health.DOWN, "1 of 3: crowd-1 stopped")
    assert worst.values["running"] == 2
    keeper.call("startProcess", "crowd:crowd-1")


def test_a_program_that_nobody_knows_is_down(keeper: Supervised) -> None:
    for program in ("nobody", "crowd:nobody", "crowd"):
        reading = look(Service(program=program, url=keeper.url))
        assert (reading.health, reading.detail) == (Health.DOWN, "supervisord knows no program of that name")
    assert look(Service(program="nobody:*", url=keeper.url)).detail == "supervisord knows no group nobody"


def test_over_http_it_wants_a_password(keeper: Supervised) -> None:
    url = f"http://127.0.0.1:{keeper.port}"
    probe = Service(program="running", url=url, user="watcher", password=Secret(PASSWORD))
    reading = look(probe)
    assert reading.is_well
    assert reading.phases.keys() == {"resolve", "connect", "answer"}
    assert PASSWORD not in f"{probe!r} {probe.target()} {reading!r}"
    for wrong in ({}, {"user": "watcher", "password": Secret("wrong")}):
        refused = look(Service(program="running", url=url, **wrong))  # type: ignore[arg-type]
        assert refused.health is Health.UNKNOWN
        assert "wants another user and password" in refused.detail


def test_one_that_does_not_run_is_down_and_what_was_known_is_kept(tmp_path: Path) -> None:
    missing = look(Service(program="a", url=f"unix://{tmp_path}/sock"))
    assert missing.health is Health.DOWN
    assert missing.detail == f"there is no socket {tmp_path}/sock: supervisord does not run"
    assert missing.notes is None
    with closing(socket.socket(socket.AF_UNIX)) as left:
        left.bind(f"{tmp_path}/left")
    assert look(Service(program="a", url=f"unix://{tmp_path}/left")).detail == "connection refused"
    (tmp_path / "file").touch()
    assert look(Service(program="a", url=f"unix://{tmp_path}/file")).detail == "connection refused"
    too_long = look(Service(program="a", url=f"unix://{tmp_path}/{'x' * 200}"))
    assert (too_long.health, too_long.detail) == (Health.DOWN, "af_unix path too long")


def test_whoever_may_not_use_the_socket_is_told_what_to_do(keeper: Supervised) -> None:
    need(os.geteuid() == 0, "only root becomes somebody else")
    script = """if True:
    from gevent import monkey; monkey.patch_all()
    import os, sys
    from daemon.probes.service import Service; from daemon.reading import Past
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
    reading = Service(program="running", url=sys.argv[1]).look_on(Past(now=0.0))
    print(reading.health, reading.detail)"""
    keeper.home.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", script, keeper.url], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("unknown tocsin's user may not use supervisord's socket: set chown and chmod")


def test_its_ports_and_its_ping_must_answer(keeper: Supervised) -> None:
    with serving(answering(ok())) as port, closing(socket.create_server(("127.0.0.1", 0))) as closed:
        dead = closed.getsockname()[1]
        closed.close()
        well = {"ports": (str(port), f"localhost:{port}"), "ping": f"http://127.0.0.1:{port}/health"}
        assert look(Service(program="running", url=keeper.url, **well)).is_well  # type: ignore[arg-type]
        assert look(Service(program="running", url=keeper.url, ping=f"tcp://127.0.0.1:{port}")).is_well
        for more, said in (
            ({"ports": (str(port), str(dead))}, f"but port {dead}: connection refused"),
            ({"ping": f"http://127.0.0.1:{dead}/"}, "but its ping: connection refused"),
            ({"ping": f"zmq+tcp://127.0.0.1:{dead}"}, "but its ping: connection refused"),
        ):
            reading = look(Service(program="running", url=keeper.url, **more))  # type: ignore[arg-type]
            assert reading.health is Health.DOWN
            assert said in reading.detail
            assert reading.values["state"] == "RUNNING"
        stopped = look(Service(program="stopped", url=keeper.url, ports=(str(dead),)))
        assert stopped.detail == "stopped", "nobody asks one that does not run"


def test_its_ping_may_be_one_of_zeromq(keeper: Supervised) -> None:
    with zmq.Context() as context, context.socket(zmq.REP) as there:
        port = there.bind_to_random_port("tcp://127.0.0.1")
        serving_one = gevent.spawn(lambda: there.send(there.recv()))
        assert look(Service(program="running", url=keeper.url, ping=f"zmq+tcp://127.0.0.1:{port}")).is_well
        serving_one.join()


def test_a_ping_that_hangs_takes_no_longer_than_the_look(keeper: Supervised) -> None:
    release = gevent.event.Event()
    with serving(lambda _: release.wait()) as port:
        began = time.monotonic()
        probe = Service(program="running", url=keeper.url, ping=f"http://127.0.0.1:{port}/", timeout=Seconds(0.3))
        reading = look(probe)
        release.set()
    assert reading.health is Health.DOWN
    assert "no answer within" in reading.detail
    assert time.monotonic() - began < 1.0


def xml(value: str) -> bytes:
    told = f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    return ok(f"<?xml version='1.0'?>{told}".encode())


BOMB = ok(
    b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>"
    + b"".join(b"<!ENTITY %c '%s'>" % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]><methodResponse><params><param><value><string>&j;</string></value></param></params></methodResponse>"
)


IN_UTF_16 = ok(
    (
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY a "RUNNING">]>'
        "<methodResponse><params><param><value><struct>"
        "<member><name>name</name><value><string>a</string></value></member>"
        "<member><name>group</name><value><string>a</string></value></member>"
        "<member><name>statename</name><value><string>&a;</string></value></member>"
        "<member><name>state</name><value><int>20</int></value></member>"
        "</struct></value></param></params></methodResponse>"
    ).encode("utf-16")
)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (IN_UTF_16, NONE),
        (b"", "the connection was closed without an answer"),
        (b"220 mail.example.com ESMTP\r\n", NONE),
        (b"\x00\xff" * 1000, NONE),
        (b"HTTP/1.0 200 OK\r\n", NONE),
        (b"HTTP/1.0 500 Oops\r\n\r\n", "supervisord answers with status 500"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\n\r\n", "supervisord answers with status 302"),
        (ok(b""), NONE),
        (ok(b"<html>hello</html>"), NONE),
        (ok(b"<methodResponse><params>"), NONE),
        (xml("<int>5</int>"), NONE),
        (xml("<int>five</int>"), NONE),
        (xml(f"<int>{'9' * 100_000}</int>"), NONE),
        (xml("<struct></struct>"), NONE),
        (xml("<struct><member><name>name</name><value><int>1</int></value></member></struct>"), NONE),
        (xml("<array><data><value><int>1</int></value></data></array>"), NONE),
        (xml("<array><data><value>" * 20_000), NONE),
        (BOMB, NONE),
        (ok(b"x" * (MOST_ANSWER + 1)), f"the answer is longer than {MOST_ANSWER} bytes"),
        (b"HTTP/1.0 200 " + b"x" * (MOST_ANSWER + 1), f"the answer is longer than {MOST_ANSWER} bytes"),
    ],
)
def test_an_answer_that_is_none_is_down_with_the_reason(answer: bytes, said: str) -> None:
    with serving(answering(answer)) as port:
        for program in ("a", "a:*"):
            reading = look(Service(program=program, url=f"http://127.0.0.1:{port}"))
            assert (reading.health, reading.detail) == (Health.DOWN, said)


def test_one_that_answers_for_ever_or_never_holds_nobody_up() -> None:
    def flood(sock: socket.socket) -> None:
        request(sock)
        sock.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while True:
            sock.sendall(b"<!-- " * 10_000)

    def drip(sock: socket.socket) -> None:
        while not gone.wait(0.02):
            sock.sendall(b"H")

    gone = gevent.event.Event()
    for speak, said in ((flood, "is longer than"), (drip, "no answer within 0.3s, stuck at answer")):
        files = descriptors()
        with serving(speak) as port:
            probe = Service(program="a", url=f"http://127.0.0.1:{port}", timeout=Seconds(0.3))
            assert said in calmly(lambda probe=probe: look(probe)).detail  # type: ignore[misc]
    gone.set()
    until(lambda: descriptors() <= files)


def test_a_large_answer_is_read_beside_the_event_loop() -> None:
    def member(name: str, value: str) -> str:
        return f"<member><name>{name}</name><value>{value}</value></member>"

    def program(n: int) -> str:
        texts = {"name": f"p{n}", "group": "g", "statename": "RUNNING", "spawnerr": "", "logfile": "/x" * 200}
        members = [member(name, f"<string>{text}</string>") for name, text in texts.items()]
        return f"<value><struct>{''.join(members)}{member('state', '<int>20</int>')}</struct></value>"

    answer = xml(f"<array><data>{''.join(program(n) for n in range(1000))}</data></array>")
    with serving(answering(answer)) as port:
        reading = calmly(lambda: look(Service(program="g:*", url=f"http://127.0.0.1:{port}")))
    assert reading.values["running"] == 1000
    assert len(reading.notes or b"") < 10_000


@pytest.mark.parametrize("notes", [b"rubbish", b"\x81\xa1a\x01", b"\xc0", b"\x81\xa1a\x92\xa1x\x90"])
def test_notes_that_mean_nothing_are_as_none(keeper: Supervised, notes: bytes) -> None:
    reading = look(Service(program="running", url=keeper.url), notes)
    assert reading.is_well
    assert reading.values["restarts"] == 0


def test_what_is_here_is_near() -> None:
    assert Service(program="a").is_near()
    assert Service(program="a", url="http://127.0.0.1:9001").is_near()
    assert Service(program="a", url="http://10.0.0.7:9001").is_near()
    assert not Service(program="a", url="http://db-1.example.com:9001").is_near()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"program": ""}, "no name of a program"),
        ({"program": "a b"}, "no name of a program"),
        ({"program": "a:b:c"}, "no name of a program"),
        ({"url": "unix://sock"}, "url is none of a supervisord"),
        ({"url": "unix://"}, "url is none of a supervisord"),
        ({"url": "https://x/"}, "url is none of a supervisord"),
        ({"url": "http://[::1"}, "url is none of a supervisord"),
        ({"url": f"http://u:{PASSWORD}@x:9001"}, "settings of their own"),
        ({"ports": ("x",)}, "ports: write a port"),
        ({"ports": ("0",)}, "ports: write a port"),
        ({"ports": ("70000",)}, "ports: write a port"),
        ({"ports": ("http://x:80",)}, "ports: write a port"),
        ({"ports": ("1",) * 21}, "at most 20 are tried"),
        ({"ping": f"ftp://u:{PASSWORD}@x"}, "ping begins with none of"),
        ({"ping": f"http://u:{PASSWORD}@"}, "ping: url is not a URL"),
        ({"ping": f"tcp://u:{PASSWORD}@x:80"}, "ping: write a port"),
    ],
)
def test_what_can_never_be_asked_is_refused_without_showing_a_password(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        Service(**({"program": "a"} | wrong))  # type: ignore[arg-type]
    assert PASSWORD not in str(refused.value)
