"""Threshold rules: how they stand, and what one would have done."""

from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.config.decode import BAD, Decoder
from daemon.config.findings import Findings, Place
from daemon.config.nodes import Entry, UnreadableError, compose
from daemon.config.references import FILE
from daemon.config.scalars import meant
from daemon.config.thresholds import Rule, problems
from daemon.errors import MethodError
from daemon.expressions.level import unit_of
from daemon.history import period
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Table
from daemon.series.query import TooMuch
from daemon.series.table import SLOT
from daemon.thresholds.past import HOUR, MINUTE
from daemon.thresholds.replay import DAY, Kept, Replayed, replay
from daemon.thresholds.standing import WORST, Phase
from daemon.thresholds.watched import Watched
from daemon.units import seconds

LONGEST_TEXT = 20_000
MOST_GROUPS = 1_000  # that are shown
USUAL = "1h"  # shown where no time is asked for


class RuleLine(msgspec.Struct, frozen=True, kw_only=True):
    """A rule, and how the worst of its groups stands. `evaluated_at` is null before the first time."""

    name: str
    expr: str
    threshold: str
    unit: str
    phase: Phase
    since: float | None
    value: float | None
    samples: float
    groups: dict[str, int]  # how many stand how
    evaluated_at: float | None
    waits: str  # why it is not evaluated
    problem: str


class GroupLine(msgspec.Struct, frozen=True, kw_only=True):
    """How one group stands."""

    labels: dict[str, str]
    phase: Phase
    since: float
    held: float
    value: float | None
    samples: float
    worst: float | None
    nothing_since: float | None


class RuleStory(msgspec.Struct, frozen=True, kw_only=True):
    """A rule with its groups, the worst first."""

    rule: RuleLine
    groups: list[GroupLine]
    left_out: int


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have done, beside what the one of its name that is in force would have."""

    name: str
    begin: float
    end: float
    time_zone: str
    unit: str
    tried: Replayed
    present: Replayed | None


def add(table: Table, parts: Parts) -> None:
    """Add `rules.*`."""

    @table.method("rules.list", "read")
    def _list() -> list[RuleLine]:
        """List the threshold rules: how each stands, its present value, when it was last evaluated."""
        return [_line(one) for one in parts.rules.evaluator.rules.values()]

    @table.method("rules.get", "read")
    def _get(name: str) -> RuleStory:
        """Show how every group of a rule stands."""
        watched = _found(parts, name)
        stands = sorted(watched.numbers(), key=lambda one: WORST.index(one[1].phase))
        shown = [
            GroupLine(
                labels=dict(group),
                phase=one.phase,
                since=one.since,
                held=one.held,
                value=one.judged.value,
                samples=one.judged.samples,
                worst=one.worst,
                nothing_since=one.nothing_since or None,
            )
            for group, one in stands[:MOST_GROUPS]
        ]
        return RuleStory(rule=_line(watched), groups=shown, left_out=len(stands) - len(shown))

    @table.method("rules.test", "read")
    def _test(rule: str, begin: str = USUAL, end: str = "") -> Tried:
        """Replay what is kept of series through a rule, and show when it would have fired.

        `rule` is the name of one, or a whole one as it would stand in the configuration: then what the present one of
        that name would have done is shown beside it. `begin` and `end` are instants, or how long ago: `3h`, `7d`.
        """
        return _tried(parts, _meant(parts, rule), *_between(parts, begin, end))


def _tried(parts: Parts, rule: Rule, begin: float, end: float) -> Tried:
    present = parts.settings().rules.get(rule.name)
    same = present is not None and present.digest == rule.digest
    tried = _replayed(parts, rule, begin, end)
    beside = None
    if present is not None:
        beside = tried if same else _replayed(parts, present, begin, end)
    return Tried(
        name=rule.name,
        begin=begin,
        end=end,
        time_zone=str(parts.settings().texts.time_zone),
        unit=unit_of(rule.expr, rule.level),
        tried=tried,
        present=beside,
    )


def _replayed(parts: Parts, rule: Rule, begin: float, end: float) -> Replayed:
    keeper, kept = parts.rules, parts.settings().series
    try:
        return replay(
            keeper.query,
            parts.clock,
            rule,
            begin,
            end,
            tiers=(
                Kept(SLOT, kept.slots),
                Kept(MINUTE, kept.minutes),
                Kept(HOUR, kept.hours),
                Kept(DAY, kept.days),
            ),
            heard=keeper.evaluator.heard.stretches,
            is_open=keeper.is_open,
        )
    except TooMuch as error:
        raise MethodError(str(error), code=REFUSED) from error


def _meant(parts: Parts, text: str) -> Rule:
    rules: Mapping[str, Rule] = parts.settings().rules
    if text in rules:
        return rules[text]
    if ":" not in text:
        raise MethodError(f"there is no rule {text[:64]!r}{meant(text[:64], rules)}", code=NOT_FOUND)
    rule = read(text)
    said = [sentence for _, sentence in problems({rule.name: rule}, parts.settings().time_intervals)]
    if said:
        raise MethodError("\n".join(said), code=INVALID_PARAMS, data={"field": "rule"})
    return rule


def read(text: str) -> Rule:
    """Read a rule as it would stand in the configuration. Raises MethodError."""
    if len(text) > LONGEST_TEXT or FILE + "/" in text or "${" in text:
        raise MethodError("a rule that is tried is short, and refers to nothing", code=INVALID_PARAMS)
    findings = Findings()
    found: Any = BAD
    try:
        node = compose(text, "rule", findings)
        if node is not None and not findings.problems:
            place = Place("rule", 1)
            found = Decoder(findings, {}).value(Rule, Entry(place, node), ("rule",))
    except UnreadableError as error:
        raise MethodError(f"{error.place}: {error}", code=INVALID_PARAMS, data={"field": "rule"}) from error
    if found is BAD or findings.problems:
        said = "\n".join(findings.problems) or "there is no rule in it"
        raise MethodError(said, code=INVALID_PARAMS, data={"field": "rule"})
    rule: Rule = found
    return rule


def _between(parts: Parts, begin: str, end: str) -> tuple[float, float]:
    """From when to when; a duration is so long ago."""
    zone, now = parts.settings().texts.time_zone.info, parts.clock.now()
    since, until = (_ago(one, now) for one in (begin, end))
    try:
        meant = period.between(since, until, zone, now)
    except ValueError as error:
        raise MethodError(f"begin: {error}", code=INVALID_PARAMS, data={"field": "begin"}) from error
    return meant.begin, min(meant.end, now)


def _ago(text: str, now: float) -> str:
    try:
        return str(now - seconds(text))
    except ValueError:
        return text


def _found(parts: Parts, name: str) -> Watched:
    rules = parts.rules.evaluator.rules
    if name not in rules:
        raise MethodError(f"there is no rule {name[:64]!r}{meant(name[:64], rules)}", code=NOT_FOUND)
    return rules[name]


def _line(watched: Watched) -> RuleLine:
    rule, stands, worst = watched.rule, [one for _, one in watched.numbers()], watched.worst()
    side = "above" if rule.above is not None else "below"
    return RuleLine(
        name=rule.name,
        expr=str(rule.expr),
        threshold="" if rule.level is None else f"{side} {rule.level}",
        unit=unit_of(rule.expr, rule.level, watched.views[0].unit),
        phase=Phase.OK if worst is None else worst.phase,
        since=None if worst is None else worst.since,
        value=None if worst is None else worst.judged.value,
        samples=0.0 if worst is None else worst.judged.samples,
        groups={phase.value: count for phase in Phase if (count := sum(one.phase is phase for one in stands))},
        evaluated_at=watched.evaluated_at or None,
        waits=watched.waits,
        problem=watched.problem,
    )
