"""Stories of alarms that people answer, or do not: a Hearing with people, steps, acknowledgements and restarts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import made
from daemon.alerting import acknowledge, gather
from daemon.alerting.acknowledge import Refused, Wish
from daemon.alerting.rules import Rules
from daemon.config.audience import Escalation, InhibitRule, Leg, Person, Receiver, Route
from daemon.config.settings import Settings
from daemon.notice import Notice, Reason
from daemon.store import acks, alerts, escalations, notices, outbox
from daemon.store.acks import Ack
from daemon.store.base import Tx
from daemon.store.escalations import Ladder
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN
from hearing import Hearing

STEPS = (
    Escalation(after=Seconds(300), by=("sms",), to=("lin",)),
    Escalation(after=Seconds(900), by=("sms", "room"), to=("wang", "wu")),
    Escalation(after=Seconds(1_800), by=("room",)),
)


def settings(
    *routes: Route,
    steps: tuple[Escalation, ...] = STEPS,
    inhibit: tuple[InhibitRule, ...] = (),
    root: dict[str, object] | None = None,
) -> Settings:
    """`ops` and `db` tell a room; lin after 5 min, wang and wu after 15, the room after 30. Groups of one interval."""
    plain = made.settings()
    people = plain.people | {"wu": Person(name="wu", phone="+8613800000003")}
    receivers = {
        name: Receiver(name=name, notify=(Leg(by=("room",)),), escalate=steps) for name in ("ops", "db", "other")
    }
    defaults: dict[str, object] = {
        "receiver": "ops",
        "group_wait": Seconds(30),
        "group_interval": Seconds(300),
        "repeat_interval": Seconds(3_600 * 100),
    }
    route = Route(**(defaults | (root or {})), routes=routes)  # type: ignore[arg-type]
    return replace(plain, people=people, receivers=receivers, route=route, inhibit_rules=inhibit)


class Story(Hearing):
    """What an operator and the agenda do, one instant after the other."""

    store: SqliteStore

    def to(self, seconds: float) -> "Story":
        super().to(seconds)
        return self

    def ack(self, alert_id: int = 1, by: str = "lin", lasting: float = 3_600, **more: str) -> Ack | Refused:
        wish, now, rules = Wish(author=by, lasting=lasting, via="zmq", **more), self.now, self.rules
        return self.store.write(lambda tx: acknowledge.take(tx, alert_id, wish, rules.settings.acknowledge, now))

    def unack(self, alert_id: int = 1, who: str = "lin") -> Ack | Refused:
        now, rules = self.now, self.rules
        return self.store.write(lambda tx: acknowledge.release(tx, alert_id, who, rules, now))

    def reconfigure(self, changed: Settings) -> None:
        """Go over to other rules, as the agenda does after a reload."""
        rules, now = Rules(changed), self.now

        def work(tx: Tx) -> None:
            for alert in alerts.all_open(tx, 0, 1_000):
                gather.regathered(tx, alert, rules, now)
            gather.note_current(tx, rules)

        self.store.write(work)
        self.rules = rules

    def restart(self) -> None:
        """Nothing but what is in the store's file is left."""
        self.store.close()
        self.store = SqliteStore(self.store.path)
        self.rules = Rules(self.rules.settings)

    def sleeps_until(self, seconds: float) -> "Story":
        """Nobody runs until then."""
        self.now = BEGIN + seconds
        return self

    def delivers(self) -> "Story":
        """Whatever waits in the outbox has gone out."""
        self.store.write(lambda tx: tx.run("UPDATE deliveries SET phase = 'sent' WHERE phase = 'waiting'"))
        return self

    def told(self) -> list[tuple[float, Reason, str]]:
        """Every delivery that was ever made: when, why, to whom; `room` is nobody in particular."""
        found = self.store.read(lambda tx: outbox.newest(tx, limit=1_000))
        return sorted(
            (round(one.notice.at - BEGIN, 3), one.notice.reason, one.delivery.recipient.name or "room") for one in found
        )

    def deliveries(self) -> list[tuple[str, str]]:
        found = self.store.read(lambda tx: outbox.newest(tx, limit=1_000))
        return [(one.delivery.recipient.name, one.delivery.phase.value) for one in found]

    def notices(self, alert_id: int) -> list[Notice]:
        return self.store.read(lambda tx: notices.of_alert(tx, alert_id))

    def about(self, at: float) -> set[int]:
        """The ids of the alerts that were told at an instant."""
        found = self.store.read(lambda tx: outbox.newest(tx, limit=1_000))
        return {alert.id for one in found if round(one.notice.at - BEGIN, 3) == at for alert in one.notice.alerts}

    def ladders(self, alert_id: int) -> list[Ladder]:
        return self.store.read(lambda tx: escalations.of_alert(tx, alert_id))

    def acked(self, alert_id: int = 1) -> Ack | None:
        return self.store.read(lambda tx: acks.get(tx, alert_id))

    def trace(self, alert_id: int) -> list[tuple[str, str, str]]:
        found = self.store.read(lambda tx: alerts.traces(tx, alert_id))
        return [(step.stage, step.verdict, step.detail) for trace in found for step in trace.steps]

    def steps(self, verdict: str, alert_id: int = 1) -> int:
        return sum(1 for _, found, _ in self.trace(alert_id) if found == verdict)


@contextmanager
def told_of(store: SqliteStore) -> Iterator[Callable[..., Story]]:
    """Begins stories, and closes the stores that they were opened with anew."""
    begun: list[Story] = []

    def begin(*routes: Route, **more: Any) -> Story:
        begun.append(Story(store, settings(*routes, **more)))
        return begun[-1]

    yield begin
    for story in begun:
        story.store.close()
