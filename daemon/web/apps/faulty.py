"""Reads errors for the pages: the list, and one with all that is kept of it."""

from daemon.clock import Clock
from daemon.faults import sample
from daemon.store import fault_counts, fault_news, fault_samples, faults
from daemon.store.base import Store, Tx
from daemon.store.faults import Asked, Fault
from daemon.web.apps.view import MOST, Faults, Story
from daemon.zone import Zone

HOUR = 3_600
HOURS = 7 * 24  # that are shown of one error
SAMPLES = 3  # that are shown whole

_Read = tuple[Fault, list[tuple[int, int]], list[fault_counts.Value], list[fault_news.News], list[bytes], int]


def listed(store: Store, clock: Clock, zone: Zone, asked: Asked, most: int = MOST) -> Faults:
    """The first of them, and one more where there are more. Raises StoreError."""
    found = store.read(lambda tx: (faults.page(tx, asked, most + 1), faults.apps(tx)))
    return Faults(at=clock.now(), zone=zone.info, faults=tuple(found[0]), apps=tuple(sorted(found[1])))


def story(store: Store, clock: Clock, zone: Zone, number: int) -> Story | None:
    """One of them; None when there is none of this number. Raises StoreError."""
    now = clock.now()
    last = int(now) // HOUR
    found = store.read(lambda tx: _read(tx, number, last))
    if found is None:
        return None
    fault, hours, values, news, bodies, kept = found
    counted = dict(hours)
    return Story(
        fault=fault,
        at=now,
        zone=zone.info,
        hours=tuple((float(hour * HOUR), counted.get(hour, 0)) for hour in range(last - HOURS + 1, last + 1)),
        values=tuple(values),
        news=tuple(news),
        samples=tuple(map(sample.unpacked, bodies)),
        kept=kept,
    )


def _read(tx: Tx, number: int, last: int) -> _Read | None:
    fault = faults.get(tx, number)
    if fault is None:
        return None
    return (
        fault,
        fault_counts.hours(tx, number, last - HOURS + 1, last + 1),
        fault_counts.values(tx, number),
        fault_news.of(tx, number),
        fault_samples.bodies(tx, number, SAMPLES),
        len(fault_samples.of(tx, number)),
    )
