"""All that is kept of one error, for people."""

import msgspec

from daemon.event import ERRORS, Event
from daemon.faults import alarms, sample
from daemon.faults.event import ErrorEvent
from daemon.store import fault_counts, fault_news, fault_samples
from daemon.store.base import Tx
from daemon.store.fault_counts import Value
from daemon.store.faults import Fault

HOUR, HOURS = 3_600, 7 * 24  # of which it is told how many came in each

labels = alarms.labels


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was told of it. `told_at` is None while alerting could not take it."""

    at: float
    what: str
    title: str
    text: str
    told_at: float | None


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """`hours` are pairs of an hour's beginning and how many came in it, none for hours without any.

    `values` say how many came with each release, environment, server, route, level and tag, the most frequent of each
    first; the empty value stands for all that are too many to name. `kept` is how many are kept whole; `samples` are
    the newest of them, newest first, and the very first at the end.
    """

    hours: list[tuple[float, int]]
    values: list[Value]
    kept: int
    samples: list[ErrorEvent]
    told: list[Told]


def tell(tx: Tx, fault: Fault, samples: int, now: float) -> Story:
    """Read it."""
    last = int(now // HOUR)
    kept = fault_samples.of(tx, fault.id)
    bodies = fault_samples.bodies(tx, fault.id, samples)
    first = fault_samples.first(tx, fault.id) if len(kept) > len(bodies) else None
    return Story(
        hours=[
            (float(hour * HOUR), count) for hour, count in fault_counts.hours(tx, fault.id, last - HOURS + 1, last + 1)
        ],
        values=fault_counts.values(tx, fault.id),
        kept=len(kept),
        samples=[sample.unpacked(one) for one in (*bodies, *([first] if first else []))],
        told=[
            Told(
                at=one.at,
                what=one.what.value,
                title=one.event.title if one.event else "",
                text=one.event.text if one.event else "",
                told_at=one.told_at,
            )
            for one in fault_news.of(tx, fault.id)
        ],
    )


def fingerprint(fault: Fault) -> str:
    """What alerting knows its alarm by."""
    return Event(source=ERRORS, key=alarms.key(fault, is_spike=False), title="").fingerprint()
