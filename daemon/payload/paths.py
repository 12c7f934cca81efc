"""Paths into a JSON value, a small part of JSONPath: `$.a.b[0].c`, `$['odd key']`, `$.items[*].x`, `$.a?`."""

import functools
import re
from typing import Any

import msgspec

from daemon.payload.fields import kind, those

MAX_PATH = 500

_STEP = re.compile(
    r"\.(?P<name>[^.\[\]\s'\"?*$()@]+)"
    r"|\[(?P<index>-?\d{1,9})\]"
    r"|\['(?P<single>(?:[^'\\]|\\.)*)'\]"
    r'|\["(?P<double>(?:[^"\\]|\\.)*)"\]'
    r"|(?P<every>\[\*\]|\.\*)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)

_EVERY = object()  # the step that goes to each element


class PathNotFound(LookupError):
    """There is nothing at this path; the text says how far it led and what is there."""


class Path:
    """One compiled path. `find` walks it in time proportional to what it visits."""

    __slots__ = ("_steps", "optional", "source")

    def __init__(self, source: str) -> None:
        """Compile, or raise ValueError with a sentence."""
        self.source = source
        self.optional = source.endswith("?")
        self._steps = _compile(source.removesuffix("?"))

    def find(self, value: Any) -> Any:
        """Return what the path leads to: a list if it holds `[*]`, None if it is optional and leads nowhere.

        Raises PathNotFound. A text that holds JSON is looked into, as in forms with a `payload` field.
        """
        found = [value]
        walked = "$"
        try:
            for name, step in self._steps:
                found = _every(found, walked) if step is _EVERY else _each(found, step, walked)
                walked += name
        except PathNotFound:
            if self.optional:
                return None
            raise
        return found if self.is_many else found[0]

    @property
    def is_many(self) -> bool:
        """Say whether the path leads to a list of places."""
        return any(step is _EVERY for _, step in self._steps)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and other.source == self.source

    def __hash__(self) -> int:
        return hash(self.source)

    def __repr__(self) -> str:
        return f"Path({self.source!r})"


def _every(values: list[Any], walked: str) -> list[Any]:
    """Go to every element of every list and every value of every object."""
    found: list[Any] = []
    for value in map(_looked_into, values):
        if isinstance(value, list):
            found.extend(value)
        elif isinstance(value, dict):
            found.extend(value.values())
        else:
            raise PathNotFound(f"{walked} is {kind(value)}, not a list")
    return found


def _each(values: list[Any], step: str | int, walked: str) -> list[Any]:
    """Take one step from every value; of many, those where it leads nowhere are passed over."""
    found: list[Any] = []
    missing = None
    for value in values:
        try:
            found.append(_one(_looked_into(value), step, walked))
        except PathNotFound as error:
            missing = missing or error
    if missing and not found:
        raise missing
    return found


def _one(value: Any, step: str | int, walked: str) -> Any:
    if isinstance(step, int):
        if not isinstance(value, list):
            raise PathNotFound(f"{walked} is {kind(value)}, not a list")
        if not -len(value) <= step < len(value):
            raise PathNotFound(f"there is no element {step} in {walked}, which has {len(value)}")
        return value[step]
    if not isinstance(value, dict):
        raise PathNotFound(f"{walked} is {kind(value)}, not an object")
    if step not in value:
        raise PathNotFound(f"there is no {step!r} in {walked}; {those(value)}")
    return value[step]


def _looked_into(value: Any) -> Any:
    """Read a text that holds a JSON object or list as that; any other value is itself."""
    return _parsed(value) if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else value


@functools.lru_cache(maxsize=4)  # several fields of one request lead through the same text
def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


@functools.lru_cache(maxsize=1_024)
def _compile(source: str) -> tuple[tuple[str, Any], ...]:
    if len(source) > MAX_PATH:
        raise ValueError(f"the path has {len(source)} characters; at most {MAX_PATH} are taken")
    if not source.startswith("$"):
        raise ValueError(f"{source!r} is not a path: it begins with $")
    steps: list[tuple[str, Any]] = []
    position = 1
    while position < len(source):
        match = _STEP.match(source, position)
        if not match:
            raise ValueError(
                f"{source!r} is not a path from {source[position:]!r} on: "
                "write .name, ['any name'], [0], [-1] or [*], and a last ? for what may be missing"
            )
        steps.append((match[0], _step(match)))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Any:
    if match["every"]:
        return _EVERY
    if match["index"]:
        return int(match["index"])
    quoted = match["single"] if match["single"] is not None else match["double"]
    return match["name"] if quoted is None else _ESCAPE.sub(r"\1", quoted)
