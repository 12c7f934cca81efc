"""How programs of supervisor stand: by their states, and by how often they were started again."""

from collections.abc import Sequence

import msgspec

from daemon import fitting
from daemon.probes.machine.supervision import EXITED, RUNNING, STARTING, Program
from daemon.reading import Health, unpacked
from daemon.units import spoken

MOST_NOTED = 50  # restarts of one process that are remembered
MOST_PROCESSES = 200  # whose restarts are remembered
MOST_SHOWN = 20  # processes that people are shown
MOST_ERROR = 120  # characters of what supervisord says of a failure
TOLD = 3  # processes that are named in one line

_RANK = {Health.UP: 0, Health.UNKNOWN: 1, Health.DOWN: 2}


class History(msgspec.Struct, frozen=True, array_like=True):
    """When a process was last started, and when it was seen to have been started again."""

    start: int
    restarts: tuple[int, ...] = ()


Notes = dict[str, History]


class Rule(msgspec.Struct, frozen=True):
    """From how many restarts within which window on a process does not stay up."""

    most: int
    within: float


class Standing(msgspec.Struct, frozen=True):
    """How several processes stand: as the worst of them."""

    health: Health
    detail: str
    values: dict[str, object]
    shown: str


def recalled(kept: bytes) -> Notes:
    """What the last look left behind; what makes no sense is as if there had been none."""
    return unpacked(kept, Notes) or {}


def noted(before: Notes, found: Sequence[Program], now: float, within: float) -> Notes:
    """Remember when each process was started, and each time that this has changed."""
    notes: Notes = {}
    for one in found[:MOST_PROCESSES]:
        known = before.get(one.full_name, History(0))
        restarts = [at for at in known.restarts if now - within < at <= now]
        if known.start and one.start and one.start != known.start:
            restarts.append(int(now))
        notes[one.full_name] = History(one.start or known.start, tuple(restarts[-MOST_NOTED:]))
    return notes


def standing(found: Sequence[Program], notes: Notes, rule: Rule) -> Standing:
    """Judge them all; there is at least one."""
    restarts = [len(notes.get(one.full_name, History(0)).restarts) for one in found]
    judged = [_judged(one, times, rule) for one, times in zip(found, restarts, strict=True)]
    worst = max(range(len(found)), key=lambda n: _RANK[judged[n]])
    alike = [n for n, health in enumerate(judged) if health is judged[worst]]
    detail = _said(found[worst], restarts[worst], rule)
    if len(found) > 1:
        some = "; ".join(f"{_line(found[n].name)} {_said(found[n], restarts[n], rule)}" for n in alike[:TOLD])
        detail = f"{len(alike)} of {len(found)}: {some}{'; …' if alike[TOLD:] else ''}"
    running = [one.uptime for one in found if one.state == RUNNING]
    values: dict[str, object] = {
        "state": _line(found[worst].state_name),
        "running": len(running),
        "restarts": sum(restarts),
    }
    if running:
        values["uptime"] = min(running)
    shown = [f"{_line(one.full_name)}: {_said(one, restarts[n], rule)}" for n, one in enumerate(found[:MOST_SHOWN])]
    return Standing(judged[worst], detail, values, "\n".join(shown))


def _judged(one: Program, restarts: int, rule: Rule) -> Health:
    """How one process stands. While it starts nobody knows, which supervisord bounds by its `startsecs`."""
    if restarts >= rule.most:
        return Health.DOWN
    if one.state == RUNNING or (one.state == EXITED and not one.error):
        return Health.UP
    return Health.UNKNOWN if one.state == STARTING else Health.DOWN


def _said(one: Program, restarts: int, rule: Rule) -> str:
    said = _state(one)
    if restarts >= rule.most:
        said += f", restarted {restarts} time{'s' if restarts > 1 else ''} in {spoken(rule.within)}"
    return said


def _state(one: Program) -> str:
    if one.state == RUNNING:
        return f"running for {spoken(one.uptime)}"
    if one.state == EXITED and not one.error:
        return f"ended as it should, with exit code {one.exitstatus}"
    state = _line(one.state_name).lower()
    return f"{state}: {_line(one.error)}" if one.error else state


def _line(text: str) -> str:
    return fitting.cut(fitting.line(text), MOST_ERROR)
