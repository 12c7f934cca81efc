"""The pages over real series on disk: what doors told is what stands there, and a restart changes nothing of it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from apps_showcase import SHANGHAI
from daemon.config.exposing import Expose
from daemon.config.settings import Settings
from daemon.config.wording import Texts
from daemon.exposition import OPENMETRICS
from daemon.series import standard
from daemon.series.exposition import Showing
from daemon.web.apps.board import Pages
from daemon.web.apps.links import Asked, asked
from fake_clock import FakeClock
from measured import Measured


def pages(life: Measured) -> Pages:
    settings = Settings(texts=Texts(time_zone=SHANGHAI))
    return Pages(life.query, life.store, life.clock, lambda: settings, lambda work: work())


def text(life: Measured, path: str, **fields: str) -> str:
    """A page as it is read: without its tags."""
    which = asked(path, fields)
    assert which is not None
    page = pages(life).made(which).body.decode()
    return re.sub(r"\s+", " ", re.sub(r"<style>.*</style>|<[^>]*>", " ", page, flags=re.DOTALL))


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Measured]:
    one = Measured(tmp_path / "measured.db", FakeClock())
    yield one
    one.end()


def tell(life: Measured) -> None:
    """An hour of a shop: ten views in each slot, one of which fails, and a database."""
    for _ in range(12):
        for number in range(10):
            at = life.clock.now()
            standard.viewed(life.table, "shop", "/pay", 0.2, at, is_error=number == 0)
            standard.viewed(life.table, "shop", "/", None, at, is_error=False)
            standard.used(life.table, "shop", "db", "orders", 0.01, at, is_error=False)
        life.close()
        life.skip(290)


@pytest.mark.parametrize("span", ["6h", "24h", "7d", "30d"])
def test_the_pages_say_what_was_told_over_any_range(life: Measured, span: str) -> None:
    tell(life)
    assert re.search(r"shop 240 \S+ ms \S+ ms \S+ ms 5.0% 0", text(life, "/apps", range=span))
    routes = text(life, "/apps/shop/routes", range=span, sort="error_share")
    assert re.search(
        r"/pay 120 24.0 s \S+ ms \S+ ms \S+ ms 12 10.0%|/pay 120 24 s \S+ ms \S+ ms \S+ ms 12 10.0%", routes
    )
    assert re.search(r"/ 120 – – – – 0 0%", routes)
    assert "db orders 120 1.20 s" in text(life, "/apps/shop/resources", range=span)
    assert "Requests: 240 in" in pages(life).made(Asked(what="app", app="shop", span=span)).body.decode()


def test_a_restart_changes_nothing_on_pages_and_on_metrics(life: Measured, tmp_path: Path) -> None:
    tell(life)
    before = text(life, "/apps/shop/routes")
    life.end()
    again = Measured(tmp_path / "measured.db", life.clock)
    assert text(again, "/apps/shop/routes") == before
    for _ in range(2):
        standard.viewed(again.table, "shop", "/pay", 0.2, again.clock.now(), is_error=True)
        again.close()
    shown = Showing(again.table, again.clock, lambda: Expose(select=("http.*",)))(OPENMETRICS).decode()
    assert 'http_errors_total{app="shop",route="/pay"} 14\n' in shown
    assert 'http_time_seconds_count{app="shop",route="/pay"} 122\n' in shown
    assert 'http_time_seconds{app="shop",route="/pay",quantile="0.95"} 0.2' in shown
    assert "resource" not in shown
    again.end()


def test_a_thousand_routes_are_shown_in_a_second(life: Measured) -> None:
    for number in range(1_000):
        standard.viewed(life.table, "shop", f"/{number}", 0.1 + number / 1_000, life.clock.now(), is_error=False)
    life.close()
    began = time.thread_time()
    table = text(life, "/apps/shop/routes", sort="p95", range="1h")
    assert time.thread_time() - began < 1
    assert "These are 100 of 1,000, by p95; the others are not shown." in table
    assert "/999 1 " in table
