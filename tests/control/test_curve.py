"""CURVE: who is let in, with which rights, and that a changed list of keys is in force at once."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import zmq.green as zmq
from zmq.utils import z85

from daemon.clock import SystemClock
from daemon.config.settings import Auth, Curve, CurveClient, Settings
from daemon.control import zap
from daemon.control.address import PortError
from daemon.control.port import ControlPort
from daemon.methods.table import NOT_ALLOWED, Table
from daemon.secret import Secret

SERVER_PUBLIC, SERVER_SECRET = zmq.curve_keypair()
READER = zmq.curve_keypair()
ADMIN = zmq.curve_keypair()
STRANGER = zmq.curve_keypair()
SOON = 4_000
SHUT_OUT = (
    zmq.EVENT_HANDSHAKE_FAILED_AUTH
    | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
    | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
    | zmq.EVENT_DISCONNECTED
)


def settings_with(*clients: CurveClient) -> Settings:
    return Settings(auth=Auth(curve=Curve(secret_key=Secret(SERVER_SECRET.decode()), clients=clients)))


READER_CLIENT = CurveClient(name="wall", public=READER[0].decode())
ADMIN_CLIENT = CurveClient(name="lin", public=ADMIN[0].decode(), may=("read", "act", "admin"))


class Door:
    """An open port with its settings in reach."""

    def __init__(self, endpoint: str = "tcp://127.0.0.1:0") -> None:
        self.settings = settings_with(READER_CLIENT, ADMIN_CLIENT)
        self.acts = 0
        table = Table()

        @table.method("look", "read")
        def look() -> str:
            """Look."""
            return "seen"

        @table.method("act", "act")
        def act() -> int:
            """Act."""
            self.acts += 1
            return self.acts

        self.port = ControlPort(table, lambda: self.settings, SystemClock(), endpoint)
        self.port.start()
        self.context = zmq.Context()

    def client(self, keys: tuple[bytes, bytes] | None, server: bytes = SERVER_PUBLIC) -> "zmq.Socket[bytes]":
        made = self.context.socket(zmq.REQ)
        made.linger = 0
        self.shut_out = made.get_monitor_socket(SHUT_OUT)
        if keys:
            made.curve_publickey, made.curve_secretkey = keys
            made.curve_serverkey = server
        made.connect(self.port.endpoint)
        return made


@pytest.fixture
def door() -> Iterator[Door]:
    made = Door()
    yield made
    made.port.stop()
    made.context.destroy(linger=0)


def send(client: "zmq.Socket[bytes]", method: str) -> None:
    client.send(msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method}))


def asked(client: "zmq.Socket[bytes]", method: str) -> Any:
    send(client, method)
    assert client.poll(SOON), "no answer"
    return msgspec.json.decode(client.recv())


def test_a_known_key_is_let_in_with_its_own_rights(door: Door) -> None:
    reader = door.client(READER)
    assert asked(reader, "look")["result"] == "seen"
    refused = asked(reader, "act")["error"]
    assert refused["code"] == NOT_ALLOWED
    assert 'wall lacks the right "act"' in refused["message"]
    assert asked(door.client(ADMIN), "act")["result"] == 1


@pytest.mark.parametrize(
    ("keys", "server"),
    [(STRANGER, SERVER_PUBLIC), (None, SERVER_PUBLIC), (READER, STRANGER[0])],
    ids=["unknown key", "no key", "wrong server key"],
)
def test_everybody_else_hears_nothing_and_the_port_lives(
    door: Door, keys: tuple[bytes, bytes] | None, server: bytes
) -> None:
    stranger = door.client(keys, server)
    send(stranger, "act")
    assert door.shut_out.poll(SOON), "nobody shut it out"
    assert not stranger.poll(0)
    assert door.acts == 0
    assert asked(door.client(READER), "look")["result"] == "seen"


def test_a_key_added_by_a_reload_is_let_in_at_once(door: Door) -> None:
    newcomer = door.client(STRANGER)
    send(newcomer, "look")
    assert door.shut_out.poll(SOON), "nobody shut it out"
    door.settings = settings_with(CurveClient(name="new", public=STRANGER[0].decode()))
    assert asked(door.client(STRANGER), "look")["result"] == "seen"


def test_a_key_removed_by_a_reload_is_shut_out_although_connected(door: Door) -> None:
    reader = door.client(READER)
    assert asked(reader, "look")["result"] == "seen"
    door.settings = settings_with(ADMIN_CLIENT)
    assert asked(reader, "look")["error"]["code"] == NOT_ALLOWED


def test_rights_taken_away_by_a_reload_are_gone_at_once(door: Door) -> None:
    admin = door.client(ADMIN)
    assert asked(admin, "act")["result"] == 1
    door.settings = settings_with(dataclasses.replace(ADMIN_CLIENT, may=("read",)))
    assert asked(admin, "act")["error"]["code"] == NOT_ALLOWED


def test_no_keys_at_all_after_a_reload_let_nobody_in(door: Door) -> None:
    reader = door.client(READER)
    assert asked(reader, "look")["result"] == "seen"
    door.settings = Settings()
    assert asked(reader, "look")["error"]["code"] == NOT_ALLOWED


def test_a_repeat_over_a_new_connection_is_known_by_its_key(door: Door) -> None:
    assert asked(door.client(ADMIN), "act") == asked(door.client(ADMIN), "act")
    assert door.acts == 1


def test_keys_open_a_port_beyond_this_machine() -> None:
    door = Door("tcp://0.0.0.0:0")
    door.port.stop()
    door.context.term()


def test_a_bad_server_key_is_told_without_showing_it() -> None:
    settings = Settings(auth=Auth(curve=Curve(secret_key=Secret("canary-of-a-key"))))
    port = ControlPort(Table(), lambda: settings, SystemClock(), "tcp://127.0.0.1:0")
    with pytest.raises(PortError, match="not a CURVE key of 40 characters") as told:
        port.start()
    assert "canary" not in str(told.value)


def zap_frames(**over: Any) -> list[bytes]:
    frames = {
        "version": b"1.0", "number": b"1", "domain": b"tocsin", "address": b"127.0.0.1", "identity": b"",
        "mechanism": b"CURVE", "key": z85.decode(READER[0]),
    }  # fmt: skip
    return list((frames | over).values())


def test_a_zap_answer_names_the_client_by_its_key() -> None:
    said = zap.verdict(zap_frames(), settings_with(READER_CLIENT).auth.curve)
    assert said == [b"1.0", b"1", b"200", b"OK", READER[0], b""]


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [b"1.0"],
        zap_frames()[:6],
        zap_frames(key=b"short"),
        zap_frames(mechanism=b"NULL"),
        zap_frames(mechanism=b"PLAIN"),
        zap_frames(version=b"2.0"),
        [*zap_frames(), b"more"],
        zap_frames(key=z85.decode(STRANGER[0])),
    ],
)
def test_any_other_zap_request_is_turned_away(frames: list[bytes]) -> None:
    said = zap.verdict(frames, settings_with(READER_CLIENT).auth.curve)
    assert len(said) == 6
    assert said[2] == b"400"
    assert said[4] == b""
