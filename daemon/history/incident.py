"""One time that a probe was down, or degraded."""

import msgspec

from daemon.history.tally import HEALTHS
from daemon.reading import Health
from daemon.store.base import Row
from daemon.store.incidents import Incident as Stored

MOST_REASON = 500  # characters
REMOVED = "the probe was removed"


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when, in milliseconds, why, and what ended it. `ended` is None while nothing has."""

    probe: int
    began: int
    health: Health
    ended: int | None = None
    reason: str = ""
    ending: str = ""

    @property
    def key(self) -> tuple[int, int, Health]:
        """What it is known by."""
        return (self.probe, self.began, self.health)

    def over(self, at: int, ending: str) -> "Incident":
        """The same, ended."""
        return msgspec.structs.replace(self, ended=max(self.began, at), ending=short(ending))

    def stored(self) -> Stored:
        """As a row."""
        return (self.probe, self.began, HEALTHS.index(self.health), self.ended, self.reason, self.ending)


def read(row: Row) -> Incident:
    """From a row."""
    probe, began, health, ended, reason, ending = row
    return Incident(probe=probe, began=began, health=HEALTHS[health], ended=ended, reason=reason, ending=ending)


def short(text: str) -> str:
    """A text that can be stored, whatever a target said."""
    text = text[:MOST_REASON].encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() else " " for char in text)
