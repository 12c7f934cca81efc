"""Who may use Alertmanager's API, and what it answers to what is no request of it."""

import base64
import gzip
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import made
from api_desk import SILENCE, ApiDesk, pushed
from behind_the_door import Daemon
from daemon.config.settings import Auth, Limits, Token
from daemon.errors import StoreUnavailable
from daemon.listener.exchange import Answer, Refusal, Request
from daemon.listener.server import HttpDoor
from daemon.secret import Secret
from daemon.store import quarantine
from daemon.store.quarantine import Kind
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import FakeClock
from http_client import Client

TOKENS = Auth(
    tokens=(
        Token(name="reader", token=Secret("r"), may=("read",)),
        Token(name="prometheus", token=Secret("p"), may=("act",)),
        Token(name="chief", token=Secret("c"), may=("read", "act", "admin")),
    )
)
PATHS = ("alerts", "alerts/groups", "silences", "silence/x", "status", "receivers", "nothing", "")


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> ApiDesk:
    return ApiDesk(store, clock, made.settings())


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_tokens_say_who_may_read_and_who_may_act(desk: ApiDesk) -> None:
    desk.settings = made.settings(auth=TOKENS)
    asked: list[tuple[str, str, Any]] = [
        ("GET", "alerts", None), ("GET", "status", None), ("GET", "silences", None),
        ("POST", "alerts", [pushed()]), ("POST", "silences", SILENCE),
    ]  # fmt: skip
    expected = {"x": [401] * 5, "r": [200, 200, 200, 403, 403], "p": [403, 403, 403, 200, 200], "c": [200] * 5}
    for token, statuses in expected.items():
        for way in (f"Bearer {token}", basic("anybody", token)):
            said = [desk.ask(method, path, body, authorization=way) for method, path, body in asked]
            assert [answer.status for answer in said] == statuses
            assert all(set(refusal(answer)) == {"code", "message"} for answer in said if answer.status != 200)
            assert all("WWW-Authenticate" in dict(answer.headers) for answer in said if answer.status == 401)
    assert [answer.status for answer in [desk.ask("GET", "alerts")]] == [401]
    assert desk.ask("GET", "alerts", x_tocsin_token="c").status == 200


def refusal(answer: Answer) -> Any:
    return msgspec.json.decode(answer.body)


def test_alarms_that_nobody_may_send_are_kept(desk: ApiDesk) -> None:
    desk.settings = made.settings(auth=TOKENS)
    desk.ask("POST", "alerts", [pushed()], authorization="Bearer wrong-one")
    desk.ask("GET", "alerts", authorization="Bearer wrong-one")
    (kept,) = desk.store.read(lambda tx: quarantine.newest(tx, limit=9))
    assert (kept.kind, kept.source) == (Kind.BAD_CREDENTIALS, "prometheus")
    assert "wrong-one" not in repr(kept)
    assert desk.told() == [("first", "Webhooks of prometheus are refused: bad credentials")]


def test_web_pages_of_other_sites_may_not_ask(desk: ApiDesk) -> None:
    strange = "https://evil.example"
    assert desk.ask("POST", "silences", SILENCE, origin=strange).status == 403
    desk.settings = made.settings(auth=TOKENS)
    # A browser adds basic credentials by itself, but never a token.
    assert desk.ask("POST", "silences", SILENCE, origin=strange, authorization=basic("x", "c")).status == 403
    assert desk.ask("POST", "silences", SILENCE, origin=strange, authorization="Bearer c").status == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PROPFIND"])
def test_whatever_is_asked_for_is_never_a_fault_of_ours(desk: ApiDesk, method: str, path: str) -> None:
    answer = desk.ask(method, path, b"[]" if method in ("POST", "PUT") else None)
    assert answer.status in (200, 404, 405, 400, 422)
    assert (answer.status == 405) == ("Allow" in dict(answer.headers))
    if answer.status == 404:
        assert refusal(answer)["code"] == 404


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content_type": "text/plain"}, b"[]", 415),
        ({"content_type": ""}, b"[]", 415),
        ({"content_type": ";;"}, b"[]", 400),
        ({"content_type": "Application/JSON; charset=utf-8"}, b"[]", 200),
        ({"content_encoding": "gzip"}, gzip.compress(b"[]", mtime=0), 200),
        ({"content_encoding": "gzip"}, b"[]", 422),
        ({"content_encoding": "zstd"}, b"[]", 415),
        ({"content_encoding": "gzip"}, gzip.compress(b"[" + b" " * 9_999 + b"]", mtime=0), 413),
        ({}, b"", 422),
        ({}, b"null", 200),
        ({}, b"[" * 100_000, 400),
        ({}, b"[] []", 400),
        ({}, b"[]\xff", 400),
        ({}, b'[{"labels":{"a":"\xff"}}]', 200),
        ({}, b'[{"labels":{"a":"\\ud800"}}]', 400),
        ({}, b'[{"labels":{"a":1e999}}]', 400),
        ({}, b"[null]", 422),
    ],
)
def test_bodies_are_taken_only_as_json(desk: ApiDesk, headers: dict[str, str], body: bytes, status: int) -> None:
    desk.settings = made.settings(limits=Limits(body=Bytes(4_096)))
    answer = desk.ask("POST", "alerts", body, **headers)
    assert answer.status == status
    kept = desk.store.read(lambda tx: quarantine.newest(tx, limit=9))
    assert len(kept) == (status != 200)
    assert status == 200 or set(refusal(answer)) == {"code", "message"}


def test_who_wants_anything_but_json_gets_nothing(desk: ApiDesk) -> None:
    for accept, status in {"text/html": 406, "text/html, */*;q=0.1": 200, "application/json": 200, "": 200}.items():
        assert desk.ask("GET", "alerts", accept=accept).status == status


@pytest.mark.parametrize(
    "query",
    ["filter=", "filter=a", "filter=%3D1", "filter=a%3D%22b", "filter=a%3Db%22c", "filter=a%3D~(", "receiver=(",
     "filter=%7Ba%3D%22b%22%7D", "filter=a%3D" + "%20" * 4_000 + "%22", "&".join(["filter=a%3Db"] * 101)],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused_in_one_sentence(desk: ApiDesk, query: str) -> None:
    for path in ("alerts", "alerts/groups", "silences"):
        answer = desk.ask("GET", f"{path}?{query}")
        if path != "silences" or not query.startswith("receiver"):
            assert (answer.status, isinstance(refusal(answer), str)) == (400, True)


def test_while_the_store_is_ill_the_sender_is_told_to_send_it_again(desk: ApiDesk) -> None:
    def ill(_: object) -> None:
        raise StoreUnavailable("the disk is full")

    desk.store.write = ill  # type: ignore[assignment, method-assign]
    answer = desk.ask("POST", "alerts", [pushed()])
    assert (answer.status, dict(answer.headers)["Retry-After"]) == (503, "5")
    assert desk.ask("POST", "silences", SILENCE).status == 503
    assert desk.ask("POST", "alerts", b"{").status == 503


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=20),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)
FIELDS = {
    "alerts": ("labels", "annotations", "startsAt", "endsAt", "generatorURL"),
    "silences": ("id", "matchers", "startsAt", "endsAt", "createdBy", "comment", "annotations"),
}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=some.data(), path=some.sampled_from(sorted(FIELDS)))
def test_bodies_of_every_wrong_shape_are_answered(desk: ApiDesk, data: some.DataObject, path: str) -> None:
    right = pushed() if path == "alerts" else dict(SILENCE)
    for name in data.draw(some.lists(some.sampled_from(FIELDS[path]), max_size=2)):
        right[name] = data.draw(JSON)
    body = data.draw(some.just(right) | JSON)
    answer = desk.ask("POST", path, [body] if path == "alerts" else body)
    assert answer.status in (200, 400, 404, 422), answer
    assert answer.status == 200 or refusal(answer)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=some.text(max_size=40), path=some.sampled_from(PATHS))
def test_queries_of_every_wrong_shape_are_answered(desk: ApiDesk, query: str, path: str) -> None:
    assert desk.ask("GET", f"{path}?filter=a&{query}").status in (200, 400, 404, 422)
    assert desk.ask("GET", f"{path}?filter={query}&receiver={query}").status in (200, 400, 404, 422)


def test_everything_below_its_path_is_asked_of_it(door: Callable[..., HttpDoor], daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        assert client.request("GET", "/api/v2/alerts?active=false").body == b"GET /api/v2/alerts "
        assert client.request("GET", "/api/v2/silence/a%2Fb").body == b"GET /api/v2/silence/a/b "
        assert client.request("GET", "/api/v2").status == 404


def test_a_body_that_is_too_large_is_kept_as_far_as_it_was_read(desk: ApiDesk) -> None:
    refusal = Refusal(413, "too_large", "the body is larger than 9 bytes")
    request = Request(method="POST", path="/api/v2/alerts", query="", headers={}, refusal=refusal, unread=77)
    answer = desk.api(request)
    assert (answer.status, answer.door) == (413, "api")
    (kept,) = desk.store.read(lambda tx: quarantine.newest(tx, limit=9))
    assert (kept.size, kept.reason) == (77, refusal.detail)
