"""From stretches of time to days, rolling uptime, and the times that something was down."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from daemon.history.stretches import Span, Time
from daemon.web import lines
from daemon.web.lines import MOST_OF_ONE, Spell, calendar
from daemon.web.view import DAYS, TIMES, WINDOWS, Day, added, seconds, uptime, worst

UP, DEGRADED, DOWN, UNKNOWN = Time.UP, Time.DEGRADED, Time.DOWN, Time.UNKNOWN
MAINTENANCE, UNWATCHED, PAUSED = Time.MAINTENANCE, Time.UNWATCHED, Time.PAUSED
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600_000


def day(**lengths: int) -> Day:
    return tuple(lengths.get(time.value, 0) for time in TIMES)


def row(*parts: tuple[Time, int], begin: int = 0) -> list[Span]:
    """Stretches behind one another, each with its length."""
    found = []
    for time, length in parts:
        found.append(Span(begin, begin + length, time))
        begin += length
    return found


@pytest.mark.parametrize(
    ("zone", "now", "lengths"),
    [
        ("UTC", "2026-11-21T01:00:00+00:00", [24, 24, 1]),
        ("Asia/Shanghai", "2026-11-21T01:00:00+00:00", [24, 24, 9]),
        ("Europe/Berlin", "2026-10-26T12:00:00+01:00", [24, 25, 12]),  # summer ends
        ("Europe/Berlin", "2026-03-29T23:59:00+02:00", [24, 24, 22 + 59 / 60]),  # it begins today
        ("America/Sao_Paulo", "2018-11-05T10:00:00-02:00", [24, 23, 10]),  # midnight itself is jumped over
        ("Pacific/Apia", "2012-01-01T00:00:00+14:00", [0, 24, 0]),  # a whole day was left out
    ],
)
def test_days_are_those_of_the_zone_and_the_last_one_is_today_as_far_as_it_has_come(
    zone: str, now: str, lengths: list[float]
) -> None:
    found = calendar(dt.datetime.fromisoformat(now).timestamp(), ZoneInfo(zone))
    assert len(found.days) == DAYS
    assert len(found.edges) == DAYS + 1
    widths = [(end - begin) / HOUR for begin, end in zip(found.edges, found.edges[1:], strict=False)]
    assert widths[-3:] == pytest.approx(lengths)
    assert all(width >= 0 for width in widths)
    assert found.days[-1] == dt.datetime.fromisoformat(now).astimezone(ZoneInfo(zone)).date()
    assert found.begin == min(found.edges[0], found.now - 90 * 24 * HOUR)


def test_a_day_is_what_its_time_was() -> None:
    spans = row((UNWATCHED, 3 * HOUR), (UP, 30 * HOUR), (DOWN, HOUR), (UNKNOWN, 2 * HOUR), (MAINTENANCE, HOUR))
    assert lines.days_of(spans, [0, 24 * HOUR, 48 * HOUR, 72 * HOUR]) == (
        day(unwatched=3 * HOUR, up=21 * HOUR),
        day(up=9 * HOUR, down=HOUR, unknown=2 * HOUR, maintenance=HOUR),
        day(),
    )


def test_rolling_windows_hold_what_lies_in_them_the_shortest_first() -> None:
    now = 100 * 24 * HOUR
    found = calendar(now / 1_000, dt.UTC)
    spans = row((DOWN, 11 * 24 * HOUR), (UP, 82 * 24 * HOUR), (DOWN, 12 * HOUR), (UP, now - 93 * 24 * HOUR - 12 * HOUR))
    of = dict(zip(WINDOWS, lines.rolling(spans, found.windows), strict=True))
    assert {name: seconds(one, DOWN) / 3_600 for name, one in of.items()} == {"24h": 0, "7d": 12, "30d": 12, "90d": 36}
    assert {name: sum(one) for name, one in of.items()} == {name: length * 1_000 for name, length in WINDOWS.items()}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], []),
        ([(UP, 9)], []),
        ([(UNWATCHED, 1), (UNKNOWN, 2), (UP, 3)], []),
        ([(UP, 1), (DOWN, 2), (UP, 3)], [(DOWN, 1, 3)]),
        ([(UP, 1), (DOWN, 2)], [(DOWN, 1, None)]),
        ([(DOWN, 1), (UP, 1), (DOWN, 1), (UP, 1)], [(DOWN, 2, 3), (DOWN, 0, 1)]),
        ([(DEGRADED, 1), (DOWN, 2), (DEGRADED, 3), (UP, 1)], [(DEGRADED, 3, 6), (DOWN, 1, 3), (DEGRADED, 0, 1)]),
        # cut off in the middle: one outage; and who cannot see does not see that it is over
        ([(DOWN, 1), (UNKNOWN, 1), (DOWN, 1), (UP, 1)], [(DOWN, 0, 3)]),
        ([(DOWN, 1), (UNKNOWN, 5)], [(DOWN, 0, None)]),
        ([(DOWN, 1), (UNKNOWN, 1), (UP, 1)], [(DOWN, 0, 1)]),
        ([(DOWN, 1), (UNKNOWN, 1), (DEGRADED, 1), (UP, 1)], [(DEGRADED, 2, 3), (DOWN, 0, 1)]),
        # what is announced is no outage
        ([(DOWN, 1), (MAINTENANCE, 2), (DOWN, 1), (UP, 1)], [(DOWN, 3, 4), (DOWN, 0, 1)]),
        ([(DOWN, 1), (MAINTENANCE, 2)], [(DOWN, 0, 1)]),
        ([(DOWN, 1), (PAUSED, 2), (UNWATCHED, 1)], [(DOWN, 0, 1)]),
    ],
)
def test_when_it_was_down(parts: list[tuple[Time, int]], expected: list[tuple[Time, int, int | None]]) -> None:
    assert lines.spells(row(*parts)) == [Spell(*one) for one in expected]


def test_what_flaps_does_not_push_everything_else_off_the_list() -> None:
    now = 1_000 * HOUR
    found = [Spell(DOWN, now - 10 * number, now - 10 * number + 1) for number in range(1, 200)]
    assert lines.recent(found, now) == found[:MOST_OF_ONE]


def test_what_is_over_for_long_is_not_listed_and_what_goes_on_is() -> None:
    now = 1_000 * HOUR
    old, begun_long_ago = Spell(DOWN, 5, 6), Spell(DOWN, 7, None)
    assert lines.recent([begun_long_ago, old], now) == [begun_long_ago]


@pytest.mark.parametrize(
    ("parts", "health", "expected"),
    [
        ([(UP, 5_000), (DOWN, 2_000)], DOWN, (DOWN, 5.0)),
        ([(UP, 5_000), (MAINTENANCE, 2_000)], DOWN, (MAINTENANCE, 5.0)),
        ([(UP, 5_000), (PAUSED, 2_000)], UP, (PAUSED, 5.0)),
        ([(UP, 5_000)], UNKNOWN, (UNKNOWN, None)),  # cut off this very moment
        ([(UNWATCHED, 5_000)], UNKNOWN, (UNKNOWN, None)),
        ([], UNKNOWN, (UNKNOWN, None)),
    ],
)
def test_how_it_stands_is_what_covers_its_time_else_its_verdict(
    parts: list[tuple[Time, int]], health: Time, expected: tuple[Time, float | None]
) -> None:
    assert lines.state(row(*parts), health) == expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([UP, DOWN, DEGRADED], DOWN),
        ([UP, UNKNOWN, DEGRADED], DEGRADED),
        ([UP, UNKNOWN, MAINTENANCE], UNKNOWN),
        ([UP, MAINTENANCE], MAINTENANCE),
        ([UP, PAUSED], UP),
        ([PAUSED], PAUSED),
        ([], UNKNOWN),
    ],
)
def test_what_stands_for_many_is_the_worst_of_them(states: list[Time], expected: Time) -> None:
    assert worst(states) is expected


def test_the_uptime_of_a_day_leaves_out_what_nobody_knows() -> None:
    assert uptime(day(up=50, degraded=40, down=10, unknown=900, maintenance=77, unwatched=5)) == 0.9
    assert uptime(day(unknown=5, maintenance=5)) is None
    assert added([day(up=1, down=2), day(up=3)]) == day(up=4, down=2)
