"""What settings are called in the file, and which of them stand there."""

import functools
import types
from collections.abc import Mapping
from dataclasses import Field, fields
from typing import Any


def settable(cls: type, given: Mapping[str, Any] = types.MappingProxyType({})) -> list[Field[Any]]:
    """The fields that a file sets."""
    return [one for one in _set(cls) if one.name not in given]


def key_of(one: Field[Any]) -> str:
    """What a field is called in the file."""
    return str(one.metadata.get("key", one.name))


def keys_of(cls: type, given: Mapping[str, Any] = types.MappingProxyType({})) -> set[str]:
    """What the fields are called in the file."""
    return {key_of(one) for one in settable(cls, given)}


@functools.lru_cache(maxsize=256)
def _set(cls: type) -> tuple[Field[Any], ...]:
    """Thousands of sections are of a few kinds."""
    return tuple(one for one in fields(cls) if one.init)


def is_named(cls: type) -> bool:
    """Whether things of this kind carry the name under which they stand."""
    return any(one.name == "name" for one in fields(cls))


def doc(text: str, **more: Any) -> dict[str, Any]:
    """Attach a setting's one-sentence documentation.

    What else a file's setting may have: `key`, its name where Python's differs; `least` and `most` of a number;
    `check`, what raises a ValueError about a value that cannot be used, quoting no secret; `bare`, the field that a
    single text stands for; `listed`, for named things that are written as a list.
    """
    return {"doc": text, **more}
