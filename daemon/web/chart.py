"""Response times as an SVG: phases on top of one another, their sum, and the line below which 95 % of all looks were.

It stretches to whatever width there is; so what is written beside it stands in the page, not in the drawing.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby

import msgspec

from daemon.web.view import Hour, Response

WIDE, HIGH = 500, 120
REST = "rest"  # what no phase says of the whole
_WORTH = 0.05  # of the whole: less of it is not drawn
_ABOVE = 1.1  # of the largest: its line is not cut off
_STEPS = (1.0, 2.0, 4.0, 5.0, 6.0, 8.0, 10.0)  # what the top of a scale may be, and have a half that is as round
_NOTHING = 1e-9  # seconds: times are kept in microseconds, and so small a scale cannot be reckoned with

Row = list[tuple[float, float]]  # a line: where, how long


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing, what its top means in seconds, and what is drawn, from the bottom up."""

    svg: str
    top: float
    phases: tuple[str, ...]


def chart(response: Response, label: str) -> Chart | None:
    """Draw it; None where there is nothing to draw. Hours without an answer are gaps."""
    hours = response.hours
    known = [max(hour.mean, hour.p95 or 0.0) for hour in hours if hour.mean is not None]
    if not known:
        return None
    phases, top = tuple(_phases(response)), round_up(max(known))
    drawn: list[str] = []
    for run in _runs(hours):
        places = _places(hours, run)
        below = [0.0] * len(run)
        for number, phase in enumerate(phases):
            above = [low + _of(hours[at], phase) for low, at in zip(below, run, strict=True)]
            drawn.append(_area(number, places, below, above, top))
            below = above
        drawn.append(_line("w", places, [hours[at].p95 or 0.0 for at in run], top))
        drawn.append(_line("l", places, [hours[at].mean or 0.0 for at in run], top))
    half = f"M0 {HIGH / 2:g}H{WIDE}"
    svg = (
        f'<svg class="chart" viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}"><path class="a" d="M0 0H{WIDE}{half}"/>{"".join(drawn)}</svg>'
    )
    return Chart(svg=svg, top=top, phases=phases)


def spark(response: Response) -> str:
    """The whole of it in a few pixels, beside the figure; empty where there is nothing to draw."""
    hours = response.hours
    most = max((hour.mean for hour in hours if hour.mean is not None), default=0.0)
    if not most:
        return ""
    lines = [
        _line("l", _places(hours, run), [hours[at].mean or 0.0 for at in run], most * _ABOVE) for run in _runs(hours)
    ]
    return (
        f'<svg class="spark" viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" aria-hidden="true">'
        f"{''.join(lines)}</svg>"
    )


def round_up(value: float) -> float:
    """The next number that is easily read, and half of which is, too."""
    if value < _NOTHING:
        return 0.001
    unit = 10.0 ** math.floor(math.log10(value))
    return next(step * unit for step in _STEPS if step * unit >= value * (1 - 1e-9))


def _phases(response: Response) -> Iterator[str]:
    yield from response.phases
    if any(hour.mean and _rest(hour) > _WORTH * hour.mean for hour in response.hours):
        yield REST


def _rest(hour: Hour) -> float:
    return max(0.0, (hour.mean or 0.0) - sum(hour.phases.values()))


def _of(hour: Hour, phase: str) -> float:
    return _rest(hour) if phase == REST else hour.phases.get(phase, 0.0)


def _runs(hours: Sequence[Hour]) -> Iterable[list[int]]:
    """The numbers of hours that follow one another and have something to show."""
    for has, numbers in groupby(range(len(hours)), key=lambda at: hours[at].mean is not None):
        if has:
            yield list(numbers)


def _places(hours: Sequence[Hour], run: Sequence[int]) -> list[float]:
    """Where the beginning of a run lies, the middle of each hour, and its end."""
    wide = WIDE / len(hours)
    return [run[0] * wide, *((at + 0.5) * wide for at in run), (run[-1] + 1) * wide]


def _row(places: Sequence[float], values: Sequence[float], top: float) -> Row:
    ends = [values[0], *values, values[-1]]
    return [(place, HIGH - HIGH * min(1.0, value / top)) for place, value in zip(places, ends, strict=True)]


def _area(number: int, places: Sequence[float], below: Sequence[float], above: Sequence[float], top: float) -> str:
    outline = [*_row(places, above, top), *reversed(_row(places, below, top))]
    return f'<path class="p{number % 8}" d="M{_path(outline)}z"/>'


def _line(kind: str, places: Sequence[float], values: Sequence[float], top: float) -> str:
    return f'<path class="{kind}" d="M{_path(_row(places, values, top))}"/>'


def _path(row: Row) -> str:
    return "L".join(f"{x:.5g} {y:.5g}" for x, y in row)
