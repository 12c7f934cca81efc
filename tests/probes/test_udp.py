"""Ports that answer datagrams, on real sockets."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from gevent.server import DatagramServer

from daemon.probes.udp import MOST_STRAY, Udp
from daemon.reading import Health, Reading
from daemon.units import Seconds
from lag import calmly
from probe_pages import shown_on_the_page
from remains import descriptors
from until import until

Answers = Callable[[int, bytes], list[bytes]]  # which datagram it is, and what is in it


@contextmanager
def answering(answers: Answers, host: str = "127.0.0.1") -> Iterator[int]:
    heard: list[bytes] = []

    def handle(data: bytes, address: object) -> None:
        heard.append(data)
        for one in answers(len(heard), data):
            server.sendto(one, address)

    server = DatagramServer((host, 0), handle)
    server.start()
    try:
        yield server.server_port
    finally:
        server.stop(timeout=1)


def look(port: int, timeout: float = 2, **more: object) -> Reading:
    settings: dict[str, object] = {"host": "127.0.0.1", "send": "ping", **more}
    return Udp(port=port, timeout=Seconds(timeout), **settings).look()  # type: ignore[arg-type]


def test_an_answer_is_up_with_its_phases_and_what_it_says() -> None:
    with answering(lambda _, data: [b"pong " + data]) as port:
        reading = look(port, expect="^pong p")
    assert (reading.health, reading.detail) == (Health.UP, "9 bytes came back")
    assert reading.values == {"ip": "127.0.0.1", "answer": "pong ping", "answer.size": 9, "tries": 1}
    assert list(reading.phases) == ["resolve", "first_byte", "total"]
    assert reading.evidence == {"address": f"127.0.0.1:{port} (IPv4)", "answer": "pong ping"}


def test_bytes_that_cannot_be_written_are_sent() -> None:
    heard: list[bytes] = []
    with answering(lambda _, data: heard.append(data) or [b"\x24" + bytes(47)]) as port:  # type: ignore[func-returns-value]
        reading = look(port, send=r"\x1b" + r"\0" * 47)
    assert heard == [b"\x1b" + bytes(47)]
    assert reading.values["answer.size"] == 48


def test_one_that_gets_lost_is_sent_again() -> None:
    with answering(lambda number, _: [b"pong"] if number == 2 else []) as port:
        reading = look(port, timeout=0.9)
    assert (reading.health, reading.detail) == (Health.UP, "4 bytes came back at try 2")
    assert reading.values["tries"] == 2
    assert reading.phases["first_byte"] < 0.2 < reading.phases["total"]


def test_one_that_never_answers_is_down_in_time() -> None:
    with answering(lambda _number, _data: []) as port:
        began = time.monotonic()
        reading = look(port, timeout=1.0)
    assert (reading.health, reading.detail) == (Health.DOWN, "no answer to 3 datagrams")
    assert list(reading.phases) == ["resolve"]
    assert "tries" not in reading.values
    assert time.monotonic() - began < 1.5


def test_where_nobody_listens_it_is_refused_at_once() -> None:
    with answering(lambda _number, _data: []) as port:
        pass
    reading = look(port, timeout=5)
    assert (reading.health, reading.detail) == (Health.DOWN, "connection refused")


def test_an_answer_that_is_not_expected_is_quoted() -> None:
    with answering(lambda _number, _data: [b"go\x1b away\n"]) as port:
        reading = look(port, timeout=0.3, expect="^pong")
    assert (reading.health, reading.detail) == (Health.DOWN, "no answer with a match of ^pong came: go away")


def test_what_is_expected_may_come_after_something_else() -> None:
    with answering(lambda _number, _data: [b"hello", b"pong"]) as port:
        assert look(port, expect="^pong").values["answer"] == "pong"


def test_one_that_floods_is_given_up() -> None:
    with answering(lambda _number, _data: [b"x" * 9_000] * (MOST_STRAY + 20)) as port:
        reading = calmly(lambda: look(port, expect="^pong"))
    assert reading.health is Health.DOWN
    assert len(reading.detail) < 400


def test_nobody_else_can_answer() -> None:
    """Whoever knows our port and answers from another of his own is not heard."""
    others = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked: list[object] = []
    server = DatagramServer(("127.0.0.1", 0), lambda _data, address: asked.append(others.sendto(b"pong", address)))
    server.start()
    with others:
        reading = look(server.server_port, timeout=0.2)
    server.stop(timeout=1)
    assert asked
    assert reading.health is Health.DOWN


def test_ipv6_is_asked_too() -> None:
    with answering(lambda _number, _data: [b"pong"], "::1") as port:
        assert look(port, host="[::1]").values["ip"] == "::1"


def test_nothing_stays_behind() -> None:
    with answering(lambda _number, _data: []) as port:
        files = descriptors()
        for _ in range(5):
            look(port, timeout=0.06)
        until(lambda: descriptors() <= files)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"send": ""}, "send has 0 bytes"), ({"send": "x" * 1_401}, "send has 1401 bytes"),
        ({"send": r"\q"}, r"in send behind a \\ there must be"), ({"expect": "(a"}, "expect: .*RE2"),
        ({"tries": 0}, "tries 0 is not between"), ({"host": "udp://x"}, "host is a URL"),
    ],
)  # fmt: skip
def test_what_can_never_be_asked_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        look(1, **wrong)  # type: ignore[arg-type]


def test_what_its_page_shows_can_be_written(tmp_path: Path) -> None:
    assert {type(one) for one in shown_on_the_page("udp", tmp_path).values()} == {Udp}
