"""The greenlet that does what is due: at its instant, after a restart, and past what cannot be done."""

from collections.abc import Iterator
from dataclasses import replace

import gevent
import pytest

from daemon import telemetry
from daemon.agenda import LONGEST_NAP, PUT_OFF, Agenda
from daemon.alerting import silencing
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.alerting.silencing import Wanted
from daemon.config.audience import Leg, Person, Receiver, Route
from daemon.config.settings import Settings
from daemon.config.silences import Silences
from daemon.event import State
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import alerts, notices, silences
from daemon.store.groups import AGENDA
from daemon.store.silences import Silence
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import FakeClock, settle
from made import Phone, channel, event, settings
from until import until

WAIT = 30


def rules(receiver: str = "ops") -> Rules:
    route = Route(receiver=receiver, group_by=("...",), group_wait=Seconds(WAIT))
    return Rules(Settings(receivers={name: Receiver(name=name) for name in ("ops", "db")}, route=route))


class Box:
    """A running agenda and what it has said."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.store, self.clock, self.rules = store, clock, rules()
        self.intake = Intake(store, clock, lambda: self.rules)
        self.agenda = Agenda(store, clock, lambda: self.rules, self.intake.nobody)
        self.agenda.start()
        self.quiet()

    def quiet(self) -> None:
        """Until it waits for the clock again. The store's threads take as long as the machine lets them."""
        settle()
        loop = self.agenda._loop
        until(lambda: loop is None or loop.dead or self.clock.has_waiting(loop))

    def advance(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)
            self.quiet()

    def said(self, alert_id: int = 1) -> list[tuple[str, Reason]]:
        found = self.store.read(lambda tx: notices.of_alert(tx, alert_id))
        return [(notice.receiver, notice.reason) for notice in found]


@pytest.fixture
def box(store: SqliteStore, clock: FakeClock) -> Iterator[Box]:
    made = Box(store, clock)
    yield made
    made.agenda.stop()


def test_a_group_is_flushed_when_it_is_due_and_not_before(box: Box) -> None:
    box.intake.events([event()])
    box.advance(WAIT - 1)
    assert box.said() == []
    box.advance(2)
    assert box.said() == [("ops", Reason.FIRST)]


def test_what_fell_due_while_it_was_down_is_done_at_the_start(box: Box) -> None:
    box.agenda.stop()
    box.intake.events([event()])
    box.clock.advance(WAIT * 2)
    box.agenda = Agenda(box.store, box.clock, lambda: box.rules, box.intake.nobody)
    box.agenda.start()
    box.quiet()
    assert box.said() == [("ops", Reason.FIRST)]


def test_a_group_that_cannot_be_flushed_is_put_off_and_the_others_go(box: Box) -> None:
    before = telemetry.put_off._value.get()
    box.intake.events([event(key="bad"), event(key="good")])
    box.store.write(lambda tx: tx.run("UPDATE groups SET labels = 'not json' WHERE id = 1"))
    box.advance(WAIT + 5)
    assert (box.said(1), box.said(2)) == ([], [("ops", Reason.FIRST)])
    assert telemetry.put_off._value.get() == before + 1
    box.store.write(lambda tx: tx.run("UPDATE groups SET labels = '{}' WHERE id = 1"))
    box.advance(PUT_OFF + 5)
    assert box.said(1) == [("ops", Reason.FIRST)]


def test_other_routes_gather_what_is_open_anew(box: Box) -> None:
    box.intake.events([event()])
    box.advance(WAIT + 1)
    box.rules = rules("db")
    box.agenda.reload()
    box.quiet()
    box.advance(WAIT + 1)
    assert box.said() == [("ops", Reason.FIRST), ("db", Reason.FIRST)]


def test_an_alarm_that_reaches_nobody_is_an_alarm_itself(box: Box) -> None:
    receivers = {"ops": Receiver(name="ops", notify=(Leg(by=("sms",), to=("lin",)),)), "db": Receiver(name="db")}
    own = Route(receiver="db", matchers=parse("check=nobody"), group_wait=Seconds(0))
    route = Route(receiver="ops", group_by=("...",), group_wait=Seconds(WAIT), routes=(own,))
    people = {"lin": Person(name="lin")}
    box.rules = Rules(
        Settings(receivers=receivers, route=route, people=people, channels={"sms": channel("sms", Phone())})
    )
    box.intake.events([event(title="Till is stuck")])
    box.advance(WAIT + 1)
    (alarm, _) = box.store.read(alerts.newest)
    assert (alarm.title, alarm.text) == (
        "Nobody was told by ops",
        "A1 (Till is stuck): lin has no address for sms",
    )


def test_a_silence_that_is_about_to_end_is_spoken_of(box: Box) -> None:
    box.rules = Rules(replace(box.rules.settings, silences=Silences(warn_before=Seconds(10))))
    wanted = Wanted(matchers=['source="shop"'], ends_at=box.clock.now() + WAIT + 15, author="lin")
    box.store.write(lambda tx: silencing.put(tx, wanted, box.clock.now()))
    box.intake.events([event()])
    box.advance(WAIT + 4)
    assert [alert.code for alert in box.store.read(alerts.newest)] == ["A1"]
    box.advance(3)
    (alarm, _) = box.store.read(alerts.newest)
    assert alarm.title.startswith("Silence S1 of lin ends in ")
    assert alarm.title.endswith("; it hid 1 alarm, which still fires")
    box.advance(10)
    assert box.store.read(alerts.newest)[0].state is State.RESOLVED


def test_an_alarm_that_is_told_at_once_does_not_wake_the_agenda_unless_something_is_due_soon(
    store: SqliteStore, clock: FakeClock
) -> None:
    woken: list[str] = []
    store.on(AGENDA, lambda: woken.append("woken"))
    intake = Intake(store, clock, lambda: Rules(settings()))
    intake.events([event()])
    intake.events([event(state=State.RESOLVED)])
    settle()
    assert woken == []
    mute = Silence(
        matchers=["host=web"], starts_at=0, ends_at=None, author="lin", comment="", created_at=0, updated_at=0
    )  # fmt: skip
    store.write(lambda tx: silences.add(tx, mute))
    intake.events([event(key="muted", labels={"host": "web"})])
    settle()
    assert woken == ["woken"]


def test_a_clock_that_is_set_back_keeps_nobody_waiting(box: Box) -> None:
    box.intake.events([event()])
    box.advance(WAIT)
    box.clock.jump(-86_400)
    box.advance(31)
    with gevent.Timeout(1):
        box.intake.events([event(key="other")])
    box.advance(WAIT + 1)
    assert box.said(2) == [("ops", Reason.FIRST)]


def test_a_group_that_waits_for_company_does_not_wait_for_a_clock_that_was_set_back(box: Box) -> None:
    box.intake.events([event()])
    box.advance(WAIT - 1)
    box.clock.jump(-86_400)
    box.advance(LONGEST_NAP + 1)
    assert box.said() == [("ops", Reason.FIRST)]


def test_after_a_start_with_the_clock_set_back_no_group_waits_longer_than_it_may(
    store: SqliteStore, clock: FakeClock
) -> None:
    before = Box(store, clock)
    before.intake.events([event()])
    before.agenda.stop()
    clock.jump(-86_400)
    box = Box(store, clock)
    try:
        box.advance(WAIT + 1)
        assert box.said() == [("ops", Reason.FIRST)]
    finally:
        box.agenda.stop()


def test_after_a_start_an_alarm_is_given_time_to_be_heard_of_again(store: SqliteStore, clock: FakeClock) -> None:
    intake = Intake(store, clock, rules)
    intake.events([event(key="a", fires_until=clock.now() + 60), event(key="b", fires_until=clock.now() + 9_000)])
    clock.jump(3_600)
    box = Box(store, clock)
    try:
        assert set(ends(box)) == {300, 9_000 - 3_600}
    finally:
        box.agenda.stop()


def test_a_clock_that_is_set_forward_ends_no_alarm(box: Box) -> None:
    box.intake.events([event(fires_until=box.clock.now() + 240)])
    box.advance(1)
    box.clock.jump(3_600)
    box.advance(LONGEST_NAP)
    (left,) = ends(box)
    assert 300 - LONGEST_NAP <= left <= 300
    assert [reason for _, reason in box.said()] == [Reason.FIRST]


def ends(box: Box) -> list[float]:
    """In how many seconds alarms are over by themselves."""
    rows = box.store.read(lambda tx: tx.all("SELECT at FROM timers WHERE kind = 'expiry' ORDER BY at"))
    return [row[0] - box.clock.now() for row in rows]
