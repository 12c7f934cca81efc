"""Badges: small SVG pictures of two words, for a README or a wall of them."""

import unicodedata
from html import escape

from daemon.fitting import cut, line
from daemon.history.stretches import Time

LONGEST = 40  # characters of what stands on the left
HIGH = 20
_PAD = 6.0
_NARROW, _USUAL, _CAPITAL, _BROAD, _WIDE = 3.4, 6.6, 7.8, 10.0, 11.5  # of a letter in Verdana of 11 pixels

# White on each of them can be read (4.5:1), and no two mean something by their colour alone: a badge says its words.
LABEL, NEUTRAL = "#3d444d", "#57606a"
OF_STATE = {
    Time.UP: "#1a7f4b",
    Time.DEGRADED: "#8a6100",
    Time.DOWN: "#b42318",
    Time.MAINTENANCE: "#2f5fa8",
}
_OF_UPTIME = ((0.999, "#1a7f4b"), (0.99, "#55730c"), (0.95, "#8a6100"), (0.0, "#b42318"))
RESPONSE = "#2f5fa8"


def badge(label: str, value: str, colour: str) -> bytes:
    """Draw one."""
    label, value = (_plain(text) for text in (label, value))
    left, right = _width(label) + 2 * _PAD, _width(value) + 2 * _PAD
    whole = left + right
    said = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole:g}" height="{HIGH}" role="img" aria-label="{said}">'
        f"<title>{said}</title>"
        f'<clipPath id="r"><rect width="{whole:g}" height="{HIGH}" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left:g}" height="{HIGH}" fill="{LABEL}"/>'
        f'<rect x="{left:g}" width="{right:g}" height="{HIGH}" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,Noto Sans CJK SC,sans-serif" font-size="11">'
        f"{_text(label, _PAD, left - 2 * _PAD)}{_text(value, left + _PAD, right - 2 * _PAD)}</g></svg>\n"
    ).encode()


def of_state(state: Time) -> str:
    """The colour of a state."""
    return OF_STATE.get(state, NEUTRAL)


def of_uptime(part: float | None) -> str:
    """The colour of an uptime."""
    return NEUTRAL if part is None else next(colour for least, colour in _OF_UPTIME if part >= least)


def _text(text: str, left: float, width: float) -> str:
    """Whatever font the reader has, the text is as wide as was thought."""
    return f'<text x="{left:g}" y="14" textLength="{width:g}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def _plain(text: str) -> str:
    """What XML can hold: one line, no control characters, no halves of pairs."""
    return cut(line(text.encode("utf-8", "replace").decode()), LONGEST) or "?"


def _width(text: str) -> float:
    return round(sum(map(_letter, text)), 1)


def _letter(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return _WIDE
    if unicodedata.combining(char):
        return 0.0
    if char in "iljtfrI.,:;!|'()[]- ":
        return _NARROW if char not in "rtf-" else 4.6
    if char in "mwMW%@":
        return _BROAD
    return _CAPITAL if char.isupper() else _USUAL
