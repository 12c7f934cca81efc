"""Markdown as each messenger speaks it: one text goes in, what its own parser understands comes out.

The Markdown that tocsin makes escapes an alarm's own words with backslashes, which no messenger's parser knows. Each
escaped sign becomes one that looks alike and means nothing, or an entity where the messenger decodes those. A mention
inside a text mentions nobody, whoever wrote it: whom to mention is a setting of the channel.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]<>()#+!|~@&-])")
_LINK = "\\]\\("  # between them the two make a link, alone they make nothing
_BEGIN = re.compile(r"(?:^|\n)[ \t]*\Z")
_INDENT = 64  # a sign further in begins nothing
_MENTION = re.compile(r"<(?=\s{0,4}/?\s{0,4}(?:@|at\b))", re.IGNORECASE)
_EVERYBODY = re.compile(r"(?<![\w.])@(?=all\b|everyone\b|所有人)", re.IGNORECASE)
_TAG = re.compile(r"<(?=[/@!?A-Za-z])")
_REST_OF_ENTITY = re.compile(r"\\?#|(?:lt|gt|amp|quot)|[A-Za-z0-9]{1,32};", re.IGNORECASE)  # after its &


class Dialect(NamedTuple):
    """What becomes of the signs that mean something: anywhere, and at the beginning of a line."""

    anywhere: Mapping[str, str]
    at_begin: Mapping[str, str]
    line_break: str
    link: str  # what becomes of the `](` in an alarm's own words


WECOM: Final = Dialect({"<": "＜", "&": "＆", "*": "∗", "`": "ˋ"}, {"#": "＃", ">": "＞"}, "\n", "］(")
DINGTALK: Final = Dialect(
    {"<": "＜", "&": "＆", "*": "∗", "`": "ˋ", "~": "～", "|": "｜"},
    {"#": "＃", ">": "＞", "-": "－", "+": "＋", "_": "＿"},
    "  \n",
    "］(",
)
FEISHU: Final = Dialect(
    {sign: f"&#{ord(sign)};" for sign in "\\`*_[]<>~&"}, {sign: f"&#{ord(sign)};" for sign in "#+-"}, "\n", "&#93;("
)


def written(markdown: str, dialect: Dialect) -> str:
    """Write the Markdown that tocsin makes in the messenger's own dialect."""

    def inert(found: re.Match[str]) -> str:
        sign = found[1]
        if sign == "&" and not _REST_OF_ENTITY.match(markdown, found.end()):
            return sign  # most stand in links, which another sign would break
        other = dialect.anywhere.get(sign)
        if other is None and sign in dialect.at_begin:
            begins = _BEGIN.search(markdown, max(0, found.start() - _INDENT), found.start())
            other = dialect.at_begin[sign] if begins else None
        return sign if other is None else other

    markdown = markdown.replace(_LINK, dialect.link)
    lines = _ESCAPED.sub(inert, markdown).split("\n")
    return unmentioning(dialect.line_break.join(line.rstrip(" \t") for line in lines))


def unmentioning(text: str) -> str:
    """Let no mention be in it."""
    return _EVERYBODY.sub("＠", _MENTION.sub("＜", text))


def untagged(text: str) -> str:
    """Plain text where the messenger would still read tags: links, mentions."""
    return unmentioning(_TAG.sub("＜", text))
