"""A second opinion before something is called down."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

from daemon.config.looking import ProbePlan
from daemon.event import Event, State
from daemon.probing.doubt import Opinion, weighed
from daemon.probing.scheduler import Scheduler
from daemon.reading import Health, Looks, Reading
from daemon.units import Seconds
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Hanging, Plans, Scripted, plan

UNSEEN = Reading(health=Health.UNKNOWN, detail="no permission")
SLOW = Reading(health=Health.DEGRADED, detail="slow")


def opinions(*readings: Reading) -> list[Opinion]:
    return [Opinion(f"way {number}", reading) for number, reading in enumerate(readings)]


@pytest.mark.parametrize(
    ("others", "health"),
    [
        ((), Health.DOWN),
        ((BAD,), Health.DOWN),
        ((GOOD,), Health.DEGRADED),
        ((SLOW,), Health.DEGRADED),
        ((GOOD, BAD), Health.DOWN),
        ((GOOD, GOOD, BAD), Health.DEGRADED),
        ((UNSEEN,), Health.DOWN),
        ((UNSEEN, UNSEEN, GOOD), Health.DEGRADED),
    ],
)
def test_it_is_down_unless_more_of_the_others_see_it_well(others: tuple[Reading, ...], health: Health) -> None:
    assert weighed(BAD, opinions(*others)).health is health


def test_the_evidence_says_who_agrees_and_who_does_not() -> None:
    said = weighed(BAD, opinions(BAD, GOOD, UNSEEN)).evidence["second opinion"]
    assert said == "way 0: down too (connection refused); way 1: up (200 OK)"


def test_what_differs_stands_in_the_line_that_people_read() -> None:
    assert weighed(BAD, opinions(GOOD)).detail == "connection refused; but up seen way 0"


@dataclass(frozen=True, kw_only=True)
class TwoWays(Scripted):
    """Can be looked at in another way."""

    other: Looks = field(default_factory=Scripted, compare=False)
    near: bool = False

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        yield "over IPv6", self.other

    def is_near(self) -> bool:
        return self.near


def looked_at(probe: Looks, clock: FakeClock, seconds: float = 60) -> tuple[Scheduler, list[Event]]:
    events: list[Event] = []
    one = dataclasses.replace(plan("shop", every=10, second_opinion=True), probe=probe)
    scheduler = Scheduler(Plans(one), clock, events.extend)
    scheduler.start()
    clock.advance(seconds)
    return scheduler, [event for event in events if event.state is State.FIRING]


def test_the_alarm_says_which_agreed(clock: FakeClock) -> None:
    scheduler, (event,) = looked_at(TwoWays(answer=lambda: BAD, other=Scripted(answer=lambda: BAD)), clock)
    assert event.title == "shop is down: connection refused"
    assert "second opinion: anew: down too (connection refused); over IPv6: down too" in event.text
    scheduler.stop()


def test_what_others_see_well_is_degraded_and_not_down(clock: FakeClock) -> None:
    readings = iter([BAD, BAD, GOOD])
    probe = TwoWays(answer=lambda: next(readings, BAD), other=Scripted(answer=lambda: GOOD))
    scheduler, (event,) = looked_at(probe, clock, 20)
    assert (event.key, event.labels["verdict"]) == ("shop|degraded", "degraded")
    scheduler.stop()


def test_nobody_is_asked_about_a_reading_that_changes_nothing(clock: FakeClock) -> None:
    asked = []
    other = Scripted(answer=lambda: asked.append(1) or BAD)  # type: ignore[func-returns-value]
    scheduler, _ = looked_at(TwoWays(answer=lambda: BAD, other=other), clock, 600)
    assert len(asked) == 1
    scheduler.stop()


def test_what_is_near_is_believed(clock: FakeClock) -> None:
    asked = []
    other = Scripted(answer=lambda: asked.append(1) or GOOD)  # type: ignore[func-returns-value]
    scheduler, events = looked_at(TwoWays(answer=lambda: BAD, other=other, near=True), clock)
    assert (asked, [event.key for event in events]) == ([], ["shop"])
    scheduler.stop()


def test_a_way_that_hangs_is_cut_off_and_has_no_vote(clock: FakeClock) -> None:
    hanging = Hanging()
    scheduler, events = looked_at(TwoWays(answer=lambda: BAD, other=Scripted(answer=hanging)), clock, 40)
    assert [event.key for event in events] == ["shop"]
    assert hanging.cut == 1
    scheduler.stop()


def test_stopping_while_others_are_asked_says_nothing(clock: FakeClock) -> None:
    hanging = Hanging()
    scheduler, events = looked_at(TwoWays(answer=lambda: BAD, other=Scripted(answer=hanging)), clock, 20)
    assert hanging.asked == 1
    scheduler.stop()
    assert events == []
    assert hanging.cut == 1


def falling(clock: FakeClock, *plans: ProbePlan) -> tuple[Scheduler, Plans, list[Event]]:
    """Probes that are well, on their way to be looked at for the second bad time."""
    events = list[Event]()
    settings = Plans(*plans)
    scheduler = Scheduler(settings, clock, events.extend)
    scheduler.start()
    return scheduler, settings, events


@pytest.mark.parametrize("then", ["removed", "changed"])
def test_one_that_is_removed_or_changed_while_others_are_asked_is_not_called_down(clock: FakeClock, then: str) -> None:
    hanging, now = Hanging(), BAD
    shop = dataclasses.replace(
        plan("shop", every=10, second_opinion=True),
        probe=TwoWays(answer=lambda: now, other=Scripted(answer=hanging)),
    )
    scheduler, settings, events = falling(clock, shop)
    clock.advance(20)
    assert hanging.asked == 1
    now = GOOD
    settings.put(*([dataclasses.replace(shop, every=Seconds(12))] if then == "changed" else []))
    scheduler.reload()
    clock.advance(60)
    scheduler.stop()
    assert [event for event in events if event.state is State.FIRING] == []


def test_a_thousand_of_a_dead_network_fall_and_leave_room_for_the_others(clock: FakeClock) -> None:
    """Packets are swallowed: each look and each second opinion takes all of its time, and there are too many."""
    fallen = False

    def swallowed() -> Reading:
        if fallen:
            clock.sleep(5)
            return BAD
        return GOOD

    probe = TwoWays(answer=swallowed, other=Scripted(answer=swallowed))
    dead = [
        dataclasses.replace(plan(f"dead{number}", every=20, second_opinion=True), probe=probe)
        for number in range(1_000)
    ]
    looks = list[float]()
    other = plan("other", lambda: looks.append(clock.monotonic()) or GOOD, every=5)  # type: ignore[func-returns-value]
    scheduler, _, events = falling(clock, *dead, other)
    clock.advance(21)
    fallen = True
    clock.advance(30)
    looks.clear()
    clock.advance(60)
    assert len(looks) == 12
    clock.advance(60)
    scheduler.stop()
    assert len({event.key for event in events if event.state is State.FIRING}) == 1_000
