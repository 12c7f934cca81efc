"""The status page in Chromium, as people see it: light, dark, on a telephone, without JavaScript.

`TOCSIN_WRITE_DOCS=1 python -m pytest tests/listener/test_status_page_in_a_browser.py` takes the pictures in docs/.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from behind_the_door import Daemon
from browser import Browser, Page, chromium
from daemon.config.settings import Limits
from daemon.config.statuspage import StatusPage
from daemon.config.wording import Texts
from daemon.listener.server import HttpDoor
from daemon.store.sqlite import SqliteStore
from daemon.zone import Zone
from fake_clock import FakeClock
from showcase import Showcase, plan, settings

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parents[2] / "docs"
SHANGHAI = Zone("Asia/Shanghai")
WIDE, TABLET, PHONE = 1280, 800, 360
LONG = "a-name-without-any-place-to-break-it-as-machines-give-them-xxxx"


class Site:
    """A door with the page behind it, and a browser before it."""

    def __init__(self, show: Showcase, daemon: Daemon, port: int, browser: Browser) -> None:
        self.show = show
        self.daemon = daemon
        self.url = f"http://127.0.0.1:{port}"
        self.browser = browser
        self.put()

    def put(self, page: StatusPage | None = None, texts: Texts | None = None, **more: object) -> None:
        made = replace(settings(), texts=texts or Texts(time_zone=SHANGHAI), **more)  # type: ignore[arg-type]
        self.show.settings = self.daemon.settings = replace(made, status_page=page) if page else made

    def page(self, path: str = "/status", *, width: int = WIDE, dark: bool = False) -> Page:
        """The page on a screen."""
        page = self.browser.page()
        page.look(width=width, dark=dark)
        page.open(self.url + path)
        return page


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    clock, store = FakeClock(), SqliteStore(home / "tocsin.db")
    show = Showcase(store, clock)
    show.fill()
    daemon = Daemon(settings=show.settings, clock=clock, intake=None, board=show.board)
    door = HttpDoor("127.0.0.1:0", daemon.web(), Limits, clock)
    door.start()
    with chromium(home / "profile") as browser:
        yield Site(show, daemon, door.port, browser)
    door.stop(0)
    store.close()


@pytest.fixture
def site(opened: Site) -> Site:
    opened.put()
    return opened


def is_fine(page: Page) -> None:
    """Nothing is complained of, nothing was asked for but the page itself, and nobody has to scroll sideways."""
    assert page.complaints == []
    assert len([url for url in page.requests if not url.startswith("data:")]) == 1
    assert page.ask("document.documentElement.scrollWidth <= innerWidth")
    beyond = "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
    assert page.ask(f"{beyond}.map(e => e.className.baseVal ?? e.className)") == []


@pytest.mark.parametrize("width", [WIDE, 1000, TABLET, 500, PHONE])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("path", ["/status", "/status?group=Shop", "/status?probe=checkout"])
def test_it_fits_every_screen(site: Site, width: int, dark: bool, path: str) -> None:
    is_fine(site.page(path, width=width, dark=dark))


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_it_fits_in_chinese_and_with_names_that_cannot_be_broken(site: Site, width: int) -> None:
    probes = {LONG: plan(LONG, group=LONG * 2), "short": plan("short")}
    site.put(StatusPage(public=True, title=LONG), Texts(lang="zh", time_zone=SHANGHAI), probes=probes)
    is_fine(site.page(width=width))
    is_fine(site.page(f"/status?probe={LONG}", width=width))


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_it_fits_with_very_many(site: Site, width: int) -> None:
    probes = {f"probe-{number}": plan(f"probe-{number}", group=f"group {number % 4}") for number in range(400)}
    site.put(StatusPage(public=True), probes=probes)
    page = site.page(width=width)
    is_fine(page)
    assert page.ask("document.querySelectorAll('.fold').length") == 4


def test_dark_is_dark_and_light_is_light(site: Site) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    assert site.page().ask(ground) == "rgb(245, 246, 248)"
    assert site.page(dark=True).ask(ground) == "rgb(16, 20, 24)"


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_it_can_be_read_without_javascript(site: Site, width: int) -> None:
    page = site.page(width=width)
    text = page.ask("document.body.innerText")
    for words in (
        "Example Trading", "1 of 9 down, 1 degraded, 1 in maintenance", "db-replica", "down", "Shop front",
        "99.93%", "Last 14 days", "Times are UTC+08:00", "As of 09:00",
    ):  # fmt: skip
        assert words in text
    small = "Math.min(...[...document.querySelectorAll('main *')].map(e => parseFloat(getComputedStyle(e).fontSize)))"
    assert page.ask(small) >= 11


def test_a_row_opens_by_a_click_and_by_the_keyboard(site: Site) -> None:
    page = site.page(width=PHONE)
    is_open = "document.querySelectorAll('.panel')[1].checkVisibility()"
    assert not page.ask(is_open)
    x, y = page.ask("(r => [r.x + 9, r.y + 9])(document.querySelectorAll('.row > summary')[1].getBoundingClientRect())")
    for kind in ("mousePressed", "mouseReleased"):
        page.tell("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    assert page.ask(is_open)
    for kind in ("keyDown", "keyUp"):
        page.tell("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    assert not page.ask(is_open)


def test_whoever_does_not_see_it_is_told_the_same(site: Site) -> None:
    page = site.page("/status?probe=checkout")
    tree = page.tell("Accessibility.getFullAXTree")["nodes"]
    found = [(one["role"]["value"], one.get("name", {}).get("value", "")) for one in tree if not one["ignored"]]
    bars, chart = sorted(name for role, name in found if role in ("image", "img"))
    assert bars == "Last 90 days: 99.95% up; down on 4 days, 1 h in all"
    assert chart.startswith("Response time over the last 24 hours: typically 1")
    assert {name for role, name in found if role == "heading"} == {
        "Example Trading", "Now", "Shop", "Response time, last 24 hours", "Days that were not all well", "Last 14 days",
    }  # fmt: skip
    headers = [name for role, name in found if role in ("columnheader", "rowheader")]
    assert {"Phase", "connect", "TLS", "2026-11-15"} <= set(headers)
    assert page.ask("document.documentElement.lang") == "en"


@pytest.mark.parametrize("width", [320, 640, 970, 1_024, 1_280])
def test_a_name_stands_on_one_line_however_wide_the_page_is(site: Site, width: int) -> None:
    page = site.page(width=width)
    pieces = """[...document.querySelectorAll('.name span')].map(one => {
        const words = document.createRange(); words.selectNodeContents(one)
        return [one.innerText, words.getClientRects().length] })"""
    found = page.ask(pieces)
    assert len(found) == 9
    assert [name for name, count in found if count != 1] == []


def test_a_badge_is_a_picture(site: Site) -> None:
    page = site.page("/badge/checkout/status.svg")
    assert page.complaints == []
    assert page.ask("document.documentElement.getBoundingClientRect().height") == 20


def test_what_somebody_named_in_html_is_text(site: Site) -> None:
    evil = "<img src=//evil.example/x onerror=alert(1)><script>alert(1)</script>"
    page_settings = StatusPage(public=True, title=evil, names={"mail": evil}, group_by="evil")
    site.put(page_settings, probes={"mail": plan("mail", evil=evil)})
    page = site.browser.page()
    page.look(width=WIDE, scripts=True)
    page.open(f"{site.url}/status")
    is_fine(page)
    assert page.ask("document.body.innerText").count(evil) == 4


def test_the_pictures_in_the_docs(site: Site, tmp_path: Path) -> None:
    folder = DOCS if os.environ.get("TOCSIN_WRITE_DOCS") else tmp_path
    for name, dark in (("status-page.png", False), ("status-page-dark.png", True)):
        page = site.page(dark=dark)
        page.ask("document.querySelectorAll('.row')[1].open = true")
        page.picture(folder / name)
        assert (folder / name).stat().st_size < 300_000
        assert (DOCS / name).read_bytes().startswith(b"\x89PNG")
