"""How one group stands by its rule, and what one more evaluation makes of that. Decides with values only."""

from enum import StrEnum
from typing import Literal

import msgspec

from daemon.config.thresholds import NoData, Rule


class Phase(StrEnum):
    """Where it stands."""

    OK = "ok"
    PENDING = "pending"  # too much, and not yet for long enough
    FIRING = "firing"
    CLEARING = "clearing"  # well again, and not yet for long enough

    @property
    def is_open(self) -> bool:
        """Whether its alarm is open."""
        return self in (Phase.FIRING, Phase.CLEARING)


WORST = (Phase.FIRING, Phase.CLEARING, Phase.PENDING, Phase.OK)  # the first is what people want to hear of first


Turn = Literal["fired", "ended"]


class Judged(msgspec.Struct, frozen=True, gc=False):
    """What an evaluation found: a number, or nothing to judge; of how many values it is made."""

    value: float | None = None
    samples: float = 0.0


NOTHING = Judged()


class Standing(msgspec.Struct, gc=False):
    """Of one group. `held` counts evaluated time only, so that no gap makes anything last."""

    phase: Phase = Phase.OK
    since: float = 0.0  # of the phase
    held: float = 0.0  # seconds that were evaluated in it
    fired_at: float = 0.0  # of the alarm that is open, or was last
    began_at: float = 0.0  # when it began to be so
    worst: float | None = None  # value while it fires
    judged: Judged = NOTHING  # the newest
    nothing_since: float = 0.0  # there is nothing to judge, since then; 0 when there is
    dirty: bool = False  # not written down yet as it stands


def step(rule: Rule, standing: Standing, judged: Judged, at: float, tick: float) -> Turn | None:
    """One more evaluation, at `at`, which stands for `tick` seconds."""
    standing.judged = judged
    bad, clear = _verdict(rule, standing, judged, at)
    if bad is None:
        return None
    if standing.phase is Phase.OK and not bad:
        return None
    if standing.phase.is_open:
        _note_worst(rule, standing, judged.value)
        return _while_open(rule, standing, at, tick, clear=clear)
    return _until_open(rule, standing, at, tick, bad=bad)


def _until_open(rule: Rule, standing: Standing, at: float, tick: float, *, bad: bool) -> Turn | None:
    if not bad:
        _go(standing, Phase.OK, at)
        return None
    if standing.phase is Phase.OK:
        _go(standing, Phase.PENDING, at)
        standing.began_at, standing.worst = at, None
    else:
        standing.held += tick
        standing.dirty = True
    _note_worst(rule, standing, standing.judged.value)
    if standing.held < rule.for_:
        return None
    _go(standing, Phase.FIRING, at)
    standing.fired_at = at
    return "fired"


def _while_open(rule: Rule, standing: Standing, at: float, tick: float, *, clear: bool) -> Turn | None:
    if not clear:
        if standing.phase is Phase.CLEARING:
            _go(standing, Phase.FIRING, at)
        return None
    if standing.phase is Phase.FIRING:
        _go(standing, Phase.CLEARING, at)
    else:
        standing.held += tick
        standing.dirty = True
    if standing.held < rule.clear_for:
        return None
    _go(standing, Phase.OK, at)
    return "ended"


def end(standing: Standing, at: float) -> Turn | None:
    """It is judged no more: back to the beginning, and its alarm is over if one was open."""
    was_open = standing.phase.is_open
    if standing.phase is not Phase.OK:
        _go(standing, Phase.OK, at)
    return "ended" if was_open else None


def _verdict(rule: Rule, standing: Standing, judged: Judged, at: float) -> tuple[bool | None, bool]:
    """Whether it is too much, and whether it is well; None where nothing changes."""
    value = judged.value
    if value is None or judged.samples < rule.at_least:
        standing.nothing_since = standing.nothing_since or at
        if rule.no_data is NoData.KEEP:
            return None, False
        return rule.no_data is NoData.ALARM, rule.no_data is NoData.OK
    standing.nothing_since = 0.0
    return rule.is_over(value), rule.is_clear(value)


def _note_worst(rule: Rule, standing: Standing, value: float | None) -> None:
    if value is not None and (standing.worst is None or rule.badness(value) > rule.badness(standing.worst)):
        standing.worst = value


def _go(standing: Standing, phase: Phase, at: float) -> None:
    standing.phase, standing.since, standing.held, standing.dirty = phase, at, 0.0, True
