"""Lines that match, counted in a window that moves on with time."""

import msgspec

from daemon import fitting
from daemon.matcher import pattern

SHARES = 60  # parts of the window by which lines leave it again
MOST_KEPT = 5  # matching lines that are shown
MOST_SHOWN = 300  # characters of each
_WIDEST = 4  # bytes of a character


class Sieve:
    """Counts the lines that match, and keeps the last of them."""

    def __init__(self, wanted: tuple[str, ...], ignored: tuple[str, ...]) -> None:
        self.count = 0
        self._last: list[bytes] = []
        self._wanted = [pattern(one) for one in wanted]
        self._ignored = [pattern(one) for one in ignored]

    def take(self, line: bytes) -> None:
        """Look at one line. Without a pattern every line is wanted."""
        for one in self._ignored:
            if one.search(line):
                return
        for one in self._wanted:
            if one.search(line):
                break
        else:
            if self._wanted:
                return
        self.count += 1
        self._last.append(line)
        if len(self._last) > MOST_KEPT:
            del self._last[0]

    @property
    def last(self) -> tuple[str, ...]:
        """As people read them."""
        texts = (one[: MOST_SHOWN * _WIDEST].decode("utf-8", "replace") for one in self._last)
        return tuple(fitting.cut(fitting.line(one), MOST_SHOWN) for one in texts)


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """How many lines matched in one part of the window."""

    at: int  # when it began
    count: int


class Seen(msgspec.Struct, frozen=True, array_like=True):
    """A line that matched."""

    at: float
    line: str


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """What matched within the window, oldest first."""

    since: float | None = None  # of the first look
    counted: tuple[Counted, ...] = ()
    last: tuple[Seen, ...] = ()

    def add(self, count: int, last: tuple[str, ...], now: float, within: float) -> "Tally":
        """So many more lines were found now. A line counts for the window and at most a sixtieth of it longer."""
        part = max(1.0, within / SHARES)
        began = int(now // part * part)
        counted = [one for one in self.counted if now - within - part < one.at <= now]
        if count and counted and counted[-1].at == began:
            counted[-1] = Counted(began, counted[-1].count + count)
        elif count:
            counted.append(Counted(began, count))
        lines = [one for one in self.last if now - within < one.at <= now]
        lines += [Seen(now, line) for line in last]
        since = now if self.since is None else min(self.since, now)
        return Tally(since, tuple(counted[-2 * SHARES :]), tuple(lines[-MOST_KEPT:]))

    @property
    def matches(self) -> int:
        """How many lines there were within the window."""
        return sum(one.count for one in self.counted)

    @property
    def lines(self) -> list[str]:
        """The last of them, oldest first."""
        return [one.line for one in self.last]
