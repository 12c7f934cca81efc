"""Filters that speak: durations, times, severities and numbers of things, in the language of the message."""

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any, Final, Literal

import jinja2
from jinja2.runtime import Context

from daemon import fitting, units

Lang = Literal["en", "zh"]
LANG, ZONE, NOW = "lang", " zone", "now"  # where the values of a rendering hold what the filters go by

SEVERITIES: Final[dict[str, dict[str, str]]] = {
    "en": {"critical": "critical", "error": "error", "warning": "warning", "info": "info"},
    "zh": {"critical": "严重", "error": "错误", "warning": "警告", "info": "提示"},
}
_UNITS: Final[dict[str, tuple[str, ...]]] = {"en": (" d", " h", " min", " s"), "zh": ("天", "小时", "分钟", "秒")}
_SECONDS = (86_400, 3_600, 60, 1)
_LATEST = 253_402_000_000.0  # in the year 9999: no clock can show more
_MARKDOWN = re.compile(r"[\\`*_{}\[\]<>()#+!|~@&-]")


def duration(seconds: float, lang: str) -> str:
    """Say how long, in its two largest units: `12 min`, `3 h 20 min`."""
    left = round(max(0.0, seconds))
    units = _UNITS[lang]
    for i, (length, name) in enumerate(zip(_SECONDS, units, strict=True)):
        if left >= length or length == 1:
            rest = left % length // _SECONDS[i + 1] if length > _SECONDS[2] else 0
            said = f"{left // length}{name}"
            return said if not rest else f"{said}{' ' if lang == 'en' else ''}{rest}{units[i + 1]}"
    return ""


def time(at: float, zone: dt.tzinfo | None, now: float, *, full: bool = False) -> str:
    """Say when: the time alone if it is the same day as `now`; in full with the date and the zone."""
    when, today = _local(at, zone), _local(now, zone)
    if full:
        return when.strftime("%Y-%m-%d %H:%M %Z")
    if when.date() == today.date():
        return when.strftime("%H:%M")
    return when.strftime("%m-%d %H:%M" if when.year == today.year else "%Y-%m-%d %H:%M")


def _local(at: float, zone: dt.tzinfo | None) -> dt.datetime:
    """Without a zone it is the machine's own."""
    return dt.datetime.fromtimestamp(min(max(0.0, at), _LATEST), dt.UTC).astimezone(zone)


@jinja2.pass_context
def _duration(context: Context, seconds: float | str) -> str:
    """A text such as `5m` is a duration, too; any other stays as it is."""
    if isinstance(seconds, str):
        try:
            seconds = units.seconds(seconds)
        except ValueError:
            return str(seconds)
    return duration(seconds, context.get(LANG, "en"))


@jinja2.pass_context
def _time(context: Context, at: float, full: bool = False) -> str:
    return time(at, context.get(ZONE, dt.UTC), context.get(NOW, at), full=bool(full))


@jinja2.pass_context
def _severity(context: Context, severity: str) -> str:
    return SEVERITIES[context.get(LANG, "en")].get(severity, str(severity))


@jinja2.pass_context
def _plural(context: Context, number: int, one: str, many: str = "") -> str:
    """Chinese has no plural; without `many` English gets an s."""
    if context.get(LANG, "en") == "zh":
        return f"{number}{one}"
    return f"{number} {one if number == 1 else many or one + 's'}"


def _fit(text: Any, limit: int) -> str:
    """One line of so many characters at most, cut between what people see as characters."""
    return fitting.cut(fitting.line(str(text)), max(1, limit))


def _cut(text: Any, limit: int) -> str:
    """So many characters at most, cut between what people see as characters."""
    return fitting.cut(fitting.lines(str(text)), max(1, limit))


def _lined(text: Any) -> str:
    """For HTML: no sign means anything, and lines stay lines."""
    return html.escape(str(text)).replace("\n", "<br>\n")


def markdown(text: Any) -> str:
    """Let no sign of a text mean anything in Markdown: no link, no mention, no heading."""
    return _MARKDOWN.sub(lambda sign: "\\" + sign[0], str(text))


FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "duration": _duration,
    "time": _time,
    "severity": _severity,
    "plural": _plural,
    "fit": _fit,
    "cut": _cut,
    "lined": _lined,
    "markdown": markdown,
}
