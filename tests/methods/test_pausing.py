"""Asking about one probe, and pausing it: what callers are told, and what they cannot ask."""

import pytest

from daemon.cli import probes as shown
from daemon.event import PROBE, Event
from daemon.methods.table import INVALID_PARAMS, NOT_ALLOWED, NOT_FOUND, REFUSED, Caller
from daemon.store import pauses
from fake_clock import BEGIN
from fake_parts import Desk, Said

READER = Caller(name="may", may=("read",))


def test_one_probe_is_told_with_its_next_looks_and_its_pauses(desk: Desk) -> None:
    kept = desk.store.write(lambda tx: pauses.begin(tx, "front", "lin", "new rack", BEGIN, BEGIN + 60))
    found = desk.ask("probes.get", READER, name="front")
    assert found["probe"]["name"] == "front"
    assert found["next"] == [BEGIN + 60 * number for number in range(5)]
    assert [one["id"] for one in found["pauses"]] == [kept.id]
    text = shown.detail(found)
    assert "front is up" in text
    assert "new rack" in text
    assert text.count(":00\n") >= 5


def test_a_cron_line_is_shown_with_the_clock_by_which_it_is_meant(desk: Desk) -> None:
    """Its next looks are shown by the clock of who asks: eight hours off, if nobody said whose clock the line is by."""
    found = desk.ask("probes.get", READER, name="front")
    found["probe"] |= {"cron": "0 2 * * *", "timezone": "Asia/Shanghai"}
    assert "rhythm    cron 0 2 * * * (Asia/Shanghai)\n" in shown.detail(found)


def test_a_pause_says_who_until_when_and_which_alarms_stay_open(desk: Desk) -> None:
    desk.intake.events(
        [Event(source=PROBE, key="front|degraded", title="slow"), Event(source=PROBE, key="x", title="y")]
    )
    made = desk.ask("probes.pause", name="front", duration="2h", comment=" new\nrack ")
    assert made["probe"] == "front"
    assert (made["pause"]["until"], made["pause"]["comment"]) == (desk.clock.now() + 7_200, "new rack")
    assert made["pause"]["author"]
    assert made["alerts"] == ["A1"]
    assert "A1 stays open" in shown.paused(made)


def test_without_a_duration_it_has_no_end_and_somebody_else_may_be_named(desk: Desk) -> None:
    made = desk.ask("probes.pause", name="front", author="may")
    assert (made["pause"]["until"], made["pause"]["author"]) == (None, "may")
    assert "until it is resumed" in shown.paused(made)
    over = desk.ask("probes.resume", name="front", author="lin")
    assert over["pause"]["ended_by"] == "lin"
    assert shown.paused(over) == "front is looked at again\n"


def test_what_is_not_paused_cannot_be_resumed(desk: Desk) -> None:
    with pytest.raises(Said) as refused:
        desk.ask("probes.resume", name="front")
    assert (refused.value.code, str(refused.value)) == (REFUSED, "front is not paused")


@pytest.mark.parametrize("method", ["probes.get", "probes.pause", "probes.resume"])
def test_a_probe_that_is_not_there_is_named_with_those_that_are(desk: Desk, method: str) -> None:
    with pytest.raises(Said) as refused:
        desk.ask(method, name="frnt")
    assert refused.value.code == NOT_FOUND
    assert str(refused.value) == "there is no probe 'frnt'; there are: front"


@pytest.mark.parametrize("duration", ["soon", "0s", "59s", "367d", -1, 1e300])
def test_a_duration_that_makes_no_sense_is_refused(desk: Desk, duration: object) -> None:
    with pytest.raises(Said) as refused:
        desk.ask("probes.pause", name="front", duration=duration)
    assert (refused.value.code, refused.value.data) == (INVALID_PARAMS, {"field": "duration"})
    assert desk.scheduler.calls.pauses == {}


@pytest.mark.parametrize("method", ["probes.pause", "probes.resume"])
def test_who_may_only_read_pauses_nothing(desk: Desk, method: str) -> None:
    with pytest.raises(Said) as refused:
        desk.ask(method, READER, name="front")
    assert refused.value.code == NOT_ALLOWED
