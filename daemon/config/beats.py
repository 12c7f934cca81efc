"""When probes look: lines that have no more instants, and the keys by which others call in."""

from collections.abc import Iterator

from daemon.config.settings import Settings
from daemon.config.written import Problem


def keys(settings: Settings) -> Iterator[Problem]:
    """Each heartbeat is called by a key of its own."""
    first: dict[str, str] = {}
    for name, plan in settings.probes.items():
        if plan.ear is not None and (other := first.setdefault(plan.ear.key.reveal(), name)) != name:
            yield ("probes", name, "key"), f"is the key of {other} too; each needs one of its own"


def over(settings: Settings, now: float) -> Iterator[Problem]:
    """Cron lines whose years are over."""
    for name, plan in settings.probes.items():
        if plan.firings is not None and plan.firings.after(now) is None:
            yield ("probes", name, "cron"), "has fired for the last time: its years are over"
