"""What the scheduler works with, each as little of it as it needs; and what stands in where there is none."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from daemon.config.looking import ProbePlan
from daemon.probing.watched import Kept, Watched
from daemon.reading import Past, Reading


class Record(Protocol):
    """Where it is written down what was seen."""

    def kept(self, plan: ProbePlan) -> Kept | None:
        """What an earlier process remembered of this probe, as long as that still means something."""

    def saw(self, watched: Watched, reading: Reading, took: float) -> None:
        """A look has ended and is judged. Must not wait."""

    def holds(self, watched: Watched, reading: Reading) -> None:
        """A look that does not count for the verdict says how long what is known goes on to hold. Must not wait."""

    def usual(self, name: str) -> Mapping[str, float]:
        """How many seconds each phase of this probe usually takes, as far as that is known. Must not wait."""


class Sight(Protocol):
    """Whether tocsin itself can see."""

    def seen(self, plan: ProbePlan, reading: Reading, began: float) -> Reading:
        """The reading, or that nothing is known; the look began at that instant of monotonic time. May wait."""


class Way(NamedTuple):
    """One way to look at something, which takes at most so many seconds."""

    name: str
    limit: float
    look: Callable[[Past], Reading]


class Places(Protocol):
    """Other machines that can look for us."""

    def ways(self, plan: ProbePlan) -> Iterable[Way]:
        """How they would look at it, for a second opinion."""

    def look(self, plan: ProbePlan, here: Callable[[], Reading], past: Past) -> Reading:
        """Look from all the places that the plan names; `here` looks from this one."""


class NoRecord:
    """Nothing is written down."""

    def kept(self, plan: ProbePlan) -> Kept | None:
        """Nothing."""
        del plan
        return None

    def saw(self, watched: Watched, reading: Reading, took: float) -> None:
        """Forget it."""

    def holds(self, watched: Watched, reading: Reading) -> None:
        """Forget it."""

    def usual(self, name: str) -> Mapping[str, float]:
        """Nothing is known."""
        del name
        return {}


class AllSeen:
    """Every reading means what it says."""

    def seen(self, plan: ProbePlan, reading: Reading, began: float) -> Reading:
        """The reading."""
        del plan, began
        return reading


class OnlyHere:
    """Nobody else looks."""

    def ways(self, plan: ProbePlan) -> Iterable[Way]:
        """Nobody."""
        del plan
        return ()

    def look(self, plan: ProbePlan, here: Callable[[], Reading], past: Past) -> Reading:
        """Look from here."""
        del plan, past
        return here()
