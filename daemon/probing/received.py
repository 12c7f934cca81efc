"""What another tocsin says that it saw: only what its kind can say, and of that no more than people read."""

from collections.abc import Mapping
from typing import Any

import msgspec

from daemon import fitting
from daemon.probes.base import Probe
from daemon.reading import HEADER, SPOILT, Fact, Health, Reading

MOST = 100  # things under one name
MOST_LINE = 500  # characters
MOST_TEXT = 4_000
MOST_NUMBER = 1e300
MOST_SECONDS = 1e6


class _Said(msgspec.Struct):
    """Those parts of a reading that another one may fill; neither what it is to us, nor what its kind remembers."""

    health: Health
    detail: str = ""
    phases: dict[str, float] = {}
    values: dict[str, Any] = {}
    evidence: dict[str, str] = {}
    failed: list[str] = []


_decode = msgspec.json.Decoder(_Said).decode


def received(raw: bytes, probe: Probe) -> Reading:
    """The reading. Raises ValueError when it is none."""
    try:
        said = _decode(raw)
    except SPOILT as error:
        raise ValueError("is not a reading") from error
    facts = {name: fact for name, fact in probe.gives().items() if name != HEADER}
    values = {name: _value(said.values[name], fact) for name, fact in facts.items() if name in said.values}
    phases = {name: said.phases[name] for name in probe.PHASES if name in said.phases}
    evidence = [(_line(name), _text(text)) for name, text in said.evidence.items()]
    return Reading(
        health=said.health,
        detail=_line(said.detail),
        phases={name: took for name, took in phases.items() if 0 <= took <= MOST_SECONDS},
        values={name: value for name, value in values.items() if value is not None},
        evidence=dict(evidence[:MOST]),
        failed=tuple(map(_line, said.failed[:MOST])),
    )


def _value(value: Any, fact: Fact) -> Any:
    """A value of the form that its kind gives it, None for any other."""
    if fact.keyed:
        items = list(value.items())[:MOST] if isinstance(value, Mapping) else []
        kept = {_line(key): _plain(one) for key, one in items}
        return {key: one for key, one in kept.items() if one is not None}
    if fact.unit == "list":
        return [one for each in value[:MOST] if (one := _plain(each)) is not None] if isinstance(value, list) else None
    return _plain(value)


def _plain(value: Any) -> bool | float | str | None:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float) and abs(value) <= MOST_NUMBER:
        return value
    return None


def _line(text: str) -> str:
    return fitting.cut(fitting.line(text[: 2 * MOST_LINE]), MOST_LINE)


def _text(text: str) -> str:
    return fitting.cut(fitting.lines(text[: 2 * MOST_TEXT]), MOST_TEXT)
