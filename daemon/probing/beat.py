"""When a probe looks: a beat of its own on a fixed timeline, spread by a hash of its name."""

import hashlib
import math

import msgspec

SLACK = 0.1  # the part of the interval by which a look may be late and still make sense


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """What to do at a beat: look or let it pass, how many beats were passed over, and which comes next."""

    is_on_time: bool
    skipped: int
    then: int


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Beats are due at `offset + n * every` in monotonic time, whatever happened at earlier ones: no drift."""

    offset: float
    every: float

    def due(self, number: int) -> float:
        """The instant of a beat."""
        return self.offset + number * self.every

    def after(self, now: float) -> int:
        """The first beat that is still to come."""
        return self._latest(now) + 1

    def turn(self, number: int, now: float, *, must: bool = False) -> Turn:
        """We woke for this beat at `now`; decide. `must` when the last one was let pass for being late.

        After a stall, those whose beat has long gone let it pass instead of all looking at once; but never twice
        running, so that a machine that is always late still looks.
        """
        current = max(number, self._latest(now))
        is_on_time = must or now - self.due(current) <= SLACK * self.every
        skipped = current - number + (not is_on_time)
        return Turn(is_on_time=is_on_time, skipped=skipped, then=current + 1)

    def _latest(self, now: float) -> int:
        number = math.floor((now - self.offset) / self.every)
        # Division rounds: make sure that the beat found is not after now, and the next one is.
        if self.due(number) > now:
            return number - 1
        return number + 1 if self.due(number + 1) <= now else number


def beat_of(name: str, every: float) -> Beat:
    """The beat of the probe of that name: the same in every process, after every restart."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return Beat(offset=int.from_bytes(digest) / 2**64 * every, every=every)
