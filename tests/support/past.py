"""A past of ninety days, written straight into the store as the recorder would have left it."""

import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from daemon.history import phases, tally
from daemon.history.batch import TIMES
from daemon.history.incident import Incident
from daemon.history.stretches import Time, ms
from daemon.history.tally import Gathering
from daemon.history.tiers import DAY, HOUR, MINUTE, mark
from daemon.reading import Health
from daemon.store import facts, incidents, probes, tiers, turns
from daemon.store.base import Store, Tx
from daemon.store.turns import COVER, VERDICT

Spell = tuple[float, float, Time]  # from, to, what


@dataclass(frozen=True, kw_only=True)
class Past:
    """What one probe was. Spells are in order; between them it was up."""

    name: str
    begun: float
    spells: Sequence[Spell] = ()
    windows: Sequence[tuple[float, float]] = ()  # maintenance
    phases: tuple[tuple[str, float], ...] = (("resolve", 0.002), ("connect", 0.02), ("first_byte", 0.08))
    reason: str = "connection refused"


def write(store: Store, pasts: Iterable[Past], now: float, *, timed: bool = True, seed: int = 5) -> None:
    """Write all of them; response times, if any, for the last day and a bit."""
    pasts = list(pasts)
    dice = random.Random(seed)
    hours = range(int(now // HOUR * HOUR) - 26 * HOUR, int(now // HOUR * HOUR), HOUR)

    def work(tx: Tx) -> None:
        for number, past in enumerate(pasts, 1):
            _line(tx, number, past, now)
            if timed:
                tiers.put(tx, [(HOUR, hour, number, _hour(past, hour, dice)) for hour in hours])
        for span in (MINUTE, HOUR):
            facts.note(tx, mark(span), str(hours.stop))
        facts.note(tx, mark(DAY), str(hours.stop // DAY * DAY))

    store.write(work)


def _line(tx: Tx, number: int, past: Past, now: float) -> None:
    probes.name_all(tx, [(number, past.name)])
    found = {ms(past.begun): Time.UP}
    for begin, end, time in past.spells:
        found[ms(begin)] = time
        if end < now:
            found[ms(end)] = Time.UP
        if time in (Time.DOWN, Time.DEGRADED):
            ended = ms(end) if end < now else None
            one = Incident(probe=number, began=ms(begin), health=Health(time.value), ended=ended, reason=past.reason)
            incidents.put(tx, [one.stored()])
    turns.put(tx, [(number, VERDICT, at, TIMES.index(time)) for at, time in found.items()])
    for begin, end in past.windows:
        covered = [(number, COVER, ms(begin), TIMES.index(Time.MAINTENANCE))]
        turns.put(tx, [*covered, *([(number, COVER, ms(end), turns.NOTHING)] if end < now else [])])


def _hour(past: Past, hour: int, dice: random.Random) -> bytes:
    """A day has a busy afternoon; while it was down, nothing was answered."""
    gathered = Gathering()
    busy = 1 + 0.5 * math.sin((hour % DAY / DAY - 0.35) * 2 * math.pi)
    for minute in range(0, HOUR, 6 * MINUTE):
        if any(begin <= hour + minute < end and time is Time.DOWN for begin, end, time in past.spells):
            gathered.add(3, 10_000_000, phases.packed({}))
            continue
        slow = 3.0 if any(b <= hour + minute < e and t is Time.DEGRADED for b, e, t in past.spells) else 1.0
        times = {name: took * busy * slow * dice.lognormvariate(0, 0.25) for name, took in past.phases}
        times["total"] = sum(times.values()) * 1.01
        gathered.add(1, int(times["total"] * 1e6), phases.packed(times))
    return tally.packed(gathered.tally())
