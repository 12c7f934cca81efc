"""Lines that are alarms become events: the first of an alarm at once, what follows gathered for a few seconds."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable

import gevent
import msgspec

from daemon.clock import Clock
from daemon.errors import StoreError, TemplateError
from daemon.event import SYSLOG, Event
from daemon.intakes.syslog.grammar import LEVELS
from daemon.intakes.syslog.looking import Find, merge
from daemon.matcher import pattern

log = logging.getLogger("tocsin.syslog")

HOLD = 5.0  # seconds in which more lines of an alarm are only counted
LOOK = 1.0  # seconds between two looks at what is due
AGAIN = 2.0  # seconds until what could not be written is tried again
MOST_OF_ONE, MOST = 200, 2_000  # alarms of one pattern, and of all, that are told apart at a time
TOGETHER = 200  # events in one transaction
OTHERS = "(others)"

Events = Callable[[list[Event]], object]


class _Kept(msgspec.Struct):
    """An alarm that was heard of a moment ago."""

    find: Find
    due: float  # monotonic
    seen_at: float  # seconds since the epoch
    waiting: int  # lines that no event tells of yet


class Herald:
    """Raises events. `events` may raise StoreUnavailable: then they wait here, and are counted further."""

    def __init__(self, clock: Clock, events: Events) -> None:
        self._clock = clock
        self._events = events
        self._kept: dict[str, _Kept] = {}
        self._of_one: Counter[str] = Counter()
        self._something = threading.Event()
        self._loop: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin to tell."""
        self._loop = gevent.spawn(self._run)

    def stop(self) -> None:
        """Tell what waits, as far as the store takes it."""
        if self._loop is not None:
            self._loop.kill()
        self._tell(float("inf"))

    def found(self, finds: Iterable[Find]) -> None:
        """Lines were found."""
        now, wall = self._clock.monotonic(), self._clock.now()
        for find in finds:
            kept = self._kept.get(find.key)
            if kept is None:
                find = self._bounded(find)  # noqa: PLW2901 - it is the alarm of all others from here on
                kept = self._kept.get(find.key)
            if kept is None:
                self._kept[find.key] = _Kept(find, now, wall, find.count)
                self._of_one[find.pattern.name] += 1
                self._something.set()
                continue
            kept.waiting += find.count
            kept.seen_at = wall
            merge({find.key: kept.find}, find)

    def _bounded(self, find: Find) -> Find:
        """Too many alarms of one pattern are one: a flood of names must not be a flood of alarms."""
        name = find.pattern.name
        if self._of_one[name] < MOST_OF_ONE and len(self._kept) < MOST:
            return find
        key = f"{name}{{{OTHERS}}}"
        return msgspec.structs.replace(find, key=key, labels=find.pattern.labels | {"pattern": name})

    def _run(self) -> None:
        while True:
            self._clock.wait(self._something, LOOK if self._kept else None)
            self._something.clear()
            try:
                self._tell(self._clock.monotonic())
            except Exception:  # a loop of the process's own: it must go on
                log.exception("lines of syslog could not be told")

    def _tell(self, now: float) -> None:
        due = [kept for kept in self._kept.values() if kept.due <= now]
        for kept in due:
            if not kept.waiting:  # nothing came while it was held
                del self._kept[kept.find.key]
                self._of_one[kept.find.pattern.name] -= 1
        telling = [kept for kept in due if kept.waiting]
        for first in range(0, len(telling), TOGETHER):
            self._write(telling[first : first + TOGETHER])

    def _write(self, telling: list[_Kept]) -> None:
        told = [kept.waiting for kept in telling]
        now = self._clock.monotonic()
        try:
            self._events([event(kept.find, kept.waiting, kept.seen_at) for kept in telling])
        except StoreError as error:
            log.warning("%d alarms of syslog wait, for they could not be written: %s", len(telling), error)
            for kept in telling:
                kept.due = now + AGAIN
            return
        except Exception:  # one that can never be told must not keep all others waiting
            log.exception("%d alarms of syslog were lost", len(telling))
        for kept, count in zip(telling, told, strict=True):
            kept.waiting -= count  # more may have come while it was written
            kept.due = now + HOLD


def event(find: Find, count: int, seen_at: float) -> Event:
    """What people are told of it."""
    line, setting = find.line, find.pattern
    who = " ".join(part for part in (line.host, f"{line.app}[{line.pid}]" if line.pid else line.app) if part)
    said = f"{who} ({line.facility}.{LEVELS[line.level]}): {line.message}"
    return Event(
        source=SYSLOG,
        key=find.key,
        severity=find.severity,
        title=_title(find),
        text=f"{said}\n{count} lines like it in a few seconds; this is the last." if count > 1 else said,
        labels=find.labels,
        fires_until=seen_at + setting.clear_after,
        annotations=line.data,
    )


def _title(find: Find) -> str:
    line = find.line
    if find.pattern.title is None:
        return " ".join(part for part in (line.host, f"{line.app}:" if line.app else "", line.message) if part)
    values = {
        **dict.fromkeys(pattern(find.pattern.match).groupindex, ""),
        **find.labels,
        "host": line.host,
        "app": line.app,
        "pid": line.pid,
        "facility": line.facility,
        "level": LEVELS[line.level],
        "message": line.message,
        "pattern": find.pattern.name,
    }
    try:
        return find.pattern.title.render(values)
    except TemplateError as error:
        log.warning("the title of the pattern %s did not render: %s", find.pattern.name, error)
        return f"{find.pattern.name}: {line.message}"
