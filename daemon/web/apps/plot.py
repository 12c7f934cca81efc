"""Numbers over time as an SVG: bars on top of one another, lines, and what each step was for whoever points at it.

It stretches to whatever width there is; so what is written beside it stands in the page, not in the drawing.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

import msgspec

from daemon.web.chart import HIGH, WIDE, round_up

GAP = 0.12  # of a step's width between two bars
LEAST_SEEN = 1.5  # of the height: something that was there is not drawn as nothing

Values = Sequence[float | None]


class Row(msgspec.Struct, frozen=True):
    """One number for each step, None where there is none; `kind` is its class in the style."""

    kind: str
    values: Values


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A drawing, and what its top means."""

    svg: str
    top: float

    @property
    def ticks(self) -> tuple[float, ...]:
        """What stands beside it, from the top."""
        return (self.top, self.top / 2, 0.0)


def plot(bars: Sequence[Row], lines: Sequence[Row], titles: Sequence[str], label: str, *, least: float = 0.0) -> Plot:
    """Draw it; `titles` say what each step was. The top is at least `least`."""
    count = len(titles)
    stacked = [sum(row.values[at] or 0.0 for row in bars) for at in range(count)]
    top = round_up(max([least, *stacked, *(value or 0.0 for row in lines for value in row.values)]))
    drawn = [f'<path class="a" d="M0 0H{WIDE}M0 {HIGH / 2:g}H{WIDE}"/>']
    below = [0.0] * count
    for row in bars:
        above = [low + (value or 0.0) for low, value in zip(below, row.values, strict=True)]
        drawn.append(f'<path class="{row.kind}" d="{"".join(_bars(below, above, top))}"/>')
        below = above
    drawn += [f'<path class="{row.kind}" d="{"".join(_line(row.values, top))}"/>' for row in lines]
    wide = WIDE / max(1, count)
    drawn += [
        f'<rect class="t" x="{at * wide:.5g}" y="0" width="{wide:.5g}" height="{HIGH}">'
        f"<title>{escape(title)}</title></rect>"
        for at, title in enumerate(titles)
    ]
    return Plot(svg=_svg("chart plotted", label, drawn), top=top)


def spark(values: Values) -> str:
    """The whole of it in a few pixels, beside the figures."""
    most = max((value for value in values if value is not None), default=0.0)
    if not most:
        return ""
    drawn = "".join(_bars([0.0] * len(values), [value or 0.0 for value in values], most))
    return _svg("spark", "", [f'<path class="b" d="{drawn}"/>'])


def _svg(kind: str, label: str, drawn: Sequence[str]) -> str:
    said = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return f'<svg class="{kind}" viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" {said}>{"".join(drawn)}</svg>'


def _bars(below: Sequence[float], above: Sequence[float], top: float) -> Iterator[str]:
    wide = WIDE / max(1, len(below))
    for at, (low, high) in enumerate(zip(below, above, strict=True)):
        if high <= low:
            continue
        foot = HIGH - HIGH * low / top
        tall = max(LEAST_SEEN, HIGH * (high - low) / top)
        yield f"M{(at + GAP / 2) * wide:.5g} {foot:.5g}h{wide * (1 - GAP):.5g}v-{tall:.5g}h-{wide * (1 - GAP):.5g}z"


def _line(values: Values, top: float) -> Iterator[str]:
    """A line from the beginning of a run to its end: a single value is as wide as its step. Where none is, is a gap."""
    wide = WIDE / max(1, len(values))
    for has, run in groupby(range(len(values)), key=lambda at: values[at] is not None):
        if not has:
            continue
        numbers = list(run)
        ys = [HIGH - HIGH * (values[at] or 0.0) / top for at in numbers]
        places = [numbers[0] * wide, *((at + 0.5) * wide for at in numbers), (numbers[-1] + 1) * wide]
        row = zip(places, [ys[0], *ys, ys[-1]], strict=True)
        yield "M" + "L".join(f"{x:.5g} {y:.5g}" for x, y in row)
