"""The probes: how each stands, and one look at once."""

from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any

import msgspec

from daemon import fitting
from daemon.alert import Alert
from daemon.config.fleet import HERE
from daemon.config.looking import ProbePlan
from daemon.errors import ConditionError, MethodError
from daemon.methods.codes import Limit
from daemon.methods.parts import Parts, ProbeStatus
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Table
from daemon.probing.carried import conditions, unpacked
from daemon.probing.telling import removed
from daemon.reading import Health, Reading
from daemon.store import alerts, pauses
from daemon.store.pauses import Pause

MOST_TOLD = 300  # characters of what is wrong with settings that another tocsin sent
NAMED = 20  # probes that are named to whoever asks for one that is not there
COMING = 5  # looks to come that are told
PAUSES = 10  # of a probe, that are told


class ProbeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """All about one probe. `next` are the instants at which it looks, or at which one that calls in is expected."""

    probe: Any
    next: list[float]
    pauses: list[Pause]


def known(parts: Parts, name: str) -> ProbeStatus:
    """How a probe stands; raises MethodError when there is none of that name."""
    try:
        return parts.scheduler.status_of(name)
    except KeyError:
        raise not_there(name, parts.settings().probes) from None


def alarms(parts: Parts, name: str) -> list[Alert]:
    """The last alert of each of a probe's alarms, of those that it has had, oldest first."""
    problems = [event.fingerprint() for event in removed(name, parts.clock.now())]
    had = parts.store.read(lambda tx: [alerts.last_with(tx, problem) for problem in problems])
    return sorted((one for one in had if one is not None), key=lambda one: one.id)


def not_there(name: str, names: Collection[str]) -> MethodError:
    """What is said of a name that no probe has."""
    there = ", ".join(islice(names, NAMED)) or "none"
    more = f", and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return MethodError(f"there is no probe {name[:100]!r}; there are: {there}{more}", code=NOT_FOUND)


def add(table: Table, parts: Parts) -> None:
    """Add `probes.*`."""

    @table.method("probes.list", "read")
    def _list(verdict: Health | None = None, limit: Limit = 1_000, after: str = "") -> Sequence[ProbeStatus]:
        """List the probes with their verdicts and last readings, by name.

        `verdict` narrows it down; `after` is the last name of the page before.
        """
        found = parts.scheduler.statuses(after)
        return list(islice((one for one in found if verdict in (None, one.verdict)), limit))

    @table.method("probes.run", "act")
    def _run(name: str) -> Reading:
        """Look once, now, and tell what was seen; it does not count for the verdict."""
        known(parts, name)
        return parts.scheduler.run(name)

    @table.method("probes.get", "read")
    def _get(name: str) -> ProbeDetail:
        """Tell all about one probe: how it stands, when it looks next, and its last pauses."""
        status = known(parts, name)
        return ProbeDetail(
            probe=status,
            next=parts.scheduler.coming(name, COMING),
            pauses=parts.store.read(lambda tx: pauses.newest(tx, name, PAUSES)),
        )

    _add_for_others(table, parts)


def _add_for_others(table: Table, parts: Parts) -> None:
    @table.method("probes.run_once", "look")
    def _run_once(
        type: str,  # noqa: A002 - as it is called in the file
        settings: dict[str, Any],
        down: list[str] | None = None,
        degraded: list[str] | None = None,
        place: str = "",
    ) -> Reading:
        """Look once for another tocsin, which sends the probe's settings; nothing of it is kept.

        `down` and `degraded` are conditions; `place` is what the other one calls this one in them.
        Only kinds that touch nothing but the network: a probe must never become a command.
        """
        return parts.scheduler.run_for(_foreign(parts, type, settings, (down or (), degraded or ())), place or HERE)


def _foreign(
    parts: Parts, name: str, settings: dict[str, Any], demands: tuple[Sequence[str], Sequence[str]]
) -> ProbePlan:
    """What another tocsin wants looked at."""
    kinds = {one: kind for one, kind in parts.probe_kinds().items() if getattr(kind, "FOR_OTHERS", False)}
    kind = kinds.get(name)
    if kind is None:
        known = ", ".join(sorted(kinds))
        raise MethodError(f"no probe of the type {name[:50]!r} is run for others; there are: {known}", code=REFUSED)
    try:
        down, degraded = (conditions(texts, kind, name) for texts in demands)
        probe = unpacked(kind, settings)
    except (ValueError, ConditionError) as error:
        raise MethodError(fitting.cut(str(error), MOST_TOLD), code=INVALID_PARAMS) from error
    return ProbePlan(name="for others", type=name, probe=probe, down=down, degraded=degraded)
