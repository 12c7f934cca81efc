"""Looked at from several places: this tocsin and others, and what their readings are together."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, cast

import gevent
import msgspec

from daemon.conditions.condition import Condition
from daemon.config.fleet import HERE, Node
from daemon.config.looking import ProbePlan
from daemon.config.places import files_of
from daemon.errors import NodeError
from daemon.fleet import line
from daemon.probes.base import Probe
from daemon.probing.carried import packed
from daemon.probing.parts import Way
from daemon.reading import Health, Looks, Past, Reading
from daemon.units import Quorum

RUN_ONCE = "probes.run_once"
GRACE = 2.0  # seconds for the way to a node and back, beyond the probe's own time-out
MOST_ASKED = 2  # nodes for a second opinion

_decode = msgspec.json.Decoder(Reading).decode

Ask = Callable[[Node, str, dict[str, Any], float], bytes]


class Nodes:
    """The other tocsins of the configuration that is in force."""

    def __init__(self, nodes: Callable[[], Mapping[str, Node]], ask: Ask = line.ask) -> None:
        self._nodes = nodes
        self._ask = ask

    def ways(self, plan: ProbePlan) -> Iterable[Way]:
        """How some of them would look at it, for a second opinion."""
        if plan.places or not can_travel(plan.probe):
            return
        asked = [node for node in self._nodes().values() if node.second_opinion][:MOST_ASKED]
        for node in asked:
            yield Way(f"from {node.name}", plan.probe.timeout + GRACE, partial(self._look, plan, node))

    def look(self, plan: ProbePlan, here: Callable[[], Reading], past: Past) -> Reading:
        """Look from all the places that the plan names, side by side."""
        nodes = self._nodes()
        looks = {
            place: gevent.spawn(here) if place == HERE else gevent.spawn(self._look, plan, nodes[place], past)
            for place in plan.places
            if place == HERE or place in nodes
        }
        try:
            gevent.joinall(list(looks.values()))
            return together({place: look.get() for place, look in looks.items()}, plan.agreement)
        finally:
            gevent.killall(list(looks.values()), block=False)

    def _look(self, plan: ProbePlan, node: Node, past: Past) -> Reading:
        """Have a node look once; it judges by the conditions itself. One that cannot be asked has seen nothing."""
        del past  # a node remembers nothing
        probe = cast("Probe", plan.probe)
        params = {
            "type": plan.type,
            "settings": packed(probe),
            "down": _for(node, plan.down),
            "degraded": _for(node, plan.degraded),
            "place": node.name,
        }
        try:
            return _decode(self._ask(node, RUN_ONCE, params, probe.timeout + GRACE))
        except NodeError as error:
            return Reading(health=Health.UNKNOWN, detail=str(error))
        except msgspec.MsgspecError:
            return Reading(health=Health.UNKNOWN, detail=f"{node.name} did not answer with a reading")


def _for(node: Node, conditions: Iterable[Condition]) -> list[str]:
    """Those that hold for this node's readings, as they are written."""
    return [str(one) for one in conditions if one.node in {"", node.name}]


def can_travel(probe: Looks) -> bool:
    """Whether another machine can look the same way."""
    return probe.FOR_OTHERS and not files_of(probe) and not probe.is_near()


def together(readings: Mapping[str, Reading], quorum: Quorum) -> Reading:
    """What several places' readings are together: down when enough say so, degraded when only some do.

    Where too few could look, all of those who could are enough.
    """
    seen = {place: one for place, one in readings.items() if one.health is not Health.UNKNOWN}
    down = [place for place, one in seen.items() if one.health is Health.DOWN]
    health = Health.UP
    if not seen:
        health = Health.UNKNOWN
    elif len(down) >= min(quorum.count, len(seen)):
        health = Health.DOWN
    elif any(one.health is not Health.UP for one in seen.values()):
        health = Health.DEGRADED
    shown = next((one for one in readings.values() if one.health is health), next(iter(readings.values())))
    amiss = [f"{place}: {one.health} ({one.detail})" for place, one in readings.items() if not one.is_well]
    return msgspec.structs.replace(
        shown,
        health=health,
        detail="; ".join(amiss) or f"{shown.detail}, seen from {', '.join(readings)}",
        failed=tuple(f"{text} (from {place})" for place, one in readings.items() for text in one.failed),
        evidence={f"from {place}": _line(one) for place, one in readings.items()} | shown.evidence,
        by_place={place: one.told() for place, one in readings.items()},
    )


def _line(reading: Reading) -> str:
    total = reading.phases.get("total")
    return f"{reading.health}, {reading.detail}" + (f", {total * 1000:.1f} ms" if total is not None else "")
