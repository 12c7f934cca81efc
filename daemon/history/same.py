"""Is what is configured now what was looked at before? Digests of settings, the same in every process."""

import functools
import hashlib
import re
from dataclasses import fields, is_dataclass
from typing import Any

from daemon.config.looking import ProbePlan

_PLACE = re.compile(r" at 0x[0-9a-f]+")  # where something lies in memory, in a text about it


def settings(plan: ProbePlan) -> str:
    """A digest of all settings of a probe. Secrets are not in it: one that has changed looks at the same."""
    return _digest(_written(plan))


def target(plan: ProbePlan) -> str:
    """A digest of what is looked at."""
    return _digest(f"{plan.type} {plan.probe.target()}")


def _written(value: Any) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        inside = (f"{name}={_written(getattr(value, name))}" for name in _compared(type(value)))
        return f"{type(value).__name__}({', '.join(inside)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_written(one)}" for key, one in sorted(value.items(), key=repr)) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_written, value)) + "]"
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(_written, value))) + "}"
    return _PLACE.sub("", repr(value))


@functools.lru_cache(maxsize=256)
def _compared(cls: type) -> tuple[str, ...]:
    """The fields that count; asked for at every start of each of ten thousand probes."""
    return tuple(one.name for one in fields(cls) if one.compare)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()
