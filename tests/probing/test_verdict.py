"""Hysteresis, and the events that come of it."""

from collections.abc import Iterable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.looking import ProbePlan
from daemon.event import Event, Severity, State, cleaned
from daemon.probing.telling import Story, removed, told
from daemon.probing.verdict import Course, judge
from daemon.probing.watched import Watched
from daemon.reading import Health, Reading
from probes_by_hand import BAD, GOOD, plan

SLOW = Reading(health=Health.DEGRADED, detail="slow")
UNSEEN = Reading(health=Health.UNKNOWN, detail="nobody could look")
FRONT = plan("shop-front", fail_after=3, recover_after=2, labels={"severity": "warning", "team": "web"})


def judged(
    readings: Iterable[Reading], probe: ProbePlan = FRONT, course: Course | None = None
) -> tuple[Course, list[Event]]:
    """Feed readings taken at 1000, 1001, …"""
    course, events = course or Course(), []
    rule = Watched(probe, 0.0).rule
    for now, reading in enumerate(readings, 1_000):
        before = course.verdict
        course = judge(course, reading.health, rule, float(now))
        events += told(probe, course, reading, Story()) if course.verdict is not before else []
    return course, events


def test_nothing_is_known_before_enough_readings_agree() -> None:
    course, events = judged([GOOD, BAD, BAD, GOOD, BAD, BAD, GOOD])
    assert course.verdict is Health.UNKNOWN
    assert course.since is None
    assert events == []


def test_enough_bad_readings_in_a_row_make_one_event() -> None:
    course, events = judged([GOOD, GOOD, BAD, BAD, BAD, BAD, BAD], course=Course(verdict=Health.UP))
    assert course.verdict is Health.DOWN
    assert len(events) == 1
    assert events[0] == Event(
        source="probe",
        key="shop-front",
        state=State.FIRING,
        severity=Severity.WARNING,
        title="shop-front is down: connection refused",
        text="scripted scripted://here\nconnection refused\nresolve 1.0 ms\nlast well: 1970-01-01 00:16:41 UTC",
        labels={"probe": "shop-front", "type": "scripted", "severity": "warning", "team": "web", "verdict": "down"},
        started_at=1_002.0,
    )


def test_a_good_reading_in_between_starts_the_row_again() -> None:
    course, events = judged([BAD, BAD, GOOD, BAD, BAD, GOOD, BAD, BAD], course=Course(verdict=Health.UP))
    assert course.verdict is Health.UP
    assert events == []


def test_one_good_reading_does_not_end_it_and_enough_do() -> None:
    down = Course(verdict=Health.DOWN, since=900.0)
    assert judged([GOOD, BAD, GOOD, BAD], course=down)[1] == []
    course, events = judged([BAD, GOOD, GOOD, GOOD], course=down)
    assert course.verdict is Health.UP
    assert [(event.state, event.ended_at, event.key) for event in events] == [
        (State.RESOLVED, 1_001.0, "shop-front"),
        (State.RESOLVED, 1_001.0, "shop-front|degraded"),
    ]


def test_the_first_verdict_after_a_start_is_said_whichever_it_is() -> None:
    assert {event.state for event in judged([GOOD, GOOD, GOOD])[1]} == {State.RESOLVED}
    assert [event.state for event in judged([BAD, BAD, BAD, BAD])[1]] == [State.FIRING]


def test_the_end_names_the_same_problem_as_the_beginning() -> None:
    _, events = judged([BAD, BAD, BAD, GOOD, GOOD])
    begin, end, _ = events
    assert begin.fingerprint() == end.fingerprint()
    assert begin.fingerprint() == removed("shop-front", 1.0)[0].fingerprint()


def test_one_reading_is_enough_where_one_is_asked_for() -> None:
    once = plan("x", fail_after=1, recover_after=1, steady=0)
    _, events = judged([GOOD, BAD, GOOD, BAD], once)
    down = [event.state.value for event in events if event.key == "x"]
    assert down == ["resolved", "firing", "resolved", "firing"]


def test_a_probe_that_nobody_graded_is_critical() -> None:
    assert judged([BAD, BAD], plan("x"))[1][0].severity is Severity.CRITICAL


def test_a_grade_in_other_words_is_kept_as_a_label_and_counts_as_critical() -> None:
    (event,) = judged([BAD, BAD], plan("x", labels={"severity": "page"}))[1]
    assert event.severity is Severity.CRITICAL
    assert event.labels["severity"] == "page"


@pytest.mark.parametrize("detail", ["x" * 100_000, "a\r\nSet-Cookie: b", "\ud800\x00", ""])
def test_no_detail_makes_an_event_that_cannot_be_stored(detail: str) -> None:
    (event,) = judged([Reading(health=Health.DOWN, detail=detail)] * 2, plan("x"))[1]
    assert cleaned(event, 2_000.0).title.startswith("x is down")


def test_so_many_of_so_many_see_a_pool_of_which_one_member_in_three_is_broken() -> None:
    pool = plan("pool", fail_after="3 of 8", recover_after="4 of 4")
    course, events = judged([GOOD, GOOD, BAD] * 4, pool, Course(verdict=Health.UP))
    assert course.verdict is Health.DOWN
    assert [event.started_at for event in events] == [1_002.0]


def test_what_led_to_one_change_does_not_count_for_the_next() -> None:
    probe = plan("x", fail_after="3 of 10", recover_after=2)
    course, events = judged([BAD, BAD, BAD, GOOD, GOOD, GOOD, BAD, BAD], probe, Course(verdict=Health.UP))
    assert course.verdict is Health.UP
    assert [event.state.value for event in events] == ["firing", "resolved"]


def test_degraded_has_an_alarm_of_its_own_that_stays_while_it_is_down() -> None:
    course, events = judged([SLOW, SLOW, BAD, BAD, SLOW, SLOW, GOOD, GOOD], plan("x"), Course(verdict=Health.UP))
    assert course.verdict is Health.UP
    assert [(event.key, event.state.value, event.started_at or event.ended_at) for event in events] == [
        ("x", "resolved", 1_000.0),
        ("x|degraded", "firing", 1_000.0),
        ("x", "firing", 1_002.0),
        ("x", "resolved", 1_004.0),
        ("x|degraded", "firing", 1_004.0),
        ("x", "resolved", 1_006.0),
        ("x|degraded", "resolved", 1_006.0),
    ]


@pytest.mark.parametrize(("severity", "degraded"), [("critical", "warning"), ("warning", "warning"), ("info", "info")])
def test_degraded_is_a_warning_or_less(severity: str, degraded: str) -> None:
    _, events = judged([SLOW, SLOW], plan("x", labels={"severity": severity}))
    (event,) = [event for event in events if event.state is State.FIRING]
    assert (event.severity.value, event.labels["severity"], event.labels["verdict"]) == (degraded, degraded, "degraded")


def test_better_than_down_and_not_well_is_degraded() -> None:
    course, _ = judged([SLOW, GOOD], plan("x"), Course(verdict=Health.DOWN))
    assert course.verdict is Health.DEGRADED


def test_what_saw_nothing_changes_nothing() -> None:
    down = Course(verdict=Health.DOWN, since=900.0)
    assert judged([UNSEEN] * 10, course=down) == (msgspec.structs.replace(down, unseen=10), [])
    assert judged([BAD, UNSEEN, BAD, UNSEEN, BAD], course=Course(verdict=Health.UP))[0].verdict is Health.DOWN


def test_one_that_flaps_must_be_well_longer_each_time_and_not_for_ever() -> None:
    probe = plan("x", fail_after=1, recover_after=2, steady=3_600)
    course, asked = Course(verdict=Health.UP, since=0.0, up_since=0.0), []
    for _ in range(7):
        course, _ = judged([BAD], probe, course)
        taken = 0
        while course.verdict is not Health.UP:
            course, _ = judged([GOOD], probe, course)
            taken += 1
        asked.append(taken)
    assert asked == [4, 8, 16, 32, 32, 32, 32]


def test_one_that_was_steady_is_asked_for_no_more_than_usual() -> None:
    probe = plan("x", fail_after=1, recover_after=2, steady=600)
    course = Course(verdict=Health.UP, since=0.0, up_since=0.0, relapses=3)
    assert judged([BAD], probe, course)[0].relapses == 0


RANK = {Health.UP: 0.0, Health.UNKNOWN: 0.5, Health.DEGRADED: 1.0, Health.DOWN: 2.0}
QUORUMS = st.tuples(st.integers(1, 6), st.integers(0, 6)).map(lambda two: f"{two[0]} of {sum(two)}")
ROW = st.lists(st.sampled_from([GOOD, SLOW, BAD, UNSEEN]), max_size=60)


@given(row=ROW, fail=QUORUMS, recover=QUORUMS)
def test_what_saw_nothing_between_others_makes_no_difference(row: list[Reading], fail: str, recover: str) -> None:
    probe = plan("x", fail_after=fail, recover_after=recover, steady=0)
    rule, with_them, without = Watched(probe, 0.0).rule, Course(), Course()
    for at, reading in enumerate(row):
        with_them = judge(with_them, reading.health, rule, float(at))
        if reading is not UNSEEN:
            without = judge(without, reading.health, rule, float(at))
        assert msgspec.structs.replace(with_them, unseen=0) == without


@given(row=ROW, fail=QUORUMS, recover=QUORUMS)
def test_every_verdict_has_as_many_readings_behind_it_as_were_asked_for(
    row: list[Reading], fail: str, recover: str
) -> None:
    probe = plan("x", fail_after=fail, recover_after=recover, steady=0)
    rule, course, since = Watched(probe, 0.0).rule, Course(), list[tuple[float, Health]]()
    for at, reading in enumerate(row):
        before, course = course, judge(course, reading.health, rule, float(at))
        if reading is not UNSEEN:
            since.append((float(at), reading.health))
        if course.verdict is before.verdict:
            continue
        is_worse = RANK[course.verdict] > RANK[before.verdict]
        asked = rule.fail if is_worse else rule.recover
        agree = [
            at
            for at, health in since[-asked.of :]
            if (RANK[health] >= RANK[course.verdict] if is_worse else RANK[health] <= RANK[course.verdict])
        ]
        assert len(agree) >= asked.count
        assert course.since == agree[0]
        since.clear()
