"""One layer at one instant: whether it is on, whose turn it is, and when that can change."""

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo

from daemon.oncall.schedule import Layer
from daemon.oncall.wall import instant, shown
from daemon.oncall.words import Day

_DAY = timedelta(days=1)
_WEEK = 7


def is_on(layer: Layer, at: float, zone: tzinfo) -> bool:
    """Whether the layer counts at this instant."""
    if layer.start is not None and at < _taken_over(layer, layer.start, zone):
        return False
    if layer.until is not None and at >= _taken_over(layer, layer.until, zone):
        return False
    return _is_unbounded(layer) or any(begin <= at < end for begin, end in _windows(layer, at, zone))


def turn(layer: Layer, at: float, zone: tzinfo) -> tuple[str, ...]:
    """Whose turn it is, or who is on duty: people and teams. The layer is on."""
    if layer.ical:
        return layer.duties.on(at)
    if len(layer.people) == 1 or layer.start is None:
        return layer.people[:1]
    return (layer.people[_number(layer, layer.start, at, zone) % len(layer.people)],)


def changes(layer: Layer, at: float, zone: tzinfo) -> Iterator[float]:
    """Yield instants after this one, the soonest at which the layer can change among them."""
    for day in (layer.start, layer.until):
        if day is not None:
            yield _taken_over(layer, day, zone)
    if layer.ical:
        yield layer.duties.change(at)
    elif len(layer.people) > 1 and layer.start is not None:
        number = _number(layer, layer.start, at, zone) + 1
        yield instant(_first(layer, layer.start) + number * layer.rotation.step, zone)
    if not _is_unbounded(layer):
        for begin, end in _windows(layer, at, zone):
            yield begin
            yield end


def _taken_over(layer: Layer, day: Day, zone: tzinfo) -> float:
    return instant(_first(layer, day), zone)


def _first(layer: Layer, day: Day) -> datetime:
    return day.midnight + layer.handover.time


def _number(layer: Layer, start: Day, at: float, zone: tzinfo) -> int:
    """How many hand-overs there were since the layer began. Guessed on the wall, then set right in time."""
    first, step = _first(layer, start), layer.rotation.step
    number = (shown(at, zone) - first) // step
    while instant(first + (number + 1) * step, zone) <= at:
        number += 1
    while instant(first + number * step, zone) > at:
        number -= 1
    return number


def _is_unbounded(layer: Layer) -> bool:
    return layer.hours is None and not layer.weekdays


def _windows(layer: Layer, at: float, zone: tzinfo) -> Iterator[tuple[float, float]]:
    """The times in which the layer is on, from those that may have begun yesterday to those of a week later."""
    begin, end = (layer.hours.begin, layer.hours.end) if layer.hours else (timedelta(0), _DAY)
    wanted = frozenset().union(*(days.numbers for days in layer.weekdays)) or range(_WEEK)
    today = shown(at, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for i in range(-2, _WEEK + 2):
        day = today + i * _DAY
        if day.weekday() in wanted:
            yield instant(day + begin, zone), instant(day + end, zone)
