"""Matchers as Alertmanager reads them, the older ways of writing them included.

Its grammar takes more than tocsin's: bare values with spaces, names in quotes. What is carried over is written anew.
"""

import re
from collections.abc import Iterator

from daemon.cli.importing.part import Part
from daemon.config.findings import quoted
from daemon.errors import MatcherError
from daemon.matcher import MAX_PATTERN, Matcher, parse, pattern

_PIECE = re.compile(r'(?:[^",\\]|\\.|"(?:[^"\\]|\\.)*")+', re.DOTALL)
_MATCHER = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[^\s"=!~{},]+)\s*(=~|!~|!=|=)\s*(.*?)\s*', re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}


class CannotCarryError(Exception):
    """A matcher that tocsin cannot have; what it narrows must not become wider, so the whole of it is left out."""


def matchers(fields: dict[str, Part], prefix: str = "") -> list[str]:
    """Read `matchers`, `match` and `match_re` (of `source_` or `target_`), and write them tocsin's way.

    Raises CannotCarryError, after noting what is in the way.
    """
    found: list[str] = []
    complete = True
    for part, one in _all(fields, prefix):
        sentence = _obstacle(one)
        if sentence:
            part.left(sentence)
            complete = False
        else:
            found.append(str(one))
    if not complete:
        raise CannotCarryError
    return found


def _all(fields: dict[str, Part], prefix: str) -> Iterator[tuple[Part, Matcher]]:
    for key, operator in ((f"{prefix}match", "="), (f"{prefix}match_re", "=~")):
        for name, part in fields[key].table().items() if key in fields else ():
            yield from _checked(part, Matcher(name, operator, part.text()))
    key = f"{prefix}matchers"
    for part in fields[key].items() if key in fields else ():
        text = part.text()
        try:
            several = _read(text)
        except MatcherError as error:
            part.wrong(str(error))
            continue
        for one in several:
            yield from _checked(part, one)


def _checked(part: Part, one: Matcher) -> Iterator[tuple[Part, Matcher]]:
    """Let through what compiles; a pattern that is only too long for tocsin goes through, and is left out later."""
    try:
        if one.operator in ("=~", "!~") and len(one.value) <= MAX_PATTERN:
            pattern(one.value)
    except MatcherError as error:
        part.wrong(str(error))
        return
    yield part, one


def _obstacle(one: Matcher) -> str:
    """Say why tocsin cannot have it; empty when it can."""
    try:
        if parse(str(one)) == (one,):
            return ""
    except MatcherError as error:
        return f"tocsin cannot have this matcher: {error}"
    return f"tocsin cannot have a label called {quoted(one.name)} in a matcher"


def _read(text: str) -> list[Matcher]:
    """Read one or several matchers, separated by commas, in braces or not."""
    body = text.strip()
    if body.startswith("{") != body.endswith("}"):
        raise MatcherError(f"{text!r} has one brace; write both or none")
    body = body[1:-1] if body.startswith("{") else body
    pieces = _PIECE.findall(body)
    if _PIECE.sub("", body).strip(", \t\r\n"):
        raise MatcherError(f"{text!r} has a quote that does not end")
    return [_one(piece) for piece in pieces if piece.strip()]


def _one(text: str) -> Matcher:
    found = _MATCHER.fullmatch(text)
    if not found:
        raise MatcherError(f'{text!r} is not a matcher: write name="value" with one of = != =~ !~ between them')
    name, operator, value = found.groups()
    if name.startswith('"'):
        name = _plain(name[1:-1])
    quoted_value = _QUOTED.fullmatch(value)
    if quoted_value is None and '"' in _ESCAPE.sub("", value):
        raise MatcherError(f"{text!r} has a quote inside its value: put the whole value in quotes")
    return Matcher(name, operator, _plain(value if quoted_value is None else quoted_value[1]))


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[0]), text)
