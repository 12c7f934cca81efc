"""The door: who may come in, in which coding, how large; and what SDKs are told."""

import base64
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import brotli
import gevent
import pytest
from gevent.event import Event

from daemon.config.sentry import Project
from daemon.listener import server
from daemon.listener.exchange import Request
from daemon.secret import Secret
from daemon.store import spool
from daemon.units import Bytes
from http_client import Client, Reply, ask
from reporting import AUTH, EVENT_ID, KEY, Reporting, envelope, event, item
from until import until

T = TypeVar("T")

ENVELOPE = envelope(item(event()), event_id=EVENT_ID)
HERE = "/api/42/envelope/"


def post(port: int, body: bytes = ENVELOPE, path: str = HERE, **headers: str) -> Reply:
    return ask(port, "POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def known(port: int, body: bytes = ENVELOPE, path: str = HERE, **headers: str) -> Reply:
    return post(port, body, path, **(AUTH | headers))


def test_any_prefix_and_no_slash_will_do(port: int, reporting: Reporting) -> None:
    for path in ("/api/42/envelope/", "/api/42/envelope", "/pre/fix/api/42/envelope/"):
        reply = known(port, path=path)
        assert (reply.status, reply.json()) == (200, {"id": EVENT_ID})
    reporting.turn()
    assert reporting.store.read(spool.totals) == {"shop": {"error": 1, "repeated": 2}}


def test_one_bare_event_is_taken_as_well(port: int, reporting: Reporting) -> None:
    for path in ("/api/42/store/", "/p/api/42/store"):
        again = EVENT_ID if path.endswith("/") else EVENT_ID[::-1]
        reply = known(port, json.dumps(event(event_id=again)).encode(), path)
        assert (reply.status, reply.json()) == (200, {"id": again})
    reporting.turn()
    assert [error.message for error in reporting.grouped.errors] == ["no money left"] * 2


def test_one_bare_event_that_is_larger_than_any_may_be_is_refused_while_its_sender_can_hear_it(port: int) -> None:
    large = json.dumps(event(extra={"a": "x" * 1_100_000})).encode()
    assert known(port, gzip.compress(large), "/api/42/store/", Content_Encoding="gzip").status == 413
    for body in (large, base64.b64encode(zlib.compress(large))):
        reply = known(port, body, "/api/42/store/")
        assert (reply.status, "larger than" in reply.json()["detail"]) == (400, True)


def test_the_oldest_sdks_pack_it_twice(port: int, reporting: Reporting) -> None:
    body = base64.b64encode(zlib.compress(json.dumps(event()).encode()))
    assert known(port, body, "/api/42/store/").json() == {"id": EVENT_ID}
    reporting.turn()
    assert len(reporting.grouped.errors) == 1


def test_without_an_id_there_is_none_in_the_answer(port: int) -> None:
    reply = known(port, envelope(item({}, "session")))
    assert (reply.status, reply.json()) == (200, {})


def test_who_shows_no_key_or_a_wrong_one_is_told_so(port: int, reporting: Reporting) -> None:
    strangers: tuple[tuple[dict[str, str], int], ...] = (({}, 401), ({"X-Sentry-Auth": "Sentry sentry_key=wrong"}, 403))
    for headers, status in strangers:
        reply = ask(port, "POST", f"{HERE}?a=b", ENVELOPE, headers)
        assert reply.status == status
        assert reply.headers["x-sentry-error"] == reply.json()["detail"]
        assert reply.headers["access-control-allow-origin"] == "*"
        assert KEY not in reply.body.decode()
    assert ask(port, "POST", f"{HERE}?sentry_version=7&sentry_key={KEY}&sentry_client=js", ENVELOPE).status == 200
    assert reporting.gate.waiting()["shop"].rows == 1


def test_the_envelope_may_name_the_key_and_must_agree(port: int) -> None:
    good, other = f"http://{KEY}@127.0.0.1/a/b/42", f"http://{KEY}@127.0.0.1/43"
    table: tuple[tuple[object, dict[str, str], int], ...] = (
        (good, {}, 200), (good, AUTH, 200), (other, {}, 403), (other, AUTH, 403), (42, {}, 403),
        ("http://another@127.0.0.1/42", {}, 403), ("http://another@127.0.0.1/42", AUTH, 403),
        ("http://[/42", AUTH, 403),
    )  # fmt: skip
    for dsn, headers, status in table:
        assert post(port, envelope(item(event()), dsn=dsn), **headers).status == status


def test_a_project_that_is_not_there_is_told_from_a_wrong_key_by_nobody(port: int) -> None:
    strange = known(port, path="/api/43/envelope/")
    wrong = post(port, X_Sentry_Auth="Sentry sentry_key=wrong")
    assert (strange.status, strange.body) == (wrong.status, wrong.body) == (403, wrong.body)


def test_an_old_key_opens_as_long_as_it_stands_there(port: int, reporting: Reporting) -> None:
    new = Project(id=42, key=Secret("new"), old_keys=(Secret(KEY),))
    reporting.settings.projects["shop"] = new
    assert known(port).status == 200
    assert post(port, X_Sentry_Auth="Sentry sentry_key=new").status == 200
    reporting.settings.projects["shop"] = Project(id=42, key=Secret("new"))
    assert known(port).status == 403


def test_browsers_ask_before_they_send(port: int) -> None:
    reply = ask(port, "OPTIONS", HERE, headers={"Origin": "https://shop.example"})
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "x-sentry-auth" in reply.headers["access-control-allow-headers"].lower()
    assert known(port).headers["access-control-expose-headers"].startswith("X-Sentry-Error")
    assert ask(port, "GET", HERE).status == 405


def test_every_coding_an_sdk_uses_is_taken(port: int, reporting: Reporting) -> None:
    codings = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "identity": bytes}
    for coding, packed in codings.items():
        assert known(port, packed(ENVELOPE), Content_Encoding=coding).json() == {"id": EVENT_ID}
    reporting.turn()
    assert reporting.store.read(spool.totals) == {"shop": {"error": 1, "repeated": len(codings) - 1}}


def test_it_may_come_in_chunks(port: int, reporting: Reporting) -> None:
    auth = f"X-Sentry-Auth: {AUTH['X-Sentry-Auth']}"
    head = f"POST {HERE} HTTP/1.1\r\nHost: x\r\n{auth}\r\nTransfer-Encoding: chunked\r\n\r\n"
    with Client(port) as client:
        client.send(head.encode())
        for at in range(0, len(ENVELOPE), 50):
            piece = ENVELOPE[at : at + 50]
            client.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        client.send(b"0\r\n\r\n")
        assert client.read("POST").status == 200
    reporting.turn()
    assert len(reporting.grouped.errors) == 1


def test_what_cannot_be_expanded_is_refused_at_the_door(port: int, reporting: Reporting) -> None:
    spoilt = (
        ("zstd", ENVELOPE, 415), ("gzip", ENVELOPE, 400), ("gzip", gzip.compress(ENVELOPE)[:-9], 400),
        ("br", brotli.compress(ENVELOPE)[:-2], 400), ("deflate", b"", 400), ("", b"", 400), ("", b"hello", 400),
    )  # fmt: skip
    for coding, body, status in spoilt:
        reply = known(port, body, Content_Encoding=coding)
        assert (reply.status, bool(reply.headers["x-sentry-error"])) == (status, True)
    assert not any(waiting.rows for waiting in reporting.gate.waiting().values())


def test_a_bomb_is_refused_and_none_of_it_is_kept(port: int, reporting: Reporting) -> None:
    """Eleven megabytes where ten are taken; what is held of them at once is a piece."""
    large = b"{}\n" + b"\n" * 11 * 1024**2
    bombs = {"gzip": gzip.compress(large), "deflate": zlib.compress(large), "br": brotli.compress(large, quality=4)}
    del large
    tracemalloc.start()
    try:
        for coding, bomb in bombs.items():
            assert known(port, bomb, Content_Encoding=coding).status == 413
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024**2
    finally:
        tracemalloc.stop()
    assert known(port, gzip.compress(b"\0" * 11 * 1024**2), Content_Encoding="gzip").status == 400
    assert not any(waiting.rows for waiting in reporting.gate.waiting().values())


def test_no_body_is_larger_than_the_settings_say_however_small_that_is(reporting: Reporting) -> None:
    reporting.settings = replace(reporting.settings, expanded=Bytes(100_000), event=Bytes(100_000))
    web = reporting.daemon().web()
    head = {name.lower(): value for name, value in AUTH.items()}
    for size, status in ((90_000, 200), (110_000, 413), (500_000, 413)):
        body = envelope(item(b"x" * size, "attachment"))
        for more, sent in (({}, body), ({"content-encoding": "gzip"}, gzip.compress(body))):
            asked = Request(method="POST", path=HERE, query="", headers=head | more, body=sent)
            assert web(asked).status == status


def test_a_large_body_is_for_those_who_show_a_key_before_it(port: int) -> None:
    large = envelope(item(b"x" * 2 * 1024**2, "attachment"), dsn=f"http://{KEY}@127.0.0.1/42")
    assert known(port, large).status == 200
    assert post(port, large).status == 413  # whose envelope would have opened it
    assert post(port, large, X_Sentry_Auth="Sentry sentry_key=wrong").status == 403
    assert post(port, large, "/rpc", **AUTH).status == 413


def test_an_address_of_another_door_takes_no_more_however_it_ends(reporting: Reporting) -> None:
    head = {name.lower(): value for name, value in AUTH.items()}
    largest = reporting.daemon().web().largest
    assert largest(b"/pre/api/42/envelope/", head) == largest(b"/api/%34%32/store", head) == reporting.settings.body
    for path in (b"/webhook/x", b"/%77ebhook/x", b"http://x/ping/nightly", b"/api/v2/alerts"):
        assert largest(path + b"/api/42/envelope/", head) == 0


def test_a_disk_that_takes_nothing_is_told_so_that_sdks_hold_back(port: int, reporting: Reporting) -> None:
    reporting.store.close()
    reply = known(port)
    assert reply.status == 503
    assert (reply.headers["retry-after"], reply.headers["x-sentry-rate-limits"]) == ("30", "30::project:busy")
    assert reporting.gate.waiting()["shop"].rows == 0


def test_on_a_full_disk_nothing_has_its_200_that_is_not_worked_through_later(port: int, reporting: Reporting) -> None:
    writer = reporting.store._writer
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages + 5}")
    seen = [
        known(port, envelope(item(event(event_id=f"{number:032x}", extra={"a": "x" * 3_000})))).status
        for number in range(20)
    ]
    assert set(seen) == {200, 503}
    writer.execute("PRAGMA max_page_count = 1073741823")
    assert reporting.gate.waiting()["shop"].rows == seen.count(200)
    reporting.turn()
    assert len(reporting.grouped.errors) == seen.count(200)


def test_there_is_an_end_to_large_bodies_at_once(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is on its way has its room until it is done; who comes meanwhile has none."""
    monkeypatch.setattr(server, "GRANTED", 30 * 1024**2)
    large = envelope(item(b"x" * 2 * 1024**2, "attachment"))
    auth = f"X-Sentry-Auth: {AUTH['X-Sentry-Auth']}"
    with Client(port) as slow:
        slow.send(f"POST {HERE} HTTP/1.1\r\nHost: x\r\n{auth}\r\nContent-Length: {15 * 1024**2}\r\n\r\n{{}}".encode())
        until(lambda: known(port, large).status == 413)
        assert known(port).status == 200
    until(lambda: known(port, large).status == 200)


def test_a_first_line_without_an_end_is_not_read_to_its_end(port: int) -> None:
    """As if it had come compressed: so much JSON would be read on the event loop."""
    reply = known(port, json.dumps({"event_id": EVENT_ID, "trace": "x" * 70_000}).encode() + b"\n")
    assert (reply.status, "first line" in reply.json()["detail"]) == (400, True)


def test_those_that_are_measured_at_once_do_not_fill_more_than_there_is(port: int, reporting: Reporting) -> None:
    """Each was judged while the others were not on disk yet."""
    reporting.settings = replace(reporting.settings, spool=Bytes(1024**2))
    held, going = [], Event()

    def aside(work: Callable[[], T]) -> T:
        held.append(1)
        going.wait(3)
        return work()

    reporting.gate.aside = aside
    body = envelope(item(b"x" * 400_000))
    several = [gevent.spawn(known, port, body) for _ in range(4)]
    until(lambda: len(held) == 4)
    going.set()
    assert sorted(one.get().status for one in several) == [200, 200, 429, 429]
    assert reporting.gate.waiting()["shop"].bytes < 1024**2
    assert reporting.gate.refused == {"shop": 2}


def test_who_comes_while_too_many_are_in_work_is_counted_as_refused(reporting: Reporting) -> None:
    web = reporting.daemon().web()
    assert web._sentry is not None
    web._sentry._in_work = 10_000
    head = {name.lower(): value for name, value in AUTH.items()}
    answer = web(Request(method="POST", path=HERE, query="", headers=head, body=ENVELOPE))
    assert (answer.status, reporting.gate.refused) == (429, {"shop": 1})
    assert ("X-Sentry-Rate-Limits", "5::project:busy") in answer.headers
