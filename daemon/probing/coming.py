"""When probes that look by cron look next, for people who check a configuration."""

import datetime as dt
from collections.abc import Iterator
from itertools import groupby

from daemon.config.looking import ProbePlan
from daemon.config.settings import Settings
from daemon.probing.rhythm import Now, Rhythm, hours_of

MOST = 5


def coming(settings: Settings, now: float) -> Iterator[str]:
    """One line for each probe with a cron line."""
    for name, plan in settings.probes.items():
        if plan.cron is not None:
            looks = _looks(plan, settings, now)
            yield f"{name} ({plan.cron}, {plan.timezone}): {_written(plan, looks) or 'never any more'}"


def never(settings: Settings, now: float) -> Iterator[str]:
    """What is wrong with hours in which no instant of a probe's cron line ever lies."""
    for name, plan in settings.probes.items():
        fires = plan.firings is not None and plan.firings.after(now) is not None
        if fires and plan.active and not _looks(plan, settings, now):
            hours = ", ".join(plan.active)
            yield f"probes.{name}: never looks: no instant of its cron line lies in its active hours ({hours})"


def _looks(plan: ProbePlan, settings: Settings, now: float) -> list[float]:
    both = Now(mono=0.0, wall=now)
    return Rhythm(plan, both, hours_of(plan, settings.time_intervals)).coming(both, MOST)


def _written(plan: ProbePlan, looks: list[float]) -> str:
    """The date once, then the times of that day."""
    times = [dt.datetime.fromtimestamp(at, plan.timezone.info) for at in looks]
    days = groupby(times, key=lambda one: one.date())
    return "; ".join(f"{day} {', '.join(f'{one:%H:%M:%S}' for one in those)}" for day, those in days)
