"""How many of an error there were in the last five minutes, and whether that is far more than usual."""

import msgspec

SLOT = 300  # seconds
USUAL_HOURS = 24  # of which the usual is made
_SLOTS_AN_HOUR = 3_600 // SLOT
CALM = 0.5  # a spike is over below this part of what it took


class Rate(msgspec.Struct, frozen=True):
    """Counts of this stretch of five minutes and of the one before it."""

    slot: int = 0  # since the epoch
    count: int = 0
    before: int = 0

    def counted(self, at: float, number: int) -> "Rate":
        """So many more, which came at `at`. What came before both stretches is too old to matter."""
        slot = int(at // SLOT)
        if slot == self.slot - 1:
            return Rate(self.slot, self.count, self.before + number)
        if slot == self.slot:
            return Rate(slot, self.count + number, self.before)
        if slot == self.slot + 1:
            return Rate(slot, number, self.count)
        return self if 0 < self.slot - slot <= _SLOTS_AN_HOUR else Rate(slot, number, 0)

    def recent(self, now: float) -> float:
        """How many came in the five minutes before now: all of this stretch, and the last one's as far as it counts."""
        slot = int(now // SLOT)
        part = 1.0 - (now % SLOT) / SLOT
        if slot == self.slot:
            return self.count + self.before * part
        return self.count * part if slot == self.slot + 1 else 0.0


def usual(hours: list[int], known: float) -> float:
    """How many come in five minutes, by the hours before this one; `known` is for how many of them it is known."""
    return sum(hours) / (max(1.0, min(known, USUAL_HOURS)) * _SLOTS_AN_HOUR)


def needed(usual: float, factor: float, least: int) -> float:
    """How many in five minutes are a spike."""
    return max(float(least), factor * usual)


def is_over(recent: float, needed: float) -> bool:
    """Whether a spike that it took so many for is over."""
    return recent < needed * CALM
