"""What was seen since it was last written down; one transaction writes all of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from daemon.history.incident import Incident
from daemon.history.stretches import Time, Turn
from daemon.history.tiers import SPANS, mark
from daemon.store import facts, incidents, probes, readings, tiers, turns
from daemon.store.base import Tx
from daemon.store.probes import Standing
from daemon.store.readings import Failure, Reading
from daemon.store.turns import Turn as Row

# What waits at most for a store that cannot write; the oldest goes first.
MOST_READINGS, MOST_FAILURES, MOST_TURNS = 20_000, 1_000, 50_000

UNTIL = "history.until"  # the fact that says up to when all is written down (ms)
# In the store a time is its position here. Nothing covers where a cover's time is the first.
TIMES = (Time.UNKNOWN, Time.UP, Time.DEGRADED, Time.DOWN, Time.MAINTENANCE, Time.PAUSED, Time.UNWATCHED)

_NUMBER: dict[Time | None, int] = {None: turns.NOTHING} | {time: number for number, time in enumerate(TIMES)}


@dataclass(slots=True, kw_only=True)
class Batch:
    """Rows in the order in which they came. Instants are milliseconds."""

    keep_failures: int = 50
    until: int = 0  # when it was closed
    rewound_to: int | None = None  # the clock was set back to then: what the store has after it goes first
    names: list[tuple[int, str]] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    turns: list[Row] = field(default_factory=list)
    incidents: dict[Any, Incident] = field(default_factory=dict)
    standings: dict[int, Standing] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)  # probes that nobody watches any more

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.readings or self.turns or self.standings or self.names or self.gone or self.incidents) or (
            self.rewound_to is not None
        )

    def turn(self, probe: int, layer: int, found: Iterable[Turn]) -> None:
        """Note turns of a probe's line."""
        self.turns += [(probe, layer, one.at, _NUMBER[one.time]) for one in found]

    def turns_of(self, probe: int, layer: int) -> Iterator[Turn]:
        """The turns of one probe that wait."""
        return (read_turn(layer, at, time) for of, on, at, time in self.turns if (of, on) == (probe, layer))

    def incident(self, one: Incident) -> None:
        """Note how an incident is now."""
        self.incidents[one.key] = one

    def rewind(self, at: int) -> None:
        """The clock was set back to then: nothing after it has happened."""
        self.rewound_to = at if self.rewound_to is None else min(self.rewound_to, at)
        self.readings = [one for one in self.readings if one[0] <= at]
        self.failures = [one for one in self.failures if one[1] <= at]
        self.turns = [one for one in self.turns if one[2] <= at]
        self.incidents = {key: one for key, one in self.incidents.items() if one.began <= at}

    def after(self, earlier: "Batch") -> int:
        """Put before this one what could not be written; return how much of both had to go to make room."""
        if self.rewound_to is not None:
            earlier.rewind(self.rewound_to)
        self.rewound_to = earlier.rewound_to
        self.names = earlier.names + self.names
        self.readings = earlier.readings + self.readings
        self.failures = earlier.failures + self.failures
        self.turns = earlier.turns + self.turns
        self.incidents = earlier.incidents | self.incidents
        self.standings = {key: one for key, one in earlier.standings.items() if key not in self.gone} | self.standings
        self.gone = (earlier.gone | self.gone) - set(self.standings)
        return self._make_room()

    def without_readings(self) -> "Batch":
        """What must not be lost with them, when something cannot be written at all."""
        return Batch(rewound_to=self.rewound_to, names=self.names, turns=self.turns, incidents=self.incidents)

    def write(self, tx: Tx) -> None:
        """Write all of it."""
        if self.rewound_to is not None:
            _rewind(tx, self.rewound_to)
        probes.name_all(tx, self.names)
        readings.add(tx, self.readings)
        readings.add_failures(tx, self.failures, self.keep_failures)
        turns.put(tx, self.turns)
        incidents.put(tx, (one.stored() for one in self.incidents.values()))
        probes.drop(tx, self.gone)
        probes.put(tx, self.standings.values())
        facts.note(tx, UNTIL, str(self.until))

    def _make_room(self) -> int:
        waiting = len(self.readings) + len(self.failures) + len(self.turns)
        self.readings = self.readings[-MOST_READINGS:]
        self.failures = self.failures[-MOST_FAILURES:]
        self.turns = self.turns[-MOST_TURNS:]
        return waiting - len(self.readings) - len(self.failures) - len(self.turns)


def read_turn(layer: int, at: int, time: int) -> Turn:
    """From a row."""
    return Turn(at, None if layer == turns.COVER and time == turns.NOTHING else TIMES[time])


def _rewind(tx: Tx, at: int) -> None:
    readings.rewind(tx, at)
    turns.rewind(tx, at, _NUMBER[Time.UNWATCHED])
    incidents.rewind(tx, at)
    tiers.rewind(tx, at)
    for span in SPANS:
        since = at // 1_000 // span * span
        if int(facts.get(tx, mark(span)) or 0) > since:
            facts.note(tx, mark(span), str(since))
