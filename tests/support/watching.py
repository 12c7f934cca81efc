"""Probes that are looked at by the real scheduler and recorder, on a clock that is turned by hand."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import gevent

from daemon.alerting import maintenance
from daemon.alerting.maintenance import Window
from daemon.config.silences import Silences
from daemon.history import tiers
from daemon.history.query import History
from daemon.history.recorder import Recorder
from daemon.history.stretches import Time, whole
from daemon.probing.beat import beat_of
from daemon.probing.ledger import Ledger
from daemon.probing.resting import Resting
from daemon.probing.scheduler import Scheduler
from daemon.reading import Health, Reading
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock, settle
from probes_by_hand import Plans, plan

NAME = "shop"
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = 3_600.0
A_BIT = 0.000_2

SEEN = {
    health: Reading(health=health, detail=f"it is {health}", phases={"resolve": 0.001, "connect": 0.02})
    for health in Health
}

Story = Callable[[float], Health | Reading]  # what a look at an instant sees


def at(text: str, zone: dt.tzinfo = BERLIN, *, fold: int = 0) -> float:
    """An instant by the clock on the wall."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def clock_for(begin: float, every: float = 60.0, name: str = NAME) -> FakeClock:
    """A clock that begins then, by which the looks of a probe lie at round instants."""
    return FakeClock(begin + 1_000.0 - beat_of(name, every).offset - every * (1_000.0 // every))


class Life:
    """One machine on which tocsin is started, stopped and killed."""

    def __init__(
        self, store: SqliteStore, clock: FakeClock, sees: Story, *, every: float = 60.0, **more: object
    ) -> None:
        self.store = store
        self.clock = clock
        self.sees = sees
        self.plans = Plans(plan(NAME, self.look, every=every, **more))
        self.start()

    def look(self) -> Reading:
        seen = self.sees(round(self.clock.now(), 3))
        return seen if isinstance(seen, Reading) else SEEN[seen]

    def start(self) -> None:
        ledger = Ledger(self.store, self.clock)
        rests = Resting(ledger, lambda: self.plans().time_intervals)
        self.recorder = Recorder(self.store, self.clock, self.plans, every=6 * HOUR, rests=rests)
        self.recorder.start()
        self.history = History(self.store, self.clock, self.plans, self.recorder)
        self.scheduler = Scheduler(self.plans, self.clock, lambda _: None, record=self.recorder, ledger=ledger)
        self.scheduler.start()

    def stop(self) -> None:
        self.scheduler.stop()
        self.recorder.stop()

    def kill(self) -> None:
        """Nothing is written any more."""
        self.scheduler.stop()
        gevent.killall([one for one in (self.recorder._loop, self.recorder._roller._greenlet) if one is not None])

    def to(self, instant: float) -> None:
        """Let time pass up to an instant by the clock on the wall, and a bit: what is due then is done.

        The store keeps up with it.
        """
        while (left := instant + A_BIT - self.clock.now()) > A_BIT / 2:
            self.clock.advance(min(left, 6 * HOUR))
            self.store.write(lambda tx: tx.one("SELECT 1"))
            settle()

    def roll(self) -> None:
        """Write all down, and add it up: here, and not beside us."""
        self.recorder._roller.stop()
        self.recorder.flush()
        tiers.roll(self.store, self.clock, int(self.clock.now()))

    def maintain(self, matchers: list[str], seconds: float, name: str = "deploy") -> None:
        window = Window(name=name, matchers=matchers, duration=seconds, author="lin", comment="")
        now = self.clock.now()
        self.store.write(lambda tx: maintenance.opened(tx, window, Silences(), now))

    def close(self, name: str = "deploy") -> None:
        now = self.clock.now()
        self.store.write(lambda tx: maintenance.closed(tx, name, "lin", now))

    def seconds(self, begin: float, end: float) -> dict[str, float]:
        """How long it was what, of what there was."""
        shares = whole(self.history.line(NAME, begin, end))
        return {time.value: shares[time] / 1_000 for time in Time if shares[time]}

    def line(self, begin: float, end: float) -> list[tuple[str, str]]:
        """From when on it was what, by the clock in Berlin."""
        return [
            (f"{dt.datetime.fromtimestamp(span.begin / 1_000, BERLIN):%a %H:%M:%S}", span.time.value)
            for span in self.history.line(NAME, begin, end)
        ]
