"""`/status` and `/badge/…` over a real socket: who may see them, what is the same for all, what costs nobody much."""

import gzip
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import gevent
import pytest

from behind_the_door import Daemon
from daemon.config.settings import Auth, Token
from daemon.listener.exchange import Request
from daemon.listener.server import HttpDoor
from daemon.secret import Secret
from daemon.store.sqlite import SqliteStore
from daemon.web.fresh import MOST_WAITING
from fake_clock import FakeClock, settle
from http_client import Client, Reply, ask
from showcase import CANARY, Showcase, settings

Opens = Callable[..., HttpDoor]
TOKEN = "s3cret-of-the-wall"
AUTH = Auth(
    tokens=(
        Token(name="wall", token=Secret(TOKEN), may=("read",)),
        Token(name="hand", token=Secret("s3cret-of-a-hand"), may=("act",)),
    )
)
BASIC = {"Authorization": "Basic OnMzY3JldC1vZi10aGUtd2FsbA=="}  # no name, the token as password
PATHS = ("/status", "/status.json", "/status.atom", "/badge/mail/status.svg", "/badge/group/Shop/uptime.svg")


class Wall:
    """A door with the page behind it."""

    def __init__(self, daemon: Daemon, door: Opens, show: Showcase) -> None:
        self.show = show
        self.daemon = daemon
        daemon.board = show.board
        self.put()
        self.port = door(daemon.web()).port

    def put(self, **more: object) -> None:
        """Replace the page's settings."""
        self.show.settings = self.daemon.settings = replace(settings(**more), auth=AUTH)

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        return ask(self.port, method, path, None, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def wall(daemon: Daemon, door: Opens, store: SqliteStore, clock: FakeClock) -> Wall:
    show = Showcase(store, clock)
    show.fill()
    return Wall(daemon, door, show)


@pytest.mark.parametrize("path", PATHS)
def test_a_public_page_asks_for_nothing(wall: Wall, path: str) -> None:
    reply = wall.get(path)
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "public, max-age=30"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert CANARY.encode() not in reply.body


def test_each_form_has_its_type(wall: Wall) -> None:
    assert [wall.get(path).headers["content-type"] for path in PATHS] == [
        "text/html; charset=utf-8", "application/json", "application/atom+xml; charset=utf-8", "image/svg+xml",
        "image/svg+xml",
    ]  # fmt: skip
    assert b"Example Trading" in wall.get("/status").body
    assert wall.get("/status.json").json()["version"] == 1


@pytest.mark.parametrize("path", PATHS)
def test_nothing_else_is_public_because_the_page_is(wall: Wall, path: str) -> None:
    assert wall.get("/metrics").status == 401
    assert ask(wall.port, "POST", "/rpc", b"{}").status == 401
    assert ask(wall.port, "POST", path, b"{}").status == 405


@pytest.mark.parametrize("path", PATHS)
def test_a_locked_page_opens_to_a_token_that_may_read(wall: Wall, path: str) -> None:
    wall.put(public=False)
    shut = wall.get(path)
    assert (shut.status, shut.json()["error"]) == (401, "bad_credentials")
    assert shut.headers["www-authenticate"] == 'Basic realm="tocsin", charset="UTF-8"'
    assert wall.get(path, X_Tocsin_Token="wrong").status == 401
    assert wall.get(path, X_Tocsin_Token="s3cret-of-a-hand").status == 403
    for reply in (
        wall.get(path, Authorization=f"Bearer {TOKEN}"),
        wall.get(path, X_Tocsin_Token=TOKEN),
        wall.get(path, **BASIC),
        wall.get(f"{path}?token={TOKEN}"),
    ):
        assert reply.status == 200
        assert reply.headers["cache-control"] == "private, no-cache"
        assert reply.headers["x-robots-tag"] == "noindex"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert TOKEN.encode() not in reply.body


def test_who_may_not_see_it_does_not_learn_what_there_is(wall: Wall) -> None:
    wall.put(public=False)
    known, unknown = wall.get("/badge/mail/status.svg"), wall.get("/badge/nobody/status.svg")
    assert (known.status, known.body) == (unknown.status, unknown.body)


@pytest.mark.parametrize(
    "path",
    [
        "/status?probe=nobody", "/status?group=nobody", "/status.json?probe=nobody", "/badge/nobody/status.svg",
        "/badge/nobody/uptime.svg?period=7d", "/badge/group/nobody/status.svg", "/badge/mail/nothing.svg",
        "/badge/mail/status.png", "/badge/mail/", "/badge/mail", "/badge/group/Shop/response.svg",
        "/badge/a/b/status.svg", "/badge/%00/status.svg", "/badge/" + "x" * 5_000 + "/status.svg",
        "/badge/%ff%fe/status.svg",
    ],
)  # fmt: skip
def test_what_is_hidden_and_what_does_not_exist_have_one_answer(wall: Wall, path: str) -> None:
    hidden = wall.get("/badge/vault-hidden/status.svg")
    assert hidden.status == 404
    there_is_none = wall.get(path)
    assert (there_is_none.status, there_is_none.body) == (404, hidden.body)
    assert there_is_none.headers.keys() == hidden.headers.keys()


@pytest.mark.parametrize("path", PATHS)
def test_without_the_section_there_is_no_page(wall: Wall, path: str) -> None:
    wall.daemon.settings = wall.show.settings = replace(wall.show.settings, status_page=None)
    assert wall.get(path).status == 404
    assert wall.get(path, **BASIC).body == wall.get("/badge/vault-hidden/status.svg").body


def test_a_period_that_there_is_not(wall: Wall) -> None:
    reply = wall.get("/badge/mail/uptime.svg?period=1y")
    assert (reply.status, reply.json()["error"]) == (400, "bad_period")
    assert "24h, 7d, 30d, 90d" in reply.json()["detail"]
    assert wall.get("/badge/vault-hidden/uptime.svg?period=1y").status == 404
    assert b"uptime 24 h" in wall.get("/badge/mail/uptime.svg?period=1d").body
    assert b"uptime 30 d" in wall.get("/badge/mail/uptime.svg").body
    assert b"response 24 h" in wall.get("/badge/mail/response.svg").body


def test_a_group_may_be_called_anything(wall: Wall) -> None:
    page = wall.show.settings.status_page
    assert page is not None
    name = 'a/b c&d="ü" 组'
    wall.put(groups={name: page.groups["Shop"]})
    assert wall.get(f"/status?group={quote(name, safe='')}").status == 200
    assert wall.get(f"/badge/group/{quote(name)}/status.svg").status == 200
    links = re.findall(r'<(?:a|link) [^>]*href="([^"]*)"', wall.get("/status").body.decode())
    assert all(
        wall.get("/" + link.replace("&amp;", "&")).status == 200 for link in links if not link.startswith("data:")
    )


def test_what_has_not_changed_is_not_sent_again(wall: Wall, clock: FakeClock) -> None:
    first = wall.get("/status")
    tag = first.headers["etag"]
    again = wall.get("/status", If_None_Match=f'"other", {tag}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == first.headers["cache-control"]
    clock.advance(3_600)
    assert wall.get("/status", If_None_Match=tag).status == 200


def test_it_is_packed_for_whoever_takes_that(wall: Wall) -> None:
    plain = wall.get("/status")
    packed = wall.get("/status", Accept_Encoding="br, gzip;q=0.5")
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 5
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in wall.get("/status", Accept_Encoding="br, gzip;q=0").headers
    assert "content-encoding" not in wall.get("/badge/mail/status.svg", Accept_Encoding="gzip").headers


def test_head_says_what_get_would(wall: Wall) -> None:
    with Client(wall.port) as client:
        head, get = client.request("HEAD", "/status"), client.request("GET", "/status")
    assert head.body == b""
    assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_it_is_counted_as_what_it_is(wall: Wall) -> None:
    doors = [
        wall.daemon.web()(Request(method="GET", path=path, query="", headers={})).door
        for path in ("/status", "/status.json", "/badge/mail/status.svg", "/badge/nobody/status.svg")
    ]
    assert doors == ["status", "status", "badge", "badge"]


def test_a_store_that_cannot_be_read_is_no_page_for_now(wall: Wall, store: SqliteStore) -> None:
    store.close()
    for path in PATHS:
        reply = wall.get(path)
        assert (reply.status, reply.headers["retry-after"], reply.json()["error"]) == (503, "5", "unavailable")


def test_a_flood_of_visitors_costs_one_page_and_leaves_room_for_alarms(wall: Wall) -> None:
    """Whoever comes while the first page is made waits, but only so many: the door has places for others."""
    gate = threading.Event()
    asked = []
    line = wall.show.history.line

    def slow(*args: object) -> object:
        asked.append(args)
        gate.wait(4)
        return line(*args)  # type: ignore[arg-type]

    wall.show.history.line = slow  # type: ignore[method-assign, assignment]
    visitors = [gevent.spawn(wall.get, "/status") for _ in range(MOST_WAITING + 20)]
    settle(20)
    with gevent.Timeout(4):
        while sum(one.ready() for one in visitors) < 19:
            gevent.sleep(0)
    assert wall.get("/-/healthy").status == 200
    gate.set()
    found = [one.get(timeout=4).status for one in visitors]
    assert (found.count(200), found.count(503)) == (MOST_WAITING + 1, 19)
    in_lines = len([args for args in asked if args[0] == "mail"])
    assert in_lines == 2  # once for its days, once for its chart
