"""Who is on call at an instant, and the shifts of a time."""

from collections.abc import Iterator

from daemon.oncall import layers
from daemon.oncall.schedule import Book, Shift

LOOK_AHEAD = 90 * 86_400.0  # how far the next shift is looked for


def on_call(book: Book, name: str, at: float) -> tuple[str, ...]:
    """The people who are on call by this schedule; nobody where it has a gap."""
    for cover in reversed(book.covers(name)):
        if cover.begin <= at < cover.end:
            return book.people(cover.who)
    schedule = book.schedules[name]
    zone = schedule.time_zone.info
    for layer in reversed(schedule.layers):
        if layers.is_on(layer, at, zone):
            who = on_call(book, layer.use, at) if layer.use else book.people(layers.turn(layer, at, zone))
            if who:
                return who
    return ()


def walk(book: Book, name: str, begin: float, end: float) -> Iterator[Shift]:
    """Yield the shifts of a time one after the other, cut at its ends; where nobody is on call there is none."""
    since, at, who = begin, begin, on_call(book, name, begin)
    while at < end:
        at = min(_change(book, name, at), end)
        after = on_call(book, name, at) if at < end else None
        if after != who:
            if who:
                yield Shift(who=who, begin=since, end=at)
            since, who = at, after or ()


def shifts(book: Book, name: str, begin: float, end: float) -> list[Shift]:
    """The shifts of a time, in order."""
    return list(walk(book, name, begin, end))


def next_shift(book: Book, name: str, at: float) -> Shift | None:
    """The shift that begins next; None when none does within LOOK_AHEAD. Where it ends later, it is cut there."""
    return next((shift for shift in walk(book, name, at, at + LOOK_AHEAD) if shift.begin > at), None)


def first_gap(book: Book, name: str, begin: float, end: float) -> tuple[float, float] | None:
    """The first time in which nobody is on call."""
    covered = begin
    for shift in walk(book, name, begin, end):
        if shift.begin > covered:
            return covered, shift.begin
        covered = shift.end
    return (covered, end) if covered < end else None


def _change(book: Book, name: str, at: float) -> float:
    """The soonest instant after this one at which somebody else may be on call; infinity when there is none."""
    return min((one for one in _changes(book, name, at) if one > at), default=float("inf"))


def _changes(book: Book, name: str, at: float) -> Iterator[float]:
    for cover in book.covers(name):
        yield cover.begin
        yield cover.end
    schedule = book.schedules[name]
    zone = schedule.time_zone.info
    for layer in schedule.layers:
        yield from layers.changes(layer, at, zone)
        if layer.use:
            yield from _changes(book, layer.use, at)
