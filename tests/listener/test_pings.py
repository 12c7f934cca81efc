"""`/ping/<key>`: what calls mean, whose they are, and that a key shows nowhere."""

import gzip
import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from behind_the_door import Daemon
from daemon.config.looking import ProbePlan
from daemon.config.settings import Limits
from daemon.errors import StoreUnavailable
from daemon.listener.exchange import Request
from daemon.listener.pings import KEPT
from daemon.listener.server import HttpDoor
from daemon.probes.heartbeat import Heartbeat
from daemon.reading import Sign, SignKind
from daemon.secret import Secret
from daemon.units import Bytes
from http_client import Client, Reply
from probes_by_hand import plan

Opens = Callable[..., HttpDoor]
Calls = Callable[..., Reply]

KEY, OTHER, LINKED = "key-of-the-backup-job", "key-of-another-job-x", "key-that-takes-get-too"


def heartbeat(name: str, key: str, *, get: bool = False) -> ProbePlan:
    return ProbePlan(name=name, type="heartbeat", probe=Heartbeat(key=Secret(key), get=get))


@pytest.fixture
def daemon(daemon: Daemon) -> Daemon:
    plans = (heartbeat("backup", KEY), heartbeat("other", OTHER), heartbeat("linked", LINKED, get=True), plan("web"))
    daemon.settings = replace(
        daemon.settings, probes={one.name: one for one in plans}, limits=Limits(body=Bytes(64 * 1024))
    )
    return daemon


@pytest.fixture
def calls(door: Opens, daemon: Daemon) -> Calls:
    port = door(daemon.web(), daemon.settings.limits).port

    def call(path: str, body: bytes | None = b"", method: str = "POST", **headers: str) -> Reply:
        with Client(port) as client:
            return client.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})

    return call


def last(daemon: Daemon) -> tuple[str, Sign]:
    return daemon.signs[-1]


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [
        ("", SignKind.SUCCESS, None),
        ("/", SignKind.SUCCESS, None),
        ("/start", SignKind.START, None),
        ("/fail", SignKind.FAIL, None),
        ("/log", SignKind.LOG, None),
        ("/0", SignKind.SUCCESS, 0),
        ("/1", SignKind.FAIL, 1),
        ("/255", SignKind.FAIL, 255),
    ],
)
def test_what_follows_the_key_says_what_is_meant(
    calls: Calls, daemon: Daemon, word: str, kind: SignKind, code: int | None
) -> None:
    answer = calls(f"/ping/{KEY}{word}?rid=run-7", b"42 files")
    assert (answer.status, answer.json()) == (200, {"heard": kind.value})
    assert last(daemon) == (
        "backup", Sign(kind=kind, at=daemon.clock.now(), run="run-7", code=code, body=b"42 files", size=8)
    )  # fmt: skip


@pytest.mark.parametrize("word", ["256", "-1", "1.5", "stop", "start/again", "%D9%A3", "0x1", "00001"])
def test_what_means_nothing_is_told_to_whoever_has_the_key(calls: Calls, daemon: Daemon, word: str) -> None:
    answer = calls(f"/ping/{KEY}/{word}")
    assert answer.status == 404
    assert b"nothing, start, fail, log, or an exit code from 0 to 255" in answer.body
    assert not daemon.signs


@pytest.mark.parametrize(
    "path",
    [f"/ping/{KEY}x", f"/ping/{KEY[:-1]}", "/ping/", f"/ping/{KEY}x/start", "/ping/web", "/ping/backup",
     f"/ping/{KEY.upper()}", "/ping/%ff%fe", "/ping/" + "x" * 9_000],
)  # fmt: skip
def test_a_key_that_nobody_has_is_answered_like_any_address_that_is_not_there(
    calls: Calls, daemon: Daemon, path: str
) -> None:
    answer = calls(path)
    assert (answer.status, answer.json()) == (404, {"error": "not_found", "detail": "nobody calls in here"})
    assert not daemon.signs


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("key", [KEY, "a-key-that-nobody-has"])
def test_only_post_counts_and_the_answer_says_why_whoever_asks(
    calls: Calls, daemon: Daemon, method: str, key: str
) -> None:
    answer = calls(f"/ping/{key}", None, method)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert b"programs that preview links send GET" in answer.body
    assert not daemon.signs


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("POST", 200), ("PUT", 405)])
def test_one_that_takes_get_does(calls: Calls, daemon: Daemon, method: str, status: int) -> None:
    assert calls(f"/ping/{LINKED}/3", None, method).status == status
    assert len(daemon.signs) == (status == 200)


def test_of_a_body_its_end_is_kept(calls: Calls, daemon: Daemon) -> None:
    body = b"x" * 30_000 + b"the end"
    calls(f"/ping/{KEY}", body)
    sign = last(daemon)[1]
    assert (len(sign.body), sign.body[-7:], sign.size) == (KEPT, b"the end", 30_007)


def test_a_body_that_is_no_text_is_kept_as_it_is(calls: Calls, daemon: Daemon) -> None:
    calls(f"/ping/{KEY}/1", bytes(range(256)))
    assert last(daemon)[1].body == bytes(range(256))


def test_a_body_that_is_too_large_does_not_make_the_call_void(calls: Calls, daemon: Daemon) -> None:
    """The job would be called down because it had much to say."""
    answer = calls(f"/ping/{KEY}", b"x" * 100_000)
    assert (answer.status, answer.json()) == (200, {"heard": "success"})
    sign = last(daemon)[1]
    assert (sign.kind, sign.body, sign.size) == (SignKind.SUCCESS, b"", 100_000)


def test_a_compressed_body_is_read(calls: Calls, daemon: Daemon) -> None:
    calls(f"/ping/{KEY}", gzip.compress(b"42 files"), content_encoding="gzip")
    assert last(daemon)[1].body == b"42 files"


@pytest.mark.parametrize(
    ("body", "coding"),
    [(b"no gzip", "gzip"), (gzip.compress(b"x" * 10_000_000), "gzip"), (b"who knows", "br2")],
)
def test_a_body_that_cannot_be_read_does_not_make_the_call_void(
    calls: Calls, daemon: Daemon, body: bytes, coding: str
) -> None:
    assert calls(f"/ping/{KEY}", body, content_encoding=coding).status == 200
    assert last(daemon)[1].body == b""


@pytest.mark.parametrize(
    ("query", "run"), [("", ""), ("?rid=", ""), ("?rid=" + "r" * 500, "r" * 64), ("?rid=a%0ab%00", "ab"), ("?x=1", "")]
)
def test_the_name_of_a_run_is_bounded(calls: Calls, daemon: Daemon, query: str, run: str) -> None:
    assert calls(f"/ping/{KEY}{query}").status == 200
    assert last(daemon)[1].run == run


def test_what_cannot_be_written_down_is_answered_503(calls: Calls, daemon: Daemon) -> None:
    daemon.refuses = StoreUnavailable("the disk is full")
    answer = calls(f"/ping/{KEY}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_one_that_is_being_removed_is_not_there(calls: Calls, daemon: Daemon) -> None:
    daemon.refuses = KeyError("backup")
    assert calls(f"/ping/{KEY}").status == 404


def test_a_reload_changes_the_keys(calls: Calls, daemon: Daemon) -> None:
    assert calls(f"/ping/{KEY}").status == 200
    daemon.settings = replace(daemon.settings, probes={"backup": heartbeat("backup", "another-key-for-the-job")})
    assert calls(f"/ping/{KEY}").status == 404
    assert calls("/ping/another-key-for-the-job").status == 200


def test_the_key_does_not_show_in_the_log(calls: Calls, daemon: Daemon, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        calls(f"/ping/{KEY}/start")
        daemon.refuses = StoreUnavailable("the disk is full")
        calls(f"/ping/{KEY}")
        daemon.refuses = ValueError("a fault")
        assert calls(f"/ping/{KEY}").status == 500
    assert "/ping/***" in caplog.text
    assert KEY not in caplog.text
    assert Request(method="POST", path=f"/ping/{KEY}/start", query="", headers={}).shown_path == "/ping/***"
