"""A condition cut into words, signs and quoted texts."""

import re
from typing import Literal

import msgspec

from daemon.errors import ConditionError

LONGEST = 2_000  # characters of a condition

_TOKEN = re.compile(
    r"\s*(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"|'(?P<single>[^']*)'"
    r"|(?P<sign>[=!<>~&|]+|[\[\](),])|(?P<word>[^\s\"'=!<>~&|\[\](),]+))",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\([n\"\\])")
_OPEN = "a quote is not closed; in YAML, put the whole condition in single quotes: 'body ~ \"a: #1\"'"


class Token(msgspec.Struct, frozen=True):
    """One of them; `text` without quotes."""

    kind: Literal["text", "sign", "word"]
    text: str

    def is_word(self, *words: str) -> bool:
        """Whether it is one of these words, unquoted."""
        return self.kind == "word" and self.text in words


def split(source: str) -> list[Token]:
    """Cut it up; raise ConditionError where that is not possible."""
    if len(source) > LONGEST:
        raise ConditionError(f"it has {len(source)} characters; at most {LONGEST} are taken")
    tokens, position, end = [], 0, len(source.rstrip())
    while position < end:
        match = _TOKEN.match(source, position)
        if match is None:
            raise ConditionError(_OPEN)
        tokens.append(_token(match))
        position = match.end()
    return tokens


def _token(match: re.Match[str]) -> Token:
    """A backslash stands for a quote, itself or a new line; before anything else it stays, as patterns need it."""
    if match["double"] is not None:
        return Token("text", _ESCAPE.sub(lambda one: "\n" if one[1] == "n" else one[1], match["double"]))
    if match["single"] is not None:
        return Token("text", match["single"])
    return Token("sign", match["sign"]) if match["sign"] else Token("word", match["word"])
