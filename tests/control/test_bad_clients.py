"""The ZeroMQ port against bad requests, bad methods, floods, and clients that vanish."""

import socket

import gevent
import pytest
import zmq.green as zmq

from daemon import telemetry
from daemon.control.port import BREATH, MAX_FRAMES, MAX_MESSAGE
from daemon.methods.table import INTERNAL_ERROR, INVALID_REQUEST, OVERLOADED, PARSE_ERROR, REFUSED, UNAVAILABLE
from fake_clock import FakeClock
from ports import Connect, Counter, Open, asked, assert_lives, heard, request
from served import players


def test_a_full_pool_refuses_at_once_and_names_the_request(open_port: Open, connect: Connect, counter: Counter) -> None:
    port = open_port(workers=1)
    slow = connect(port)
    slow.send(request("wait"))
    assert counter.entered.wait(4)
    refused = telemetry.rpc_calls.labels("unknown", "overloaded")._value
    before = refused.get()
    said = asked(connect(port), request("echo", "me"))
    assert (said["error"]["code"], said["id"]) == (OVERLOADED, "me")
    told_only = b'{"jsonrpc":"2.0","method":"echo"}'
    assert len(asked(connect(port), b"[" + told_only + b"," + request("echo") + b"]")) == 1
    assert refused.get() - before == 3
    counter.gate.set()
    assert heard(slow)["result"] == "waited"
    assert_lives(port, connect)


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
    for _ in range(8):  # it reconnects by itself, but what went into the dying connection is lost
        giant.send(request("echo", text="small again"))
        if giant.poll(500):
            break
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


def test_while_a_flood_of_requests_is_read_sockets_are_served(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    client = connect(open_port(), zmq.DEALER)
    with players(counter.acts):
        for number in range(300):
            client.send(request("act", number))
        for _ in range(300):
            heard(client)
    acts = [at for at, what in enumerate(counter.acts) if what != "served"]
    assert acts[-1] - acts[0] + 1 - len(acts) >= 300 // BREATH // 2


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
