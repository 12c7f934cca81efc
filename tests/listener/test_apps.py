"""`/apps` and `/errors` over a real socket: who may see them, what is not there, what costs nobody much."""

import gzip
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import made
from apps_showcase import Show, counted, told
from behind_the_door import Daemon
from daemon.config.settings import Auth, Token
from daemon.config.wording import Texts
from daemon.errors import StoreUnavailable
from daemon.listener.server import HttpDoor
from daemon.secret import Secret
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from daemon.web.apps.links import Asked, asked
from fake_clock import FakeClock
from http_client import Reply, ask

Opens = Callable[..., HttpDoor]
TOKEN = "s3cret-of-the-wall"
AUTH = Auth(
    tokens=(
        Token(name="wall", token=Secret(TOKEN), may=("read",)),
        Token(name="hand", token=Secret("s3cret-of-a-hand"), may=("act",)),
    )
)
BASIC = {"Authorization": "Basic OnMzY3JldC1vZi10aGUtd2FsbA=="}  # no name, the token as password
PATHS = ("/apps", "/apps/shop", "/apps/shop/routes", "/apps/shop/resources", "/errors", "/errors/E1")


class Wall:
    """A door with the pages behind it."""

    def __init__(self, show: Show, daemon: Daemon, port: int) -> None:
        self.show = show
        self.daemon = daemon
        self.port = port

    def get(self, path: str, method: str = "GET", **headers: str) -> Reply:
        return ask(self.port, method, path, None, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.fixture
def wall(daemon: Daemon, door: Opens, tmp_path: Path, clock: FakeClock) -> Iterator[Wall]:
    store = SqliteStore(tmp_path / "measured.db", MEASURED)
    show = Show(store, clock)
    show.kept.put(clock.now() - 60, "http.views", {"app": "shop", "route": "/pay"}, counted(3.0))
    show.tell(told(clock.now())[:1])
    daemon.settings, daemon.pages = made.settings(auth=AUTH), show.pages
    yield Wall(show, daemon, door(daemon.web()).port)
    store.close()


def test_only_whoever_may_read_sees_them_and_a_browser_asks_for_the_token(wall: Wall) -> None:
    for path in PATHS:
        nobody = wall.get(path)
        assert nobody.status == 401
        assert nobody.headers["www-authenticate"].startswith("Basic")
        assert wall.get(path, Authorization="Bearer s3cret-of-a-hand").status == 403
        for seen in (wall.get(path, **BASIC), wall.get(f"{path}?token={TOKEN}")):
            assert (seen.status, seen.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert seen.headers["cache-control"] == "private, no-cache"
            policy = seen.headers["content-security-policy"]
            assert re.match("default-src 'none'; style-src 'sha256-[^']+'; img-src data:;", policy)
            assert TOKEN.encode() not in seen.body


@pytest.mark.parametrize(
    "path", ["/apps/", "/errors/", "/errors/E2", "/errors/12", "/errors/E", "/errors/E" + "9" * 30]
)
def test_what_is_not_there_has_one_answer(wall: Wall, path: str) -> None:
    assert wall.get(path, **BASIC).status == 404


def test_an_application_that_told_nothing_has_an_empty_page(wall: Wall) -> None:
    for path in ("/apps/nobody", "/apps/nobody/routes", "/apps/nobody/resources", "/apps/shop?route=nothing"):
        assert wall.get(path, **BASIC).status == 200
    assert b"It was asked nothing in this range" in wall.get("/apps/nobody", **BASIC).body


def test_pages_are_packed_and_not_sent_twice(wall: Wall) -> None:
    plain = wall.get("/apps", **BASIC)
    packed = wall.get("/apps", Accept_Encoding="gzip", **BASIC)
    assert gzip.decompress(packed.body) == plain.body
    assert wall.get("/apps", If_None_Match=plain.headers["etag"], **BASIC).status == 304
    assert wall.get("/apps", "HEAD", **BASIC).body == b""
    assert wall.get("/apps", "POST", **BASIC).status == 405


def test_a_page_is_made_once_for_all_who_ask_within_seconds(wall: Wall, clock: FakeClock) -> None:
    wall.get("/apps", **BASIC)
    count = wall.show.kept.asked
    wall.show.kept.put(clock.now() - 5, "http.views", {"app": "latecomer", "route": "/"}, counted(1.0))
    assert b"latecomer" not in wall.get("/apps", **BASIC).body
    assert wall.show.kept.asked == count
    clock.advance(6)
    assert b"latecomer" in wall.get("/apps", **BASIC).body


def test_a_reload_with_another_language_is_seen_at_once(wall: Wall) -> None:
    assert b'lang="en"' in wall.get("/apps", **BASIC).body
    wall.show.settings = replace(wall.show.settings, texts=Texts(lang="zh"))
    assert b'lang="zh"' in wall.get("/apps", **BASIC).body


def test_a_store_that_cannot_be_read_is_said_and_the_old_page_shown_while_there_is_one(
    wall: Wall, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    wall.get("/errors", **BASIC)

    def refuse(*_: object) -> None:
        raise StoreUnavailable("the disk does not answer")

    monkeypatch.setattr(wall.show.store, "read", refuse)
    clock.advance(10)
    assert wall.get("/errors", **BASIC).status == 200
    assert wall.get("/errors/E1", **BASIC).status == 503


@pytest.mark.parametrize(
    ("path", "fields", "meant"),
    [
        ("/apps", {"range": "30d"}, Asked(what="apps", span="30d")),
        ("/apps", {"range": "1y"}, Asked(what="apps")),
        ("/apps/a/b", {"route": "/x"}, Asked(what="app", app="a/b", route="/x")),
        ("/apps/a/b/routes", {"sort": "p99", "route": "/x"}, Asked(what="routes", app="a/b", sort="p99")),
        ("/apps/routes", {}, Asked(what="app", app="routes")),
        ("/apps/a/resources", {"sort": "; DROP"}, Asked(what="resources", app="a")),
        ("/errors", {"state": "all", "sort": "count"}, Asked(what="errors", state="all", sort="count")),
        ("/errors", {"state": "?", "sort": "p99", "app": "a"}, Asked(what="errors", app="a", sort="last")),
        ("/errors/E12", {}, Asked(what="error", number=12)),
    ],
)
def test_what_is_not_understood_in_an_address_is_as_if_it_was_not_said(
    path: str, fields: dict[str, str], meant: Asked
) -> None:
    assert asked(path, fields) == meant
