"""Values written as YAML that tocsin reads back as the same texts, dollar signs included."""

import re
from collections.abc import Iterator

from daemon.cli.importing.ledger import Reference

# A list or mapping of more of them, a text, or a yes or no.
Value = str | bool | list["Value"] | dict[str, "Value"]

_BARE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*")
_GUESSED = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))  # by YAML 1.1, in any case
_NUMBER = re.compile(r"[0-9][0-9_.eExX+-]*|0x[0-9A-Fa-f]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}
_STEP = "  "


def written(value: dict[str, Value]) -> str:
    """Write a mapping, block by block; what fits on one line stands on one."""
    return "".join(f"{line}\n" for line in _mapping(value, ""))


def _mapping(value: dict[str, Value], indent: str) -> Iterator[str]:
    for key, one in value.items():
        if _is_inline(one):
            yield f"{indent}{_quoted(key)}: {_inline(one)}"
        else:
            yield f"{indent}{_quoted(key)}:"
            yield from _block(one, indent + _STEP)


def _block(value: Value, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from _mapping(value, indent)
    elif isinstance(value, list):
        for one in value:
            if _is_inline(one):
                yield f"{indent}- {_inline(one)}"
            else:
                lines = _block(one, indent + _STEP)
                first = next(lines)
                yield f"{indent}- {first.lstrip(' ')}"
                yield from lines


def _is_inline(value: Value) -> bool:
    """Whether it holds no mapping, and no list in a list."""
    if isinstance(value, dict):
        return not value
    return not isinstance(value, list) or all(isinstance(one, str | bool) for one in value)


def _inline(value: Value) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_inline(one) for one in value)}]"
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _quoted(value if isinstance(value, Reference) else _undollared(value))


def _undollared(text: str) -> str:
    """Double the dollar signs where one of them would begin a reference."""
    return text.replace("$", "$$") if "${" in text or "$$" in text else text


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
