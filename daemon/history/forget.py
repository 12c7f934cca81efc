"""Lets go of what is past its time, a little at a time: others wait for each piece."""

from collections.abc import Callable
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
        count += _in_pieces(store, partial(tiers.forget, span=span, before=int(now - age), most=ROWS))
    before = ms(now - kept.days)
    numbers = sorted(store.read(probes.numbers).values())
    while numbers:
        done, gone = store.write(partial(_forget_some, numbers=numbers[:TOGETHER], before=before))
        numbers, count = numbers[done:], count + gone
    for number in store.read(probes.gone):
        count += store.write(partial(_forget_gone, number=number, before=before))
    return count


def forget_readings(store: Store, before: float) -> int:
    """Delete single readings that are older; what is not added up yet stays."""
    limit = ms(min(before, store.read(partial(marked, span=MINUTE))))
    return _in_pieces(store, partial(readings.forget, before=limit, most=ROWS))


def _in_pieces(store: Store, piece: Callable[[Tx], int]) -> int:
    """Delete a piece at a time until there is none; return how many rows."""
    count = 0
    while gone := store.write(piece):
        count += gone
    return count


def _forget_some(tx: Tx, numbers: list[int], before: int) -> tuple[int, int]:
    """Forget what is old of these probes, or of as many as make enough rows; return how many, and how many rows."""
    done = gone = 0
    for number in numbers:
        gone += turns.forget(tx, number, before, MOST_TURNS)
        gone += incidents.forget(tx, number, before) + readings.forget_failures(tx, number, before)
        done += 1
        if gone >= ROWS:
            break
    return done, gone


def _forget_gone(tx: Tx, number: int, before: int) -> int:
    """Forget a probe of which nothing is left but that nobody has watched it for so long."""
    last = turns.last(tx, number)
    if last is not None and (last[0] > before or TIMES[last[1]] is not Time.UNWATCHED):
        return 0
    probes.forget(tx, number)
    return 1
