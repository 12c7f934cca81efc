"""Telephone numbers as people write them, brought to the one form that gateways take."""

import re
import unicodedata

_DECORATION = re.compile(r"[\s\-().\u2010-\u2015]")
_MAINLAND = re.compile(r"(?:\+86|0086|86)?(1[3-9][0-9]{9})")


def mainland(written: str) -> str | None:
    """Return the eleven digits of a mainland China mobile number, None for anything else.

    `+1 310…` is an American number although its eleven digits look like ours: a foreign prefix is never
    stripped. Invisible signs, as copied from address books, and full-width digits are understood.
    """
    normal = unicodedata.normalize("NFKC", written)
    visible = "".join(c for c in normal if unicodedata.category(c) != "Cf")
    match = _MAINLAND.fullmatch(_DECORATION.sub("", visible))
    return match[1] if match else None


def masked(written: str) -> str:
    """Show enough of a number to recognise it and too little to dial it."""
    return "…" + written[-4:] if len(written) > 4 else "…"  # noqa: PLR2004 - the last four digits
