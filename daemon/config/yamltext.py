"""Values written as YAML that is read back as the same texts, for people to read as well."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Noted:
    """A text with a comment behind it."""

    text: str
    note: str


class Digits(str):
    """A number: written without the quotes that keep YAML from guessing."""

    __slots__ = ()


# A list or mapping of more of them, a text, or a yes or no.
Value = str | bool | Noted | Sequence["Value"] | Mapping[str, "Value"]

_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_GUESSED = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))  # by YAML 1.1, in any case
_NUMBER = re.compile(r"[0-9][0-9_.eExX+-]*|0x[0-9A-Fa-f]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_STEP = "  "
_WIDTH = 80  # characters of the texts in a list that stands on one line
_COUNT = re.compile(r"0|[1-9][0-9]{0,17}")


def written(value: Mapping[str, Value], kept: Callable[[str], str] = str) -> str:
    """Write a mapping, block by block; what fits on one line stands on one. `kept` is asked how each text is kept."""
    return "".join(f"{line}\n" for line in _mapping(value, "", kept))


def _mapping(value: Mapping[str, Value], indent: str, kept: Callable[[str], str]) -> Iterator[str]:
    for key, one in value.items():
        if _is_inline(one):
            yield f"{indent}{_quoted(key)}: {_inline(one, kept)}"
        else:
            yield f"{indent}{_quoted(key)}:"
            yield from _block(one, indent + _STEP, kept)


def _block(value: Value, indent: str, kept: Callable[[str], str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from _mapping(value, indent, kept)
    elif isinstance(value, Sequence):
        for one in value:
            if _is_inline(one):
                yield f"{indent}- {_inline(one, kept)}"
            else:
                lines = _block(one, indent + _STEP, kept)
                first = next(lines)
                yield f"{indent}- {first.lstrip(' ')}"
                yield from lines


def _is_inline(value: Value) -> bool:
    """Whether it holds no mapping, no list in a list, and no comment in one, and fits on a line."""
    if isinstance(value, str | bool | Noted):
        return True
    if isinstance(value, Mapping):
        return not value
    return all(isinstance(one, str | bool) for one in value) and sum(len(str(one)) for one in value) <= _WIDTH


def _inline(value: Value, kept: Callable[[str], str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Noted):
        note = "".join(c if c.isprintable() else " " for c in value.note)
        return f"{_quoted(kept(value.text))} # {note}"
    if isinstance(value, Digits) and _COUNT.fullmatch(value):
        return str(value)
    if isinstance(value, str):
        return _quoted(kept(value))
    if isinstance(value, Mapping):
        return "{}"
    return f"[{', '.join(_inline(one, kept) for one in value)}]"


def _quoted(text: str) -> str:
    """Write a text so that no YAML reader takes it for anything else."""
    if _BARE.fullmatch(text) and text.lower() not in _GUESSED and not _NUMBER.fullmatch(text):
        return text
    if text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return f"\\U{ord(character):08x}"
