"""Readings add up to minutes, minutes to hours, hours to days: each tier is made of the one below, and of nothing else.

What is not whole yet is not added up. Up to where a tier is made is a fact in the store, written together with its
rows, so that a process that dies half-way makes it again and nothing is counted twice.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from daemon.clock import Clock, unhurried
from daemon.history import phases, tally
from daemon.history.tally import Gathering, Tally
from daemon.store import facts, readings, tiers
from daemon.store.base import Row, Store, Tx

MINUTE, HOUR, DAY = 60, 3_600, 86_400
SPANS = (MINUTE, HOUR, DAY)
BELOW = {HOUR: MINUTE, DAY: HOUR}

ROWS = 2_000  # rows in one transaction
READ = 4_000  # readings that are read at once
TOGETHER = 100  # probes whose rows are read at once


def mark(span: int) -> str:
    """The fact that says up to where a tier is made, in seconds."""
    return f"history.{span}"


def marked(tx: Tx, span: int) -> int:
    """Up to where a tier is made."""
    return int(facts.get(tx, mark(span)) or 0)


def roll(store: Store, clock: Clock, until: int) -> bool:
    """Make what is whole by then (seconds); all readings before it are in the store. Say if an hour was among it."""
    _minutes(store, clock, until // MINUTE * MINUTE)
    hours = _sums(store, clock, HOUR, until)
    _sums(store, clock, DAY, until)
    return hours


def _minutes(store: Store, clock: Clock, until: int) -> None:
    begin = store.read(partial(_first, span=MINUTE, first=_first_reading))
    if begin is None or begin >= until:
        return
    gathered: dict[tuple[int, int], Gathering] = {}
    before = begin
    for at, probe, health, took, blob in unhurried(clock, _readings(store, begin * 1_000, until * 1_000)):
        start = at // 1_000 // MINUTE * MINUTE
        if start > before and len(gathered) >= ROWS:
            _write(store, MINUTE, _added(clock, gathered), start)
            gathered = {}
        before = start
        here = gathered.get((start, probe))
        if here is None:
            here = gathered[start, probe] = Gathering()
        here.add(health, took, blob)
    _write(store, MINUTE, _added(clock, gathered), until)


def _added(clock: Clock, gathered: Mapping[tuple[int, int], Gathering]) -> list[tiers.Piece]:
    """The rows. No more than one tally is there at a time: those of ten thousand probes would take 30 MB."""
    everybody = unhurried(clock, gathered.items())
    return [(MINUTE, start, probe, tally.packed(one.tally())) for (start, probe), one in everybody]


def _readings(store: Store, begin: int, end: int) -> Iterator[Row]:
    """All readings between, page by page."""
    after = (-1, -1)
    while True:
        page = store.read(partial(readings.between, begin=begin, end=end, limit=READ, after=after))
        yield from page
        if len(page) < READ:
            return
        after = page[-1][:2]


def _sums(store: Store, clock: Clock, span: int, until: int) -> bool:
    """Add the tier below up, as far as it is made; say whether there was anything."""
    any_made = False
    while True:
        begin = store.read(partial(_first, span=span, first=partial(_first_below, span=BELOW[span])))
        ready = min(until, store.read(partial(marked, span=BELOW[span]))) // span * span
        if begin is None or begin >= ready:
            return any_made
        _sum(store, clock, span, begin)
        any_made = True


def _sum(store: Store, clock: Clock, span: int, start: int) -> None:
    """Make one row for each probe that has any below."""
    below = BELOW[span]
    for made in sums(store, clock, below, range(start, start + span, below)):
        _write(store, span, [(span, start, probe, tally.packed(one)) for probe, one in made.items()], start)
    _write(store, span, [], start + span)


def sums(store: Store, clock: Clock, span: int, starts: range) -> Iterator[dict[int, Tally]]:
    """What the rows that start there add up to, by probe, for a hundred probes at a time."""
    low, high = store.read(partial(tiers.numbers, span=span, start=starts.start, end=starts.stop)) or (0, -1)
    for first in range(low, high + 1, TOGETHER):
        last = min(high, first + TOGETHER - 1)
        rows = store.read(partial(tiers.of_probes, span=span, starts=starts, low=first, high=last))
        made: dict[int, Tally] = {}
        for probe, blob in unhurried(clock, rows):
            if (part := read(blob)) is not None:
                made.setdefault(probe, Tally()).merge(part)
        yield made


def _first(tx: Tx, span: int, first: Callable[[Tx, int], int | None]) -> int | None:
    """Where the next of a tier starts that has anything in it; None when there is nothing yet."""
    found = first(tx, marked(tx, span))
    return None if found is None else found // span * span


def _first_reading(tx: Tx, since: int) -> int | None:
    at = readings.first_since(tx, since * 1_000)
    return None if at is None else at // 1_000


def _first_below(tx: Tx, since: int, span: int) -> int | None:
    return tiers.first_since(tx, span, since)


def _write(store: Store, span: int, rows: list[tiers.Piece], until: int) -> None:
    store.write(partial(_written, rows=rows, span=span, until=until))


def _written(tx: Tx, rows: list[tiers.Piece], span: int, until: int) -> None:
    tiers.put(tx, rows)
    if until > marked(tx, span):
        facts.note(tx, mark(span), str(until))


def read(blob: bytes) -> Tally | None:
    """A row's tally; None for one that another version wrote, or a broken disk: the others still count."""
    try:
        return tally.unpacked(blob)
    except ValueError:
        return None


def read_phases(blob: bytes) -> dict[str, int]:
    """A reading's phases; none where they cannot be read."""
    try:
        return phases.unpacked(blob)
    except ValueError:
        return {}
