"""A probe's settings on their way to another tocsin, and back into a probe there."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from daemon.conditions.condition import Condition
from daemon.conditions.parse import parse
from daemon.errors import ConditionError
from daemon.probes.base import Probe
from daemon.secret import Secret

MOST = 50  # conditions
LONGEST = 60.0  # seconds of one look for somebody else


def packed(probe: Probe) -> dict[str, Any]:
    """What stands in the settings, secrets as they are: only for a connection that hides them."""
    changed = {
        one.name: getattr(probe, one.name)
        for one in dataclasses.fields(probe)
        if getattr(probe, one.name) != _default(one)
    }
    plain: dict[str, Any] = msgspec.to_builtins(changed, enc_hook=_revealed)
    return plain


def unpacked(kind: type, settings: Mapping[str, Any]) -> Probe:
    """The probe that somebody else wants run. Raises ValueError with a sentence that shows no value."""
    known = {one.name: one for one in dataclasses.fields(kind)}
    for name in settings:
        if name not in known:
            raise ValueError(f"the kind has no setting {name[:50]!r} here; is this tocsin older?")
        if known[name].metadata.get("here"):
            raise ValueError(f"{name} names a file of this machine; nobody else may")
    try:
        probe: Probe = msgspec.convert(dict(settings), kind, dec_hook=_hidden)
    except msgspec.ValidationError as error:
        raise ValueError(f"the settings cannot be used: {error}") from None
    for name, one in known.items():
        _check(name, getattr(probe, name), one.metadata)
    if probe.timeout > LONGEST:
        raise ValueError(f"timeout is too long; at most {LONGEST:g} s are looked for somebody else")
    return probe


def conditions(texts: Sequence[str], kind: type[Probe], name: str) -> tuple[Condition, ...]:
    """The conditions that came with a probe. Raises ConditionError."""
    if len(texts) > MOST:
        raise ConditionError(f"{len(texts)} conditions are too many; at most {MOST} are taken")
    return tuple(parse(text, kind.gives(), name) for text in texts)


def _default(one: "dataclasses.Field[Any]") -> Any:
    return one.default_factory() if one.default_factory is not dataclasses.MISSING else one.default


def _revealed(value: Any) -> Any:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


def _hidden(hint: type, value: Any) -> Any:
    if hint is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("a text is wanted")


def _check(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    """Hold a value to the rules that a file's settings are held to."""
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, int | float) and not isinstance(one, bool):
            if not metadata.get("least", one) <= one <= metadata.get("most", one):
                raise ValueError(f"{name} is out of bounds")
        elif "check" in metadata and one is not None:
            try:
                metadata["check"](one)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
