"""From where probes are looked at: from places that there are, and that can."""

from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from typing import Any

from daemon.config.findings import Path, quoted
from daemon.config.fleet import HERE, Node
from daemon.config.looking import ProbePlan
from daemon.config.scalars import meant
from daemon.config.settings import Settings
from daemon.config.written import Problem
from daemon.reading import Looks


def files_of(probe: Looks) -> list[str]:
    """The settings that name files of this machine: with these, nobody else can look the same way."""
    named: tuple[Field[Any], ...] = fields(probe) if is_dataclass(probe) and not isinstance(probe, type) else ()
    return [one.name for one in named if one.metadata.get("here") and getattr(probe, one.name)]


def unknown(settings: Settings) -> Iterator[Problem]:
    """Probes are looked at from places that there are, each of them once, and only if they can be looked at there."""
    yield from _twice(settings.nodes)
    for name, plan in settings.probes.items():
        path = ("probes", name, "from")
        for place in plan.places:
            if place != HERE and place not in settings.nodes:
                known = [*settings.nodes, HERE]
                yield path, f"there is no node {quoted(place)}{meant(place, known)}"
        for twice in sorted({place for place in plan.places if plan.places.count(place) > 1}):
            yield path, f"{quoted(twice)} stands twice"
        for key, conditions in (("down", plan.down), ("degraded", plan.degraded)):
            for one in conditions:
                if one.node and one.node not in (plan.places or (HERE,)):
                    yield ("probes", name, key), f"{quoted(str(one))} is about a place that is not in `from`"
        if set(plan.places) - {HERE}:
            yield from _travels(plan, path)
        count = max(1, len(plan.places))
        if plan.quorum is not None and plan.quorum.of != count:
            yield ("probes", name, "quorum"), f"is of {plan.quorum.of}, and the places in `from` are {count}"


def _twice(nodes: Mapping[str, Node]) -> Iterator[Problem]:
    known_as: dict[str, str] = {}
    for name, node in nodes.items():
        if (other := known_as.setdefault(node.url, name)) != name:
            yield ("nodes", name, "url"), f"is that of {quoted(other)} already: one tocsin would count as two"


def _travels(plan: ProbePlan, path: Path) -> Iterator[Problem]:
    if not plan.probe.FOR_OTHERS:
        yield path, f"probes of the type {plan.type} look at their own machine: no node does that for another"
    if named := files_of(plan.probe):
        yield path, f"no node has the file of {named[0]}; leave that out, or look only from here"
