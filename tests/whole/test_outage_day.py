"""A simulated day: a storm of 5,000 alarms while the provider is down for two hours, and what is told then."""

from collections import deque
from dataclasses import dataclass, field
from random import Random
from typing import ClassVar

import pytest

from daemon.alerting import due, pipeline
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Receiver, Route
from daemon.declared import Rate
from daemon.errors import Scope, SendFailed, SendWait
from daemon.event import Severity, State
from daemon.notice import Acceptance, Message, Phase, Reason
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from delivering import Post, Provider
from fake_clock import BEGIN, FakeClock
from made import event
from made import settings as made_settings

HOUR, STEP = 3_600.0, 60.0
DOWN, UP = 2 * HOUR, 4 * HOUR
STORM, CRITICAL_SHARE, OVER_SHARE = 5_000, 0.01, 0.6
MOST, WITHIN = 20, 60.0
PENALTY = 600.0


@dataclass
class Robot:
    """A chat robot as DingTalk's: 20 messages a minute, and muted for ten minutes when there are more."""

    clock: FakeClock
    taken: list[tuple[float, Message]] = field(default_factory=list)
    tries: int = 0
    violations: int = 0
    muted_until: float = 0.0
    recent: deque[float] = field(default_factory=deque)

    def answer(self, message: Message) -> Acceptance:
        now = self.clock.now()
        self.tries += 1
        if BEGIN + DOWN <= now < BEGIN + UP:
            raise SendFailed("no connection", code="ECONNREFUSED")
        while self.recent and self.recent[0] + WITHIN <= now:
            self.recent.popleft()
        self.recent.append(now)
        if len(self.recent) > MOST or now < self.muted_until:
            self.violations += 1
            self.muted_until = now + PENALTY
            raise SendWait("send too fast", seconds=PENALTY, code="130101", scope=Scope.CHANNEL)
        self.taken.append((now - BEGIN, message))
        return Acceptance(provider_id=str(len(self.taken)))

    def after(self, instant: float) -> list[Message]:
        return [message for at, message in self.taken if at >= instant]


class Room(Provider):
    """One that needs no address."""

    address: ClassVar[str] = ""


class Day:
    """The whole way, from events to the robot, on one clock."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.robot = Robot(clock)
        self.post = Post(store, clock)
        room = Receiver(name="ops", notify=(Leg(by=("robot",)),))
        self.post.settings = made_settings(channels={}, receivers={"ops": room}, people={}, route=Route(receiver="ops"))
        self.post.channel("robot", Room(answer=self.robot.answer), rates=(Rate(most=MOST, within=Seconds(WITHIN)),))
        self.rules = Rules(self.post.settings)
        self.store, self.clock = store, clock
        self.post.courier.start()

    def hear(self, *keys: str, state: State = State.FIRING, severity: Severity = Severity.ERROR) -> None:
        now = self.clock.now()
        events = [event(key=key, title=key, state=state, severity=severity) for key in keys]
        with self.post.store.counted():
            self.store.write(lambda tx: pipeline.accept(tx, events, self.rules, now))

    def to(self, instant: float) -> None:
        """Let time pass in minutes: what is due in groups is told, and what waits in the outbox goes."""
        while self.clock.now() - BEGIN < instant:
            self.post.go(min(STEP, instant - (self.clock.now() - BEGIN)))
            self._do_due(self.clock.now())

    def _do_due(self, now: float) -> None:
        with self.post.store.counted():
            while (instant := self.store.read(due.next_due)) is not None and instant <= now:
                self.store.write(lambda tx: due.do_due(tx, self.rules, now, 500))


@pytest.mark.slow
def test_after_two_hours_of_outage_in_a_storm_everything_is_told_within_the_rate(
    store: SqliteStore, clock: FakeClock
) -> None:
    day, random = Day(store, clock), Random(7)
    naive = 0
    for hour in range(2):
        day.hear(f"morning {hour}")
        day.to((hour + 1) * HOUR)
    told_before = len(day.robot.taken)
    keys = [f"alarm {n}" for n in range(STORM)]
    critical = set(random.sample(keys, int(STORM * CRITICAL_SHARE)))
    over = set(random.sample(keys, int(STORM * OVER_SHARE)))
    per_step = STORM * STEP / (UP - DOWN) / 0.9
    fired: list[str] = []
    while day.clock.now() - BEGIN < UP - STEP:
        batch = keys[len(fired) : int((day.clock.now() - BEGIN - DOWN + STEP) / STEP * per_step)]
        for severity in (Severity.CRITICAL, Severity.ERROR):
            chosen = [key for key in batch if (key in critical) is (severity is Severity.CRITICAL)]
            if chosen:
                day.hear(*chosen, severity=severity)
        ended = [key for key in fired[-2 * int(per_step) : -int(per_step)] if key in over]
        if ended:
            day.hear(*ended, state=State.RESOLVED)
        naive += len(batch) + len(ended)
        fired += batch
        day.to(day.clock.now() - BEGIN + STEP)
    assert len(fired) == STORM
    day.to(UP + 2 * HOUR)
    day.post.go(WITHIN + 1)

    assert day.robot.violations == 0
    after = day.robot.after(UP)
    assert len(after) <= naive / 10
    rows = day.post.rows()
    assert {row.delivery.phase for row in rows} <= {Phase.SENT, Phase.FOLDED}
    told = told_keys(day)
    assert told >= set(keys), "nothing is lost"
    rest = next(n for n, message in enumerate(after) if message.alert.severity is not Severity.CRITICAL)
    assert rest > 0, "what is critical goes first"
    assert after[rest].notice.reason is Reason.DIGEST
    assert after[rest].notice.firing + after[rest].notice.resolved > STORM * 0.9
    assert told_before == 2
    day.post.stop()


def told_keys(day: Day) -> set[str]:
    """The keys of all alarms in notices that were really sent, those beyond the hundred that a notice carries too."""
    rows = day.store.read(
        lambda tx: tx.all(
            "SELECT DISTINCT a.key FROM alerts a JOIN notice_alerts l ON l.alert_id = a.id"
            " JOIN deliveries d ON d.notice_id = l.notice_id WHERE d.phase = 'sent'"
        )
    )
    return {row[0] for row in rows}
