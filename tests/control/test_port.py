"""The ZeroMQ port against good clients, bad ones, and ones that vanish."""

import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest
import zmq.green as zmq
from fake_clock import FakeClock
from gevent.event import Event

from daemon.clock import SystemClock
from daemon.config.settings import Auth, Settings
from daemon.control.address import PortError
from daemon.control.port import BREATH, MAX_FRAMES, MAX_MESSAGE, ControlPort
from daemon.methods import listing
from daemon.methods.table import INTERNAL_ERROR, INVALID_REQUEST, OVERLOADED, PARSE_ERROR, REFUSED, UNAVAILABLE, Table

SOON = 4_000  # milliseconds that an answer may take at most


class Counter:
    """What the table's methods did."""

    def __init__(self) -> None:
        self.acts: list[str] = []
        self.gate = Event()
        self.entered = Event()


def make_table(counter: Counter) -> Table:
    table = Table()
    listing.add(table)

    @table.method("echo", "read")
    def echo(text: str = "") -> str:
        """Say it back."""
        return text

    @table.method("act", "act")
    def act(text: str = "") -> int:
        """Do something that counts."""
        counter.acts.append(text)
        return len(counter.acts)

    @table.method("raise", "read")
    def broken() -> None:
        """Fail in an unforeseen way."""
        raise ZeroDivisionError("s3cret inside")

    @table.method("wait", "read")
    def wait() -> str:
        """Wait until the test opens the gate."""
        counter.entered.set()
        counter.gate.wait()
        return "waited"

    @table.method("huge", "read")
    def huge(size: int) -> str:
        """Answer with very much."""
        return "x" * size

    @table.method("late", "read")
    def late() -> None:
        """Let a time-out of its own escape."""
        raise gevent.Timeout(1)

    return table


@pytest.fixture
def counter() -> Counter:
    return Counter()


Open = Callable[..., ControlPort]


@pytest.fixture
def open_port(counter: Counter) -> Iterator[Open]:
    ports: list[ControlPort] = []

    def make(endpoint: str = "tcp://127.0.0.1:0", settings: Settings = Settings(), **more: Any) -> ControlPort:
        clock = more.pop("clock", SystemClock())
        port = ControlPort(make_table(counter), lambda: settings, clock, endpoint, **more)
        port.start()
        ports.append(port)
        return port

    yield make
    counter.gate.set()
    for port in ports:
        port.stop()


Connect = Callable[..., "zmq.Socket[bytes]"]


@pytest.fixture
def connect() -> Iterator[Connect]:
    context = zmq.Context()
    sockets: list[zmq.Socket[bytes]] = []

    def make(port: ControlPort, kind: int = zmq.REQ, name: bytes = b"") -> "zmq.Socket[bytes]":
        client = context.socket(kind)
        client.linger = 0
        if name:
            client.setsockopt(zmq.IDENTITY, name)
        client.connect(port.endpoint)
        sockets.append(client)
        return client

    yield make
    for client in sockets:
        client.close()
    context.term()


def request(method: str, request_id: Any = 1, **params: Any) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})


def heard(client: "zmq.Socket[bytes]") -> Any:
    assert client.poll(SOON), "no answer"
    return msgspec.json.decode(client.recv_multipart()[-1])


def asked(client: "zmq.Socket[bytes]", *frames: bytes) -> Any:
    client.send_multipart(frames)
    return heard(client)


def assert_lives(port: ControlPort, connect: Connect) -> None:
    assert asked(connect(port), request("echo", text="still there"))["result"] == "still there"


def test_a_plain_req_client_is_answered(open_port: Open, connect: Connect) -> None:
    said = asked(connect(open_port()), request("echo", 7, text="hello"))
    assert said == {"jsonrpc": "2.0", "result": "hello", "id": 7}


def test_a_correlating_req_gets_its_request_number_back(open_port: Open, connect: Connect) -> None:
    client = connect(open_port())
    client.setsockopt(zmq.REQ_RELAXED, 1)
    client.setsockopt(zmq.REQ_CORRELATE, 1)
    assert asked(client, request("echo", text="a"))["result"] == "a"


def test_a_dealer_gets_every_frame_before_the_last_unchanged(open_port: Open, connect: Connect) -> None:
    client = connect(open_port(), zmq.DEALER)
    client.send_multipart([b"trace-1", b"", request("echo", text="a")])
    assert client.poll(SOON)
    assert client.recv_multipart()[:-1] == [b"trace-1", b""]


def test_a_dealer_without_a_delimiter_is_answered_too(open_port: Open, connect: Connect) -> None:
    client = connect(open_port(), zmq.DEALER)
    client.send(request("echo", text="bare"))
    assert client.poll(SOON)
    assert len(frames := client.recv_multipart()) == 1
    assert msgspec.json.decode(frames[0])["result"] == "bare"


def test_many_requests_in_flight_come_back_by_their_ids(open_port: Open, connect: Connect) -> None:
    client = connect(open_port(), zmq.DEALER)
    for number in range(50):
        client.send(request("echo", number, text=str(number)))
    answers = {said["id"]: said["result"] for said in (heard(client) for _ in range(50))}
    assert answers == {number: str(number) for number in range(50)}


def test_a_waiting_method_keeps_nobody_else_waiting(open_port: Open, connect: Connect, counter: Counter) -> None:
    port = open_port()
    slow = connect(port)
    slow.send(request("wait"))
    assert counter.entered.wait(4)
    assert_lives(port, connect)
    counter.gate.set()
    assert heard(slow)["result"] == "waited"


def test_a_full_pool_refuses_at_once_and_names_the_request(open_port: Open, connect: Connect, counter: Counter) -> None:
    port = open_port(workers=1)
    slow = connect(port)
    slow.send(request("wait"))
    assert counter.entered.wait(4)
    said = asked(connect(port), request("echo", "me"))
    assert (said["error"]["code"], said["id"]) == (OVERLOADED, "me")
    counter.gate.set()
    assert heard(slow)["result"] == "waited"
    assert_lives(port, connect)


def test_an_only_notification_is_answered_by_an_empty_frame(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    client = connect(open_port())
    client.send(b'{"jsonrpc":"2.0","method":"act"}')
    assert client.poll(SOON)
    assert client.recv() == b""
    assert counter.acts == [""]


def test_a_hung_request_is_given_up_and_frees_its_place(open_port: Open, connect: Connect, counter: Counter) -> None:
    clock = FakeClock()
    port = open_port(workers=1, patience=100.0, clock=clock)
    slow = connect(port)
    slow.send(request("wait", 5))
    assert counter.entered.wait(4)
    clock.advance(126)
    said = heard(slow)
    assert (said["error"]["code"], said["id"]) == (UNAVAILABLE, 5)
    assert "100 s" in said["error"]["message"]
    assert_lives(port, connect)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", PARSE_ERROR),
        (b"\xff\xfe", PARSE_ERROR),
        (b"not json", PARSE_ERROR),
        (b"[" * 100_000, PARSE_ERROR),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"text":NaN}}', PARSE_ERROR),
        (b"[]", INVALID_REQUEST),
        (b"7", INVALID_REQUEST),
        (b"null", INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', INVALID_REQUEST),
        (request("raise"), INTERNAL_ERROR),
        (request("late"), UNAVAILABLE),
        (request("huge", size=8 * 1024**2), REFUSED),
    ],
)
def test_bad_bodies_and_bad_methods_are_answered_and_the_port_lives(
    open_port: Open, connect: Connect, body: bytes, code: int
) -> None:
    port = open_port()
    said = asked(connect(port), body)
    assert said["error"]["code"] == code
    assert "s3cret" not in said["error"]["message"]
    assert_lives(port, connect)


def test_a_big_answer_within_bounds_arrives_whole(open_port: Open, connect: Connect) -> None:
    assert len(asked(connect(open_port()), request("huge", size=3 * 1024**2))["result"]) == 3 * 1024**2


def test_a_message_of_a_hundred_frames_is_refused_and_the_port_lives(open_port: Open, connect: Connect) -> None:
    port = open_port()
    assert asked(connect(port), *[b"x"] * 100)["error"]["code"] == INVALID_REQUEST
    dealer = connect(port, zmq.DEALER)
    assert asked(dealer, *[b"x"] * 5_000)["error"]["code"] == INVALID_REQUEST
    assert asked(dealer, request("echo", text="again"))["result"] == "again"
    assert_lives(port, connect)


def test_empty_frames_only_are_an_error_reply(open_port: Open, connect: Connect) -> None:
    port = open_port()
    assert asked(connect(port, zmq.DEALER), *[b""] * (MAX_FRAMES - 2))["error"]["code"] == PARSE_ERROR
    assert_lives(port, connect)


def test_a_message_beyond_the_limit_costs_its_sender_the_connection_only(open_port: Open, connect: Connect) -> None:
    port = open_port()
    other = connect(port)
    assert asked(other, request("echo", text="before"))["result"] == "before"
    giant = connect(port, zmq.DEALER)
    giant.send(b"x" * (MAX_MESSAGE + 1))
    assert asked(other, request("echo", text="after"))["result"] == "after"
    giant.send(request("echo", text="small again"))  # it reconnects by itself
    assert heard(giant)["result"] == "small again"


def test_bytes_that_are_not_zeromq_do_no_harm(open_port: Open, connect: Connect) -> None:
    port = open_port()
    host, number = port.endpoint.removeprefix("tcp://").split(":")
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\xff" + b"\0" * 8 + b"\x7f", b"\0" * 64, b""):
        with socket.create_connection((host, int(number))) as raw:
            raw.sendall(rubbish)
    assert_lives(port, connect)


def test_clients_that_vanish_before_their_answer_do_no_harm(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    port = open_port()
    context = zmq.Context()
    staying = [connect(port) for _ in range(10)]
    vanishing = [context.socket(zmq.REQ) for _ in range(10)]
    for client in vanishing:
        client.linger = 0
        client.connect(port.endpoint)
    for client in [*staying, *vanishing]:
        client.send(request("wait"))
    assert counter.entered.wait(4)
    for client in vanishing:
        client.close()
    context.term()
    counter.gate.set()
    assert [heard(client)["result"] for client in staying] == ["waited"] * 10
    assert_lives(port, connect)


def test_a_flood_of_requests_lets_other_greenlets_run(open_port: Open, connect: Connect) -> None:
    client = connect(open_port(workers=1), zmq.DEALER)
    for number in range(300):
        client.send(request("echo", number))
    answers = [heard(client) for _ in range(300)]
    # The one worker has its turn only when the reader pauses, and is free again a pause later; without
    # pauses it gets to answer the first request and few others.
    assert sum("result" in said for said in answers) >= 300 // BREATH // 2


def test_a_repeated_act_with_the_same_id_is_done_once(open_port: Open, connect: Connect, counter: Counter) -> None:
    client = connect(open_port())
    first = asked(client, request("act", "r-1", text="a"))
    assert asked(client, request("act", "r-1", text="a")) == first
    assert counter.acts == ["a"]


def test_the_same_id_from_another_client_is_another_request(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    port = open_port()
    asked(connect(port), request("act", 1, text="a"))
    asked(connect(port), request("act", 1, text="a"))
    assert counter.acts == ["a", "a"]


def test_a_client_that_names_itself_is_known_after_it_reconnects(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    port = open_port()
    first = asked(connect(port, name=b"script-7"), request("act", "r-1"))
    assert asked(connect(port, name=b"script-7"), request("act", "r-1")) == first
    assert counter.acts == [""]


def test_raise_resolve_raise_with_one_and_the_same_id_are_three_acts(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    client = connect(open_port())
    for text in ("raise", "resolve", "raise"):
        asked(client, request("act", 1, text=text))
    assert counter.acts == ["raise", "resolve", "raise"]


def test_reads_are_never_answered_from_memory(open_port: Open, connect: Connect, counter: Counter) -> None:
    client = connect(open_port())
    counter.gate.set()
    asked(client, request("wait", 1))
    counter.entered.clear()
    asked(client, request("wait", 1))
    assert counter.entered.is_set()


def test_a_taken_port_is_told_in_a_sentence(open_port: Open) -> None:
    first = open_port()
    with pytest.raises(PortError, match="cannot open the ZeroMQ port tcp://127.0.0.1:.*Address already in use"):
        open_port(first.endpoint)


def test_a_stopped_port_frees_its_address(open_port: Open, connect: Connect, counter: Counter) -> None:
    table = make_table(counter)
    first = ControlPort(table, Settings, SystemClock(), "tcp://127.0.0.1:0")
    first.start()
    first.stop()
    assert_lives(open_port(first.endpoint), connect)


def test_stop_lets_the_request_in_work_be_answered(connect: Connect, counter: Counter) -> None:
    port = ControlPort(make_table(counter), Settings, SystemClock(), "tcp://127.0.0.1:0")
    port.start()
    client = connect(port)
    client.send(request("wait"))
    assert counter.entered.wait(4)
    stopping = gevent.spawn(port.stop)
    counter.gate.set()
    assert heard(client)["result"] == "waited"
    stopping.get()


def test_the_endpoint_comes_from_the_settings(counter: Counter) -> None:
    port = ControlPort(make_table(counter), Settings, SystemClock())
    assert port.endpoint == Settings().listen.zmq


def test_an_open_port_beyond_this_machine_needs_keys_or_plain_words(open_port: Open) -> None:
    with pytest.raises(PortError, match="nothing authenticates callers"):
        open_port("tcp://0.0.0.0:0")
    open_port("tcp://0.0.0.0:0", Settings(auth=Auth(allow_unauthenticated=True)))


def test_ipc_works_and_only_owner_and_group_may_use_the_socket(
    open_port: Open, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "tocsin.ipc"
    port = open_port(f"ipc://{path}")
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert_lives(port, connect)


def test_a_stale_ipc_socket_is_replaced(open_port: Open, connect: Connect, tmp_path: Path) -> None:
    path = tmp_path / "tocsin.ipc"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    assert_lives(open_port(f"ipc://{path}"), connect)


def test_an_ipc_socket_in_use_is_left_alone(open_port: Open, connect: Connect, tmp_path: Path) -> None:
    first = open_port(f"ipc://{tmp_path}/tocsin.ipc")
    with pytest.raises(PortError, match="another process listens"):
        open_port(first.endpoint)
    assert_lives(first, connect)


def test_a_file_in_the_place_of_an_ipc_socket_is_left_alone(open_port: Open, tmp_path: Path) -> None:
    path = tmp_path / "precious"
    path.write_text("data")
    with pytest.raises(PortError, match="is not a socket"):
        open_port(f"ipc://{path}")
    assert path.read_text() == "data"


@pytest.mark.parametrize(
    "endpoint",
    ["", "8421", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tcp://127.0.0.1:99999", "http://a:1", "ipc://"],
)
def test_what_is_no_endpoint_is_told_in_a_sentence(counter: Counter, endpoint: str) -> None:
    port = ControlPort(make_table(counter), Settings, SystemClock(), endpoint)
    port.endpoint = endpoint
    with pytest.raises(PortError, match="is not a ZeroMQ endpoint"):
        port.start()


def test_a_missing_folder_and_a_long_path_are_told_in_a_sentence(open_port: Open, tmp_path: Path) -> None:
    with pytest.raises(PortError, match="does not exist"):
        open_port(f"ipc://{tmp_path}/no/tocsin.ipc")
    with pytest.raises(PortError, match="too long"):
        open_port(f"ipc://{tmp_path}/{'x' * 120}")


def test_an_address_of_no_interface_here_is_told_in_a_sentence(open_port: Open) -> None:
    settings = Settings(auth=Auth(allow_unauthenticated=True))
    with pytest.raises(PortError, match=os.strerror(errno.ENODEV) + "|" + os.strerror(errno.EADDRNOTAVAIL)):
        open_port("tcp://192.0.2.1:8421", settings)


@pytest.mark.slow
def test_ten_thousand_round_trips_with_jitter_do_not_stall(open_port: Open, connect: Connect) -> None:
    port = open_port()

    def talk(which: int) -> int:
        client = connect(port)
        for number in range(1_000):
            text = "x" * ((number * 7_919 + which * 104_729) % 5_000)
            assert asked(client, request("echo", number, text=text))["result"] == text
            if (number + which) % 97 == 0:
                gevent.idle()
        return 1_000

    talkers = [gevent.spawn(talk, which) for which in range(10)]
    gevent.joinall(talkers)
    assert sum(talker.get() for talker in talkers) == 10_000
