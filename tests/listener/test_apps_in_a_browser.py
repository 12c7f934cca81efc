"""The pages about applications in Chromium: light, dark, on a telephone, without JavaScript, with hostile names.

`TOCSIN_WRITE_DOCS=1 python -m pytest tests/listener/test_apps_in_a_browser.py` takes the pictures in docs/measuring/.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

import made
from apps_showcase import RULES, SHANGHAI, Show, fill, spread, told
from behind_the_door import Daemon
from browser import Browser, Page, chromium
from daemon.config.settings import Limits
from daemon.config.wording import Texts
from daemon.faults.event import ErrorEvent, Frame, Raised
from daemon.listener.server import HttpDoor
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from daemon.web.apps.view import Rule
from fake_clock import FakeClock

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs" / "measuring"
WIDE, TABLET, PHONE = 1280, 800, 360
PATHS = [
    "/apps",
    "/apps/shop?range=24h",
    "/apps/shop/routes?range=7d&sort=p95",
    "/apps/shop/resources",
    "/errors",
    "/errors/E1",
]


def rules(now: float) -> tuple[Rule, ...]:
    return tuple(msgspec.structs.replace(one, since=now - 7_800 if one.state == "firing" else None) for one in RULES)


class Site:
    """A door with the pages behind it, and a browser before it."""

    def __init__(self, show: Show, port: int, browser: Browser) -> None:
        self.show = show
        self.url = f"http://127.0.0.1:{port}"
        self._page = browser.page()

    def page(self, path: str, *, width: int = WIDE, dark: bool = False, scripts: bool = False) -> Page:
        """The one tab that there is, there."""
        self._page.requests.clear()
        self._page.look(width=width, dark=dark, scripts=scripts)
        self._page.open(self.url + path)
        return self._page


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("apps")
    clock, store = FakeClock(), SqliteStore(home / "measured.db", MEASURED)
    show = Show(store, clock, rules=rules(clock.now()))
    fill(show.kept, clock.now())
    show.tell(told(clock.now()))
    daemon = Daemon(settings=made.settings(), clock=clock, intake=None, pages=show.pages)
    door = HttpDoor("127.0.0.1:0", daemon.web(), Limits, clock)
    door.start()
    with chromium(home / "profile") as browser:
        yield Site(show, door.port, browser)
    door.stop(0)
    store.close()


def is_fine(page: Page) -> None:
    """Nothing is complained of, nothing was asked for but the page itself, and nobody has to scroll sideways."""
    assert page.complaints == []
    assert len([url for url in page.requests if not url.startswith("data:")]) == 1
    assert page.ask("document.documentElement.scrollWidth <= innerWidth")
    beyond = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert page.ask(f"{beyond}.map(e => e.outerHTML.slice(0, 80))") == []


@pytest.mark.parametrize(
    ("width", "dark", "paths"), [(WIDE, False, PATHS), (TABLET, True, PATHS[1:2] + PATHS[4:]), (PHONE, False, PATHS)]
)
def test_they_fit_every_screen(site: Site, width: int, dark: bool, paths: list[str]) -> None:
    for path in paths:
        is_fine(site.page(path, width=width, dark=dark))


@pytest.mark.parametrize("path", ["/apps", "/apps/shop/routes"])
def test_a_telephone_shows_every_figure_that_a_wide_screen_does(site: Site, path: str) -> None:
    figures = "[...document.querySelectorAll('tbody td')].filter(e => e.checkVisibility()).map(e => e.innerText)"
    wide = {text for text in site.page(path).ask(figures) if text}
    assert wide
    told = " ".join(site.page(path, width=PHONE).ask(figures))
    assert {text for text in wide if text not in told} == set()


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_they_can_be_read_without_javascript_and_by_whoever_does_not_see_the_charts(site: Site, width: int) -> None:
    page = site.page("/apps/shop?range=24h", width=width)
    text = page.ask("document.body.innerText")
    for words in (
        "Requests per minute",
        "400",
        "p95 346 ms",
        "Errors per 15 min",
        "/product/<sku>",
        "api.bank.example",
    ):
        assert words in text
    tree = page.tell("Accessibility.getFullAXTree")["nodes"]
    found = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in tree if not one["ignored"]]
    drawn = [name for role, name in found if role in ("image", "img")]
    assert any(name.startswith("Requests: 255k in 24 h, highest 33") for name in drawn)
    assert any(name.startswith("Response time in 24 h: p50 70 ms, p95 346 ms") for name in drawn)
    small = "Math.min(...[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize)))"
    assert page.ask(small) >= 11


def test_the_links_lead_where_they_say(site: Site) -> None:
    page = site.page("/apps")
    hrefs = "Object.fromEntries([...document.querySelectorAll('a')].reverse().map(a => [a.innerText, a.href]))"
    found = page.ask(hrefs)
    assert found["shop"] == f"{site.url}/apps/shop"
    assert found["24 h"] == f"{site.url}/apps?range=24h"
    for path, link, wanted in (
        ("/apps/shop?range=24h", "p95", "/apps/shop/routes?range=24h&sort=p95"),
        ("/apps/shop?range=24h", "/pay", "/apps/shop?range=24h&route=%2Fpay"),
        ("/apps/shop/routes?sort=p95", "7 d", "/apps/shop/routes?range=7d&sort=p95"),
        ("/apps/shop/routes?sort=p95", "shop", "/apps/shop"),
        ("/errors", "BankDeclined: issuer does not answer", "/errors/E1"),
        ("/errors/E1", "shop", "/apps/shop"),
    ):
        assert site.page(path).ask(hrefs)[link] == site.url + wanted


def test_what_applications_call_things_is_text_and_breaks_nothing(site: Site) -> None:
    now = site.show.clock.now()
    evil = "<img src=//evil.example/x onerror=alert(1)><script>alert(1)</script>"
    names = [evil, "x" * 10_000, "\u202egnp.exe \u05e9\u05dc\u05d5\u05dd", "a/b?c#d%2F&e=f", "{{ 7*7 }}"]
    for name in names:
        for series in ("http.time", "resource.time"):
            labels = {"app": evil, "route": name, "resource": name, "type": name}
            site.show.kept.put(now - 60, series, labels, spread(random.Random(1), 5, 0.1))
    told_of = ErrorEvent(
        app=evil, event_id="f" * 32, at=now, received_at=now, transaction=evil, message=evil,
        exceptions=(Raised(type=evil, value=names[1], frames=(Frame(function=evil, context_line=evil, in_app=True),)),),
        tags=((evil, evil),), trail=(evil, names[2]), request=((evil, names[1]),), user=evil, release=names[2],
    )  # fmt: skip
    site.show.tell([told_of])
    where = f"/apps/{quote(evil, safe='')}"
    paths = [
        where,
        f"{where}?route={quote(names[3], safe='')}",
        f"{where}/resources",
        "/errors?state=all",
        "/errors/E5",
    ]
    for path, width in ((paths[0], WIDE), *((path, PHONE) for path in paths)):
        page = site.page(path, width=width, scripts=True)
        is_fine(page)
        assert evil in page.ask("document.body.innerText")
        assert page.ask("document.querySelectorAll('img, script').length") == 0


def test_the_pictures_in_the_docs(site: Site, tmp_path: Path) -> None:
    is_to_be_kept = bool(os.environ.get("TOCSIN_WRITE_DOCS"))
    folder = DOCS if is_to_be_kept else tmp_path
    shots = (
        ("overview.png", "/apps/shop?range=24h", False),
        ("overview-dark.png", "/apps/shop?range=24h", True),
        ("errors.png", "/errors/E1", False),
    )
    for name, path, dark in shots:
        if is_to_be_kept or dark:  # one shows whether pictures can be taken
            site.page(path, dark=dark).picture(folder / name)
            assert (folder / name).stat().st_size < 300_000
        assert (DOCS / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("width", [PHONE])
def test_they_speak_chinese(site: Site, width: int) -> None:
    site.show.settings = replace(site.show.settings, texts=Texts(lang="zh", time_zone=SHANGHAI))
    for path in ("/apps", "/apps/shop?range=24h", "/errors/E1"):
        page = site.page(path, width=width)
        is_fine(page)
        assert page.ask("document.documentElement.lang") == "zh"
        assert "更新于" in page.ask("document.body.innerText")
