"""Alertmanager's matchers: `severity="critical"`, `team=~"db|web"`, evaluated in linear time.

Grammar and anchoring as in prometheus/alertmanager docs/configuration.md ("Matcher"): four operators, the
value quoted or bare, regular expressions fully anchored, a missing label equals the empty string.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import re2

from daemon.errors import MatcherError

_SYNTAX = re.compile(
    r"\s*(?P<name>[^\s=!~{}\",']+)\s*(?P<operator>=~|!~|!=|=)\s*(?:\"(?P<quoted>(?:[^\"\\]|\\.)*)\"|(?P<bare>[^\s\",{}]*))\s*",
    re.DOTALL,
)
# What may have the letters of a named group in it, and such groups themselves.
_PIECE = re.compile(r"\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|\(\?P?<\w+>", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}
MAX_PATTERN = 1_000
MAX_PROGRAM = 5_000  # instructions of a compiled pattern: matching takes as long as these times the characters
_MEMORY = 256 * 1024  # bytes of one: RE2 gives up early where a pattern would become far too large


@functools.lru_cache(maxsize=1_024)
def pattern(text: str) -> Any:
    """Compile a user's regular expression for RE2; raise MatcherError with RE2's own words."""
    if len(text) > MAX_PATTERN:
        raise MatcherError(f"the pattern has {len(text)} characters; at most {MAX_PATTERN} are taken")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        raise MatcherError(f"{text!r} is not an RE2 pattern: {_plain(reason)}") from error
    if compiled.programsize > MAX_PROGRAM:
        raise MatcherError(f"{text!r} repeats too much: it would take too long to match; write smaller repetitions")
    return compiled


def any_of(texts: Sequence[str]) -> Any | None:
    """Compile a pattern that is found wherever one of these is; None where that cannot be said so simply.

    Its groups have no names, for two of the patterns may use the same one.
    """
    if any("\\Q" in text for text in texts):
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile("|".join(f"(?:{_PIECE.sub(_unnamed, text)})" for text in texts), options)
    except re2.error:  # together they are too large
        return None


def _unnamed(piece: re.Match[str]) -> str:
    return "(" if piece[0].startswith("(?") else piece[0]


def check_pattern(setting: str, text: str) -> None:
    """Refuse what is no pattern. Raises ValueError, which names the setting."""
    try:
        pattern(text)
    except MatcherError as error:
        raise ValueError(f"{setting}: {error}") from error


@functools.lru_cache(maxsize=16_384)
def _fits(text: str, value: str) -> bool:
    """Whether the pattern matches all of the value. Remembered: labels have few values, again and again."""
    return pattern(text).fullmatch(value) is not None


def _plain(reason: object) -> str:
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


@dataclass(frozen=True)
class Matcher:
    """One condition on one label."""

    name: str
    operator: str
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the labels satisfy it; a missing label counts as empty."""
        have = labels.get(self.name, "")
        match self.operator:
            case "=":
                return have == self.value
            case "!=":
                return have != self.value
            case "=~":
                return _fits(self.value, have)
        return not _fits(self.value, have)

    def __str__(self) -> str:
        return f"{self.name}{self.operator}{quoted(self.value)}"


def quoted(text: str) -> str:
    """Write a text in quotes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def unescaped(text: str) -> str:
    """Read what stood between quotes; a backslash before anything but a quote, itself or an n is one."""
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), text) if "\\" in text else text


def parse(text: str) -> tuple[Matcher, ...]:
    """Read `name="value"`, or several in braces separated by commas; raise MatcherError."""
    body = text.strip()
    if body.startswith("{") and body.endswith("}"):
        body = body[1:-1]
    found: list[Matcher] = []
    position = 0
    while position < len(body):
        match = _SYNTAX.match(body, position)
        if not match:
            raise MatcherError(f'{text!r} is not a matcher: write name="value" with one of = != =~ !~ between them')
        value = match["bare"] if match["quoted"] is None else unescaped(match["quoted"])
        if match["operator"] in ("=~", "!~"):
            pattern(value)
        found.append(Matcher(match["name"], match["operator"], value))
        position = match.end()
        if position < len(body):
            if body[position] != ",":
                raise MatcherError(f"{text!r}: expected a comma before {body[position:]!r}")
            position += 1
    if not found:
        raise MatcherError(f"{text!r} holds no matcher")
    return tuple(found)
