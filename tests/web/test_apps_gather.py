"""What the pages about applications show is what the series say, however it is asked for."""

import random

import pytest

from apps_showcase import Kept, counted, spread
from daemon import sketch
from daemon.series.tally import Tally
from daemon.web.apps.gather import Reader
from daemon.web.apps.view import RANGES, Line
from fake_clock import FakeClock

SHOP = {"app": "shop", "route": "/pay"}


def times(*values: float) -> Tally:
    return Tally(len(values), sum(values), min(values), max(values), values[-1], sketch.counted(values))


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_requests_are_those_with_a_time_and_those_without(kept: Kept, clock: FakeClock) -> None:
    now = clock.now()
    kept.put(now - 60, "http.time", SHOP, times(0.1, 0.2, 0.3))
    kept.put(now - 30, "http.views", SHOP, counted(7.0))
    kept.put(now - 30, "http.errors", SHOP, counted(2.0))
    kept.put(now - 30, "errors", {"app": "shop", "level": "error"}, counted(5.0))
    kept.put(now - 30, "errors", {"app": "shop", "level": "fatal"}, counted(1.0))
    kept.put(now - 30, "http.time", {"app": "other", "route": "/pay"}, times(9.0))
    reader = Reader(kept, clock, "1h")
    whole = reader.app("shop", None)
    found, points = whole.figures, whole.points
    assert (found.requests, found.errors, found.error_share, whole.reported) == (10.0, 2.0, 0.2, 6.0)
    assert found.p50 == pytest.approx(0.2, rel=0.02)
    assert found.time == pytest.approx(0.6)
    assert sum(point.figures.requests for point in points) == 10.0
    assert sum(point.reported for point in points) == 6.0
    of_route = reader.app("shop", "/pay")
    assert (of_route.figures, of_route.reported) == (found, 0.0)
    assert [line.name for line in reader.apps()] == ["shop", "other"]


def test_an_application_that_only_uses_resources_is_one_too(kept: Kept, clock: FakeClock) -> None:
    kept.put(clock.now() - 60, "resource.time", {"app": "worker", "type": "db", "resource": "orders"}, times(0.1))
    kept.put(clock.now() - 60, "resource.errors", {"app": "broken", "type": "db", "resource": "x"}, counted(1.0))
    assert [line.name for line in Reader(kept, clock, "1h").apps()] == ["broken", "worker"]


@pytest.mark.parametrize("span", RANGES)
@pytest.mark.parametrize("late", [0.0, 1.0, 59.9, 3_599.0])
def test_steps_cover_the_range_up_to_now_and_only_the_last_is_not_over(
    kept: Kept, clock: FakeClock, span: str, late: float
) -> None:
    clock.advance(late)
    length, step = RANGES[span]
    points = Reader(kept, clock, span).app("shop", None).points
    assert len(points) == length // step
    assert points[-1].begin <= clock.now() < points[-1].begin + step
    assert {point.length for point in points[:-1]} == {step}
    assert 10 <= points[-1].length <= step
    assert all(point.begin % step == 0 for point in points)


def test_a_rate_is_by_the_time_that_has_passed(kept: Kept, clock: FakeClock) -> None:
    step = RANGES["24h"][1]
    clock.advance(step - clock.now() % step + 60)
    kept.put(clock.now() - 50, "http.views", SHOP, counted(30.0))
    assert Reader(kept, clock, "24h").app("shop", None).points[-1].rate == 30.0


def test_a_thousand_routes_are_the_hundred_that_are_asked_most(kept: Kept, clock: FakeClock) -> None:
    for number in range(1_000):
        labels = {"app": "shop", "route": f"/{number}"}
        kept.put(clock.now() - 60, "http.time", labels, times(*[1 / (number + 1)] * (number + 1)))
    reader = Reader(kept, clock, "1h")
    found = reader.routes("shop", "requests")
    assert (found.all, len(found.lines)) == (1_000, 100)
    assert [line.name for line in found.lines[:2]] == ["/999", "/998"]
    slow = reader.routes("shop", "p95", 3)
    assert [line.name for line in slow.lines] == ["/0", "/1", "/2"]


def test_resources_are_told_apart_by_their_type(kept: Kept, clock: FakeClock) -> None:
    for kind in ("db", "cache"):
        kept.put(
            clock.now() - 60, "resource.time", {"app": "shop", "type": kind, "resource": "orders"}, times(0.1, 0.1)
        )
    kept.put(clock.now() - 60, "resource.errors", {"app": "shop", "type": "db", "resource": "orders"}, counted(1.0))
    lines = Reader(kept, clock, "1h").resources("shop", "errors").lines
    assert [(line.kind, line.name, line.figures.errors) for line in lines] == [
        ("db", "orders", 1),
        ("cache", "orders", 0),
    ]


def test_reading_changes_nothing_that_is_kept(kept: Kept, clock: FakeClock) -> None:
    kept.put(clock.now() - 60, "http.time", SHOP, spread(random.Random(1), 50, 0.1))
    reader = Reader(kept, clock, "1h")
    first: tuple[Line, ...] = reader.routes("shop", "requests").lines
    reader.apps()
    assert reader.routes("shop", "requests").lines == first
