"""How it stands: how much waits, how much was worked through, and what could not be."""

from collections.abc import Mapping

import msgspec

from daemon.config.sentry import Project
from daemon.store import spool
from daemon.store.base import Tx
from daemon.store.spool import Aside, Waiting

SHOWN = 50  # of what was set aside


class ProjectStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One application. `worked_through` counts the items of each kind, for good."""

    name: str
    id: int | None  # None when it is not configured any more
    waiting: Waiting
    worked_through: dict[str, int]


class SentryStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All of them. `oldest` is when what waits longest came; `aside` what could not be worked through, newest first."""

    projects: list[ProjectStatus] = []
    oldest: float | None = None
    aside: list[Aside] = []


def status(tx: Tx, configured: Mapping[str, Project]) -> SentryStatus:
    """Read it."""
    waiting, totals = spool.waiting(tx), spool.totals(tx)
    return SentryStatus(
        projects=[
            ProjectStatus(
                name=name,
                id=configured[name].id if name in configured else None,
                waiting=waiting.get(name, Waiting(0, 0)),
                worked_through=totals.get(name, {}),
            )
            for name in sorted({*configured, *waiting, *totals})
        ],
        oldest=spool.oldest(tx),
        aside=spool.aside(tx, SHOWN),
    )
