"""The reference of all settings, written from the settings themselves: what `docs/configuration.md` shows."""

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from daemon.calendars.cron import Cron
from daemon.calendars.spans import MonthDays, Months, TimeOfDay, Weekdays, Years
from daemon.conditions.condition import Condition
from daemon.config.audience import InhibitRule, Route
from daemon.config.keys import key_of
from daemon.config.looking import ProbePlan
from daemon.config.scalars import is_scalar
from daemon.config.settings import Channel, Settings, Source
from daemon.matcher import Matcher
from daemon.oncall.words import Day, Days, Handover, Hours, Moment, Rotation
from daemon.registry import Catalog
from daemon.secret import Secret
from daemon.template import Template
from daemon.units import Bytes, Quorum, Seconds, Share, spoken
from daemon.zone import Zone

_NAMED = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Seconds: "duration",
    Bytes: "size",
    Secret: "secret",
    Share: "share or number",
    Quorum: "number, or so many of so many",
    Cron: "cron line",
    Template: "template",
    Zone: "time zone",
    Matcher: "matcher",
    Condition: "condition",
    Day: "date",
    Days: "weekday",
    Handover: "hand-over",
    Hours: "part of a day",
    Moment: "date and time",
    Rotation: "rotation",
    TimeOfDay: "time of day",
    Weekdays: "weekday range",
    MonthDays: "day range",
    Months: "month range",
    Years: "year range",
    Any: "anything",
}
_HEAD = ["| setting | what it is | default | what it does |", "|---|---|---|---|"]


def reference(catalog: Catalog) -> str:
    """Markdown with a table for each section, and for each kind of source, channel and probe."""
    lines = ["## The file", "", *_HEAD, *rows(Settings)]
    for one in fields(Settings):
        cls = _inner(get_type_hints(Settings)[one.name])
        if cls is not None:
            lines += _section(cls, _path(one))
    lines += _kinds("handler", {name: handler.options for name, handler in catalog.handlers.items()})
    lines += _kinds("channel", catalog.senders)
    lines += _kinds("probe", catalog.probes)
    return "\n".join(lines) + "\n"


def _path(one: Field[Any]) -> str:
    if one.metadata.get("listed"):
        return f"{one.name}[]"
    return f"{one.name}.<name>" if one.default is MISSING else one.name


def _section(cls: type, path: str, above: tuple[type, ...] = ()) -> Iterator[str]:
    """The table of one section, then those of the sections in it."""
    yield from ("", f"### `{path}`", "", _first_line(cls), "", *_HEAD)
    if cls is Source:
        yield "| `handler` | text | the source's name | what reads the bodies; see the table of that handler |"
    if cls in (Channel, ProbePlan):
        yield "| `type` | text | required | the kind; see the table of that kind |"
    yield from rows(cls)
    if cls is Route:
        yield "| `match`, `match_re` | mapping | | matchers as Alertmanager wrote them before 0.22 |"
    if cls is InhibitRule:
        for side in ("source", "target"):
            keys = f"`{side}_match`, `{side}_match_re`"
            yield f"| {keys} | mapping | | matchers as Alertmanager wrote them before 0.22 |"
    hints, shown = get_type_hints(cls), {cls, *above}
    for one in fields(cls):
        inner = _inner(hints[one.name])
        if inner is not None and inner not in shown and "doc" in one.metadata:
            shown.add(inner)  # the next of the same kind has the same table
            many = "[]" if get_origin(hints[one.name]) is tuple else ""
            yield from _section(inner, f"{path}.{key_of(one)}{many}", (*above, cls))


def _kinds(what: str, kinds: dict[str, Any] | dict[str, type]) -> Iterator[str]:
    for name, cls in sorted(kinds.items()):
        yield from ("", f"### {what} `{name}`", "")
        if cls is None or not fields(cls):
            yield "No settings of its own."
            continue
        yield from (_first_line(cls), "", *_HEAD, *rows(cls))
        hints = get_type_hints(cls)
        for one in fields(cls):
            inner = _inner(hints[one.name])
            if inner is not None:
                yield from ("", f"`{key_of(one)}`: {_first_line(inner)}", "", *_HEAD, *rows(inner))


def rows(cls: type) -> Iterator[str]:
    """One row of a table for each setting of a class, those first that must be written."""
    hints = get_type_hints(cls)
    for one in sorted(fields(cls), key=lambda one: not _is_required(one)):
        if one.init and "doc" in one.metadata:
            text = one.metadata.get("doc", "").replace("|", "\\|") + _bounds(hints[one.name], one)
            hint = hints[one.name]
            yield f"| `{key_of(one)}` | {named_type(hint, one)} | {shown_default(hint, one)} | {text} |"


def named_type(hint: Any, one: Field[Any] | None = None) -> str:
    """Say what a setting takes, for people."""
    origin, arguments = get_origin(hint), get_args(hint)
    if NoneType in arguments:
        return named_type(next(argument for argument in arguments if argument is not NoneType))
    if options := _options(hint):
        return " or ".join(f"`{option}`" for option in options)
    if origin is dict:
        listed = one is not None and one.metadata.get("listed")
        return "list of sections" if listed else f"mapping of name to {named_type(arguments[1])}"
    if origin in (tuple, list, frozenset):
        inner = named_type(arguments[0])
        return f"list of {inner}" if get_origin(arguments[0]) is Literal else f"list of {inner}s"
    if hint not in _NAMED and is_dataclass(hint):
        return "section"
    return _NAMED.get(hint, getattr(hint, "__name__", str(hint)))


def _options(hint: Any) -> tuple[Any, ...]:
    """The words that it may be, where only certain ones will do."""
    if get_origin(hint) is Literal:
        return get_args(hint)
    return tuple(word.value for word in hint) if isinstance(hint, type) and issubclass(hint, Enum) else ()


def shown_default(hint: Any, one: Field[Any]) -> str:
    """The default as it would be written in the file."""
    if _is_required(one):
        return "required"
    if one.default in (MISSING, None, "", ()):
        return "none"
    if is_dataclass(one.default) and not is_scalar(hint):
        return "see below"
    if isinstance(one.default, tuple):
        return f"`[{', '.join(str(item) for item in one.default)}]`"
    if isinstance(one.default, bool):
        return f"`{str(one.default).lower()}`"
    return f"`{_amount(hint, one.default)}`"


def _is_required(one: Field[Any]) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _bounds(hint: Any, one: Field[Any]) -> str:
    least, most = one.metadata.get("least"), one.metadata.get("most")
    if least is None:
        return ""
    return f" ({_amount(hint, least)} to {_amount(hint, most)})" if most else f" (at least {_amount(hint, least)})"


def _amount(hint: Any, value: Any) -> str:
    """A number the way it is written in the file."""
    if hint is Seconds and value >= 1:
        exact = next(factor for factor in (60, 1) if value % factor == 0)
        return spoken(value) if exact > 1 else f"{value:g}s"
    if hint is Seconds:
        return f"{value * 1000:g}ms"
    if hint is Bytes:
        for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
            if value and value % factor == 0:
                return f"{value // factor}{unit}"
    return str(value)


def _inner(hint: Any) -> type | None:
    """The dataclass that a setting holds, in whatever it is wrapped."""
    if isinstance(hint, type) and is_dataclass(hint) and hint is not Matcher and not is_scalar(hint):
        return hint
    return next((found for argument in get_args(hint) if (found := _inner(argument)) is not None), None)


def _first_line(cls: type) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0]
