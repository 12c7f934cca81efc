"""Whether a route may speak: mute and active time intervals, alone, together, and on the way to a notice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.alerting.hours import opens, shut
from daemon.config.audience import Receiver, Route
from daemon.config.settings import Settings
from daemon.event import State
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing, Said
from made import event
from timed import at, interval, named

INTERVALS = {
    "night": named("night", interval("22:00-24:00"), interval("00:00-06:00")),
    "weekends": named("weekends", interval(weekdays="saturday sunday")),
    "office": named("office", interval("09:00-17:00", "monday:friday")),
    "saturdays": named("saturdays", interval("09:00-12:00", "saturday")),
    "always": named("always", interval()),
    "never": named("never"),
}
OUTSIDE = "outside of the active time intervals"


@pytest.mark.parametrize(
    ("mute", "active", "now", "why"),
    [
        ([], [], "2026-11-27 23:00", ""),
        (["night"], [], "2026-11-27 21:59", ""),
        (["night"], [], "2026-11-27 22:00", "muted by time interval 'night'"),
        (["weekends", "night"], [], "2026-11-27 23:00", "muted by time interval 'night'"),
        (["weekends", "night"], [], "2026-11-28 12:00", "muted by time interval 'weekends'"),
        ([], ["office"], "2026-11-27 16:59", ""),
        ([], ["office"], "2026-11-27 17:00", f"{OUTSIDE} 'office'"),
        ([], ["office", "saturdays"], "2026-11-28 11:00", ""),
        ([], ["office", "saturdays"], "2026-11-28 12:00", f"{OUTSIDE} 'office', 'saturdays'"),
        (["weekends"], ["office", "saturdays"], "2026-11-28 11:00", "muted by time interval 'weekends'"),
        (["weekends"], ["office"], "2026-11-27 20:00", f"{OUTSIDE} 'office'"),
        (["always"], ["always"], "2026-11-27 20:00", "muted by time interval 'always'"),
        (["never"], ["never"], "2026-11-27 20:00", f"{OUTSIDE} 'never'"),
        (["unknown"], ["unknown"], "2026-11-27 20:00", ""),
    ],
)
def test_why_a_route_is_shut(mute: list[str], active: list[str], now: str, why: str) -> None:
    assert shut(mute, active, INTERVALS, at(now)) == why


@pytest.mark.parametrize(
    ("mute", "active", "now", "then"),
    [
        (["night"], [], "2026-11-27 23:00", "2026-11-28 06:00"),
        (["night", "weekends"], [], "2026-11-27 23:00", "2026-11-30 06:00"),
        ([], ["office"], "2026-11-27 17:00", "2026-11-30 09:00"),
        (["weekends"], ["office", "saturdays"], "2026-11-27 17:00", "2026-11-30 09:00"),
        (["always"], [], "2026-11-27 17:00", None),
        ([], ["never"], "2026-11-27 17:00", None),
        (["office"], ["office"], "2026-11-27 10:00", None),
    ],
)
def test_when_it_opens_again(mute: list[str], active: list[str], now: str, then: str | None) -> None:
    assert opens(mute, active, INTERVALS, at(now)) == (at(then) if then else None)


names = st.lists(st.sampled_from(sorted(INTERVALS)), max_size=2)


@settings(max_examples=40, deadline=None)
@given(names, names, st.integers(1_795_000_000, 1_796_000_000))
def test_a_shut_route_opens_at_the_first_minute_at_which_it_is_not_shut(
    mute: list[str], active: list[str], now: int
) -> None:
    if not shut(mute, active, INTERVALS, now):
        return
    week = range((now // 60 + 1) * 60, now + 7 * 86_400, 60)
    first = next((minute for minute in week if not shut(mute, active, INTERVALS, minute)), None)
    assert opens(mute, active, INTERVALS, now) == first


def story(store: SqliteStore, *mute: str, active: tuple[str, ...] = ()) -> Hearing:
    """It begins on Saturday, 2026-11-21, at 01:00; groups are flushed after no wait and then every five minutes."""
    below = Route(receiver="shop", matchers=parse("team=shop"), mute_time_intervals=mute, active_time_intervals=active)
    root = Route(receiver="ops", group_wait=Seconds(0), repeat_interval=Seconds(86_400), routes=(below,))
    receivers = {name: Receiver(name=name) for name in ("ops", "shop")}
    return Hearing(store, Settings(receivers=receivers, route=root, time_intervals=INTERVALS))


def test_what_a_route_kept_to_itself_is_told_when_it_opens(store: SqliteStore) -> None:
    told = story(store, "night")
    told.fires("a", labels={"team": "shop"})
    told.fires("b")
    told.to(5 * 3_600 - 1)
    assert told.said() == [Said(0, "ops", Reason.FIRST, ("b",), ())]
    told.to(6 * 3_600)
    assert told.said()[1:] == [Said(5 * 3_600, "shop", Reason.FIRST, ("a",), ())]


def test_what_is_over_before_a_route_opens_is_not_told(store: SqliteStore) -> None:
    told = story(store, active=("saturdays", "office"))
    told.fires("a", labels={"team": "shop"})
    told.to(3_600).take(event(key="a", title="a", labels={"team": "shop"}, state=State.RESOLVED))
    assert told.to(12 * 3_600).said() == []


def test_the_trace_says_which_hours_kept_an_alarm_back_and_when_they_were_over(store: SqliteStore) -> None:
    told = story(store, active=("saturdays",))
    told.fires("a", labels={"team": "shop"})
    told.to(9 * 3_600)
    steps = [step for trace in store.read(lambda tx: alerts.traces(tx, 1)) for step in trace.steps]
    assert [(step.verdict, step.detail) for step in steps if step.stage == "mute"] == [
        ("hours", f"{OUTSIDE} 'saturdays'"),
        ("no_longer", ""),
    ]
