"""What a program counts and measures: counters, gauges, averages, times, different ones."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any, Callable

from tocsin import _clean
from tocsin._way import current, lost

if TYPE_CHECKING:
    from types import TracebackType

    from tocsin._clean import Tags
    from tocsin._way import Way


class _Number:
    """A series of the program's own. Make one and keep it, or make it where it is used: both are cheap."""

    __slots__ = ("_ending", "_head", "_made_for", "_own", "_tags")
    _kind = ""

    def __init__(self, name: str, tags: Tags = None) -> None:
        """`tags` are added to each value; {"name": value}, or texts such as "name:value"."""
        self._ending = ""
        self._made_for: Way | None = None
        self._tags: dict[str, str] = {}
        try:
            self._head = _clean.name(name)
            self._tags = _clean.tags(tags)
        except Exception:  # noqa: BLE001 - a name that cannot be written must not stop the program
            self._head = ""
        self._own = tuple(self._tags.items())

    def _tell(self, written: Callable[[Any], str | None], value: object, tags: Tags) -> None:
        """Send a value, as `written` writes it; what that gives None for is no value."""
        way = current.way
        if not way.is_on:
            return
        try:
            text = written(value)
            if not text or not self._head:
                lost.number += 1
            elif tags:
                way.tell(f"{self._head}:{text}{self._ending_with(way, tags)}")
            else:
                if self._made_for is not way:
                    self._ending = way.ending(self._kind, self._tags)
                    self._made_for = way
                way.tell(f"{self._head}:{text}{self._ending}")
        except Exception:  # noqa: BLE001 - whatever was handed in must not stop the program
            lost.number += 1

    def _ending_with(self, way: Way, tags: Tags) -> str:
        """What follows the value, remembered where the tags are plain: the same ones come again and again."""
        if type(tags) is dict:
            items = tuple(tags.items())
            if all(type(one) is str for pair in items for one in pair):  # 1, 1.0 and True would be one
                return way.known((self._kind, self._own, items), self._kind, self._tags, tags)
        return way.ending(self._kind, {**self._tags, **_clean.tags(tags)})


class Counter(_Number):
    """So many more of something: orders, logins, lines read."""

    __slots__ = ()
    _kind = "c"

    def increment(self, by: float = 1, tags: Tags = None) -> None:
        """Count so many more."""
        self._tell(_clean.number, by, tags)


class Gauge(_Number):
    """So much of something now: length of a queue, connections, a temperature."""

    __slots__ = ()
    _kind = "g"

    def set(self, value: float, tags: Tags = None) -> None:
        """So much it is now."""
        self._tell(_clean.number, value, tags)


class Average(_Number):
    """One of many values whose average, highest, lowest and percentiles are asked for: rows of an answer, sizes."""

    __slots__ = ()
    _kind = "d"

    def add(self, value: float, tags: Tags = None) -> None:
        """Take one of them."""
        self._tell(_clean.number, value, tags)


class Distinct(_Number):
    """Somebody or something, and how many different ones there were: visitors, devices."""

    __slots__ = ()
    _kind = "s"

    def add(self, who: object, tags: Tags = None) -> None:
        """This one was there."""
        self._tell(_clean.member, who, tags)


class Timer(_Number):
    """How long something took: `add(seconds)`, or `with Timer("import"):` around it."""

    __slots__ = ("_begun",)
    _kind = "ms"

    def __init__(self, name: str, tags: Tags = None) -> None:
        """As for every number."""
        super().__init__(name, tags)
        self._begun: list[float] = []  # the one within the other, where a timer is used inside itself

    def add(self, seconds: float, tags: Tags = None) -> None:
        """It took so many seconds."""
        self._tell(_clean.milliseconds, seconds, tags)

    def __enter__(self) -> Timer:  # noqa: PYI034 - typing has no Self in old Pythons
        self._begun.append(perf_counter())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._begun:
            self.add(perf_counter() - self._begun.pop())
