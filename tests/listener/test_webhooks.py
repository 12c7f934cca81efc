"""Webhooks, with the real intake over a real store, and with one that fails as told."""

import hmac
import logging
import threading
import zlib
from collections.abc import Callable

import gevent
import pytest

import made
from behind_the_door import Daemon, Failing
from bodies import gzipped
from daemon import telemetry
from daemon.config.settings import Basic, Hmac, Limits, Settings, Source
from daemon.errors import HandlerError, StoreUnavailable
from daemon.event import Event
from daemon.hook import Hook
from daemon.listener.server import HttpDoor
from daemon.registry import Handler
from daemon.secret import Secret
from daemon.store import alerts, quarantine
from daemon.store.base import Tx
from daemon.store.quarantine import Kind, Quarantined
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import settle
from http_client import Client, Reply, ask, request

BODY = b'{"events": [{"key": "k1"}]}'

Opens = Callable[..., HttpDoor]


def sources(**credentials: object) -> Settings:
    return made.settings(sources={"shop": made.source("shop", **credentials)})


def post(door: HttpDoor, body: bytes = BODY, path: str = "/webhook/shop", **headers: str) -> Reply:
    return ask(door.port, "POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def kept(store: SqliteStore) -> list[Quarantined]:
    def whole(tx: Tx) -> list[Quarantined]:
        found = (quarantine.get(tx, one.id) for one in quarantine.newest(tx))
        return [one for one in found if one is not None]

    return store.read(whole)


def test_an_alarm_is_on_disk_when_its_sender_has_the_answer(door: Opens, daemon: Daemon, store: SqliteStore) -> None:
    reply = post(door(daemon.web()))
    assert (reply.status, reply.json()) == (200, {"accepted": 1, "alerts": ["A1"]})
    assert reply.headers["content-type"] == "application/json"
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert alert.title == "Disk full"


def test_an_alert_is_named_once_however_often_it_is_in_the_body(door: Opens, daemon: Daemon) -> None:
    reply = post(door(daemon.web()), b'{"events": [{"key": "a"}, {"key": "b"}, {"key": "a"}]}')
    assert reply.json() == {"accepted": 3, "alerts": ["A1", "A2"]}


def test_the_end_of_what_never_began_is_accepted_and_names_no_alert(door: Opens, daemon: Daemon) -> None:
    reply = post(door(daemon.web()), b'{"events": [{"key": "a", "state": "resolved"}]}')
    assert reply.json() == {"accepted": 1, "alerts": []}


@pytest.mark.parametrize("path", ["/webhook/shop/", "/webhook/sh%6Fp", "/webhook/shop?x=1", "http://h/webhook/shop"])
def test_the_path_may_be_written_in_other_ways(door: Opens, daemon: Daemon, path: str) -> None:
    assert post(door(daemon.web()), path=path).status == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/webhook/nobody", "nobody"),
        ("/webhook/", ""),
        ("/webhook/shop/more", "shop/***"),
        ("/webhook/%00%0d%0aX:y", "\0\r\nX:y"),
        ("/webhook/%ff", "\ufffd"),
        ("/webhook/%ED%A0%80", "\ufffd\ufffd\ufffd"),
        ("/webhook/../shop", "../***"),
        ("/webhook/" + "x" * 2000, "x" * 100),
    ],
)
def test_an_unknown_source_is_kept(door: Opens, daemon: Daemon, store: SqliteStore, path: str, name: str) -> None:
    reply = post(door(daemon.web()), path=path)
    assert reply.status == 404
    assert reply.json().keys() == {"error", "detail", "quarantined"}
    assert (reply.json()["error"], reply.json()["quarantined"]) == ("unknown_source", "Q1")
    (one,) = kept(store)
    assert (one.kind, one.source, one.body, one.remote) == (Kind.UNKNOWN_SOURCE, name, BODY, "127.0.0.1")


def test_a_token_that_was_written_into_the_path_shows_nowhere(
    door: Opens, daemon: Daemon, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    reply = post(door(daemon.web()), path="/webhook/shop/s3cr3t-of-shop")
    assert "'shop/***'; a token goes into the query" in reply.json()["detail"]
    (one,) = kept(store)
    assert "s3cr3t" not in f"{reply.body!r} {one} {caplog.text}"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_post_brings_alarms(door: Opens, daemon: Daemon, store: SqliteStore, method: str) -> None:
    reply = ask(door(daemon.web()).port, method, "/webhook/shop")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert kept(store) == []


def test_the_right_token_opens_and_a_wrong_one_is_kept_without_showing(
    door: Opens, daemon: Daemon, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    daemon.settings = sources(token=Secret("t0k-right"))
    one = door(daemon.web())
    with caplog.at_level(logging.DEBUG):
        assert post(one, Authorization="Bearer t0k-right").status == 200
        assert post(one, path="/webhook/shop?token=t0k-right").status == 200
        wrong = post(one, path="/webhook/shop?token=t0k-wrong1", X_Tocsin_Token="t0k-wrong2")
        none = post(one)
    assert wrong.status == none.status == 401
    assert wrong.headers["www-authenticate"].startswith("Bearer")
    assert (wrong.json()["error"], wrong.json()["quarantined"]) == ("bad_credentials", "Q1")
    assert [row.kind for row in kept(store)] == [Kind.BAD_CREDENTIALS] * 2
    assert "t0k-" not in caplog.text + repr(kept(store)) + repr(wrong)


def test_a_page_of_another_site_cannot_raise_an_alarm_where_no_credentials_are_asked_for(
    door: Opens, daemon: Daemon, store: SqliteStore
) -> None:
    reply = post(door(daemon.web()), Origin="http://evil.example", Content_Type="text/plain")
    assert (reply.status, reply.json()["error"], reply.json()["quarantined"]) == (403, "forbidden", "Q1")
    assert "www-authenticate" not in reply.headers  # the browser would ask somebody for a password
    (one,) = kept(store)
    assert (one.kind, one.body) == (Kind.BAD_CREDENTIALS, BODY)
    assert store.read(lambda tx: tx.one("SELECT count(*) FROM alerts WHERE source = 'shop'")) == (0,)


def test_basic_is_asked_for_where_it_is_configured(door: Opens, daemon: Daemon) -> None:
    daemon.settings = sources(basic=Basic(user="u", password=Secret("p")))
    one = door(daemon.web())
    assert post(one).headers["www-authenticate"].startswith("Basic")
    assert post(one, Authorization="Basic dTpw").status == 200


def test_a_signature_covers_the_body_as_sent_or_as_expanded(door: Opens, daemon: Daemon) -> None:
    daemon.settings = sources(hmac=Hmac(secret=Secret("s")))
    one = door(daemon.web())
    packed = gzipped(BODY)
    plain_mac, packed_mac = (hmac.new(b"s", data, "sha256").hexdigest() for data in (BODY, packed))
    assert post(one, X_Tocsin_Signature=plain_mac).status == 200
    assert post(one, packed, X_Tocsin_Signature=plain_mac, Content_Encoding="gzip").status == 200
    assert post(one, packed, X_Tocsin_Signature=packed_mac, Content_Encoding="gzip").status == 200
    assert post(one, X_Tocsin_Signature=packed_mac).status == 401


@pytest.mark.parametrize(("coding", "packed"), [("gzip", gzipped(BODY)), ("deflate", zlib.compress(BODY))])
def test_compressed_bodies_are_read(door: Opens, daemon: Daemon, coding: str, packed: bytes) -> None:
    assert post(door(daemon.web()), packed, Content_Encoding=coding).status == 200


@pytest.mark.parametrize(
    ("coding", "body", "status", "error"),
    [
        ("gzip", gzipped(BODY)[:-3], 422, "unusable_body"),
        ("gzip", BODY, 422, "unusable_body"),
        ("gzip", gzipped(bytes(50_000_000)), 413, "too_large"),
        ("zstd", BODY, 415, "unsupported_encoding"),
    ],
)
def test_a_body_that_cannot_be_expanded_is_kept_as_it_was_sent(
    door: Opens, daemon: Daemon, store: SqliteStore, coding: str, body: bytes, status: int, error: str
) -> None:
    reply = post(door(daemon.web()), body, Content_Encoding=coding)
    assert (reply.status, reply.json()["error"], reply.json()["quarantined"]) == (status, error, "Q1")
    assert ("accept-encoding" in reply.headers) == (status == 415)
    (one,) = kept(store)
    assert (one.kind, one.size, one.headers["content-encoding"]) == (Kind.UNUSABLE_BODY, len(body), coding)


@pytest.mark.parametrize(("chunked", "size"), [(False, 2_000_000), (False, 2**64 - 1), (True, 101)])
def test_a_body_beyond_the_limit_is_not_read_but_on_record_with_its_size(
    door: Opens, daemon: Daemon, store: SqliteStore, chunked: bool, size: int
) -> None:
    daemon.settings = made.settings(limits=Limits(body=Bytes(100)))
    one = door(daemon.web(), daemon.settings.limits)
    with Client(one.port) as client:
        head = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
        client.send(b"POST /webhook/shop HTTP/1.1\r\nHost: h\r\n" + head + b"\r\n\r\n65\r\n" + b"x" * 101)
        reply = client.read()
        assert (reply.status, reply.json()["error"], reply.json()["quarantined"]) == (413, "too_large", "Q1")
        assert client.finished()
    (row,) = kept(store)
    assert (row.kind, row.source, row.body) == (Kind.UNUSABLE_BODY, "shop", b"")
    assert (row.size, row.whole) == (min(size, 2**63 - 1), False)
    with Client(one.port) as client:
        client.send(b"POST /rpc HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\n\r\n")
        assert client.read().status == 413
    assert daemon.asked == []


def test_a_body_that_makes_no_alarm_is_kept_with_the_handler_s_reason(
    door: Opens, daemon: Daemon, store: SqliteStore
) -> None:
    reply = post(door(daemon.web()), b"{not json")
    assert (reply.status, reply.json()["error"], reply.json()["quarantined"]) == (422, "unusable_body", "Q1")
    (one,) = kept(store)
    assert (one.kind, one.body, one.reason) == (Kind.UNUSABLE_BODY, b"{not json", reply.json()["detail"])


@pytest.mark.parametrize("reason", ["x" * 100_000, "quotes \ud800 a surrogate", "breaks\r\nlines\0"])
def test_whatever_a_handler_says_can_be_told(door: Opens, daemon: Daemon, reason: str) -> None:
    daemon.intake = intake = Failing(HandlerError(reason))
    reply = post(door(daemon.web()))
    assert reply.status == 422
    assert len(reply.body) < 1_000
    assert len(intake.refused[0][2]) <= 1_000
    intake.refused[0][2].encode()


def test_a_store_that_cannot_write_is_503_and_try_again(door: Opens, daemon: Daemon) -> None:
    disk_full = StoreUnavailable("disk full")
    for daemon.intake, path in (
        (Failing(disk_full), "/webhook/shop"),
        (Failing(refuse=disk_full), "/webhook/nobody"),
        (Failing(HandlerError("bad"), disk_full), "/webhook/shop"),
    ):
        reply = post(door(daemon.web()), path=path)
        assert (reply.status, reply.json()["error"]) == (503, "unavailable")
        assert int(reply.headers["retry-after"]) > 0


def test_a_broken_handler_is_500_logged_kept_and_raised_as_its_own_alarm(
    door: Opens, daemon: Daemon, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_: Hook) -> list[Event]:
        raise KeyError("inner thing")

    broken = Handler(name="ours", handle=breaks, samples={})
    daemon.settings = made.settings(sources={"shop": Source(name="shop", handler=broken)})
    reply = post(door(daemon.web()))
    assert (reply.status, reply.json()["error"], reply.json()["quarantined"]) == (500, "handler_broken", "Q1")
    assert b"inner thing" not in reply.body
    assert "KeyError: 'inner thing'" in caplog.text
    assert [row.kind for row in kept(store)] == [Kind.BROKEN_HANDLER]
    (alarm,) = store.read(alerts.newest)
    assert (alarm.key, alarm.labels["check"]) == ("handler:ours", "handler")


def test_an_alarm_on_which_we_fail_is_500_logged_and_kept(
    door: Opens, daemon: Daemon, caplog: pytest.LogCaptureFixture
) -> None:
    daemon.intake = intake = Failing(KeyError("inner thing"))
    reply = post(door(daemon.web()))
    assert (reply.status, reply.json()["quarantined"]) == (500, "Q7")
    assert b"inner thing" not in reply.body
    assert "KeyError: 'inner thing'" in caplog.text
    assert intake.refused[0][0].body == BODY


def test_settings_that_change_hold_for_the_next_request(door: Opens, daemon: Daemon) -> None:
    with Client(door(daemon.web()).port) as client:
        assert client.request("POST", "/webhook/shop", BODY).status == 200
        daemon.settings = made.settings(sources={})
        assert client.request("POST", "/webhook/shop", BODY).status == 404


def test_beyond_so_many_at_once_the_rest_is_refused_without_work(door: Opens, daemon: Daemon) -> None:
    entered, go = threading.Event(), threading.Event()

    class Slow(Failing):
        calls = 0

        def take(self, source: Source, hook: Hook) -> list[object]:
            self.calls += 1
            entered.set()
            assert go.wait(4)
            return super().take(source, hook)

    daemon.settings = made.settings(limits=Limits(concurrent=1))
    daemon.intake = slow = Slow()
    one = door(daemon.web())
    refused_before = telemetry.overloaded._value.get()
    with Client(one.port) as busy, Client(one.port) as other:
        busy.send(request("POST", "/webhook/shop", BODY))
        assert entered.wait(4)
        for path in ("/webhook/shop", "/webhook/nobody", "/rpc", "/-/ready"):
            reply = other.request("POST", path, BODY)
            assert (reply.status, reply.json()["error"], reply.headers["retry-after"]) == (503, "overloaded", "1")
        assert other.request("GET", "/-/healthy").status == 200
        assert slow.calls == 1
        go.set()
        assert busy.read().status == 200
        assert other.request("POST", "/webhook/shop", BODY).status == 200
    assert telemetry.overloaded._value.get() == refused_before + 4


def test_a_place_is_given_back_when_the_work_fails_or_its_client_is_gone(door: Opens, daemon: Daemon) -> None:
    daemon.settings = made.settings(limits=Limits(concurrent=1))
    daemon.intake = Failing(KeyError(), KeyError())
    one = door(daemon.web())
    assert post(one).status == 500
    client = Client(one.port)
    client.send(request("POST", "/webhook/shop", BODY))
    client.socket.close()
    settle()
    assert post(one).status == 500


def test_many_senders_at_once_each_have_their_own_answer(door: Opens, daemon: Daemon) -> None:
    one = door(daemon.web())

    def send(n: int) -> list[str]:
        return list(post(one, b'{"events": [{"key": "k%d"}]}' % n).json()["alerts"])

    codes = [job.get(timeout=4) for job in [gevent.spawn(send, n) for n in range(40)]]
    assert sorted(code for (code,) in codes) == sorted(f"A{n}" for n in range(1, 41))
