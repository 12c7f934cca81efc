"""Ninety days as ninety bars: an SVG that stretches to whatever width there is.

A bar is as high for every day; what was not well takes its part of it from the top, never so little that it could not
be seen, and what was down has a mark below, so that nobody needs to tell colours apart. A day of which nothing is
known is a thin line.
"""

from collections.abc import Iterator, Sequence
from html import escape

from daemon.history.stretches import Time
from daemon.web.view import TIMES, Day

STEP, WIDE, HIGH, MARK = 5, 4, 32, 38  # a day's width with its gap and without, a bar's height, and with the mark
LINE = 2  # the height of a day of which nothing is known
LEAST = {Time.DOWN: 14.0, Time.DEGRADED: 10.0, Time.MAINTENANCE: 8.0, Time.UNKNOWN: 8.0}  # from the top down
LEAST_UP = 6.0
KINDS = {Time.UP: "u", Time.DOWN: "d", Time.DEGRADED: "g", Time.MAINTENANCE: "m", Time.UNKNOWN: "n"}


def bars(days: Sequence[Day], titles: Sequence[str], label: str, *, each: bool = True, least: float = 1.0) -> str:
    """Draw them. Each day has a title where `each`; else only those that were not all well, in far fewer bytes.

    `least` is lower for days of many: what one of fifty was must not look as if half of them had been it.
    """
    drawn: list[str] = []
    well: list[str] = []  # bars of days that need no title
    empty: list[str] = []
    for number, (day, title) in enumerate(zip(days, titles, strict=True)):
        parts = list(_parts(day, least))
        if not each and not parts:
            empty.append(f"M{number * STEP} {HIGH - LINE}h{WIDE}v{LINE}h-{WIDE}z")
            continue
        if not each and [time for time, _ in parts] == [Time.UP]:
            well.append(f"M{number * STEP} 0h{WIDE}v{HIGH}h-{WIDE}z")
            continue
        drawn.append(f"<g><title>{escape(title)}</title>{''.join(_day(number * STEP, parts))}</g>")
    alike = [f'<path class="{kind}" d="{"".join(found)}"/>' for kind, found in (("u", well), ("o", empty)) if found]
    width = max(1, len(days) * STEP - (STEP - WIDE))
    return (
        f'<svg class="bars" viewBox="0 0 {width} {MARK}" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}">'
        f"{''.join(alike + drawn)}</svg>"
    )


def _parts(day: Day, scale: float) -> Iterator[tuple[Time, float]]:
    """What a bar is made of, from the top, each with its height; nothing for a day of which nothing is known."""
    lengths = {time: day[TIMES.index(time)] for time in KINDS}
    whole = sum(lengths.values())
    if not whole:
        return
    taken = {time: max(least * scale, HIGH * lengths[time] / whole) for time, least in LEAST.items() if lengths[time]}
    room = HIGH - (LEAST_UP if lengths[Time.UP] else 0.0)
    over = sum(taken.values())
    shrink = room / over if over > room or not lengths[Time.UP] else 1.0
    yield from ((time, high * shrink) for time, high in taken.items())
    if lengths[Time.UP]:
        yield Time.UP, HIGH - over * shrink


def _day(left: int, parts: Sequence[tuple[Time, float]]) -> Iterator[str]:
    if not parts:
        yield f'<rect class="o" x="{left}" y="{HIGH - LINE}" width="{WIDE}" height="{LINE}"/>'
    top = 0.0
    for time, high in parts:
        yield f'<rect class="{KINDS[time]}" x="{left}" y="{top:g}" width="{WIDE}" height="{high:.4g}"/>'
        top = round(top + high, 3)
    if any(time is Time.DOWN for time, _ in parts):
        yield f'<rect class="k" x="{left}" y="{HIGH + 2}" width="{WIDE}" height="{MARK - HIGH - 2}"/>'
