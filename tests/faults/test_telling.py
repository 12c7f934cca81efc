"""What is told of errors: once for each, again when it comes back, many as one, and the end of it."""

from typing import Any

import pytest

from daemon import telemetry
from daemon.errors import StoreUnavailable
from daemon.event import Severity, State
from daemon.faults.faults import Change
from daemon.series.standard import ERRORS
from daemon.store import fault_news, faults
from daemon.store.faults import State as Standing
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN, FakeClock
from faulty import Desk, error, message, summary

HOUR = 3_600.0


def resolve(desk: Desk, **more: Any) -> None:
    fault = desk.all(state="unresolved")[-1]
    desk.faults.change(fault.id, Change(**{"state": Standing.RESOLVED, "by": "lin"} | more))
    desk.told()


def test_five_thousand_of_one_error_are_one_alarm(desk: Desk) -> None:
    heard = []
    for round_ in range(10):
        heard += desk.come(*(error(value=f"bad order {round_ * 500 + number}") for number in range(500)))
    (event,) = heard
    assert (event.source, event.severity, event.title) == ("errors", Severity.ERROR, "ValueError: bad order 0")
    assert event.labels == {
        "app": "shop",
        "environment": "production",
        "level": "error",
        "fault": "E1",
        "type": "ValueError",
        "release": "1.0",
        "route": "/pay",
        "alarm": "first",
    }
    assert "shop.cart.py:17 pay" in event.text
    assert desk.only().count == 5_000


def test_its_alarm_is_over_when_it_does_not_come_for_a_while(desk: Desk) -> None:
    (first,) = desk.come(error())
    assert desk.later(HOUR - 1) == []
    desk.come(error())
    assert desk.later(HOUR - 1) == []
    (over,) = desk.later(1)
    assert (over.state, over.key, over.ended_at) == (State.RESOLVED, first.key, desk.clock.now())
    assert "did not come for 1h; 2 times in all" in over.text
    assert desk.come(error()) == []  # nobody resolved it: it is told no more
    assert desk.later(2 * HOUR) == []


def test_what_nobody_resolved_is_told_again_when_it_stayed_away_for_long(desk: Desk) -> None:
    (first,) = desk.come(error())
    desk.later(7 * 24 * HOUR)
    (again,) = desk.come(error())
    assert (again.key, again.title, again.labels["alarm"]) == (
        first.key,
        "Again: ValueError: bad order 17",
        "regression",
    )
    assert "Nobody resolved it; it did not come for 7d, and came again (2 times in all)." in again.text
    assert (desk.only().state, desk.only().regressions) == (Standing.UNRESOLVED, 0)
    assert desk.come(error()) == []


def test_an_alarm_that_is_open_for_weeks_is_told_as_still_there(desk: Desk) -> None:
    """Alerting ends what nobody speaks of for `retention.silent`."""
    (first,) = desk.come(error())
    for _ in range(8 * 48):
        desk.later(HOUR / 2)
        desk.write(error(at=desk.clock.now()))
    desk.told()
    desk.faults.tidy()
    assert desk.told() == [first]
    desk.faults.tidy()
    assert desk.told() == []
    desk.later(HOUR)
    desk.faults.tidy()
    assert desk.told() == []


def test_when_an_error_says_that_it_was_is_believed_of_its_alarm_within_reason(desk: Desk) -> None:
    now = desk.clock.now()
    for number, at in enumerate((0.0, now - 60, 4e9)):
        desk.write(error(f"Kind{'x' * number}", at=at))
    assert [one.started_at for one in desk.told()] == [now, now - 60, now]


def test_what_was_resolved_and_comes_again_is_told(desk: Desk) -> None:
    (first,) = desk.come(error())
    fault = desk.only()
    desk.faults.change(fault.id, Change(state=Standing.RESOLVED, by="lin", comment="mended in 1.1"))
    (over,) = desk.told()
    assert (over.state, over.text) == (State.RESOLVED, "Resolved by lin. mended in 1.1")
    desk.clock.advance(60)
    (again,) = desk.come(error(release="1.1"))
    assert (again.key, again.title) == (first.key, "Again: ValueError: bad order 17")
    assert (again.labels["alarm"], again.labels["release"]) == ("regression", "1.1")
    assert "It was resolved by lin, and came again (2 times in all)." in again.text
    found = desk.only()
    assert (found.state, found.regressions, found.changed_by) == (Standing.UNRESOLVED, 1, "")
    assert desk.come(error()) == []


def test_what_was_on_its_way_when_it_was_resolved_does_not_bring_it_back(desk: Desk) -> None:
    desk.come(error())
    sent = desk.clock.now()
    desk.clock.advance(60)
    resolve(desk)
    assert desk.come(error(received_at=sent)) == []
    assert (desk.only().state, desk.only().count) == (Standing.RESOLVED, 2)


def test_resolved_in_the_next_release_it_comes_back_only_from_that(desk: Desk) -> None:
    desk.come(error(release="1.0"), error(release="1.1"))
    desk.clock.advance(60)
    resolve(desk, next_release=True)
    desk.clock.advance(60)
    assert desk.come(error(release="1.0"), error(release="1.1"), error(release="")) == []
    assert desk.only().state is Standing.RESOLVED
    (again,) = desk.come(error(release="1.2"))
    assert again.labels["release"] == "1.2"


def test_releases_are_known_however_many_there_are_and_however_many_tags(desk: Desk) -> None:
    tags = tuple((f"tag{number}", "x") for number in range(30))
    for number in range(40):
        desk.come(error(release=f"1.{number}", tags=tags))
        desk.clock.advance(60)
    resolve(desk, next_release=True)
    desk.clock.advance(60)
    assert desk.come(*(error(release=f"1.{number}") for number in range(20, 40))) == []
    assert len(desk.come(error(release="1.40"))) == 1


def test_a_new_release_brings_it_back_also_where_the_applications_clock_is_slow(desk: Desk) -> None:
    desk.come(error())
    desk.clock.advance(60)
    resolve(desk, next_release=True)
    desk.clock.advance(5)
    desk.write(error(release="1.1", at=desk.clock.now() - 30))
    assert summary(desk.told()) == [("regression", "fires")]


def test_what_was_resolved_comes_back_although_the_clock_was_set_back(desk: Desk) -> None:
    desk.come(error())
    desk.clock.advance(60)
    resolve(desk)
    desk.clock.jump(-86_400)
    assert summary(desk.come(error())) == [("regression", "fires")]


@pytest.mark.parametrize(
    ("change", "quiet", "seconds"), [({}, 50, 400 * 86_400), ({"more": 3}, 3, 1), ({"until": BEGIN + 60}, 5, 60)]
)
def test_what_is_ignored_is_counted_and_told_when_that_is_over(
    desk: Desk, change: dict[str, Any], quiet: int, seconds: float
) -> None:
    desk.come(error())
    desk.faults.change(1, Change(state=Standing.IGNORED, by="may", **change))
    assert summary(desk.told()) == [("first", "over")]
    for _ in range(quiet):
        assert desk.come(error()) == []
    assert desk.only().count == quiet + 1
    desk.later(seconds)
    told = desk.come(error())
    assert summary(told) == ([("regression", "fires")] if change else [])
    assert desk.only().state is (Standing.UNRESOLVED if change else Standing.IGNORED)


def test_reopened_it_raises_no_alarm_by_that(desk: Desk) -> None:
    desk.come(error())
    resolve(desk)
    desk.faults.change(1, Change(state=Standing.UNRESOLVED, by="lin"))
    assert desk.told() == []
    assert desk.come(error()) == []
    assert desk.faults.change(99, Change(state=Standing.RESOLVED, by="lin")) is None


def test_a_thousand_new_ones_in_a_minute_are_told_as_many(desk: Desk) -> None:
    heard = []
    for batch in range(10):
        heard += desk.come(*(error(f"Error{chr(97 + batch)}{'x' * number}") for number in range(100)))
        heard += desk.later(5)
    assert summary(heard) == [("first", "fires")] * 10 + [("storm", "fires")]
    assert heard[-1].title == "Many new errors in shop"
    assert summary(desk.come(error(app="other"))) == [("first", "fires")]  # nobody else's storm
    (over,) = desk.later(60)
    assert (over.labels["alarm"], over.state) == ("storm", State.RESOLVED)
    assert "990 were not told one by one within 45s" in over.text
    assert summary(desk.come(error("AfterTheStorm"))) == [("first", "fires")]
    stormed = next(one for one in desk.all() if one.type == "Errorj")
    told = desk.store.read(lambda tx: fault_news.of(tx, stormed.id))
    assert [one.what.value for one in told] == ["stormed"]


def test_a_storm_that_a_killed_process_left_is_ended_by_the_next(desk: Desk) -> None:
    desk.come(*(error(f"Error{'x' * number}") for number in range(20)))
    desk.clock.advance(120)
    desk.faults = desk.another()
    assert summary(desk.later(0)) == [("storm", "over")]


def test_far_more_than_usual_is_told_until_it_is_over(desk: Desk) -> None:
    desk.come(error())
    for _ in range(24):  # usual: 12 an hour, so one in five minutes
        desk.clock.advance(HOUR)
        desk.come(*[error()] * 12)
    desk.later(HOUR)
    assert desk.come(*[error()] * 49) == []
    (event,) = desk.come(error())
    assert event.labels["alarm"] == "spike"
    assert event.key.endswith("/spike")
    assert event.text.startswith("50 in five minutes; usual are 1.0.\n")
    assert desk.come(*[error()] * 1_000) == []
    assert desk.later(300) == []  # half of it still counts
    assert summary(desk.later(300)) == [("spike", "over")]
    assert desk.only().spike == 0


def test_many_of_what_always_comes_often_are_no_spike(desk: Desk) -> None:
    desk.come(error())
    for _ in range(24):
        desk.clock.advance(HOUR)
        desk.come(*[error()] * 600)  # 50 in five minutes
    desk.later(HOUR)
    assert desk.come(*[error()] * 450) == []
    assert summary(desk.come(*[error()] * 100)) == [("spike", "fires")]


def test_a_new_error_that_comes_often_is_told_as_new_only(desk: Desk) -> None:
    assert summary(desk.come(*[error()] * 5_000)) == [("first", "fires")]


@pytest.mark.parametrize(
    ("rules", "quiet"),
    [
        ({"level": "fatal"}, error()),
        ({"environments": ("production",)}, error(environment="staging")),
        ({"environments": ("production",)}, error(environment="")),
        ({"ignore": ("^ValueError: bad",)}, error()),
        ({"ignore": ("order [0-9]+$",)}, error()),
        ({"ignore": ("went away",)}, message("the client\nwent away")),
        ({"alarm": ("regression",)}, error()),
    ],
)
def test_what_the_settings_leave_out_is_kept_and_not_told(
    measured: SqliteStore, clock: FakeClock, rules: dict[str, Any], quiet: Any
) -> None:
    desk = Desk(measured, clock, alarms=rules)
    assert desk.come(quiet) == []
    assert desk.only().count == 1


def test_an_application_may_have_rules_of_its_own(measured: SqliteStore, clock: FakeClock) -> None:
    desk = Desk(measured, clock, alarms={"level": "warning"})
    desk.settings.apps["till"] = type(desk.settings.alarms)(level="fatal")
    assert len(desk.come(error(level="warning"), error(app="till"))) == 1
    (event,) = desk.come(error("Worse", app="till", level="fatal"))
    assert event.severity is Severity.CRITICAL


def test_an_error_of_staging_is_told_when_it_reaches_production(measured: SqliteStore, clock: FakeClock) -> None:
    desk = Desk(measured, clock, alarms={"environments": ("production",)})
    assert desk.come(error(environment="staging")) == []
    (event,) = desk.come(error(environment="staging"), error())
    assert (event.labels["alarm"], event.labels["environment"]) == ("first", "production")


def test_what_alerting_could_not_take_is_told_the_next_time(desk: Desk) -> None:
    desk.deaf = True
    assert desk.come(error()) == []
    assert desk.store.read(lambda tx: fault_news.of(tx, 1))[0].told_at is None
    desk.deaf = False
    assert summary(desk.told()) == [("first", "fires")]
    assert desk.told() == []


def test_killed_before_it_was_told_it_is_told_by_the_next_process(desk: Desk) -> None:
    desk.write(error())
    desk.faults = desk.another()
    assert summary(desk.told()) == [("first", "fires")]


def test_killed_after_it_was_told_it_is_told_again_as_the_same(desk: Desk) -> None:
    """Between alerting's yes and our note of it: the same key and time, which alerting takes for a repeat."""
    desk.write(error())
    waiting = desk.store.read(lambda tx: fault_news.waiting(tx, 10))
    before = [one.event for one in waiting]
    desk.faults = desk.another()
    assert desk.told() == before


def test_what_runs_twice_in_the_store_counts_once(desk: Desk) -> None:
    """A neighbour in the same commit fails: all of it is undone, and done again without that one."""
    came = [error() for _ in range(3)]

    def torn(tx: Any) -> None:
        desk.faults.digest(tx, came, desk.clock.now())
        raise StoreUnavailable("torn")

    with pytest.raises(StoreUnavailable):
        desk.store.write(torn)
    assert desk.all() == []
    assert len(desk.come(*came)) == 1
    assert desk.only().count == 3


def test_each_is_counted_in_the_series_errors(desk: Desk) -> None:
    desk.come(*[error()] * 3, error(level="warning"), *[error()] * 4, error(app="till", level="nonsense"))
    found = {live.key.labels: tally.total for live in desk.series if (tally := live.take())}
    assert {live.key.name for live in desk.series} == {ERRORS}
    assert found == {
        (("app", "shop"), ("level", "error")): 7.0,
        (("app", "shop"), ("level", "warning")): 1.0,
        (("app", "till"), ("level", "error")): 1.0,
    }
    desk.told()
    assert all(live.take() is None for live in desk.series)


def test_what_is_told_is_counted(desk: Desk) -> None:
    counter = telemetry.error_alarms.labels("counted-shop", "first")
    before = counter._value.get()
    desk.come(error(app="counted-shop"))
    assert counter._value.get() == before + 1


def test_a_clock_that_was_set_back_ends_no_alarm_and_keeps_none_open(desk: Desk) -> None:
    desk.come(error())
    desk.clock.jump(-86_400)
    assert desk.later(10) == []
    assert desk.later(HOUR - 20) == []
    assert summary(desk.later(20)) == [("first", "over")]
    assert desk.come(*[error()] * 10) == []
    assert desk.only().last_at <= desk.clock.now() + 1
    assert desk.only().count == 11


def test_what_came_long_ago_or_is_to_come_is_taken_for_now(desk: Desk) -> None:
    now = desk.clock.now()
    desk.write(*(error(at=at) for at in (0.0, -1e300, now + 1e9, float("nan"), float("inf"), now - 60)))
    desk.told()
    assert (desk.only().first_at, desk.only().last_at) == (now - 60, now)


def test_news_of_what_is_gone_by_then_is_told_all_the_same(desk: Desk) -> None:
    desk.write(error())
    desk.store.write(lambda tx: faults.delete(tx, [1]))
    assert summary(desk.told()) == [("first", "fires")]


def test_an_alarm_that_alerting_cannot_take_keeps_no_other_back(desk: Desk) -> None:
    desk.cannot_bear = "Poison"
    told = desk.come(error("One"), error("Poison"), error("Other"))
    assert [one.labels["type"] for one in told] == ["One", "Other"]
    assert desk.told() == []
