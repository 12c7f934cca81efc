"""Telephone numbers as people write them, brought to the one form that gateways take."""

import re
import unicodedata
from typing import NamedTuple

CHINA = "86"
_DECORATION = re.compile(r"[\s\-().\u2010-\u2015]")
_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")
_FOREIGN = re.compile(r"(?:\+|00)([1-9][0-9]{6,14})")
_COUNTRY = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[0-9]{3}")  # ITU-T E.164


def mainland(written: str) -> str | None:
    """Return the eleven digits of a mainland China mobile number, None for anything else.

    `+1 310…` is an American number although its eleven digits look like ours: a foreign prefix is never
    stripped. Invisible signs, as copied from address books, and full-width digits are understood.
    """
    if not written.isascii():
        normal = unicodedata.normalize("NFKC", written)
        written = "".join(c for c in normal if unicodedata.category(c) != "Cf")
    match = _MAINLAND.fullmatch(_DECORATION.sub("", written))
    return match[1] if match else None


def masked(written: str) -> str:
    """Show enough of a number to recognise it and too little to dial it."""
    return "…" + written[-4:] if len(written) > 4 else "…"  # noqa: PLR2004 - the last four digits


class Phone(NamedTuple):
    """A number whose country is known."""

    country: str  # the calling code: 86
    number: str  # what follows it

    @property
    def is_mainland(self) -> bool:
        """Whether it is one of mainland China."""
        return self.country == CHINA

    @property
    def international(self) -> str:
        """E.164: `+8613800000001`."""
        return f"+{self.country}{self.number}"

    @property
    def address(self) -> str:
        """As delivery reports name it: eleven digits in mainland China, E.164 elsewhere."""
        return self.number if self.is_mainland else self.international


def read(written: str) -> Phone | None:
    """Read a mainland mobile number, or a foreign one that is written with `+` or `00`; None for anything else."""
    ours = mainland(written)
    if ours is not None:
        return Phone(CHINA, ours)
    normal = unicodedata.normalize("NFKC", written)
    match = _FOREIGN.fullmatch(_DECORATION.sub("", "".join(c for c in normal if unicodedata.category(c) != "Cf")))
    if match is None:
        return None
    country = _COUNTRY.match(match[1])
    if country is None or country[0] == CHINA:
        return None
    return Phone(country[0], match[1][country.end() :])
