"""Uptime Kuma's backup as JSON: its monitors, each with the line where it begins."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from daemon.cli.importing.ledger import Ledger
from daemon.config.findings import Path, Place, quoted
from daemon.errors import ConfigError

MONITORS = "monitorList"
_EVENT = re.compile(rf'\[\s*"{MONITORS}"\s*,')  # how the Socket.IO interface begins to give them
_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"
_LONGEST = 100_000  # characters of one text that is taken


@dataclass(frozen=True, slots=True)
class Given:
    """An object of the backup. What is not of the kind that was expected is named, and counts as not there."""

    ledger: Ledger
    place: Place
    path: Path
    fields: dict[str, Any]

    def text(self, key: str) -> str:
        """Read a text or number."""
        value = self.fields.get(key)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > _LONGEST:
            self.left(key, "is not a text, and left out")
            return ""
        return sound(str(value))

    def number(self, key: str) -> float:
        """Read a number; 0 where there is none."""
        value = self.fields.get(key)
        if value is None or value == "":
            return 0.0
        try:
            number = float(value) if isinstance(value, str | int | float) else float("nan")
        except (ValueError, OverflowError):
            number = float("nan")
        if not -1e12 < number < 1e12:  # noqa: PLR2004 - whatever it counts; not a number is not between them
            self.left(key, "is not a number, and left out")
            return 0.0
        return number

    def flag(self, key: str, *, otherwise: bool = False) -> bool:
        """Read true or false, also as a database keeps them."""
        value = self.fields.get(key)
        return bool(value) if isinstance(value, bool | int) else otherwise

    def items(self, key: str) -> list[Any]:
        """Read a list."""
        value = self.fields.get(key)
        if value is not None and not isinstance(value, list):
            self.left(key, "is not a list, and left out")
        return value if isinstance(value, list) else []

    def inner(self, key: str) -> Any:
        """Read JSON that stands there as a text; None where there is none."""
        value = self.fields.get(key)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            self.left(key, "is not JSON, and left out")
            return None

    def left(self, key: str, sentence: str) -> None:
        """Name what of it is not carried over; nothing for all of it."""
        name = self.fields.get("name")
        about = f"{quoted(name)}: " if isinstance(name, str) and name else ""
        self.ledger.left(self.place, (*self.path, key) if key else self.path, about + sentence)

    def differs(self, sentence: str) -> None:
        """Name what will not be quite the same."""
        self.ledger.differs(self.place, self.path, sentence)


def sound(text: str) -> str:
    """Without halves of characters, which JSON can write and nothing else can."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def read(text: str, file: str, ledger: Ledger) -> tuple[list[Given], Given]:
    """The monitors, and everything else. Raises ConfigError when it is no backup."""
    try:
        monitors, rest = _read(text, file, ledger)
    except (ValueError, RecursionError) as error:
        line = text.count("\n", 0, getattr(error, "pos", 0)) + 1
        said = getattr(error, "msg", "") or "nested too deeply, or no JSON"
        raise ConfigError([f"{file}:{line}: cannot be read as JSON: {said}"]) from error
    if not monitors and MONITORS not in rest.fields:
        raise ConfigError([f"{file}:1: has no {MONITORS}; is it a backup of Uptime Kuma (Settings, Backup, Export)?"])
    return monitors, rest


def _read(text: str, file: str, ledger: Ledger) -> tuple[list[Given], Given]:
    top = Place(file, 1)
    fields: dict[str, Any] = {}
    monitors: list[Given] = []
    start = _skip(text, 0)
    if event := _EVENT.match(text, start):
        start = _skip(text, event.end())
    if text[start : start + 1] == "[":
        return list(_elements(text, start, file, ledger)), Given(ledger, top, (), {})
    for key, at in _members(text, start):
        if key == MONITORS and text[at : at + 1] == "[":
            monitors += _elements(text, at, file, ledger)
            fields[key] = None
        else:
            fields[key] = _DECODER.raw_decode(text, at)[0]
    if fields and all(key.isdecimal() for key in fields):  # by their ids, as an event brings them
        fields = {MONITORS: fields}
    if isinstance(mapped := fields.get(MONITORS), dict):
        monitors += [Given(ledger, top, (MONITORS, key), one) for key, one in mapped.items() if isinstance(one, dict)]
    return monitors, Given(ledger, top, (), fields)


def _elements(text: str, at: int, file: str, ledger: Ledger) -> Iterator[Given]:
    """The objects of a list, each with its line."""
    line, counted = 1, 0
    for number, begin in enumerate(_values(text, at)):
        line += text.count("\n", counted, begin)
        counted = begin
        place, path = Place(file, line), (MONITORS, f"[{number}]")
        value = _DECODER.raw_decode(text, begin)[0]
        if isinstance(value, dict):
            yield Given(ledger, place, path, value)
        else:
            ledger.left(place, path, "is no monitor")


def _members(text: str, at: int) -> Iterator[tuple[str, int]]:
    """The keys of an object, and where their values begin."""
    if text[at : at + 1] != "{":
        raise json.JSONDecodeError("an object was expected", text, at)
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise json.JSONDecodeError("a name and a colon were expected", text, at)
        at = _skip(text, at + 1)
        yield key, at
        at = _next(text, _DECODER.raw_decode(text, at)[1], "}")


def _values(text: str, at: int) -> Iterator[int]:
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        yield at
        at = _next(text, _DECODER.raw_decode(text, at)[1], "]")


def _next(text: str, at: int, end: str) -> int:
    """Go on behind a comma, or stop at the end."""
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != end:
        raise json.JSONDecodeError(f"a comma or {end} was expected", text, at)
    return at


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
