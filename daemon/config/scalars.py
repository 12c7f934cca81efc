"""One text to one value of the type that a setting has; nothing about a text is guessed beforehand."""

import math
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from daemon.calendars.cron import Cron
from daemon.calendars.spans import MonthDays, Months, TimeOfDay, Weekdays, Years
from daemon.config.findings import quoted
from daemon.errors import ExpressionError
from daemon.expressions.expression import Expression
from daemon.expressions.level import Level
from daemon.expressions.parse import parse
from daemon.oncall.words import Day, Days, Handover, Hours, Moment, Rotation
from daemon.template import Template
from daemon.units import Bytes, Quorum, Seconds, Share, seconds, size
from daemon.zone import Zone

CENTURY = 100 * 365 * 86_400.0
_LARGEST = 2**63 - 1

_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,3})?", re.ASCII)
# What other programs that look at things call ours: a setting or a kind of probe, the first that there is.
_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "interval": ("every",), "period": ("every",), "schedule": ("cron",), "retry_interval": ("every_while_failing",),
    "retries": ("fail_after",), "max_retries": ("fail_after",), "failure_threshold": ("fail_after",),
    "failure-threshold": ("fail_after",), "success_threshold": ("recover_after",),
    "success-threshold": ("recover_after",), "conditions": ("down",), "keyword": ("down", "http"),
    "expected": ("expect",), "hostname": ("host",), "address": ("host",), "endpoint": ("url", "host"),
    "target": ("url", "host"), "program": ("command",), "name": ("program",), "parent": ("depends_on",),
    "parents": ("depends_on",),
    "depends": ("depends_on",), "tags": ("labels",), "group": ("labels",), "insecure": ("verify",),
    "ignore_tls": ("verify",), "status_codes": ("status",), "accepted_status_codes": ("status",),
    "https": ("http",), "json-query": ("http",), "icmp": ("ping",), "push": ("heartbeat",),
    "check-in": ("heartbeat",), "cron": ("cron", "heartbeat"), "certificate": ("tls", "http"), "ssl": ("tls", "http"),
    "script": ("command",), "exec": ("command",), "nagios": ("command",), "filesystem": ("disk",), "file": ("log",),
    "cpu": ("load",), "swap": ("memory",), "mariadb": ("mysql",), "postgresql": ("postgres",), "kafka": ("kafka_lag",),
    "supervisor": ("service",),
}  # fmt: skip
_YES = frozenset(("true", "yes", "on"))
_NO = frozenset(("false", "no", "off"))


def whole(text: str) -> int:
    """Read a whole number."""
    if not _WHOLE.fullmatch(text):
        raise ValueError("is not a whole number; write for example 100")
    return int(text)


def number(text: str) -> float:
    """Read a number with or without a fraction."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError("is not a number; write for example 0.5")
    return value


def yes_or_no(text: str) -> bool:
    """Read true or false, in any of YAML's words for them."""
    if text.lower() not in _YES | _NO:
        raise ValueError("is neither true nor false")
    return text.lower() in _YES


def duration(text: str) -> Seconds:
    """Read a duration; a bare number is seconds."""
    try:
        return seconds(float(text) if _NUMBER.fullmatch(text) else text)
    except (ValueError, OverflowError):
        raise ValueError("is not a duration; write for example 30s, 5m, 4h or 1h30m") from None


def amount(text: str) -> Bytes:
    """Read a size; a bare number is bytes."""
    try:
        return size(int(text) if _WHOLE.fullmatch(text) else text)
    except (ValueError, OverflowError):
        raise ValueError("is not a size; write for example 64KB, 50MB or 1GB") from None


def expression(text: str) -> Expression:
    """Read what a rule watches."""
    try:
        return parse(text)
    except ExpressionError as error:
        raise ValueError(f"cannot be read: {error}") from None


_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: whole,
    float: number,
    bool: yes_or_no,
    Seconds: duration,
    Bytes: amount,
    Share: Share.parse,
    Quorum: Quorum.parse,
    Cron: Cron.parse,
    Template: Template,
    Day: Day,
    Days: Days,
    Handover: Handover,
    Hours: Hours,
    Moment: Moment,
    Rotation: Rotation,
    TimeOfDay: TimeOfDay.parse,
    Weekdays: Weekdays.parse,
    MonthDays: MonthDays.parse,
    Months: Months.parse,
    Years: Years.parse,
    Zone: Zone.parse,
    Expression: expression,
    Level: Level.parse,
}
_BOUNDS: dict[Any, tuple[float, float]] = {Seconds: (0, CENTURY), Bytes: (0, _LARGEST)}


def is_scalar(hint: Any) -> bool:
    """Whether a setting of this type is one text."""
    return hint in _READERS or get_origin(hint) is Literal or (isinstance(hint, type) and issubclass(hint, Enum))


def read(hint: Any, text: str, metadata: Mapping[str, Any]) -> Any:
    """Read a text as the type; ValueError or TemplateError says what would be right, without quoting it.

    `least` and `most` in the setting's metadata bound a number.
    """
    if get_origin(hint) is Literal:
        return _one_of({str(option): option for option in get_args(hint)}, text)
    if hint not in _READERS:
        return _one_of({str(member.value): member for member in hint}, text)
    value = _READERS[hint](text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = _BOUNDS.get(hint, (-math.inf, math.inf))
        _bound(hint, value, metadata.get("least", least), metadata.get("most", most))
    return value


def _one_of(options: Mapping[str, Any], text: str) -> Any:
    if text in options:
        return options[text]
    raise ValueError(f"is not one of {', '.join(options)}{meant(text, options)}")


def _bound(hint: Any, value: float, least: float, most: float) -> None:
    unit = "s" if hint is Seconds else " bytes" if hint is Bytes else ""
    if value < least:
        raise ValueError(f"is too small; at least {least:,.15g}{unit}")
    if value > most:
        raise ValueError(f"is too large; at most {most:,.15g}{unit}")


def meant(wrong: str, known: Any) -> str:
    """Ask whether a similar name was meant, or what others call by this one, when there is such a thing."""
    near = [name for name in _ELSEWHERE.get(wrong.lower(), ()) if name in known] or get_close_matches(
        wrong, list(known), n=1
    )
    return f"; did you mean {quoted(near[0])}?" if near else ""
