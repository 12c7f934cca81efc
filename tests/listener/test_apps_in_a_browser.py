"""The pages about applications in Chromium: light, dark, on a telephone, without JavaScript, with hostile names.

`TOCSIN_WRITE_DOCS=1 python -m pytest tests/listener/test_apps_in_a_browser.py` takes the pictures in docs/measuring/.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import made
from apps_showcase import RULES, SHANGHAI, Show, counted, fill, spread, told
from behind_the_door import Daemon
from browser import Browser, Page, chromium
from daemon.config.settings import Limits
from daemon.config.wording import Texts
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
        self.browser = browser

    def page(self, path: str, *, width: int = WIDE, dark: bool = False) -> Page:
        page = self.browser.page()
        page.look(width=width, dark=dark)
        page.open(self.url + path)
        return page


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


def test_shots(site: Site) -> None:
    import time

    for path in PATHS:
        for width in (WIDE, PHONE):
            t = time.time()
            page = site.page(path, width=width)
            print(path, width, time.time() - t, page.complaints)
            page.picture(Path("/tmp/b/pages-w") / f"{path.strip('/').replace('/', '-').split('?')[0]}-{width}.png")
    site.page("/apps/shop?range=24h", dark=True).picture(Path("/tmp/b/pages-w/dark.png"))
