"""The zmq probe against tocsin's own port, and against peers that are silent, locked, or no peers at all."""

import gc
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import gevent
import psutil
import pytest
import zmq.green as zmq

from daemon.cli.keys import pair
from daemon.clock import SystemClock
from daemon.config.settings import Auth, Curve, CurveClient, Settings
from daemon.control.port import ControlPort
from daemon.probes.zmq import MOST_HEARD, PING, Zmq
from daemon.reading import Health, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from fake_zmq import READY, greeting
from ports import Counter, make_table
from probe_pages import DOCS, shown_on_the_page
from raw_server import Speak, serving
from remains import descriptors
from until import until

SERVER, OURS, STRANGERS = (tuple(key.decode() for key in pair()) for _ in range(3))
ECHO = '{"jsonrpc":"2.0","method":"echo","id":1,"params":{"text":"all is well"}}'
PHASES = ["resolve", "connect", "first_byte", "reply", "total"]


def served(settings: Settings) -> Iterator[int]:
    port = ControlPort(make_table(Counter()), lambda: settings, SystemClock(), "tcp://127.0.0.1:0")
    port.start()
    yield int(port.endpoint.rpartition(":")[2])
    port.stop()


@pytest.fixture
def open_port() -> Iterator[int]:
    yield from served(Settings())


@pytest.fixture
def locked_port() -> Iterator[int]:
    client = CurveClient(name="watcher", public=OURS[0], may=("read",))
    yield from served(Settings(auth=Auth(curve=Curve(secret_key=Secret(SERVER[1]), clients=(client,)))))


@pytest.fixture
def service() -> Iterator[Callable[..., int]]:
    """A service of somebody's: a socket of this kind that does with each message what it is told."""
    context = zmq.Context()
    sockets: list[zmq.Socket[bytes]] = []
    running: list[gevent.Greenlet[..., None]] = []

    def make(kind: int, answer: Callable[[list[bytes]], list[bytes] | None]) -> int:
        sock = context.socket(kind)
        sock.linger = 0
        port = sock.bind_to_random_port("tcp://127.0.0.1")

        def serve() -> None:
            while True:
                said = answer(sock.recv_multipart())
                if said is not None:
                    sock.send_multipart(said)

        sockets.append(sock)
        running.append(gevent.spawn(serve))
        return int(port)

    yield make
    gevent.killall(running)
    for sock in sockets:
        sock.close()
    context.term()


def look(port: int, timeout: float = 2, **more: object) -> Reading:
    return Zmq(host="127.0.0.1", port=port, timeout=Seconds(timeout), **more).look()  # type: ignore[arg-type]


def answered(speak: Speak, timeout: float = 0.5, **more: object) -> Reading:
    with serving(speak) as port:
        return look(port, timeout, **more)


def keys(own: tuple[str, ...], server: str = SERVER[0]) -> dict[str, object]:
    return {"server_key": server, "secret_key": Secret(own[1])}


def peer(*frames: bytes) -> Speak:
    """One that shakes hands by hand, and then says these frames as they are."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(greeting() + READY)
        heard = b""
        while b"ping" not in heard:
            more = sock.recv(4096)
            if not more:
                return
            heard += more
        for frame in frames:
            sock.sendall(frame)
        if frames:
            sock.recv(4096)

    return speak


def then_closing(words: bytes) -> Speak:
    """One that shakes hands, says this, and leaves when it has heard all that comes."""

    def speak(sock: socket.socket) -> None:
        sock.sendall(greeting() + words)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass

    return speak


def test_another_tocsin_answers_its_ping(open_port: int) -> None:
    reading = look(open_port, send=(ECHO,), expect="all is well")
    assert reading.is_well
    assert reading.detail == '{"jsonrpc":"2.0","result":"all is well","id":1}'
    assert list(reading.phases) == PHASES
    assert reading.values == {"ip": "127.0.0.1", "mechanism": "NULL", "answer": reading.detail}
    assert reading.body == reading.detail.encode()


def test_without_settings_it_asks_a_ping_as_json_rpc(open_port: int) -> None:
    reading = look(open_port)
    assert reading.is_well
    assert "there is no method 'ping'" in reading.values["answer"]  # a reply, if of a table made for tests
    assert look(open_port, expect='"result"').detail.startswith('the reply has no match of "result": {"jsonrpc"')


def test_with_curve_whom_it_knows_is_let_in(locked_port: int) -> None:
    reading = look(locked_port, send=(ECHO,), **keys(OURS), public_key=OURS[0])
    assert reading.is_well
    assert reading.values["mechanism"] == "CURVE"


def test_with_curve_who_is_not_known_is_told_what_may_be_wrong(locked_port: int) -> None:
    reason = r"the connection was (closed|given up) without a reply; does it know our key, and is server_key its own\?"
    for settings in (keys(STRANGERS), keys(OURS, STRANGERS[0]), {"server_key": SERVER[0]}):
        reading = look(locked_port, send=(ECHO,), **settings)
        assert reading.health is Health.DOWN
        assert re.fullmatch(reason, reading.detail)


def test_with_and_without_curve_unlike_the_service(open_port: int, locked_port: int) -> None:
    plain = look(locked_port)
    assert plain.detail == "it speaks CURVE and we speak NULL: give server_key if that is CURVE"
    assert plain.values["mechanism"] == "CURVE"
    locked = look(open_port, **keys(OURS))
    assert locked.detail == "it speaks NULL and we speak CURVE: leave server_key out if that is NULL"


def test_a_rep_service_and_one_for_dealers(service: Callable[..., int]) -> None:
    rep = service(zmq.REP, lambda said: [b"you said", *said])
    reading = look(rep, send=("STATUS", "all"), expect="(?s)^you said\nSTATUS\nall$")
    assert reading.is_well
    assert reading.body == b"all"
    router = service(zmq.ROUTER, lambda said: [*said, b"seen"])
    assert look(router, send=("a",), style="dealer").values["answer"] == "a\nseen"


def test_a_service_that_says_nothing_is_down_in_time(service: Callable[..., int]) -> None:
    silent = service(zmq.ROUTER, lambda _: None)
    reading = look(silent, timeout=0.3)
    assert reading.detail == "no answer within 0.3s, stuck at reply"
    assert list(reading.phases) == ["resolve", "connect", "first_byte"]


def test_a_reply_that_is_none_for_a_req_is_down(service: Callable[..., int]) -> None:
    bare = service(zmq.ROUTER, lambda said: [said[0], b"no envelope"])
    assert look(bare).detail == "its reply is none to a REQ socket: no envelope"
    empty = service(zmq.ROUTER, lambda said: [said[0], b""])
    assert look(empty).detail == "its reply is none to a REQ socket: nothing that can be shown"
    many = service(zmq.REP, lambda _: [b"x"] * 1_000)
    assert look(many).detail == "its reply has more than 64 frames"


def test_who_replies_and_hangs_up_at_once_has_replied() -> None:
    reply = b"\x01\0" + b"\0\4pong"

    def speak(sock: socket.socket) -> None:
        sock.sendall(greeting() + READY)
        heard = b""
        while b"ping" not in heard:
            heard += sock.recv(4096)
        sock.sendall(reply)

    assert answered(speak).detail == "pong"


@pytest.mark.parametrize(
    ("speak", "detail"),
    [
        (lambda sock: sock.recv(100), "the connection was closed without an answer"),
        (lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "it does not speak ZeroMQ (ZMTP 3): HTTP/1.1"),
        (lambda sock: sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), "it does not speak ZeroMQ (ZMTP 3): SSH-2.0-OpenSSH_9"),
        (lambda sock: sock.sendall(b"\x15\x03\x03\0\x02\x02\x46"), "it does not speak ZeroMQ"),
        (lambda sock: sock.sendall(greeting()[:20]), "it does not speak ZeroMQ"),
        (lambda sock: sock.sendall(greeting(version=b"\1\0")), "it does not speak ZeroMQ"),
        (lambda sock: sock.sendall(b"\xff" * 100), "it does not speak ZeroMQ"),
        (lambda sock: sock.sendall(greeting(b"PLAIN")), "it speaks PLAIN and we speak NULL: give server_key if"),
        (lambda sock: sock.sendall(greeting(b"\x1b[31m\xff")), "it speaks [31m\ufffd and we speak NULL"),
        (then_closing(b""), "the connection was closed without a reply"),
        (then_closing(READY), "the connection was closed without a reply"),
        (then_closing(b"junk" * 100), "the connection was "),
        (peer(b"\x02" + b"\xff" * 8), "the connection was given up without a reply"),
        (peer(b"\x02\0\0\0\0\0\x10\0\0"), "the connection was given up without a reply"),
        (peer(b"\x01\x05hello"), "no answer within 0.5s, stuck at reply"),
        (peer(b"\xff\xff\xff"), "no answer within 0.5s, stuck at reply"),
    ],
)
def test_what_is_no_service_is_down_with_a_reason(speak: Speak, detail: str) -> None:
    reading = answered(speak)
    assert reading.health is Health.DOWN
    assert reading.detail.startswith(detail)
    assert "reply" not in reading.phases


FLOODS = {
    "frames of one message": b"\x01\xff" + b"x" * 255,
    "empty frames": b"\x01\0" * 1_000,
    "messages": b"\x00\xff" + b"x" * 255,
    "pings": b"\x04\x07\x04PING\0\0",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("when", ["before the request", "after it"])
def test_a_flood_is_taken_up_to_the_cap(flood: bytes, when: str) -> None:
    """libzmq itself would take all of it: it has no limit for the frames of one message."""

    def speak(sock: socket.socket) -> None:
        if when == "before the request":
            sock.sendall(greeting() + READY)
        else:
            peer()(sock)
        while True:
            sock.sendall(flood * 200)

    before = psutil.Process().memory_info().rss
    reading = answered(speak)
    assert reading.health is Health.DOWN
    assert psutil.Process().memory_info().rss - before < 64 * MOST_HEARD


def test_a_flood_keeps_no_other_look_from_its_answer(open_port: int) -> None:
    def speak(sock: socket.socket) -> None:
        peer()(sock)
        while True:
            sock.sendall(b"\x01\xff" + b"x" * 255)

    with serving(speak) as port:
        flooded = gevent.spawn(look, port, 0.5)
        while not flooded.ready():
            assert look(open_port, send=(ECHO,)).is_well
        assert flooded.get().detail.startswith("it said more than 131072 bytes")


def test_a_greeting_that_drips_runs_into_the_deadline() -> None:
    pause = gevent.event.Event()

    def speak(sock: socket.socket) -> None:
        for byte in greeting():
            sock.sendall(bytes([byte]))
            pause.wait(0.02)

    assert answered(speak, timeout=0.2).detail == "no answer within 0.2s, stuck at greeting"


def test_no_key_is_shown(locked_port: int) -> None:
    probe = Zmq(host="127.0.0.1", port=locked_port, **keys(STRANGERS))  # type: ignore[arg-type]
    assert STRANGERS[1] not in repr(probe) + repr(probe.look())


@pytest.mark.slow
def test_nothing_stays_behind(open_port: int, locked_port: int, service: Callable[..., int]) -> None:
    silent = service(zmq.ROUTER, lambda _: None)

    def looks() -> None:
        assert look(open_port, send=(ECHO,)).is_well
        assert not look(locked_port, **keys(STRANGERS)).is_well
        assert not look(silent, timeout=0.05).is_well
        assert not answered(lambda sock: sock.sendall(b"junk")).is_well
        with gevent.Timeout(0.05, False):  # noqa: FBT003 - and when it is cut off from outside
            look(silent)

    def left() -> tuple[int, int, int]:
        gc.collect()
        greenlets = [one for one in gc.get_objects() if isinstance(one, gevent.Greenlet) and not one.dead]
        threads = psutil.Process().num_threads()
        return descriptors(), len(greenlets), threads

    looks()
    until(lambda: True)
    before = left()
    for _ in range(3):
        looks()
    until(lambda: all(now <= was for now, was in zip(left(), before, strict=True)), within=3, why=lambda: str(left()))


def test_settings_that_can_never_work_are_refused() -> None:
    for wrong, sentence in (
        ({"expect": "("}, "not an RE2 pattern"),
        ({"send": ()}, "send has 0 frames"),
        ({"secret_key": Secret(OURS[1])}, "server_key is missing"),
        ({"public_key": OURS[0]}, "server_key is missing"),
        ({"server_key": "x" * 39}, "server_key is not a CURVE key"),
        ({"server_key": "\u20ac" * 40}, "server_key is not a CURVE key"),
        ({"server_key": SERVER[0], "secret_key": Secret("~" * 40)}, "secret_key is not a CURVE key"),
        ({**keys(OURS), "public_key": SERVER[0]}, "public_key does not belong"),
        ({"server_key": SERVER[0], "public_key": OURS[0]}, "public_key is of no use"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Zmq(host="a", port=1, **wrong)  # type: ignore[arg-type]


def test_it_is_configured_as_the_page_shows(tmp_path: Path) -> None:
    (tmp_path / "zmq.secret").write_text(OURS[1])
    (tmp_path / "zmq.secret").chmod(0o600)
    probes = shown_on_the_page("zmq", tmp_path)
    assert probes["tocsin-2"].target() == "tocsin-2.internal:8421"
    assert PING in (DOCS / "zmq.md").read_text()
