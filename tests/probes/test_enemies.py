"""What the kinds that talk make of servers that are none, or wish them ill: a reading in time, and nothing left."""

import gc
import random
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import gevent
import pytest
from gevent.event import Event as Signal

from certificates import certificate
from daemon.probes.mysql import Mysql
from daemon.probes.network.host import Networked
from daemon.probes.postgres import Postgres
from daemon.probes.redis import Redis
from daemon.probes.smtp import Smtp
from daemon.probes.ssh import Ssh
from daemon.probes.tcp import Step, Tcp
from daemon.probes.zmq import Zmq
from daemon.reading import Health, Reading
from daemon.units import Seconds
from fake_mysql import DENIED
from fake_mysql import greeting as mysql_greeting
from fake_postgres import message
from fake_zmq import READY
from fake_zmq import greeting as zmq_greeting
from raw_server import Speak, serving
from remains import descriptors
from until import until

LIMIT = 0.4

DIALOGUE = (Step(expect=r"ready\r\n"), Step(send=r"PING\r\n", expect=r"PONG\r\n"))
KINDS: dict[str, Callable[..., Networked]] = {
    "tcp": lambda **more: Tcp(dialogue=DIALOGUE, **more),
    "ssh": Ssh,
    "smtp": Smtp,
    "redis": Redis,
    "postgres": Postgres,
    "mysql": Mysql,
    "zmq": Zmq,
}

# What a good server says, and what it waits for before it says more.
Script = Sequence[tuple[bytes, bytes]]
GOOD: dict[str, Script] = {
    "tcp": [(b"ready\r\n", b"PING\r\n"), (b"PONG\r\n", b"")],
    "ssh": [(b"hello\r\nSSH-2.0-x\r\n", b"")],
    "smtp": [(b"220-a\r\n220 b\r\n", b"EHLO"), (b"250-a\r\n250 SIZE\r\n", b"")],
    "redis": [(b"", b"PING\r\n"), (b"+PONG\r\n", b"")],
    "postgres": [(b"", b"tocsin\0\0"), (message(b"N", b"SNOTICE\0\0") + message(b"R", b"\0\0\0\x05salt"), b"")],
    "mysql": [(mysql_greeting(), b"password\0"), (DENIED, b"")],
    "zmq": [(zmq_greeting() + READY, b'"ping"'), (b"\x01\0\0\x04pong", b"")],
}


def following(script: Script, cut: int | None = None, *, slowly: bool = False) -> Speak:
    """Say what the script says, in single bytes or at once, and hang up; or after so many bytes."""

    def speak(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = cut
        for said, awaited in script:
            part = said if left is None else said[:left]
            for piece in (part[at : at + 1] for at in range(len(part))) if slowly else (part,):
                sock.sendall(piece)
            if left is not None:
                left -= len(part)
                if not left:
                    return
            heard = b""
            while awaited not in heard and (more := sock.recv(4096)):
                heard += more
        sock.recv(4096)

    return speak


def look(kind: str, speak: Speak, **more: object) -> Reading:
    with serving(speak) as port:
        return KINDS[kind](host="127.0.0.1", port=port, timeout=Seconds(LIMIT), **more).look()


def side_by_side(looks: Sequence[Callable[[], Reading]]) -> list[Reading]:
    running = [gevent.spawn(one) for one in looks]
    return [one.get() for one in running]


@pytest.mark.parametrize("slowly", [False, True], ids=["at once", "in single bytes"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_good_server_is_up_however_its_words_are_cut(kind: str, slowly: bool) -> None:
    reading = look(kind, following(GOOD[kind], slowly=slowly))
    assert reading.is_well, reading.detail
    assert set(reading.phases) <= set(KINDS[kind](host="a", port=1).PHASES)
    assert set(reading.values) <= set(KINDS[kind](host="a", port=1).GIVES)


@pytest.mark.parametrize("kind", KINDS)
def test_one_that_hangs_up_after_any_byte_is_down(kind: str) -> None:
    whole = sum(len(said) for said, _ in GOOD[kind])
    looks = [lambda cut=cut: look(kind, following(GOOD[kind], cut)) for cut in range(1, whole)]
    for cut, reading in enumerate(side_by_side(looks), 1):
        assert reading.health is Health.DOWN, (cut, reading)
        check(reading)


def check(reading: Reading) -> None:
    """What people read is one line, and short."""
    assert "total" not in reading.phases
    for said in (reading.detail, *reading.evidence.values()):
        assert said
        assert said.isprintable(), said
        assert len(said) < 400


def silent(sock: socket.socket) -> None:
    while sock.recv(4096):
        pass


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def endless(words: bytes) -> Speak:
    def speak(sock: socket.socket) -> None:
        many = words * (16_384 // len(words))
        while True:
            sock.sendall(many)

    return speak


def dripping(words: bytes) -> Speak:
    def speak(sock: socket.socket) -> None:
        pause = Signal()
        while True:
            for byte in words:
                sock.sendall(bytes([byte]))
                pause.wait(0.01)

    return speak


def saying(words: bytes) -> Speak:
    def speak(sock: socket.socket) -> None:
        sock.sendall(words)
        while sock.recv(4096):
            pass

    return speak


RUBBISH = random.Random(5).randbytes(3_000)
ENEMIES: dict[str, Speak] = {
    "silent": silent,
    "gone": lambda _: None,
    "reset": reset,
    "rubbish": saying(RUBBISH),
    "endless rubbish": endless(RUBBISH),
    "endless zeros": endless(b"\0"),
    "endless ones": endless(b"\xff"),
    "endless line": endless(b"220-SSH-"),
    "endless lines": endless(b"220-x\r\n"),
    "dripping": dripping(b"220-x\r\n"),
    "dripping zeros": dripping(b"\0"),
    "http": saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "imap": saying(b"* OK [CAPABILITY IMAP4rev1] ready.\r\n"),
    "tls alert": saying(b"\x15\x03\x01\x00\x02\x02\x0a"),
    "control characters": saying(b"\x1b[2J\x1b]0;owned\x07\r\n\x00\x9b31m\r\n"),
    "not even text": saying(b"\xff\xfe\xe2\x28\xa1\r\n"),
    "huge length": saying(b"\x7f\xff\xff\xff\xff\xff\xff\xff\r\n"),
    "huge bulk": saying(b"$99999999999999999999\r\n"),
}


@pytest.mark.parametrize("enemy", ENEMIES)
def test_an_enemy_is_down_in_time_with_a_reason(enemy: str) -> None:
    began = time.monotonic()
    readings = dict(
        zip(KINDS, side_by_side([lambda kind=kind: look(kind, ENEMIES[enemy]) for kind in KINDS]), strict=True)
    )
    assert time.monotonic() - began < LIMIT + 1.5
    for kind, reading in readings.items():
        assert reading.health is Health.DOWN, (kind, reading)
        check(reading)


@pytest.mark.parametrize(
    "enemy", ["silent", "gone", "reset", "rubbish", "endless rubbish", "http", "tls alert", "dripping"]
)
def test_an_enemy_of_tls_is_down_in_time_with_a_reason(enemy: str) -> None:
    looks = [lambda kind=kind: look(kind, ENEMIES[enemy], tls=True) for kind in KINDS if kind not in {"ssh", "zmq"}]
    for reading in side_by_side(looks):
        assert reading.health is Health.DOWN, reading
        assert "tls" not in reading.phases
        check(reading)


def test_a_server_that_wants_tls_and_is_spoken_to_in_the_clear(tmp_path: Path) -> None:
    _, context = certificate(tmp_path, "127.0.0.1")

    def speak(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tunnel:
            tunnel.recv(1)

    for reading in side_by_side([lambda kind=kind: look(kind, speak) for kind in KINDS]):
        assert reading.health is Health.DOWN
        check(reading)


@pytest.fixture
def closed() -> Iterator[int]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.mark.parametrize("kind", KINDS)
def test_who_cannot_be_reached_is_down_with_the_phases_that_were(kind: str, closed: int) -> None:
    refused = KINDS[kind](host="127.0.0.1", port=closed).look()
    assert refused.health is Health.DOWN
    assert refused.detail == f"connection refused (127.0.0.1:{closed})"
    assert list(refused.phases) == ["resolve"]
    nameless = KINDS[kind](host="no-such-host.invalid", port=closed, timeout=Seconds(2)).look()
    assert nameless.health is Health.DOWN
    assert nameless.phases == {}
    assert nameless.values == {}
    unreachable = KINDS[kind](host="255.255.255.255", port=closed, timeout=Seconds(0.5)).look()
    assert unreachable.health is Health.DOWN
    assert list(unreachable.phases) == ["resolve"]
    check(unreachable)


def left() -> tuple[int, int]:
    """Descriptors, and greenlets that live."""
    gc.collect()
    alive = sum(isinstance(one, gevent.Greenlet) and not one.dead for one in gc.get_objects())
    return descriptors(), alive


def nothing_stays(of: Callable[[], object]) -> None:
    of()  # what is made once and kept, such as a context of ZeroMQ's, is there now
    before = left()
    of()
    until(lambda: all(now <= was for now, was in zip(left(), before, strict=True)), within=3, why=lambda: str(before))


@pytest.mark.slow
def test_nothing_stays_behind_whatever_they_do() -> None:
    def everything() -> None:
        enemies = ("silent", "gone", "reset", "rubbish", "endless lines", "dripping zeros")
        side_by_side([lambda kind=kind, one=one: look(kind, ENEMIES[one]) for kind in KINDS for one in enemies])
        side_by_side([lambda kind=kind: look(kind, following(GOOD[kind])) for kind in KINDS])

    nothing_stays(everything)


def test_a_look_that_is_cut_off_from_outside_leaves_nothing() -> None:
    def cut_off() -> None:
        with serving(silent) as port:
            looks = [gevent.spawn(KINDS[kind](host="127.0.0.1", port=port).look) for kind in KINDS]
            gevent.joinall(looks, timeout=0.1)
            gevent.killall(looks)
            assert all(isinstance(one.value, gevent.GreenletExit) for one in looks)

    nothing_stays(cut_off)
