"""What people are told when a rule fires and when that is over: short enough for a phone, with all the numbers."""

import datetime as dt
import re

import msgspec

from daemon.config.thresholds import RULE, Rule
from daemon.event import RULES, Event, Severity, State
from daemon.expressions.expression import Expression, Group
from daemon.expressions.expression import written as window
from daemon.expressions.level import Level, shown, unit_of
from daemon.thresholds.standing import Standing
from daemon.thresholds.view import written

_LONGEST_GROUP = 120
_UNCLEAR = re.compile(r'[,={}"]')


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What is worth knowing beside the numbers themselves."""

    worst: tuple[Group, float] | None = None  # of the series that make the value
    usual: float | None = None  # at this time yesterday
    unit: str = ""  # of the series
    zone: dt.tzinfo = dt.UTC


def key(rule: str, group: Group) -> str:
    """What tells its alarm from all others: the rule, and the group."""
    return f"{rule} {{{', '.join(f'{_plain(name)}={_plain(value)}' for name, value in group)}}}" if group else rule


def _plain(text: str) -> str:
    """As it is, or in quotes where it could be taken for more than one: anybody may choose a label's value."""
    return msgspec.json.encode(text).decode() if _UNCLEAR.search(text) else text


def fired(rule: Rule, group: Group, standing: Standing, beside: Beside) -> Event:
    """The event that begins an alarm."""
    return Event(
        source=RULES,
        key=key(rule.name, group),
        severity=severity(rule),
        title=_title(rule, group, _found(rule, standing, beside)),
        text=_text(rule, group, standing, beside),
        labels=labels(rule, group),
        started_at=standing.began_at,
    )


def ended(rule: Rule, group: Group, standing: Standing, at: float, beside: Beside, why: str = "") -> Event:
    """The event that ends it. `why` is said where it ends although nothing was judged well."""
    lasted = window(max(0.0, round(at - standing.fired_at)))
    lines = [f"It fired for {lasted}."]
    if standing.worst is not None:
        lines.append(f"Worst: {number(rule, standing.worst, beside.unit)}")
    return Event(
        source=RULES,
        key=key(rule.name, group),
        state=State.RESOLVED,
        severity=severity(rule),
        title=_title(rule, group, why or _now(rule, standing, beside)),
        text="\n".join(lines),
        labels=labels(rule, group),
        ended_at=at,
    )


def gone(rule: str, group: Group, at: float, why: str) -> Event:
    """The end of the alarm of a rule that is no longer there, or another one now."""
    return Event(
        source=RULES,
        key=key(rule, group),
        state=State.RESOLVED,
        title=f"{rule}: {why}",
        text=why,
        labels={**dict(group), RULE: rule},
        ended_at=at,
    )


def labels(rule: Rule, group: Group) -> dict[str, str]:
    """What it is routed by: the group's labels and the rule's own, which count where both have one."""
    return {**dict(group), **rule.labels, RULE: rule.name}


def severity(rule: Rule) -> Severity:
    """How bad the rule says it is."""
    return Severity(rule.labels.get("severity") or Severity.ERROR)


def _title(rule: Rule, group: Group, found: str) -> str:
    if rule.title:
        return rule.title
    where = f" ({written(group)[:_LONGEST_GROUP]})" if group else ""
    return f"{rule.name}{where}: {found}"


def _found(rule: Rule, standing: Standing, beside: Beside) -> str:
    if rule.is_absence:
        return f"nothing came of {rule.expr.value.selector} for {window(rule.expr.over)}"
    value = standing.judged.value
    if value is None or standing.nothing_since:
        return f"too little came of {rule.expr.values[-1].selector} to judge it"
    return f"{_what(rule)} is {number(rule, value, beside.unit)}, {_limit(rule)}"


def _now(rule: Rule, standing: Standing, beside: Beside) -> str:
    if rule.is_absence:
        return f"{rule.expr.value.selector} comes again"
    value = standing.judged.value
    if value is None:
        return "nothing comes any more"
    if standing.nothing_since:
        return f"too little comes of {rule.expr.values[-1].selector} to judge it"
    return f"{_what(rule)} is {number(rule, value, beside.unit)} again"


def _text(rule: Rule, group: Group, standing: Standing, beside: Beside) -> str:
    lines = [str(rule.expr)]
    if group:
        lines.append(f"Of: {written(group)}")
    if standing.judged.value is not None and not rule.is_absence:
        held = f" for {window(rule.for_)}" if rule.for_ else ""
        over = f", over at {rule.clear}" if rule.clear is not None else ""
        lines.append(f"Value: {number(rule, standing.judged.value, beside.unit)}; limit: {_limit(rule)}{held}{over}")
    since = dt.datetime.fromtimestamp(standing.began_at, beside.zone)
    lines.append(f"Since: {since:%H:%M:%S %Z}")
    if standing.judged.samples:
        lines.append(f"Made of: {shown(standing.judged.samples, '')} values in {window(rule.expr.over)}")
    if beside.worst is not None:
        series, value = beside.worst
        alone = msgspec.structs.replace(rule.expr, divisor=None, versus="")
        said = _amount(alone, rule.level if alone == rule.expr else None, value, beside.unit)
        lines.append(f"Most of it: {written(series) or 'no labels'}: {said}")
    if beside.usual is not None:
        lines.append(f"Yesterday at this time: {number(rule, beside.usual, beside.unit)}")
    return "\n".join([*lines, *([rule.text] if rule.text else [])])


def _what(rule: Rule) -> str:
    expr = rule.expr
    divided = f" / {expr.divisor.called} of {expr.divisor.name}" if expr.divisor else ""
    versus = f" against {expr.versus}" if expr.versus else ""
    return f"{expr.value.called} of {expr.value.name}{divided}{versus}"


def _limit(rule: Rule) -> str:
    return f"above {rule.above}" if rule.above is not None else f"below {rule.below}"


def number(rule: Rule, value: float, unit: str) -> str:
    """A value of a rule, for people; `unit` is that of its series."""
    return _amount(rule.expr, rule.level, value, unit)


def _amount(about: Expression, level: Level | None, value: float, unit: str) -> str:
    per = "/s" if about.value.function == "rate" and not (about.divisor or about.versus) else ""
    return shown(value, unit_of(about, level, unit)) + per
