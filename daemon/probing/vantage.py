"""Looked at from several places: this tocsin and others, and what their readings are together."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, cast

import gevent
import msgspec
from gevent.lock import Semaphore

from daemon import fitting
from daemon.clock import Clock
from daemon.conditions.condition import Condition
from daemon.config.fleet import HERE, Node
from daemon.config.looking import ProbePlan
from daemon.config.places import files_of
from daemon.errors import NodeAway, NodeError
from daemon.fleet import line
from daemon.probes.base import Probe
from daemon.probing.carried import packed
from daemon.probing.parts import Way
from daemon.probing.received import received
from daemon.reading import Health, Looks, Past, Reading
from daemon.units import Quorum

RUN_ONCE = "probes.run_once"
GRACE = 2.0  # seconds for the way to a node and back, beyond the probe's own time-out
MOST_ASKED = 2  # nodes for a second opinion
AT_ONCE = 32  # questions in work at one node: each costs us a socket, and it a look
AWAY = 5.0  # seconds for which a node that cannot be reached is not asked again

NOBODY = Reading(health=Health.UNKNOWN, detail="there is no place to look from")

Ask = Callable[[Node, str, dict[str, Any], float], bytes]


class Nodes:
    """The other tocsins of the configuration that is in force."""

    def __init__(self, nodes: Callable[[], Mapping[str, Node]], clock: Clock, ask: Ask = line.ask) -> None:
        self._nodes = nodes
        self._clock = clock
        self._ask = ask
        self._away: dict[str, float] = {}  # by its URL, until when one that could not be reached is left alone
        self._room: dict[str, Semaphore] = {}  # by its URL, for so many questions at once

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
            if place == HERE or place in nodes  # it may be gone since the plan was made, until the plan is
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
            return received(self._asked(node, params, probe.timeout + GRACE), probe)
        except NodeError as error:
            return Reading(health=Health.UNKNOWN, detail=fitting.line(str(error)))
        except ValueError as error:
            return Reading(health=Health.UNKNOWN, detail=f"what {node.name} answered {error}")

    def _asked(self, node: Node, params: dict[str, Any], within: float) -> bytes:
        """Ask, unless it could not be reached a moment ago: each look would wait for it, and others for the look."""
        began = self._clock.monotonic()
        if node.url in self._away:
            if began < self._away[node.url]:
                raise NodeError(f"{node.name} could not be reached a moment ago ({node.url})")
            self._away[node.url] = began + within  # this one tries, for all
        room = self._room.setdefault(node.url, Semaphore(AT_ONCE))
        if not room.acquire(timeout=within):
            raise NodeError(f"{node.name} has {AT_ONCE} questions of ours in work already")
        is_away = False
        try:
            return self._ask(node, RUN_ONCE, params, max(0.0, began + within - self._clock.monotonic()))
        except NodeAway:
            is_away = True
            raise
        finally:
            room.release()
            if is_away:
                self._away[node.url] = self._clock.monotonic() + AWAY
            else:
                self._away.pop(node.url, None)


def _for(node: Node, conditions: Iterable[Condition]) -> list[str]:
    """Those that hold for this node's readings, as they are written."""
    return [str(one) for one in conditions if one.node in {"", node.name}]


def can_travel(probe: Looks) -> bool:
    """Whether another machine can look the same way."""
    return probe.FOR_OTHERS and not files_of(probe) and not probe.is_near()


def doubted(reading: Reading, plan: ProbePlan, seen: Callable[[Reading], Reading]) -> Reading:
    """What the places saw together, once it is known whether this one could see; what the others saw stands."""
    if (here := reading.by_place.get(HERE)) is not None and (known := seen(here)) is not here:
        reading = together({**reading.by_place, HERE: known}, plan.agreement)
    # Whoever is cut off cannot ask the others either.
    return seen(reading) if reading.health is Health.UNKNOWN else reading


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
    shown = next((one for one in readings.values() if one.health is health), next(iter(readings.values()), NOBODY))
    amiss = [f"{place}: {one.health} ({one.detail})" for place, one in readings.items() if not one.is_well]
    return msgspec.structs.replace(
        shown,
        health=health,
        detail="; ".join(amiss) or f"{shown.detail}, seen from {', '.join(readings) or 'nowhere'}",
        failed=tuple(f"{text} (from {place})" for place, one in readings.items() for text in one.failed),
        evidence={f"from {place}": _line(one) for place, one in readings.items()} | shown.evidence,
        by_place={place: one.told() for place, one in readings.items()},
        near=False,
        blind=health is Health.UNKNOWN and any(one.blind for one in readings.values()),
    )


def _line(reading: Reading) -> str:
    total = reading.phases.get("total")
    return f"{reading.health}, {reading.detail}" + (f", {total * 1000:.1f} ms" if total is not None else "")
