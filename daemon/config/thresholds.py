"""Threshold rules in the configuration: which number of which series is too much, or too little, and for how long."""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from daemon.config.findings import quoted
from daemon.config.keys import doc
from daemon.config.scalars import meant
from daemon.config.written import Problem
from daemon.errors import ExpressionError
from daemon.event import Severity
from daemon.expressions.expression import ABSENT, Expression
from daemon.expressions.level import Level
from daemon.units import Seconds

RULE = "rule"  # the label that names it
MOST_RULES = 5_000
LONGEST_FOR = 7 * 86_400

_NAME = re.compile(r"[^\s/,:{}|]{1,64}")


class NoData(StrEnum):
    """What it means that there is nothing to judge."""

    KEEP = "keep"  # whatever it was before
    OK = "ok"
    ALARM = "alarm"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A number that is watched, and where it begins to be too much or too little."""

    name: str = field(metadata=doc("what it is called: the label `rule` of its alarms"))
    expr: Expression = field(
        metadata=doc('what is watched: `p95(http.time{route="/pay"}) over 5m`, see docs/measuring/rules.md')
    )
    above: Level | None = field(default=None, metadata=doc("more than this is too much: 800ms, 50%, 10MB, 5/s, 100"))
    below: Level | None = field(default=None, metadata=doc("less than this is too little"))
    clear: Level | None = field(
        default=None, metadata=doc("over only when it is back at this, on the good side of the threshold; else there")
    )
    for_: Seconds = field(
        default=Seconds(0.0),
        metadata=doc("how long it must be so before it is an alarm", key="for", most=LONGEST_FOR),
    )
    clear_for: Seconds = field(
        default=Seconds(0.0), metadata=doc("how long it must be well again before it is over", most=LONGEST_FOR)
    )
    at_least: float = field(
        default=0.0, metadata=doc("with fewer values in the window there is nothing to judge", least=0)
    )
    no_data: NoData = field(
        default=NoData.KEEP, metadata=doc("what nothing to judge means: `keep` what was, `ok`, or `alarm`")
    )
    active: tuple[str, ...] = field(
        default=(), metadata=doc("time intervals in which it judges; outside of them its alarms are over")
    )
    title: str = field(default="", metadata=doc("the alarm's title, in place of one made of the numbers"))
    text: str = field(default="", metadata=doc("what its alarms say below the numbers, such as what to do"))
    labels: dict[str, str] = field(default_factory=dict, metadata=doc("labels of its alarms, `severity` among them"))

    def __post_init__(self) -> None:
        """Refuse what cannot be together."""
        severity = self.labels.get("severity", "")
        if severity and severity not in set(Severity):
            raise ValueError(f"labels: {quoted(severity)} is no severity; there are {', '.join(Severity)}")
        levels = {key: one for key in ("above", "below", "clear") if (one := getattr(self, key)) is not None}
        if self.expr.value.function == ABSENT:
            if levels:
                raise ValueError(f"absent is so or not: leave out {', '.join(levels)}")
            if self.no_data is not NoData.KEEP or self.at_least:
                raise ValueError("absent is itself about nothing that comes: leave out no_data and at_least")
            return
        if (self.above is None) is (self.below is None):
            wrong = "says both above and below: write two rules" if levels else "says neither above nor below"
            raise ValueError(f"{wrong}; write for example above: 800ms")
        for key, level in levels.items():
            try:
                level.check(self.expr)
            except ExpressionError as error:
                raise ValueError(f"{key}: {error}") from None
        self._check_clear()

    def _check_clear(self) -> None:
        if self.clear is None:
            return
        for side, level, wrong in (
            ("above", self.above, self.above is not None and self.clear.value > self.above.value),
            ("below", self.below, self.below is not None and self.clear.value < self.below.value),
        ):
            if wrong:
                other = "less" if side == "above" else "more"
                raise ValueError(
                    f"clear ({self.clear}) is on the wrong side of {side} ({level}): it would be over while it still"
                    f" is too {'much' if side == 'above' else 'little'}; write {other} than that"
                )

    @property
    def level(self) -> Level | None:
        """The threshold, on whichever side."""
        return self.above if self.above is not None else self.below

    @property
    def is_absence(self) -> bool:
        """Whether it fires when nothing comes."""
        return self.expr.value.function == ABSENT

    def is_over(self, value: float) -> bool:
        """Whether this is too much, or too little."""
        if self.above is not None:
            return value > self.above.value
        return value < self.below.value if self.below is not None else value > 0

    def is_clear(self, value: float) -> bool:
        """Whether this is well enough for an end."""
        if self.clear is None:
            return not self.is_over(value)
        return value <= self.clear.value if self.above is not None else value >= self.clear.value

    def badness(self, value: float) -> float:
        """A number that is the higher, the worse the value is."""
        return -value if self.below is not None else value if not math.isnan(value) else -math.inf

    @property
    def digest(self) -> str:
        """Tells whether it is still the same rule: what it watches and when it fires, not what it says."""
        judged = (str(self.expr), self.above, self.below, self.clear, self.for_, self.clear_for, self.at_least)
        return msgspec.json.encode([*judged, self.no_data, self.active, sorted(self.labels.items())]).decode()


def problems(rules: Mapping[str, Rule], intervals: Collection[str]) -> Iterator[Problem]:
    """What the rules of all cannot be, where these time intervals are defined."""
    if len(rules) > MOST_RULES:
        yield ("rules",), f"are {len(rules):,}; at most {MOST_RULES:,} are taken"
    for name, rule in rules.items():
        if not _NAME.fullmatch(name) or not name.isprintable():
            yield ("rules", name), "a name has 1 to 64 characters, no spaces, and none of / , : { } |"
        if RULE in rule.labels:
            yield ("rules", name, "labels"), f"the label {RULE} is set by tocsin; choose another"
        for wanted in rule.active:
            if wanted not in intervals:
                hint = meant(wanted, intervals) or "; define it below time_intervals:"
                yield ("rules", name, "active"), f"there is no time interval {quoted(wanted)}{hint}"
