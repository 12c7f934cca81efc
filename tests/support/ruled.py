"""Rules over numbers that a test makes, slot by slot, with a clock that is turned by hand."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from daemon.config.decode import BAD, Decoder
from daemon.config.findings import Findings, Place
from daemon.config.nodes import Entry, compose
from daemon.config.settings import Settings
from daemon.config.thresholds import Rule
from daemon.event import Event, State
from daemon.internal import Check
from daemon.series.key import Kind, Labels
from daemon.series.rows import Row
from daemon.series.table import SLOT, Table
from daemon.store.migrate import MEASURED
from daemon.thresholds.keeper import Keeper
from daemon.thresholds.standing import Standing
from direct_store import DirectStore
from fake_clock import FakeClock
from remembered import Remembered

BEGIN = 1_795_222_800.0  # a whole hour


def rule(text: str) -> Rule:
    """A rule as it stands in the configuration; what is wrong with it fails the test."""
    found, problems = tried(text)
    assert not problems, problems
    assert found is not None
    return found


def tried(text: str) -> tuple[Rule | None, list[str]]:
    """The same, with what is wrong."""
    findings = Findings()
    node = compose(text, "tocsin.yml", findings)
    assert node is not None
    found = Decoder(findings, {}).value(Rule, Entry(Place("tocsin.yml", 1), node), ("rules",))
    return (None if found is BAD else found), findings.problems


class Bench:
    """A table, a store and a keeper; `slot` lets ten seconds pass."""

    def __init__(self, home: Path, *rules: str, more: Callable[[Settings], Settings] = lambda one: one) -> None:
        self.clock = FakeClock(BEGIN)
        self.store = DirectStore(home / "measured.db", MEASURED)
        self.events: list[Event] = []
        self.alarms: list[tuple[str, str]] = []
        self.refuses: Exception | None = None  # what alerting says instead of taking events
        self.table = Table(self.clock)
        self.query = Remembered(self.table)
        self.chokes_on = ""  # the key of an event that alerting cannot take at all
        self._more = more
        self.write(*rules)
        self.keeper = self._begun()

    def write(self, *rules: str) -> None:
        """What the configuration says from now on."""
        read = [rule(text) for text in rules]
        self.settings = self._more(Settings(rules={one.name: one for one in read}))

    def reload(self, *rules: str) -> None:
        """Write other rules and have them followed."""
        self.write(*rules)
        self.keeper._follow()

    def restart(self, *, pause: float = 0.0, rules: Iterable[str] = ()) -> None:
        """Another process takes over, `pause` seconds after the last slot."""
        if rules:
            self.write(*rules)
        self.clock.advance(pause)
        self.table.__dict__["_closed"].remove(self._judge)
        self.keeper = self._begun()

    def _begun(self) -> Keeper:
        keeper = Keeper(
            self.store,
            self.query,
            self.table,
            self.clock,
            lambda: self.settings,
            self._accept,
            (self._alarm, self._over),
        )
        keeper.begin()
        self.table.on_closed(self._judge)
        return keeper

    def _judge(self, start: int, rows: Sequence[Row]) -> None:
        self.keeper.turn(start, rows, is_late=start != self.table.closing)

    def slot(self, *came: tuple[str, Kind, Labels, float], times: int = 1, unit: str = "") -> None:
        """So many slots in each of which this came."""
        for _ in range(times):
            for name, kind, labels, value in came:
                self.table.find(name, kind, labels, unit).add(value)
            start = int(self.clock.now())
            self.clock.advance(SLOT)
            self.table.close_slot(start)

    def late(self, ago: float, *rows: Row) -> None:
        """What belongs to a slot that was closed so long ago."""
        start = int(self.clock.now() - ago) // SLOT * SLOT
        for listener in (self.query.closed, self._judge):
            listener(start, rows)

    def was_there(self, begin: float, end: float) -> None:
        """Tocsin heard everything from then to then, both in seconds before the first slot."""
        self.keeper.evaluator.heard.note(BEGIN - begin, BEGIN - end)

    def standing(self, name: str, *group: tuple[str, str]) -> Standing:
        """How a group stands."""
        return self.keeper.evaluator.rules[name].standings[group]

    @property
    def told(self) -> list[str]:
        """What was told: the key, and whether it began."""
        return [f"{one.key} {'fires' if one.state is State.FIRING else 'is over'}" for one in self.events]

    def _accept(self, events: list[Event]) -> None:
        if self.refuses is not None:
            raise self.refuses
        if any(one.key == self.chokes_on for one in events):
            raise ValueError(self.chokes_on)
        self.events += events

    def _alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        assert not about
        assert title
        self.alarms.append((check.value, text))

    def _over(self, check: Check, *about: str) -> None:
        assert not about
        self.alarms.append((check.value, "over"))
