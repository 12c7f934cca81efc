"""Whatever is sent to a webhook: accepted and bounded, or refused with a clear 4xx; and the next client is served."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

import made
from behind_the_door import Elsewhere, echo
from daemon.alerting.acknowledge import Acks
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.settings import Limits, Settings, Source
from daemon.event import MAX_KEY, MAX_LABEL_VALUE, MAX_LABELS, MAX_TEXT, MAX_TITLE
from daemon.listener.parts import Parts
from daemon.listener.server import HttpDoor
from daemon.listener.web import Web
from daemon.loading import built_in_handlers
from daemon.store import alerts
from daemon.store.receipts import Heard
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import FakeClock, settle
from http_client import Client, ask

HANDLERS = built_in_handlers()
SOURCES = {
    name: Source(name=name, handler=handler, options=handler.sample_options) for name, handler in HANDLERS.items()
}
MEGA = "m" * 1_000_000

Opens = Callable[..., HttpDoor]


def alertmanager(**of_the_alert: Any) -> bytes:
    """A group of one alert with something odd in it."""
    alert = {
        "status": "firing",
        "labels": {"alertname": "A", "severity": "critical"},
        "annotations": {"summary": "s"},
        "startsAt": "2026-11-21T01:00:00Z",
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": "f1",
    } | of_the_alert
    return json.dumps(
        {"version": "4", "groupKey": "g", "status": "firing", "alerts": [alert], "externalURL": ""}, allow_nan=True
    ).encode()


@pytest.fixture
def port(door: Opens, store: SqliteStore, clock: FakeClock) -> int:
    return opened(door, store, clock, made.settings(sources=SOURCES)).port


def opened(door: Opens, store: SqliteStore, clock: FakeClock, held: Settings) -> HttpDoor:
    web = Web(
        Parts(
            settings=lambda: held,
            clock=clock,
            intake=Intake(store, clock, lambda: Rules(held)),
            acks=Acks(store, clock, lambda: Rules(held)),
            rpc=lambda _raw, _caller: None,
            call=lambda _method, _params, _caller: None,
            sign=lambda _name, _sign: None,
            ready=str,
            reload=list,
            api=echo,
            hear=lambda _channel, _reports: Heard(words=[], unknown=0, known=0),
            outside=Elsewhere(),
        )
    )
    return door(web, held.limits)


WRONG = {
    "nothing": b"",
    "space": b" \r\n",
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "bytes": bytes(range(256)),
    "cut": b'{"alerts": [{"status": "fir',
    "two documents": b'{"a": 1}{"b": 2}',
    "a byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "NaN": b'{"a": NaN}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "a huge number": b'{"a": ' + b"9" * 400_000 + b"}",
    "deep lists": b"[" * 500_000,
    "deep objects": b'{"a":' * 150_000,
    "deep and closed": b"[" * 100_000 + b"]" * 100_000,
    "null": b"null",
    "a number": b"1",
    "a text": b'"alerts"',
    "true": b"true",
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of numbers": b"[1, 2]",
    "alerts that are a number": b'{"alerts": 1}',
    "alerts that are nothing": b'{"alerts": null}',
    "no alerts": b'{"alerts": []}',
    "alerts that are texts": b'{"alerts": ["a"]}',
    "alerts that are lists": b'{"alerts": [[]]}',
    "empty alerts": b'{"alerts": [{}]}',
    "labels of the wrong kind": b'{"alerts": [{"status": "firing", "labels": [1], "fingerprint": "f"}]}',
    "fields of the wrong kind": b'{"alerts": [{"status": {}, "labels": {"a": {}}, "startsAt": [], "id": 1.5}]}',
    "a form": b"a=1&b=2",
    "a form of many fields": b"&".join(b"a%d=1" % n for n in range(5_000)),
    "XML": b"<?xml version='1.0'?><a/>",
}


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "\xff/;;", ""])
@pytest.mark.parametrize("name", sorted(HANDLERS))
def test_a_body_that_is_wrong_is_refused_and_kept(port: int, name: str, content_type: str) -> None:
    with Client(port) as client:
        for what, body in WRONG.items():
            reply = client.request("POST", f"/webhook/{name}", body, {"Content-Type": content_type})
            assert (what, reply.status) in ((what, 422), (what, 200)), what
            assert len(reply.body) < 1_000
            if reply.status == 422:
                assert reply.json().keys() == {"error", "detail", "quarantined"}
        assert client.request("POST", "/webhook/alertmanager", alertmanager()).status == 200


@pytest.mark.parametrize("name", ["alertmanager", "grafana"])
def test_what_is_no_group_of_alerts_is_never_accepted(port: int, name: str) -> None:
    with Client(port) as client:
        for what, body in WRONG.items():
            reply = client.request("POST", f"/webhook/{name}", body)
            assert (what, reply.status) == (what, 422)


ODD = {
    "line breaks": {"annotations": {"summary": "a\r\nBCC: b\x00c\x1b[31md"}, "labels": {"alertname": "x\r\ny"}},
    "a long label": {"labels": {"alertname": "A", "long": MEGA[:900_000]}},
    "a long name": {"labels": {"alertname": "A", MEGA[:900_000]: "x"}},
    "a long text": {"annotations": {"summary": MEGA[:400_000], "description": MEGA[:400_000]}},
    "a long key": {"fingerprint": MEGA[:900_000]},
    "many labels": {"labels": {f"l{n}": "x" for n in range(20_000)}},
    "year one": {"startsAt": "0001-01-01T00:00:00Z"},
    "year 9999": {"startsAt": "9999-12-31T23:59:59.999999999Z", "endsAt": "9999-12-31T23:59:59+14:00"},
    "no time": {"startsAt": "yesterday", "endsAt": 12},
    "an endless time": {"startsAt": 1e308},
    "markup": {"annotations": {"summary": "{{ 7 * 7 }} <script> %s {0} ${HOME} $(id)"}},
    "right to left": {"annotations": {"summary": "\u202egnip\u202c \u0000 \U0001f600 \u2028"}},
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_but_true_alarm_is_accepted_within_bounds(port: int, store: SqliteStore, what: str) -> None:
    reply = ask(port, "POST", "/webhook/alertmanager", alertmanager(**ODD[what]))
    assert (reply.status, reply.json()["accepted"]) == (200, 1)
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert alert.title
    assert alert.title.isprintable()
    assert len(alert.title) <= MAX_TITLE
    assert len(alert.text) <= MAX_TEXT
    assert len(alert.key) <= MAX_KEY
    assert len(alert.labels) <= MAX_LABELS + 2  # source and severity are added
    assert all(len(value) <= MAX_LABEL_VALUE and value.isprintable() for value in alert.labels.values())


def test_the_last_of_two_equal_keys_counts(port: int, store: SqliteStore) -> None:
    body = alertmanager().replace(b'"fingerprint": "f1"', b'"fingerprint": "f0", "fingerprint": "f2"')
    assert ask(port, "POST", "/webhook/alertmanager", body).status == 200
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert alert.key == "f2"


@pytest.mark.slow
def test_a_hundred_thousand_alerts_in_one_body_are_refused(door: Opens, store: SqliteStore, clock: FakeClock) -> None:
    alert = {"status": "firing", "labels": {"alertname": "A"}, "fingerprint": "f1"}
    many = json.dumps({"version": "4", "status": "firing", "alerts": [alert] * 100_000}).encode()
    normal = opened(door, store, clock, made.settings(sources=SOURCES))
    assert ask(normal.port, "POST", "/webhook/alertmanager", many).status == 413
    packed = gzip.compress(many, 1)
    headers = {"Content-Encoding": "gzip"}
    assert ask(normal.port, "POST", "/webhook/alertmanager", packed, headers).status == 413
    generous = made.settings(sources=SOURCES, limits=Limits(body=Bytes(100_000_000)))
    wide = opened(door, store, clock, generous)
    reply = ask(wide.port, "POST", "/webhook/alertmanager", many)
    assert (reply.status, reply.json()["error"]) == (422, "unusable_body")
    assert "5000" in reply.json()["detail"]


BROKEN = [
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\n\r\n",
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999\r\n\r\n{}",
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n{}",
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n{}",
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n" + b"x" * 65536,
    b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nAuthorization: Basic \xff\xff=\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook/alertmanager?" + b"a=%ff&" * 300 + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /webhook/alertmanager?" + b"&" * 5000 + b" HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
    b"SUBSCRIBE /webhook/alertmanager HTTP/1.1\r\nHost: h\r\n\r\n",
    b"CONNECT evil:443 HTTP/1.1\r\nHost: h\r\n\r\n",
]  # fmt: skip


@pytest.mark.parametrize("data", BROKEN)
def test_a_request_that_is_wrong_is_refused_with_a_4xx(port: int, data: bytes) -> None:
    with Client(port) as client:
        client.send(data)
        assert 400 <= client.read().status < 500
    assert ask(port, "POST", "/webhook/alertmanager", alertmanager()).status == 200


def test_a_request_that_ends_early_is_nothing(port: int, store: SqliteStore) -> None:
    with Client(port) as client:
        client.send(
            b"POST /webhook/alertmanager HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\n" + alertmanager()[:50]
        )
        client.socket.shutdown(1)
        assert client.finished()
    assert store.read(lambda tx: alerts.get(tx, 1)) is None


_JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(
                ["alerts", "status", "labels", "annotations", "startsAt", "fingerprint", "title", "id", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpDoor]:
    """One daemon for a whole run of examples."""
    clock = FakeClock()
    store = SqliteStore(tmp_path_factory.mktemp("fuzz") / "tocsin.db")
    doors: list[HttpDoor] = []

    def door(web: Web, limits: Limits) -> HttpDoor:
        doors.append(HttpDoor("127.0.0.1:0", web, lambda: limits, clock))
        doors[0].start()
        return doors[0]

    yield opened(door, store, clock, made.settings(sources=SOURCES))
    doors[0].stop(0)
    store.close()


_RELAXED = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.slow
@_RELAXED
@given(some.sampled_from(sorted(HANDLERS)), _JSON)
def test_no_json_makes_a_handler_fail(long_lived: HttpDoor, name: str, body: object) -> None:
    reply = ask(long_lived.port, "POST", f"/webhook/{name}", json.dumps(body).encode())
    assert reply.status in (200, 422)


@pytest.mark.slow
@_RELAXED
@given(some.lists(some.binary(max_size=300), min_size=1, max_size=3), some.booleans())
def test_no_bytes_make_the_server_fail(long_lived: HttpDoor, pieces: list[bytes], head: bool) -> None:
    with Client(long_lived.port) as client:
        if head:
            client.send(b"POST /webhook/generic HTTP/1.1\r\nHost: h\r\n")
        try:
            for piece in pieces:
                client.send(piece)
                settle(1)
            client.socket.shutdown(1)
            reply = client.read()
        except OSError:
            pass  # closed: right as well
        else:
            assert 400 <= reply.status < 500 or reply.status == 505
    assert ask(long_lived.port, "GET", "/-/healthy").status == 200
