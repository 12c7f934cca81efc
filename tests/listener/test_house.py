"""What the door answers beside webhooks: health, metrics, JSON-RPC, reload, and everything that it does not serve."""

import gzip
import inspect
import json
from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event

import made
from behind_the_door import Daemon
from daemon.config.settings import Auth, Token
from daemon.control.port import ControlPort
from daemon.listener.parts import Parts
from daemon.listener.server import HttpDoor
from daemon.methods.table import PATIENCE, UNAVAILABLE
from daemon.secret import Secret
from http_client import Client, ask

BODY = b'{"events": [{"key": "k1"}]}'
TOKENS = Auth(
    tokens=(
        Token(name="reader", token=Secret("r"), may=("read",)),
        Token(name="chief", token=Secret("c"), may=("read", "act", "admin")),
        Token(name="hand", token=Secret("h"), may=("act",)),
    )
)

Opens = Callable[..., HttpDoor]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health_and_readiness_are_told_to_anyone(door: Opens, daemon: Daemon, method: str) -> None:
    daemon.settings = made.settings(auth=TOKENS)
    with Client(door(daemon.web()).port) as client:
        healthy = client.request(method, "/-/healthy")
        assert (healthy.status, healthy.headers["content-length"]) == (200, "8")
        assert client.request(method, "/-/ready").status == 200
        daemon.why_not = "the store is being upgraded"
        reply = client.request(method, "/-/ready")
        assert reply.status == 503
        assert "retry-after" in reply.headers
        assert method == "HEAD" or reply.json()["detail"] == daemon.why_not
        assert client.request(method, "/-/healthy").status == 200


def test_metrics_are_prometheus_text(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        client.request("POST", "/webhook/shop", BODY)
        reply = client.request("GET", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert b'tocsin_http_requests_total{door="webhook",status="200"}' in reply.body


def test_json_rpc_gets_the_body_and_the_caller(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        reply = client.request("POST", "/rpc", b'{"jsonrpc":"2.0"}')
        assert (reply.status, reply.body) == (200, daemon.said)
        assert reply.headers["content-type"] == "application/json"
        client.request("POST", "/rpc", gzip.compress(b"{}"), {"Content-Encoding": "gzip"})
        assert client.request("POST", "/rpc", b"{}", {"Content-Encoding": "gzip"}).status == 422
        daemon.said = None
        assert client.request("POST", "/rpc", b"{}").status == 204
        assert client.request("GET", "/rpc").status == 405
    assert [body for body, _ in daemon.asked] == [b'{"jsonrpc":"2.0"}', b"{}", b"{}"]
    assert daemon.asked[0][1].may == ("read", "look", "act", "admin")


def never() -> None:
    Event().wait()


def times_out_by_itself() -> None:
    raise gevent.Timeout(1)


@pytest.mark.parametrize(
    ("works", "patience", "sentence"),
    [
        (never, 0.05, "it took longer than 0.05 s and was given up; it may still take effect"),
        (times_out_by_itself, 120.0, "it took too long"),
    ],
)
def test_json_rpc_that_takes_too_long_is_given_up(
    door: Opens, daemon: Daemon, works: Callable[[], None], patience: float, sentence: str
) -> None:
    daemon.works, daemon.patience = works, patience
    request = {"jsonrpc": "2.0", "method": "probes.run"}
    with Client(door(daemon.web()).port) as client:
        reply = client.request("POST", "/rpc", json.dumps([request | {"id": 7}, request | {"id": "b"}]).encode())
        error = {"code": UNAVAILABLE, "message": sentence}
        assert reply.status == 200
        assert reply.json() == [{"jsonrpc": "2.0", "error": error, "id": given} for given in (7, "b")]
        assert client.request("POST", "/rpc", json.dumps(request).encode()).status == 204
        daemon.works = lambda: None
        assert client.request("POST", "/rpc", b"{}").body == daemon.said


def test_both_doors_give_up_after_the_same_time() -> None:
    ways = (ControlPort.__init__, Parts.__init__)
    assert {inspect.signature(way).parameters["patience"].default for way in ways} == {PATIENCE}


def test_tokens_decide_who_may_ask_what(door: Opens, daemon: Daemon) -> None:
    daemon.settings = made.settings(auth=TOKENS)
    asked = [("POST", "/rpc"), ("GET", "/metrics"), ("POST", "/-/reload")]
    expected = {"": [401, 401, 401], "x": [401, 401, 401], "r": [200, 200, 403], "h": [200, 403, 403], "c": [200] * 3}
    with Client(door(daemon.web()).port) as client:
        for token, statuses in expected.items():
            for (method, path), status in zip(asked, statuses, strict=True):
                reply = client.request(method, path, b"{}", {"Authorization": f"Bearer {token}"})
                assert (token, path, reply.status) == (token, path, status)
                assert (status == 401) == ("www-authenticate" in reply.headers)
                assert status == 200 or reply.json().keys() == {"error", "detail"}
    assert [caller.name for _, caller in daemon.asked] == ["reader", "hand", "chief"]
    assert daemon.reloads == 1


def test_a_page_of_another_site_cannot_ask_through_an_operator_s_browser(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        strange = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        assert client.request("POST", "/rpc", b"{}", strange).status == 403
        assert client.request("POST", "/-/reload", b"", strange).status == 403
        assert (daemon.asked, daemon.reloads) == ([], 0)
        daemon.settings = made.settings(auth=TOKENS)
        assert client.request("POST", "/rpc", b"{}", strange | {"Authorization": "Bearer c"}).status == 200


def test_a_reload_says_what_is_wrong(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        assert client.request("POST", "/-/reload").json() == {"reloaded": True}
        daemon.problems = ["tocsin.yml:3: no"]
        reply = client.request("POST", "/-/reload")
        assert reply.status == 422
        assert reply.json()["problems"] == daemon.problems
        assert client.request("GET", "/-/reload").status == 405


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("POST", "/webhook", 404),
        ("GET", "/favicon.ico", 404),
        ("GET", "/%00%ff%0d%0a", 404),
        ("GET", "/-/healthy/", 404),
        ("POST", "/-/healthy", 405),
        ("DELETE", "/metrics", 405),
        ("PROPFIND", "/rpc", 405),
        ("OPTIONS", "*", 404),
        ("GET", "/" + "x" * 5000, 404),
    ],
)
def test_whatever_is_not_served_is_refused_in_json(
    door: Opens, daemon: Daemon, method: str, path: str, status: int
) -> None:
    reply = ask(door(daemon.web()).port, method, path)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/json"
    assert reply.json().keys() == {"error", "detail"}
    assert ("allow" in reply.headers) == (status == 405)
    assert len(reply.body) < 500
