"""Make a text fit: one line, so many characters, never cut inside one that people see as one."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from enum import StrEnum

import msgspec

from daemon.event import JOINER

ELLIPSIS = "…"
_REGIONAL = range(0x1F1E6, 0x1F200)  # two of them make one flag
_SKIN = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)  # spell out the flags of Scotland and Wales
_JAMO = range(0x1160, 0x1200)  # vowels and finals that complete a Hangul syllable
_MARKS = frozenset(("Mn", "Mc", "Me"))
_LONGEST = 8  # that one character becomes, escaped and in bytes, more often than not; more only takes another turn
_WIDEST = 16  # code points of one cluster that are believed; beyond it somebody stacks marks for fun

# Each begins only where what it may begin with begins, so that no text makes a search that is longer than itself.
# A link ends where ASCII ends: what follows in Chinese is no part of it.
_LINK = re.compile(r"(?<![a-z0-9+.-])[a-z0-9+.-]*://[!-~]*|\bwww\.[!-~]*", re.IGNORECASE)
_DOTTED = re.compile(r"(?<![0-9A-Za-z_-])[0-9A-Za-z_-]+(?:\.[0-9A-Za-z_-]+)+")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+[A-Za-z]{0,3}", re.ASCII)
_ADDRESS_DOTS = 3  # in a number of so many parts, whatever the parts
# Pictures, signs without a width, halves of pairs, what is no character.
_RARE = frozenset(("So", "Cf", "Cs", "Co", "Cn"))
_OF_PICTURES = frozenset((*map(chr, range(0xFE00, 0xFE10)), "\u20e3"))  # marks that make a picture of a sign
_PLAIN_PUNCTUATION = frozenset(" -_,.:;!?%+=()[]#*、，。：；！？（）《》")


class Unit(StrEnum):
    """What a provider counts the length of a text in."""

    CHARACTERS = "characters"  # code points
    BYTES = "bytes"  # of UTF-8
    UTF16 = "UTF-16 units"  # two for what is beyond the plane of everyday writing, such as emoji


class Size(msgspec.Struct, frozen=True):
    """How long a text may be, in the provider's own unit."""

    most: int
    unit: Unit = Unit.CHARACTERS

    def of(self, text: str) -> int:
        """How long it is."""
        match self.unit:
            case Unit.BYTES:
                return len(text.encode("utf-8", "replace"))
            case Unit.UTF16:
                return len(text.encode("utf-16-le", "replace")) // 2
        return len(text)

    def fits(self, text: str) -> bool:
        """Whether it is short enough."""
        return len(text) <= self.most and self.of(text) <= self.most

    def cut(self, text: str) -> str:
        """Keep what fits, ending in an ellipsis when something was dropped; never half of what people see as one."""
        if self.fits(text):
            return text
        room = self.most - self.of(ELLIPSIS)
        kept, length = [], 0
        for cluster in clusters(text):
            length += self.of(cluster)
            if length > room:
                break
            kept.append(cluster)
        return "".join(kept) + ELLIPSIS if room >= 0 else ""


class Enveloped(Size, frozen=True, kw_only=True):
    """A limit of what a text becomes: markup, mentions and the body around it count, too.

    `taken` says how much room a text takes once it is written for the provider, in the provider's unit.
    """

    taken: Callable[[str], int]

    def of(self, text: str) -> int:
        """How much room it takes."""
        return self.taken(text)

    def cut(self, text: str) -> str:
        """Keep what fits with all that is around it, ending in an ellipsis when something was dropped."""
        return cut_until(text, lambda shorter: self.of(shorter) - self.most)


def cut_until(text: str, excess: Callable[[str], int]) -> str:
    """Cut, between what people see as characters, until nothing is over; `excess` says how much still is."""
    while text and (over := excess(text)) > 0:
        text = cut(text, len(text) - max(1, over // _LONGEST)) if len(text) > 1 else ""
    return text


def line(text: str) -> str:
    """Put it on one line: breaks, control characters and runs of white space become one space each."""
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return " ".join("".join(c if c.isprintable() or c == JOINER else " " for c in text).split())


def lines(text: str) -> str:
    """Keep line breaks and tabs; other control characters, escape sequences among them, become a space."""
    text = text.replace("\r\n", "\n")
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c in f"\n\t{JOINER}" else " " for c in text)


def cut(text: str, limit: int) -> str:
    """Keep at most `limit` characters (code points), ending in an ellipsis when something was dropped."""
    return text if len(text) <= limit else Size(max(limit, len(ELLIPSIS))).cut(text)


def begin(text: str, limit: int) -> str:
    """Keep at most `limit` characters (code points) of the beginning, without a sign that something was dropped."""
    if len(text) <= limit:
        return text
    kept, length = [], 0
    for cluster in clusters(text[: limit + _WIDEST]):
        length += len(cluster)
        if length > limit:
            break
        kept.append(cluster)
    return "".join(kept)


def clusters(text: str) -> Iterator[str]:
    """Split into what people see as one character: a base with its marks, joined emoji, a flag.

    A working subset of Unicode's UAX 29 that needs no tables beyond the standard library's.
    """
    current = ""
    for character in text:
        if current and (not _belongs(current, character) or len(current) >= _WIDEST):
            yield current
            current = ""
        current += character
    if current:
        yield current


def clean(text: str) -> str:
    """One line without links, addresses and emoji; numbers, paths and everyday signs stay as they are.

    The dots of a host name or an IP address become dashes, so that people still recognise it.
    """
    text = _DOTTED.sub(_disguised, _LINK.sub(" ", text))
    if not text.isascii():
        text = "".join(c if c.isascii() or _is_usual(c) else " " for c in text)
    return line(text)


def plain(text: str) -> str:
    """Write it as the strictest gateway wants: no links, addresses, emoji or rare signs.

    A dot inside a host name or address becomes a dash, so that people still recognise it; that of a number stays.
    """
    text = _DOTTED.sub(_undotted, _LINK.sub(" ", text))
    return line("".join(c if _is_plain(c) else " " for c in text))


def _undotted(found: re.Match[str]) -> str:
    return found[0] if _DECIMAL.fullmatch(found[0]) else found[0].replace(".", "-")


def _belongs(current: str, character: str) -> bool:
    """Say whether `character` continues the cluster `current`."""
    if character == JOINER or current[-1] == JOINER:
        return True
    if unicodedata.category(character) in _MARKS:
        return True
    point = ord(character)
    if point in _REGIONAL:
        return len(current) == 1 and ord(current) in _REGIONAL
    return point in _SKIN or point in _TAGS or point in _JAMO


def _is_plain(character: str) -> bool:
    return character in _PLAIN_PUNCTUATION or (character.isalnum() and ord(character) <= 0xFFFF)  # noqa: PLR2004 - the plane of everyday writing


def _disguised(found: re.Match[str]) -> str:
    """A name that ends as host names end, or a number of four parts: not 97.5 and not v1.2."""
    last = found[0].rpartition(".")[2]
    is_address = found[0].count(".") >= _ADDRESS_DOTS or (len(last) > 1 and last.isalpha())
    return found[0].replace(".", "-") if is_address else found[0]


def _is_usual(character: str) -> bool:
    if ord(character) > 0xFFFF or character in _OF_PICTURES:  # noqa: PLR2004 - the plane of everyday writing
        return False
    return unicodedata.category(character) not in _RARE
