"""New errors put with those that are the same, inside one transaction, with what of it is to be told.

Every function here may run twice over the same errors, each time on what the store held before.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import msgspec

from daemon.config.errors import Errors
from daemon.faults import grouping, sample, scrub
from daemon.faults.event import ErrorEvent, when
from daemon.faults.grouping import Group
from daemon.faults.judge import Judge
from daemon.faults.rate import USUAL_HOURS, Rate
from daemon.faults.room import Room
from daemon.faults.thinning import thinned
from daemon.series.table import SLOT
from daemon.store import fault_counts, fault_news, fault_samples, faults
from daemon.store.base import Tx
from daemon.store.fault_counts import Value
from daemon.store.fault_news import Counted
from daemon.store.faults import Fault

HOUR = 3_600
HOURS_KEPT = 14 * 24
LATE = 3_600.0  # what waited for longer than that does not count for how many there are now
MOST_NAMES, MOST_VALUES = 16, 20  # tags of an error that are counted, and different values of each
RELEASE = "release"


class Batch(msgspec.Struct):
    """Errors that are the same, in the order in which they came."""

    group: Group
    events: list[ErrorEvent]


def digest(tx: Tx, errors: Sequence[ErrorEvent], settings: Errors, now: float) -> None:
    """Put them where they belong."""
    judge, room = Judge(tx, settings, now), Room(tx, settings, now)
    for batch in _batches(errors):
        first, last = batch.events[0], batch.events[-1]
        known = faults.find(tx, first.app, batch.group.digest)
        if known is None:
            room.make(first.app)
            known = faults.add(tx, _new(batch, now))
        before = _usual(tx, known, now)
        had = fault_counts.values(tx, known.id) if known.count else []
        _count(tx, known, batch.events, had, now)
        _keep(tx, known, [first, last] if known.count == 0 and first is not last else [last], settings, now)
        heard, releases = _heard(known, batch.events, now), {one.value for one in had if one.name == RELEASE}
        faults.replace(tx, judge.judged(heard, batch.events, before, releases, now - known.heard_at))
    judge.close()
    fault_news.count(tx, _counted(errors, now))


def _batches(errors: Sequence[ErrorEvent]) -> Iterable[Batch]:
    found: dict[tuple[str, bytes], Batch] = {}
    for event in errors:
        group = grouping.group(event)
        batch = found.get((event.app, group.digest))
        if batch is None:
            batch = found[event.app, group.digest] = Batch(group, [])
        batch.events.append(event)
    return found.values()


def _new(batch: Batch, now: float) -> Fault:
    first, group = batch.events[0], batch.group
    at = when(first, now)
    return Fault(
        app=first.app,
        digest=group.digest,
        title=scrub.word(group.title, grouping.MOST_TITLE),
        culprit=scrub.word(group.culprit, grouping.MOST_NAME),
        type=group.type,
        first_release=sample.name(first.release),
        first_at=at,
        last_at=at,
        heard_at=now,
    )


def _heard(known: Fault, events: Sequence[ErrorEvent], now: float) -> Fault:
    """What is known of it once these are counted."""
    last, times = events[-1], [when(one, now) for one in events]
    rate = Rate(known.slot, known.slot_count, known.slot_before)
    for one in events:
        came = min(one.received_at or now, now)
        if now - came < LATE:
            rate = rate.counted(came, 1)
    release = sample.name(last.release)
    return msgspec.structs.replace(
        known,
        level=sample.level(last),
        logger=sample.name(last.logger),
        route=sample.name(last.transaction),
        environment=sample.name(last.environment),
        last_release=release or known.last_release,
        first_at=min(known.first_at, *times),
        last_at=max(min(known.last_at, now), *times),
        heard_at=now,
        count=known.count + len(events),
        slot=rate.slot,
        slot_count=rate.count,
        slot_before=rate.before,
    )


def _usual(tx: Tx, known: Fault, now: float) -> list[int]:
    """How many came in each of the hours before this one."""
    hour = int(now // HOUR)
    return [count for _, count in fault_counts.hours(tx, known.id, hour - USUAL_HOURS, hour)] if known.count else []


def _count(tx: Tx, known: Fault, events: Sequence[ErrorEvent], had: Sequence[Value], now: float) -> None:
    by_hour = Counter(int(when(one, now) // HOUR) for one in events)
    fault_counts.add_hours(tx, [(known.id, hour, count) for hour, count in by_hour.items()])
    fault_counts.forget_hours(tx, known.id, int(now // HOUR) - HOURS_KEPT)
    new = _values(events, had, now)
    fault_counts.add_values(tx, known.id, new)
    if len({one.value for one in (*had, *new) if one.name == RELEASE}) > MOST_VALUES:
        fault_counts.fold(tx, known.id, RELEASE, MOST_VALUES)


def _values(events: Sequence[ErrorEvent], had: Sequence[Value], now: float) -> Collection[Value]:
    """Releases, environments, servers, routes and tags; what there are too many of is counted together.

    Not so releases: a new one is always named, for whether it is new may be asked (`resolve --next-release`).
    """
    names = {one.name for one in had}
    there = {(one.name, one.value) for one in had}
    each = Counter(one.name for one in had)
    found: dict[tuple[str, str], Value] = {}
    for event in events:
        at = when(event, now)
        for name, value in _told_with(event):
            if name not in names:
                if len(names) >= MOST_NAMES:
                    continue
                names.add(name)
            if (name, value) not in there and (name, value) not in found:
                if each[name] >= MOST_VALUES and name != RELEASE:
                    value = ""  # noqa: PLW2901 - one of those that are too many to name
                else:
                    each[name] += 1
            one = found.get((name, value))
            if one is None:
                found[name, value] = Value(name=name, value=value, count=1, first_at=at, last_at=at)
            else:
                found[name, value] = msgspec.structs.replace(
                    one, count=one.count + 1, first_at=min(one.first_at, at), last_at=max(one.last_at, at)
                )
    return found.values()


def _told_with(event: ErrorEvent) -> Iterable[tuple[str, str]]:
    """Its own first: however many tags come with it, they take no room from these."""
    own = (
        (RELEASE, event.release),
        ("environment", event.environment),
        ("server", event.server_name),
        ("route", event.transaction),
        ("level", sample.level(event)),
    )
    told = {name: sample.name(value) for name, value in own if value}
    for name, value in scrub.pairs(event.tags, MOST_NAMES, sample.SHORT):
        told.setdefault(name, value)
    return told.items()


def _keep(tx: Tx, known: Fault, events: Sequence[ErrorEvent], settings: Errors, now: float) -> None:
    """Keep these whole, and of all that are kept not too many."""
    for one in events:
        at = when(one, now)
        fault_samples.add(tx, known.id, at, sample.packed(one, at, keep_vars=settings.keep_vars))
    fault_samples.delete(tx, thinned(fault_samples.of(tx, known.id), settings.samples))


def _counted(errors: Sequence[ErrorEvent], now: float) -> Iterable[Counted]:
    """For the series `errors`: added to them once this is on disk."""
    found = Counter((one.app, sample.level(one), int(when(one, now) // SLOT) * SLOT) for one in errors)
    for (app, level, slot), count in found.items():
        yield Counted(kind="errors", app=app, level=level, slot=slot, count=count)
