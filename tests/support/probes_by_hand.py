"""Probes for tests: they answer as told, and one that hangs until it is let go."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gevent.event import Event as Signal

from daemon.calendars.interval import TimeInterval
from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.probes.base import Health, Probe, Reading, probe
from daemon.units import Quorum, Seconds

GOOD = Reading(health=Health.UP, detail="200 OK", phases={"connect": 0.002})
BAD = Reading(health=Health.DOWN, detail="connection refused", phases={"resolve": 0.001})


@probe("scripted")
@dataclass(frozen=True, kw_only=True)
class Scripted(Probe):
    """Calls `answer` for each look."""

    answer: Callable[[], Reading] = field(default=lambda: GOOD, compare=False)

    def look(self) -> Reading:
        return self.answer()

    def target(self) -> str:
        return "scripted://here"


class Hanging:
    """Answers only when let go; counts how often it was asked and how often it was cut off."""

    def __init__(self) -> None:
        self.asked = 0
        self.cut = 0
        self.go = Signal()

    def __call__(self) -> Reading:
        self.asked += 1
        try:
            self.go.wait()
        except BaseException:
            self.cut += 1
            raise
        return GOOD


def plan(name: str, answer: Callable[[], Reading] = lambda: GOOD, every: float = 60, **more: object) -> ProbePlan:
    """One probe's settings."""
    more = {"second_opinion": False} | more
    more |= {name: Quorum.parse(str(more[name])) for name in ("fail_after", "recover_after") if name in more}
    return ProbePlan(name=name, type="scripted", probe=Scripted(answer=answer), every=Seconds(every), **more)  # type: ignore[arg-type]


class Plans:
    """Settings that a test changes before it calls `reload`."""

    def __init__(self, *plans: ProbePlan) -> None:
        self.put(*plans)

    def put(self, *plans: ProbePlan) -> None:
        self._settings = Settings(probes={plan.name: plan for plan in plans})

    def intervals(self, *named: TimeInterval) -> None:
        """Define the hours that the plans name."""
        self._settings = replace(self._settings, time_intervals={one.name: one for one in named})

    def __call__(self) -> Settings:
        return self._settings
