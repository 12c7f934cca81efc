"""Lets go of what is past its time, a little at a time: others wait for each piece."""

from functools import partial

from daemon.config.history import History
from daemon.history.batch import TIMES
from daemon.history.stretches import Time, ms
from daemon.history.tiers import MINUTE, SPANS, marked
from daemon.store import incidents, probes, readings, tiers, turns
from daemon.store.base import Store, Tx

MOST_TURNS = 20_000  # of one probe in each layer; one that never settles would fill the disk otherwise
ROWS = 2_000  # that are deleted at once, or a few more
TOGETHER = 200  # probes


def forget(store: Store, kept: History, now: float) -> int:
    """Delete what is older than the settings want it; return how many rows."""
    count = forget_readings(store, now - kept.readings)
    for span, age in zip(SPANS, (kept.minutes, kept.hours, kept.days), strict=True):
        count += _forget_tier(store, span, int(now - age))
    before = ms(now - kept.days)
    count += store.write(partial(incidents.forget, before=before))
    count += store.write(partial(readings.forget_failures, before=before))
    numbers = sorted(store.read(probes.numbers).values())
    for first in range(0, len(numbers), TOGETHER):
        count += store.write(partial(_forget_turns, numbers=numbers[first : first + TOGETHER], before=before))
    for number in store.read(probes.gone):
        count += store.write(partial(_forget_gone, number=number, before=before))
    return count


def forget_readings(store: Store, before: float) -> int:
    """Delete single readings that are older; what is not added up yet stays."""
    count = 0
    limit = ms(min(before, store.read(partial(marked, span=MINUTE))))
    while gone := store.write(partial(readings.forget, before=limit, most=ROWS)):
        count += gone
    return count


def _forget_tier(store: Store, span: int, before: int) -> int:
    count = 0
    while gone := store.write(partial(tiers.forget, span=span, before=before, most=ROWS)):
        count += gone
    return count


def _forget_turns(tx: Tx, numbers: list[int], before: int) -> int:
    return sum(turns.forget(tx, number, before, MOST_TURNS) for number in numbers)


def _forget_gone(tx: Tx, number: int, before: int) -> int:
    """Forget a probe of which nothing is left but that nobody has watched it for so long."""
    last = turns.last(tx, number)
    if last is not None and (last[0] > before or TIMES[last[1]] is not Time.UNWATCHED):
        return 0
    probes.forget(tx, number)
    return 1
