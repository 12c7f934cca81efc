"""The settings as they may be shown: everything but what is secret."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from daemon.calendars.cron import Cron
from daemon.calendars.spans import Span, TimeOfDay
from daemon.conditions.condition import Condition
from daemon.config.keys import key_of
from daemon.config.looking import ProbePlan
from daemon.config.settings import Channel, Settings, Source
from daemon.matcher import Matcher
from daemon.oncall.schedule import Layer
from daemon.registry import Handler
from daemon.secret import HIDDEN, Secret, is_telling, redact_url
from daemon.template import Template
from daemon.units import Quorum, Share
from daemon.zone import Zone

_KIND = {Channel: "sender", ProbePlan: "probe", Source: "options"}


def redacted(settings: Settings) -> Any:
    """The settings as a tree that JSON can hold, laid out like the file; secrets are `***`."""
    tree = _shown(settings)
    for section in ("receivers", "time_intervals"):
        tree[section] = list(tree[section].values())
    return tree


@functools.singledispatch
def _shown(value: Any) -> Any:
    """Whatever else it may be: its fields if it has any, else no more than its type."""
    if is_dataclass(value) and not isinstance(value, type):
        return {key_of(one): _shown(getattr(value, one.name)) for one in fields(value) if one.init}
    return type(value).__name__


@_shown.register(int)
@_shown.register(float)
@_shown.register(type(None))
def _number(value: Any) -> Any:
    return value


@_shown.register
def _text(value: str) -> str:
    return redact_url(value) if "://" in value else str(value)  # a word of a schedule is a text of its own type


@_shown.register
def _secret(_: Secret) -> str:
    return HIDDEN


@_shown.register
def _word(value: Enum) -> Any:
    return value.value


@_shown.register(Condition)
@_shown.register(Matcher)
@_shown.register(TimeOfDay)
@_shown.register(Span)
@_shown.register(Quorum)
@_shown.register(Cron)
@_shown.register(Share)
@_shown.register(Zone)
def _as_written(value: Any) -> str:
    return str(value)


@_shown.register
def _template(value: Template) -> str:
    return value.source


@_shown.register
def _handler(value: Handler) -> str:
    return value.name


@_shown.register(Mapping)
def _mapping(value: Mapping[str, Any]) -> dict[str, Any]:
    """A text under a telling name, such as a header's, is hidden: here nobody declared what is secret."""
    return {
        name: HIDDEN if isinstance(one, str) and one and is_telling(name) else _shown(one)
        for name, one in value.items()
    }


@_shown.register
def _layer(value: Layer) -> dict[str, Any]:
    """As it stands in the file; what a calendar says stands in that one."""
    return {one.name: _shown(getattr(value, one.name)) for one in fields(value) if one.name != "duties"}


@_shown.register(tuple)
@_shown.register(list)
@_shown.register(frozenset)
def _many(value: Iterable[Any]) -> list[Any]:
    return [_shown(one) for one in value]


@_shown.register(Channel)
@_shown.register(ProbePlan)
@_shown.register(Source)
def _section(value: Channel | ProbePlan | Source) -> dict[str, Any]:
    """The common settings and those of the kind side by side, as in the file."""
    own = _KIND[type(value)]
    common = {key_of(one): _shown(getattr(value, one.name)) for one in fields(value) if one.name not in (own, "name")}
    inner = _shown(getattr(value, own))
    return common | (inner if isinstance(inner, dict) else {})
