"""What the time of one probe counts as, settled as late as the verdict needs.

A verdict begins with the first reading that led to it. So while a row of readings may still turn it, the time since
the first of them is open: it counts as the new verdict when it turns, and as the old one when it does not any more.
A reading speaks until the next one is due and a little longer; after that nothing is known.
"""

import copy

import msgspec

from daemon.history.stretches import Time, Turn


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """What one reading means for the time, in milliseconds."""

    at: int
    speaks_until: int  # as `at` when it saw nothing
    verdict: Time  # after it
    since: int | None = None  # from when on that is so, if this reading turned it
    open_since: int | None = None  # from when on the next reading may turn it, if not only from its own instant on


class Account(msgspec.Struct, array_like=True):
    """The time of one probe up to its last reading. Each step returns the turns of its line that are settled by it."""

    line: Time  # what the line says at its end
    settled: int  # where it ends
    reached: int  # when it was last read, or begun
    speaks_until: int
    verdict: Time
    pending: list[tuple[int, int, bool]] = []  # from, to, and whether something was known of it

    def step(self, reading: Reached) -> list[Turn]:
        """Go on to the next reading."""
        at = max(reading.at, self.reached)
        turns: list[Turn] = []
        self._grow(at)
        if reading.verdict is not self.verdict:
            turns += self._settle(at if reading.since is None else reading.since)
            self.verdict = reading.verdict
        turns += self._settle(at if reading.open_since is None else reading.open_since)
        self.speaks_until = max(at, reading.speaks_until)
        return turns

    def forget(self, at: int) -> list[Turn]:
        """The verdict means nothing any more: what is configured is another, or it is too old."""
        self._grow(max(at, self.reached))
        turns = self._settle(self.reached)
        self.verdict, self.speaks_until = Time.UNKNOWN, self.reached
        return turns

    def leave(self, at: int) -> list[Turn]:
        """Nobody watches it from now on."""
        turns = self.forget(at)
        self.line = Time.UNWATCHED
        return [*turns, Turn(self.reached, Time.UNWATCHED)]

    def rewind(self, at: int) -> list[Turn]:
        """The clock was set back to this instant: what was thought to come after it is not so."""
        if self.reached <= at:
            return []
        self.pending = []
        self.settled = self.reached = self.speaks_until = at
        self.line = Time.UNKNOWN
        return [Turn(at, Time.UNKNOWN)]

    def outlook(self, now: int) -> list[Turn]:
        """The turns up to now, as far as it looks now: what is open counts as the verdict that there is."""
        seen = copy.copy(self)
        seen.pending = list(self.pending)
        return seen.forget(now)

    def _grow(self, at: int) -> None:
        """Let time pass, which settles nothing."""
        known = min(max(self.speaks_until, self.reached), at)
        self._add(self.reached, known, known=True)
        self._add(known, at, known=False)
        self.reached = at

    def _add(self, begin: int, end: int, *, known: bool) -> None:
        if begin >= end:
            return
        if self.pending and self.pending[-1][1:] == (begin, known):
            begin = self.pending.pop()[0]
        self.pending.append((begin, end, known))

    def _settle(self, upto: int) -> list[Turn]:
        """Count what is pending before then as the verdict."""
        turns = []
        rest = []
        for begin, end, known in self.pending:
            if begin >= upto:
                rest.append((begin, end, known))
                continue
            if end > upto:
                rest.append((upto, end, known))
            time = self.verdict if known else Time.UNKNOWN
            if time is not self.line:
                self.line = time
                turns.append(Turn(begin, time))
            self.settled = min(end, upto)
        self.pending = rest
        return turns


def begun(at: int) -> Account:
    """The account of something that is watched from now on."""
    return Account(line=Time.UNKNOWN, settled=at, reached=at, speaks_until=at, verdict=Time.UNKNOWN)
