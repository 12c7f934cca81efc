"""Probes of what must not work: a port that is to be shut, a page that is to be gone."""

import pytest

from daemon.config.looking import ProbePlan
from daemon.errors import ConfigError
from daemon.event import Event
from daemon.probes.base import Probe
from daemon.probes.heartbeat import Heartbeat
from daemon.probing.judging import turned
from daemon.probing.scheduler import Scheduler
from daemon.probing.telling import probe_of
from daemon.reading import Health, Reading
from daemon.secret import Secret
from daemon.units import Seconds
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Hanging, Plans, plan


def said(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.title, event.state.value) for event in events if probe_of(event.key) == event.key]


def test_what_is_down_is_up_and_the_other_way_round() -> None:
    upside = plan("telnet", upside_down=True)
    up, down = turned(upside, BAD), turned(upside, GOOD)
    assert (up.health, up.detail, up.phases) == (Health.UP, "as it should be: connection refused", BAD.phases)
    assert (down.health, down.detail) == (Health.DOWN, "it works, and should not: 200 OK")
    slow = Reading(health=Health.DEGRADED, detail="slow", failed=("time < 1s: it was 2s",))
    assert (turned(upside, slow).health, turned(upside, slow).failed) == (Health.DOWN, ())
    unseen = Reading(health=Health.UNKNOWN, detail="no right to ping")
    assert turned(upside, unseen) == unseen
    assert turned(plan("telnet"), BAD) == BAD


def test_an_alarm_begins_when_it_works_and_ends_when_it_does_not(clock: FakeClock) -> None:
    now, events = [BAD], list[Event]()
    plans = Plans(plan("telnet", lambda: now[0], every=10, steady=0.0, upside_down=True))
    scheduler = Scheduler(plans, clock, events.extend)
    scheduler.start()
    clock.advance(30)
    now[0] = GOOD
    clock.advance(30)
    assert scheduler.run("telnet").health is Health.DOWN
    now[0] = BAD
    clock.advance(30)
    scheduler.stop()
    assert said(events) == [
        ("telnet is up: as it should be: connection refused", "resolved"),
        ("telnet is down: it works, and should not: 200 OK", "firing"),
        ("telnet is up: as it should be: connection refused", "resolved"),
    ]


def test_the_second_opinion_is_upside_down_too(clock: FakeClock) -> None:
    events: list[Event] = []
    plans = Plans(plan("telnet", lambda: GOOD, every=10, upside_down=True, second_opinion=True))
    scheduler = Scheduler(plans, clock, events.extend)
    scheduler.start()
    clock.advance(30)
    scheduler.stop()
    assert "second opinion: anew: down too (it works, and should not: 200 OK)" in events[0].text


def test_a_look_that_hangs_or_breaks_is_down_whichever_way(clock: FakeClock) -> None:
    def breaks() -> Reading:
        raise ZeroDivisionError

    hanging = Hanging()
    plans = Plans(
        plan("hangs", hanging, every=30, upside_down=True), plan("breaks", breaks, every=10, upside_down=True)
    )
    scheduler = Scheduler(plans, clock, lambda _events: None)
    scheduler.start()
    clock.advance(120)
    assert [one.verdict for one in scheduler.statuses()] == [Health.DOWN, Health.DOWN]
    scheduler.stop()


def test_what_calls_in_cannot_be_upside_down() -> None:
    heart: Probe = Heartbeat(key=Secret("0123456789abcdef"))
    with pytest.raises((ValueError, ConfigError), match="upside_down is nothing for a heartbeat"):
        ProbePlan(name="x", type="heartbeat", probe=heart, every=Seconds(60), upside_down=True)
