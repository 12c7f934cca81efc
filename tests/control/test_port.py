"""The ZeroMQ port and its good clients: REQ, DEALER, many at once."""

import gevent
import msgspec
import zmq.green as zmq

from daemon.clock import SystemClock
from daemon.config.settings import Settings
from daemon.control.port import ControlPort
from ports import SOON, Connect, Counter, Open, asked, assert_lives, heard, make_table, request


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


def test_an_only_notification_is_answered_by_an_empty_frame(
    open_port: Open, connect: Connect, counter: Counter
) -> None:
    client = connect(open_port())
    client.send(b'{"jsonrpc":"2.0","method":"act"}')
    assert client.poll(SOON)
    assert client.recv() == b""
    assert counter.acts == [""]


def test_a_big_answer_within_bounds_arrives_whole(open_port: Open, connect: Connect) -> None:
    assert len(asked(connect(open_port()), request("huge", size=3 * 1024**2))["result"]) == 3 * 1024**2


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
