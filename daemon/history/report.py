"""How available each probe was in a period: the numbers, beside what was promised."""

import datetime as dt
from collections.abc import Iterable, Sequence

import msgspec

from daemon.history.incident import Incident
from daemon.history.period import Period
from daemon.history.phases import TOTAL
from daemon.history.query import History, Timing, looks, timings
from daemon.history.stretches import PER_SECOND, Shares, Span, Time, overlap, whole
from daemon.reading import Health

MOST_INCIDENTS = 10_000  # of one probe


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a promise leaves to be down, of the time that counts, and how much of that is used. `slo` is a part of 1."""

    slo: float
    allowed: float  # seconds
    used: float
    left: float  # none, when more is used than allowed
    spent: float | None  # the part of it that is used: more than 1 when it is broken; None where nothing is allowed
    is_kept: bool | None  # None where nothing is known


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One probe. Seconds are by what the time counts as; an incident is a time that it was down, and that counts."""

    probe: str
    uptime: float | None  # of the time that it was up, degraded or down: a part of 1; None where that is none
    seconds: dict[str, float]
    incidents: int
    longest: float
    mean_time_to_repair: float | None
    looks: dict[str, int]
    response: Timing | None  # of looks that were answered
    budget: Budget | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A period, as far as it has come, and a line for each probe."""

    period: str
    begin: float
    end: float
    time_zone: str
    lines: list[Line]


def line(history: History, name: str, period: Period, slo: float | None) -> Line:
    """Work out one line."""
    spans = history.line(name, period.begin, period.end)
    shares = whole(spans)
    lasted = list(_lasted(history.incidents(name, period.begin, period.end, MOST_INCIDENTS), spans))
    tally = history.tally(name, period.begin, period.end)
    return Line(
        probe=name,
        uptime=shares.uptime,
        seconds=shares.seconds(),
        incidents=len(lasted),
        longest=max(lasted, default=0) / PER_SECOND,
        mean_time_to_repair=sum(lasted) / len(lasted) / PER_SECOND if lasted else None,
        looks=looks(tally),
        response=timings(tally).get(TOTAL),
        budget=None if slo is None else budget(shares, slo),
    )


def budget(shares: Shares, slo: float) -> Budget:
    """Hold what was down against what may be."""
    allowed = round((1 - slo) * shares.judged / PER_SECOND, 6)
    used = shares[Time.DOWN] / PER_SECOND
    return Budget(
        slo=round(slo, 10),
        allowed=allowed,
        used=used,
        left=max(0.0, allowed - used),
        spent=used / allowed if allowed else None,
        is_kept=used <= allowed if shares.judged else None,
    )


def report(
    history: History, promised: Iterable[tuple[str, float | None]], period: Period, now: float, zone: str
) -> Report:
    """Report about these probes, each with what was promised of it."""
    return Report(
        period=period.name,
        begin=period.begin,
        end=max(period.begin, min(period.end, now)),
        time_zone=zone,
        lines=[line(history, name, period, slo) for name, slo in promised],
    )


def when(at: float, zone: dt.tzinfo) -> str:
    """An instant by the clock of a zone, with its offset: a time that comes twice is told apart by that."""
    return dt.datetime.fromtimestamp(at, zone).isoformat(sep=" ", timespec="seconds")


def _lasted(incidents: Sequence[Incident], spans: Sequence[Span]) -> Iterable[int]:
    """How long each was down, in milliseconds, of the time that counts as that; those that were not do not count."""
    down = [span for span in spans if span.time is Time.DOWN]
    for one in incidents:
        if one.health is not Health.DOWN:
            continue
        until = one.ended if one.ended is not None else (spans[-1].end if spans else one.began)
        mine = Span(one.began, until, Time.DOWN)
        length = sum(overlap(mine, span) for span in down)
        if length:
            yield length
