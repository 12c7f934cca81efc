"""The auditor: rows broken by hand are found, told and mended; sound ones never are."""

from collections.abc import Callable

import pytest

from daemon.alerting import due
from daemon.alerting.audit import LATE, Auditor, Finding, Gap, findings, rows
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.audience import Route
from daemon.event import OWN, State
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import alerts, timers
from daemon.store.sqlite import SqliteStore
from daemon.store.timers import Kind
from daemon.units import Seconds
from fake_clock import BEGIN, FakeClock
from responding import STEPS, Story, settings

HOURLY = {"repeat_interval": Seconds(3_600)}


class Box:
    """A story, and an auditor that looks at its store."""

    def __init__(self, store: SqliteStore, *routes: Route, **more: object) -> None:
        self.story = Story(store, settings(*routes, root=HOURLY, **more))  # type: ignore[arg-type]
        self.clock = FakeClock()
        intake = Intake(store, self.clock, lambda: self.story.rules)
        self.auditor = Auditor(store, self.clock, lambda: self.story.rules, intake.alarm, intake.alarm_over)

    def look(self) -> list[Finding]:
        self.clock.jump(self.story.now - self.clock.now())
        return self.auditor.look()

    def gaps(self) -> list[Gap]:
        """What is found twice in a row."""
        self.look()
        return [finding.gap for finding in self.look()]

    def breaks(self, sql: str, *values: object) -> None:
        assert self.story.store.write(lambda tx: tx.run(sql, values)) > 0

    def alarm(self) -> str:
        own = self.story.store.read(lambda tx: alerts.newest(tx, source=OWN, state=State.FIRING))
        return own[0].text if own else ""


@pytest.fixture
def box(store: SqliteStore) -> Box:
    return Box(store)


def test_a_clock_that_was_set_back_keeps_no_step_waiting(box: Box) -> None:
    box.story.fires("a")
    box.story.to(400)
    box.story.sleeps_until(-50_000)
    assert box.gaps() == [Gap.STEP_UNSET]
    (ladder,) = box.story.ladders(1)
    assert ladder.next_at == box.story.now + 600


def stages(box: Box) -> list[Callable[[], object]]:
    """A long story in small steps: everything that may stand in the store while all is well."""
    story = box.story
    return [
        lambda: story.fires("a", "b", labels={"team": "db"}),
        lambda: story.to(10).ack(2),
        lambda: story.to(31),
        lambda: story.to(100).silence('team="db"', start=100, end=2_000),
        lambda: story.to(400).fires("c"),
        lambda: story.to(500).ends("c"),
        lambda: story.to(520).fires("c"),
        lambda: story.to(700).ack(1, lasting=600),
        lambda: story.to(1_100).reconfigure(settings(Route(receiver="db", matchers=parse('team="db"')), root=HOURLY)),
        lambda: story.to(1_350),
        lambda: story.to(2_500).ends("b"),
        lambda: story.to(2_510).unack(4),
        lambda: story.to(4_000).ack(1),
        lambda: story.to(6_000).reconfigure(settings(root=HOURLY)),
        lambda: story.to(20_000),
        lambda: story.ends("a", "c"),
        lambda: story.to(30_000),
    ]


def test_nothing_is_found_while_all_is_well(box: Box) -> None:
    for stage in stages(box):
        stage()
        assert box.gaps() == []
    assert box.alarm() == ""


def test_a_group_without_its_instant_is_told_and_given_one(box: Box) -> None:
    box.story.fires("a")
    box.story.to(40)
    box.breaks("UPDATE groups SET next_at = NULL")
    assert box.look() == []
    assert [(finding.gap, finding.name) for finding in box.look()] == [(Gap.NO_TICK, "A1 in G1")]
    assert "A1 in G1 waits for its group, which has no next instant" in box.alarm()
    assert box.story.steps("mended") == 1
    assert box.gaps() == []
    told = [(said.at, said.reason) for said in box.story.to(4_000).said() if said.firing == ("a",)]
    assert (3_630, Reason.REPEAT) in told


@pytest.mark.parametrize("news", ["fires", "ends", "silenced"])
def test_news_that_would_never_be_told_are_told_late(box: Box, news: str) -> None:
    box.story.fires("a")
    box.story.to(40)
    if news == "ends":
        box.story.delivers().ends("a")
    elif news == "fires":
        box.story.fires("b")
    else:
        box.story.silence('source="shop"', start=0, end=300)
        box.story.fires("b")
        box.story.to(331)
    box.breaks("UPDATE groups SET next_at = NULL")
    assert box.gaps() == [Gap.NO_TICK]
    reasons = [said.reason for said in box.story.to(1_000).said() if said.reason is not Reason.ESCALATED]
    assert len(reasons) >= 2


def test_an_alert_in_no_group_is_gathered(box: Box) -> None:
    box.story.fires("a")
    box.breaks("DELETE FROM members")
    assert set(box.gaps()) == {Gap.OUTSIDE}
    (first,) = [said for said in box.story.to(200).said() if said.reason is Reason.FIRST]
    assert "a" in first.firing


def test_what_is_long_past_is_told_and_left_to_the_agenda(box: Box) -> None:
    box.story.fires("a")
    box.story.sleeps_until(30 + LATE + 1)
    assert box.gaps() == [Gap.LATE]
    assert "G1 was due long ago" in box.alarm()
    assert "look for errors in tocsin's log" in box.alarm()
    box.story.to(400)
    assert box.gaps() == []
    assert box.alarm() == ""


def test_an_acknowledgement_without_its_timer_gets_it_again(box: Box) -> None:
    box.story.fires("a")
    box.story.to(40).ack(lasting=3_600)
    box.breaks("DELETE FROM timers WHERE kind = 'ack'")
    assert box.gaps() == [Gap.ACK_UNSET]
    assert [said.at for said in box.story.to(5_000).said() if said.reason is Reason.ACK_ENDED] == [3_640]


def test_what_is_over_keeps_neither_acknowledgement_nor_steps(box: Box) -> None:
    box.story.fires("a")
    box.story.to(40).ack(lasting=3_600)
    box.breaks("UPDATE alerts SET state = 'resolved', ended_at = ?", BEGIN)
    assert set(box.gaps()) >= {Gap.ACK_OVER, Gap.STEP_OVER}
    assert box.story.acked() is None
    assert Reason.ESCALATED not in [said.reason for said in box.story.to(9_000).said() if "a" in said.firing]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM timers WHERE kind = 'escalation'",
        "UPDATE escalations SET next_at = NULL",
        "UPDATE timers SET at = at + 100000 WHERE kind = 'escalation'",
    ],
)
def test_a_step_that_would_never_be_told_is_told(box: Box, sql: str) -> None:
    box.story.fires("a")
    box.story.to(100)
    box.breaks(sql)
    assert Gap.STEP_UNSET in box.gaps()
    steps = [said.at for said in box.story.to(9_000).said() if said.reason is Reason.ESCALATED and "a" in said.firing]
    assert steps == [330, 930, 1_830]
    assert Gap.STEP_UNSET not in box.gaps()


def test_one_that_was_due_long_ago_is_told_at_once(box: Box) -> None:
    box.story.fires("a")
    box.story.to(100)
    box.breaks("DELETE FROM timers WHERE kind = 'escalation'")
    box.story.to(5_000)
    box.gaps()
    steps = [said.at for said in box.story.to(7_000).said() if said.reason is Reason.ESCALATED and "a" in said.firing]
    assert steps == [5_000, 5_600, 6_500]


def test_an_escalation_that_does_not_count_begins(box: Box) -> None:
    box.story.fires("a")
    box.story.to(100)
    box.breaks("UPDATE escalations SET since = NULL, next_at = NULL")
    box.breaks("DELETE FROM timers WHERE kind = 'escalation'")
    assert box.gaps() == [Gap.UNCOUNTED]
    steps = [said.at for said in box.story.to(500).said() if said.reason is Reason.ESCALATED and "a" in said.firing]
    assert steps == [400]


def test_timers_of_nothing_are_taken_away(box: Box) -> None:
    box.story.store.write(lambda tx: timers.put(tx, Kind.ACK, 77, box.story.now + 50))
    box.story.store.write(lambda tx: timers.put(tx, Kind.ESCALATION, 78, box.story.now + 50))
    assert box.gaps() == [Gap.STRAY, Gap.STRAY]
    assert "ack is a timer of something that is not there" in box.alarm()
    assert box.story.store.read(lambda tx: tx.all("SELECT * FROM timers WHERE ref > 70")) == []


def test_timers_of_nothing_do_nothing(box: Box) -> None:
    for kind in (Kind.ACK, Kind.ESCALATION, Kind.DIGEST):
        box.story.store.write(lambda tx, kind=kind: timers.put(tx, kind, 77, box.story.now))
    assert box.story.to(10).said() == []
    assert box.story.store.read(due.next_due) is None


def test_what_is_seen_once_was_only_being_done(box: Box) -> None:
    box.story.fires("a")
    box.story.to(40)
    box.breaks("UPDATE groups SET next_at = NULL")
    assert box.look() == []
    box.breaks("UPDATE groups SET next_at = ?", box.story.now + 100)
    assert box.look() == []
    box.breaks("UPDATE groups SET next_at = NULL")
    assert box.look() == []
    assert box.alarm() == ""


def test_a_broken_store_full_of_them_makes_one_alarm(store: SqliteStore) -> None:
    box = Box(store, steps=())
    box.story.rules = Rules(settings(steps=(), root=HOURLY | {"group_by": ("...",)}))
    box.story.fires(*(f"k{n}" for n in range(60)))
    box.story.to(40)
    box.breaks("UPDATE groups SET next_at = NULL")
    assert len(box.gaps()) == 60
    assert "and 40 more" in box.alarm()
    assert len(box.alarm().splitlines()) == 22


def test_what_is_wrong_is_a_function_of_the_rows(box: Box) -> None:
    story = box.story
    story.fires("a")
    story.to(40)
    box.breaks("UPDATE groups SET next_at = NULL")
    found = story.store.read(lambda tx: rows(tx, story.now))
    assert {finding.gap for finding in findings(found, lambda _: True)} == {Gap.NO_TICK}
    assert findings(found, lambda _: False) == set()
    assert STEPS[0].after == 300
