"""Who is on duty by a calendar's events: worked out for four weeks at a time, and remembered."""

from collections.abc import Iterable

from daemon.oncall.recurring import Event, occurrences

SPAN = 28 * 86_400.0  # worked out at once
REMEMBERED = 32  # spans

Duty = tuple[float, float, tuple[str, ...]]


class Duties:
    """The events of a calendar, each with the people and teams whom it means."""

    def __init__(self, given: Iterable[tuple[Event, tuple[str, ...]]]) -> None:
        self._given = tuple(given)
        self._spans: dict[int, list[Duty]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duties) and self._given == other._given

    def __hash__(self) -> int:
        return hash(len(self._given))

    def __repr__(self) -> str:
        return f"<{len(self._given)} events>"

    @property
    def named(self) -> tuple[str, ...]:
        """Everybody whom some event means."""
        return tuple(dict.fromkeys(target for _, who in self._given for target in who))

    def on(self, at: float) -> tuple[str, ...]:
        """The people and teams on duty at an instant."""
        found = (who for begin, end, who in self._around(at) if begin <= at < end)
        return tuple(dict.fromkeys(target for who in found for target in who))

    def change(self, at: float) -> float:
        """The soonest instant after this one at which that may change."""
        end = (at // SPAN + 1) * SPAN
        return min((edge for begin, until, _ in self._around(at) for edge in (begin, until) if at < edge), default=end)

    def _around(self, at: float) -> list[Duty]:
        """The duties that touch the span in which an instant lies."""
        number = int(at // SPAN)
        found = self._spans.get(number)
        if found is None:  # two threads may both work it out, to the same end
            since, until = number * SPAN, (number + 1) * SPAN
            found = sorted(
                (begin, end, who) for event, who in self._given for begin, end in occurrences(event, since, until)
            )
            if len(self._spans) >= REMEMBERED:
                self._spans.clear()
            self._spans[number] = found
        return found
