"""Reads what is kept of what probes saw: how long each was up, how long looks took, what went wrong.

This is what methods and pages use. Every function may wait for the store, and takes and gives seconds since the epoch.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Literal, Protocol

import msgspec

from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.history import incident, phases, picking, story, stretches, tiers
from daemon.history.batch import read_turn
from daemon.history.incident import Incident
from daemon.history.period import edges as days_between
from daemon.history.story import Story
from daemon.history.stretches import PER_SECOND, Shares, Span, Turn, ms
from daemon.history.tally import HEALTHS, Gathering, Tally
from daemon.history.tiers import DAY, HOUR, MINUTE
from daemon.reading import Health
from daemon.store import incidents, probes, readings, turns
from daemon.store import tiers as rows
from daemon.store.base import Row, Store, Tx
from daemon.store.turns import COVER, VERDICT

Step = Literal["minute", "hour", "day"]

STEPS: dict[Step, int] = {"minute": MINUTE, "hour": HOUR, "day": DAY}


class Ahead(Protocol):
    """What is not in the store yet; the recorder."""

    def ahead(self, name: str, layer: int) -> list[Turn]:
        """The turns of a probe's line that are not written down yet, up to now."""


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, in seconds; percentiles are within 2 %."""

    count: int
    mean: float
    least: float
    most: float
    p50: float
    p95: float
    p99: float


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a chart. `uptime` is a part of 1, None where nothing is known; phases are of looks with an answer."""

    begin: float
    end: float
    uptime: float | None
    seconds: dict[str, float]  # by what the time counts as
    looks: dict[str, int]  # by health
    phases: dict[str, Timing]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look. `took` is all of it."""

    at: float
    health: Health
    took: float
    phases: dict[str, float]
    detail: str


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One failure, with its whole story. `id` is where the next page goes on from."""

    id: int
    at: float
    story: Story


class History:
    """Everything that can be asked."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Settings], ahead: Ahead) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._ahead = ahead

    def names(self) -> list[str]:
        """All probes of which anything is kept, also those that are not configured any more."""
        return list(self._store.read(probes.numbers))

    def line(self, name: str, begin: float, end: float) -> list[Span]:
        """What the time of a probe counts as, without a hole, in milliseconds; nothing is said of what is to come."""
        since, until = ms(begin), ms(min(end, self._clock.now()))
        if since >= until:
            return []
        ahead = self._ahead.ahead(name, VERDICT), self._ahead.ahead(name, COVER)  # before the store is asked
        return self._store.read(lambda tx: _line(tx, name, since, until, ahead))

    def shares(self, name: str, edges: Sequence[float]) -> list[Shares]:
        """How long it was what between each two edges: for bars, a day's width each."""
        return stretches.shares(self.line(name, edges[0], edges[-1]), [ms(edge) for edge in edges])

    def days(self, name: str, count: int, zone: dt.tzinfo) -> list[tuple[float, Shares]]:
        """The last days by the clock of a zone, each with its begin; the last one is today, as far as it has come."""
        now = self._clock.now()
        midnights = days_between(now - (count + 1) * DAY, now, "day", zone)[1:][-count - 1 :]
        return list(zip(midnights, self.shares(name, midnights), strict=False))

    def uptime(self, name: str, begin: float, end: float) -> float | None:
        """The part of the time that it was up; None where nothing is known."""
        return stretches.whole(self.line(name, begin, end)).uptime

    def tally(self, name: str, begin: float, end: float) -> Tally:
        """The looks between, added up."""
        tallied = self._tallied()
        return self._store.read(lambda tx: tallied(tx, probes.number(tx, name), int(begin), int(end)))

    def chart(self, name: str, begin: float, end: float, step: Step, zone: dt.tzinfo) -> list[Point]:
        """The time between in minutes, hours, or days by the clock of a zone."""
        until = min(end, self._clock.now())
        if begin >= until:
            return []
        if step == "day":
            edges = days_between(begin, until, "day", zone)
        else:
            edges = [at / PER_SECOND for at in stretches.edges_between(ms(begin), ms(until), STEPS[step] * PER_SECOND)]
        shares, tallied = self.shares(name, edges), self._tallied()

        def work(tx: Tx) -> list[Point]:
            number = probes.number(tx, name)
            return [
                _point(since, then, share, tallied(tx, number, int(since), int(then)))
                for (since, then), share in zip(pairwise(edges), shares, strict=True)
            ]

        return self._store.read(work)

    def readings(self, name: str, begin: float, end: float, limit: int) -> list[Reading]:
        """The last single readings between, newest first."""

        def work(tx: Tx) -> list[Reading]:
            number = probes.number(tx, name)
            found = [] if number is None else readings.of_probe(tx, number, ms(begin), ms(end) + 1, limit)
            return [
                Reading(
                    at=at / PER_SECOND,
                    health=HEALTHS[health],
                    took=took / 1e6,
                    phases=phases.as_seconds(tiers.read_phases(blob)),
                    detail=detail,
                )
                for at, health, took, blob, detail in found
            ]

        return self._store.read(work)

    def failures(self, name: str, limit: int, before: int = 0) -> list[Failure]:
        """The last failures that are kept, newest first; `before` is the id of the last of the page before."""

        def work(tx: Tx) -> list[Failure]:
            number = probes.number(tx, name)
            found = [] if number is None else readings.failures(tx, number, limit, before)
            return [
                Failure(id=key, at=at / PER_SECOND, story=told)
                for key, at, blob in found
                if (told := _story(blob)) is not None
            ]

        return self._store.read(work)

    def incidents(self, name: str, begin: float, end: float, limit: int = 100) -> list[Incident]:
        """Those with a part in this time, newest first; instants in milliseconds."""

        def work(tx: Tx) -> list[Incident]:
            number = probes.number(tx, name)
            found = [] if number is None else incidents.of_probe(tx, number, ms(begin), ms(end), limit)
            return [incident.read(row) for row in found]

        return self._store.read(work)

    def _tallied(self) -> Callable[[Tx, int | None, int, int], Tally]:
        """What adds looks up, as things are now: it runs in the store's thread."""
        now, history = self._clock.now(), self._settings().history
        kept = {0: int(now - history.readings), MINUTE: int(now - history.minutes), HOUR: int(now - history.hours)}
        return partial(_tally, kept=kept)


def _line(tx: Tx, name: str, begin: int, end: int, ahead: tuple[list[Turn], list[Turn]]) -> list[Span]:
    number = probes.number(tx, name)
    verdicts, covers = (
        _merged([] if number is None else turns.between(tx, number, layer, begin, end), layer, more)
        for layer, more in zip((VERDICT, COVER), ahead, strict=True)
    )
    return list(stretches.joined(stretches.line(verdicts, covers, begin, end)))


def _merged(found: Iterable[Row], layer: int, ahead: Iterable[Turn]) -> list[Turn]:
    """In order; what is written down holds against what was only thought."""
    known = {turn.at: turn for turn in ahead} | {at: read_turn(layer, at, time) for at, time in found}
    return [known[at] for at in sorted(known)]


def _tally(tx: Tx, number: int | None, begin: int, end: int, kept: dict[int, int]) -> Tally:
    whole = Tally()
    if number is None:
        return whole
    made = {span: tiers.marked(tx, span) for span in tiers.SPANS}
    for span, starts in picking.pick(begin, end, made, kept):
        if span:
            _add_all(whole, (blob for _, blob in rows.of_probe(tx, number, span, starts)))
        elif starts.stop > kept[0]:
            found = readings.of_probe(tx, number, starts.start * PER_SECOND, starts.stop * PER_SECOND, -1)
            single = Gathering()
            for _, health, took, blob, _ in found:
                single.add(health, took, blob)
            whole.merge(single.tally())
    return whole


def _add_all(whole: Tally, blobs: Iterable[bytes]) -> None:
    for blob in blobs:
        if (part := tiers.read(blob)) is not None:
            whole.merge(part)


def _point(begin: float, end: float, share: Shares, tally: Tally) -> Point:
    return Point(
        begin=begin,
        end=end,
        uptime=share.uptime,
        seconds=share.seconds(),
        looks=looks(tally),
        phases=timings(tally),
    )


def looks(tally: Tally) -> dict[str, int]:
    """How many there were, by health."""
    return {health.value: count for health, count in zip(HEALTHS, tally.looks, strict=True)}


def timings(tally: Tally) -> dict[str, Timing]:
    """How long they took, by phase, `total` being all of it."""
    return {
        name: Timing(
            count=spread.count,
            mean=spread.mean,
            least=spread.least / 1e6,
            most=spread.most / 1e6,
            p50=spread.quantile(0.5),
            p95=spread.quantile(0.95),
            p99=spread.quantile(0.99),
        )
        for name, spread in tally.phases.items()
    }


def _story(blob: bytes) -> Story | None:
    try:
        return story.unpacked(blob)
    except ValueError:
        return None
