"""A kind's own rules about its values, and the conditions that somebody writes in their place."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from typing import Any, TypeVar

from daemon.probes.base import Probe

P = TypeVar("P", bound=Probe)

Rules = Mapping[str, tuple[str, Any]]  # the value that a rule is about, its setting, and what turns it off


def without(probe: P, named: Collection[str], rules: Rules) -> P:
    """Turn off the rules about values that conditions name, unless somebody has written them down."""
    usual = {one.name: one.default for one in fields(probe)}
    off = {setting: none for value, (setting, none) in rules.items() if value in named}
    return replace(probe, **{name: none for name, none in off.items() if getattr(probe, name) == usual[name]})
