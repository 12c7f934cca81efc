"""Alarms that fire until an instant: over then by themselves, unless they are heard of again."""

import pytest

from daemon.alerting import silencing
from daemon.alerting.dedupe import Change
from daemon.alerting.silencing import Wanted
from daemon.config.audience import Receiver, Route
from daemon.config.settings import Settings
from daemon.event import FOREVER, State, cleaned
from daemon.notice import Reason
from daemon.store import alerts, sent, silences, timers
from daemon.store.sqlite import SqliteStore
from daemon.store.timers import Kind
from daemon.units import Seconds
from fake_clock import BEGIN
from hearing import Hearing, Said
from made import at_once, event


@pytest.fixture
def story(store: SqliteStore) -> Hearing:
    route = at_once(Route(receiver="ops", repeat_interval=Seconds(86_400)))
    return Hearing(store, Settings(receivers={"ops": Receiver(name="ops")}, route=route))


def ends_at(story: Hearing, alert_id: int = 1) -> float | None:
    at = story.store.read(lambda tx: timers.at(tx, Kind.EXPIRY, alert_id))
    return None if at is None else at - BEGIN


def test_it_is_over_at_the_instant_that_its_source_named(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 240)
    story.to(239.9)
    assert [said.reason for said in story.said()] == [Reason.FIRST]
    assert story.to(1_000).said()[1:] == [Said(240, "ops", Reason.ALL_RESOLVED, (), ("a",))]


def test_what_ends_at_the_same_instant_is_told_together(store: SqliteStore) -> None:
    route = Route(receiver="ops", group_by=(), group_wait=Seconds(0), group_interval=Seconds(0))
    story = Hearing(store, Settings(receivers={"ops": Receiver(name="ops")}, route=route))
    story.fires("a", "b", "c", fires_until=BEGIN + 60)
    assert story.to(100).said()[1:] == [Said(60, "ops", Reason.ALL_RESOLVED, (), ("a", "b", "c"))]


def test_its_end_and_its_trace_say_since_when_nobody_spoke_of_it(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 60)
    story.to(30).fires("a", fires_until=BEGIN + 90)
    story.to(100)
    alert = story.store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.state, (alert.ended_at or 0) - BEGIN) == (State.RESOLVED, 90)
    assert alert.text == "not heard of since 2026-11-21 01:00:30 UTC"
    traced = [step for trace in story.store.read(lambda tx: alerts.traces(tx, 1)) for step in trace.steps]
    assert [(step.verdict, step.detail) for step in traced if step.stage == "expiry"] == [("unheard", alert.text)]


def test_being_heard_of_again_moves_the_end_and_says_nothing(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 240)
    before = story.store.read(lambda tx: len(alerts.traces(tx, 1)))
    for minute in range(1, 60):
        outcome = story.to(60 * minute).fires("a", fires_until=BEGIN + 60 * minute + 240)
        assert [one.change for one in outcome.accepted] == [Change.REPEAT]
    assert [said.reason for said in story.said()] == [Reason.FIRST]
    assert story.store.read(lambda tx: len(alerts.traces(tx, 1))) == before
    assert story.to(59 * 60 + 241).said()[1:] == [Said(59 * 60 + 240, "ops", Reason.ALL_RESOLVED, (), ("a",))]


def test_an_end_may_also_move_nearer(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 1_000)
    story.fires("a", fires_until=BEGIN + 10)
    assert [said.at for said in story.to(20).said()] == [0, 10]


def test_who_ends_it_takes_the_timer_with_him(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 100)
    story.to(50).ends("a")
    assert ends_at(story) is None
    story.fires("a", fires_until=BEGIN + 300)
    assert (ends_at(story, 1), ends_at(story, 2)) == (None, 300)
    assert [(said.at, said.reason) for said in story.to(400).said()] == [
        (0, Reason.FIRST),
        (50, Reason.ALL_RESOLVED),
        (50, Reason.FIRST),
        (300, Reason.ALL_RESOLVED),
    ]


def test_what_says_nothing_of_its_end_keeps_the_one_it_has_and_never_gets_one(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 100)
    story.fires("a", "b")
    assert (ends_at(story, 1), ends_at(story, 2)) == (100, None)
    assert {said.resolved for said in story.to(80_000).said()} == {(), ("a",)}


def test_a_timer_of_what_is_over_or_gone_does_nothing(story: Hearing) -> None:
    story.fires("a", fires_until=BEGIN + 100)
    story.ends("a")
    for ref in (1, 99):
        story.store.write(lambda tx, ref=ref: timers.put(tx, Kind.EXPIRY, ref, BEGIN + 10))
    assert [said.reason for said in story.to(200).said()] == [Reason.FIRST, Reason.ALL_RESOLVED]


def test_its_end_ends_a_silence_that_held_until_then(story: Hearing) -> None:
    wanted = Wanted(matchers=['team="db"'], author="lin", until_resolved=True)
    made = story.store.write(lambda tx: silencing.put(tx, wanted, BEGIN))
    story.fires("a", labels={"team": "db"}, fires_until=BEGIN + 60)
    story.to(70)
    kept = story.store.read(lambda tx: silences.get(tx, made.id))
    assert kept is not None
    assert kept.ends_at == BEGIN + 60


def test_what_was_sent_is_kept_as_it_was_sent_last(story: Hearing) -> None:
    labels = {"alertname": "Disk"}
    story.fires("a", labels=labels, annotations={"value": "1"}, fires_until=BEGIN + 60)
    story.fires("a", labels=labels, annotations={"value": "2"}, fires_until=BEGIN + 60)
    story.fires("b", labels=labels)
    first, second = story.store.read(lambda tx: sent.all_open(tx, 0, 10))
    assert (first.labels, first.annotations, first.fires_until) == (labels, {"value": "2"}, BEGIN + 60)
    assert (second.labels, second.annotations, second.fires_until) == (second.alert.labels, {}, None)
    assert second.labels.keys() == {"alertname", "severity", "source"}


def test_no_end_is_so_far_away_that_no_calendar_has_it() -> None:
    assert cleaned(event(fires_until=1e30), BEGIN).fires_until == BEGIN + FOREVER
    assert cleaned(event(fires_until=BEGIN - 5), BEGIN).fires_until == BEGIN - 5
    assert cleaned(event(), BEGIN).fires_until is None


def test_annotations_are_bounded_like_everything_else() -> None:
    given = {f"name {i}\n": "x" * 10_000 for i in range(100)}
    kept = cleaned(event(annotations=given), BEGIN).annotations
    assert len(kept) == 64
    assert {len(text) for text in kept.values()} == {8_000}
    assert all("\n" not in name for name in kept)
