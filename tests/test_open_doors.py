"""A reload moves no door: what stands open since the start keeps the lock that it needs where it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import zmq.green as zmq

from apps import Running, running_here, write
from daemon.app import App
from daemon.errors import ConfigError
from daemon.listener.server import open_socket

EVERYWHERE = "0.0.0.0:0"
TOKENS = "tokens: [{name: ops, token: 'a long token', may: [read, act, admin]}]"
BEARER = "Bearer a long token"
MAP = "map: {key: $.key, title: $.title}"
SHUT = f"sources: {{shop: {{handler: generic, {MAP}, token: 'till token'}}}}\n"
OPEN = f"sources: {{shop: {{handler: generic, {MAP}}}}}\n"
SERVER, CLIENT = zmq.curve_keypair(), zmq.curve_keypair()


def listen(http: str = "127.0.0.1:0", zmq: str = "tcp://127.0.0.1:*") -> str:
    return f"listen: {{http: '{http}', zmq: '{zmq}'}}\n"


def curve() -> str:
    """The keys, as a setting."""
    public, secret = (key.decode().replace("$", "$$") for key in (CLIENT[0], SERVER[1]))
    return f"curve: {{secret_key: '{secret}', clients: [{{name: me, public: '{public}'}}]}}"


def reload(one: Running, more: str) -> list[str]:
    write(one.home, more)
    return one.app.reload()


def http_of(one: Running) -> str:
    return one.app._opened.http


def zmq_of(one: Running) -> str:
    return one.app._opened.zmq


@contextmanager
def asking(endpoint: str, *, key: bool = False) -> Iterator["zmq.Socket[bytes]"]:
    """A client of the ZeroMQ door."""
    with zmq.Context() as context, context.socket(zmq.DEALER) as client:
        client.linger = 0
        if key:
            client.curve_publickey, client.curve_secretkey = CLIENT
            client.curve_serverkey = SERVER[0]
        client.connect(endpoint.replace("0.0.0.0", "127.0.0.1"))
        yield client


def ask(client: "zmq.Socket[bytes]", method: str, within: int = 2_000) -> bytes:
    """The answer; nothing when none comes within so many milliseconds."""
    client.send(f'{{"jsonrpc":"2.0","id":"{method}","method":"{method}"}}'.encode())
    return client.recv() if client.poll(within) else b""


@pytest.fixture
def reached(tmp_path: Path) -> Iterator[Running]:
    """Its HTTP door can be reached from other machines and is locked."""
    with running_here(tmp_path, f"{listen(EVERYWHERE)}auth: {{{TOKENS}}}\n{SHUT}", at=EVERYWHERE) as one:
        yield one


def test_a_reload_does_not_take_the_locks_from_an_http_door_that_others_still_reach(reached: Running) -> None:
    where = f'the door is still open at "{http_of(reached)}" until a restart and can be reached from other machines'
    file = reached.home / "tocsin.yml"
    assert reload(reached, listen() + OPEN) == [
        (
            f"{file}:6: listen.http: {where}, and no token is set: restart tocsin, or until then keep auth.tokens or "
            "write auth.allow_unauthenticated: true"
        ),
        (
            f"{file}:7: sources.shop: {where}, and anybody there could raise alarms: restart tocsin, or until then "
            "keep token, basic or hmac, or allow_unauthenticated: true"
        ),
    ]
    assert reached.post("/rpc", {"jsonrpc": "2.0", "id": 1, "method": "ping"}).status == 401
    assert reached.post("/webhook/shop", {"key": "k", "title": "t"}).status == 401


@pytest.mark.parametrize(
    "more",
    [
        f"auth: {{{TOKENS}}}\n{SHUT}",
        f"auth: {{allow_unauthenticated: true}}\n{OPEN.replace('generic', 'generic, allow_unauthenticated: true')}",
    ],
)
def test_with_locks_or_plain_words_a_new_address_waits_for_the_restart(reached: Running, more: str) -> None:
    assert reload(reached, listen() + more) == []
    assert "listen.http is now 127.0.0.1:0, but it stays 0.0.0.0:0 until a restart" in reached.app._loaded.warnings


def test_what_the_new_address_needs_itself_is_said_once(reached: Running) -> None:
    (problem,) = reload(reached, listen(":0") + SHUT)
    assert '":0" can be reached from other machines, and no token is set' in problem


def test_a_check_and_the_status_tell_why_a_reload_is_refused(reached: Running) -> None:
    problems = reload(reached, listen() + SHUT)

    def told(method: str) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method}
        return reached.post("/rpc", question, Authorization=BEARER).json()["result"]

    assert told("config.check") == {"usable": False, "problems": problems, "warnings": []}
    assert f"the last reload was refused: {problems[0]}" in told("status")["warnings"]
    assert reload(reached, f"{listen(EVERYWHERE)}auth: {{{TOKENS}}}\n{SHUT}") == []
    assert "refused" not in " ".join(told("status")["warnings"])


def test_the_socket_counts_when_the_file_was_changed_after_it_was_bound(tmp_path: Path) -> None:
    write(tmp_path, listen())
    with open_socket(EVERYWHERE) as door, pytest.raises(ConfigError) as refused:
        App(tmp_path / "tocsin.yml", {}, door)
    assert "and no token is set" in refused.value.problems[0]


@pytest.mark.parametrize("door", ["tcp://127.0.0.1:*", "tcp://0.0.0.0:*"])
@pytest.mark.parametrize("keys", [True, False])
def test_a_zeromq_door_that_was_opened_without_keys_needs_the_plain_words_until_a_restart(
    tmp_path: Path, door: str, *, keys: bool
) -> None:
    with running_here(tmp_path, f"{listen(zmq='tcp://0.0.0.0:*')}auth: {{allow_unauthenticated: true}}\n") as one:
        now = listen(zmq=door)
        (problem,) = reload(one, now + (f"auth: {{{curve()}}}\n" if keys else ""))
        if keys or "127" in door:
            assert problem == (
                f'{tmp_path}/tocsin.yml:6: listen.zmq: the door is still open at "{zmq_of(one)}", without CURVE, until '
                "a restart and can be reached from other machines: restart tocsin, or until then write "
                "auth.allow_unauthenticated: true"
            )
        else:
            assert "no client key is set" in problem
        more = f", {curve()}" if keys else ""
        assert reload(one, f"{now}auth: {{allow_unauthenticated: true{more}}}\n") == []
        with asking(zmq_of(one)) as client:
            assert b"result" in ask(client, "ping")


def test_a_zeromq_door_that_was_opened_with_keys_lets_nobody_in_once_they_are_gone(tmp_path: Path) -> None:
    with running_here(tmp_path, f"{listen(zmq='tcp://0.0.0.0:*')}auth: {{{curve()}}}\n") as one:
        with asking(zmq_of(one), key=True) as client:
            assert b"result" in ask(client, "ping")
            assert reload(one, listen()) == []
            told = "auth.curve is now off, but the ZeroMQ door lets nobody in until a restart"
            assert told in one.app._loaded.warnings
            assert b"not let in any more" in ask(client, "version")
        for key in (True, False):
            with asking(zmq_of(one), key=key) as stranger:
                assert ask(stranger, "ping", within=300) == b""


def test_tokens_beside_a_zeromq_door_that_is_still_open_to_this_machine_are_doubtful(tmp_path: Path) -> None:
    with running_here(tmp_path, listen()) as one:
        now = f"listen: {{http: '127.0.0.1:0', zmq: 'ipc://{tmp_path}/zmq'}}\nauth: {{{TOKENS}}}\n"
        assert reload(one, now) == []
        assert (
            f'auth.tokens: lock the HTTP door only: until a restart, over "{zmq_of(one)}" everybody on this machine '
            "may do everything"
        ) in " ".join(one.app._loaded.warnings)
