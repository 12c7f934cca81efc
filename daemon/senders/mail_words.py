"""Texts in headers and bodies of mail: words of any script in ASCII lines (RFC 2045, 2047)."""

import base64
from collections.abc import Iterator

from daemon import fitting

LONGEST_LINE = 998  # of a mail, without its end (RFC 5322, 2.1.1)
_WORD = 45  # bytes of UTF-8 whose base64 leaves room for the frame within the 75 characters of an encoded word
_FOLD = "\r\n "
_FOLDED_AT = 76


def header(name: str, text: str) -> str:
    """One header of free text, whatever it is: one line, or folded ones; no further header can come of it."""
    text = fitting.line(text)
    plain = text.isascii() and "=?" not in text and len(text) + len(name) < LONGEST_LINE // 2
    return f"{name}: {text if plain else encoded_words(text)}\r\n"


def encoded_words(text: str) -> str:
    """Write it as encoded words of UTF-8, none cut inside a character, one on each line."""
    return _FOLD.join(f"=?utf-8?B?{base64.b64encode(piece).decode()}?=" for piece in _pieces(text))


def folded(name: str, words: list[str]) -> str:
    """One header of words that have no spaces, on as many lines as it takes."""
    lines, room = [f"{name}:"], _FOLDED_AT
    for word in words:
        if len(lines[-1]) + 1 + len(word) > room and len(lines[-1]) > len(name) + 1:
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines) + "\r\n"


def part(kind: str, text: str) -> bytes:
    """A body of this kind (`plain`, `html`) with its own headers: as it is where ASCII lines carry it, else base64.

    Lines end in CRLF and are short enough; where one begins with a dot it is doubled, as DATA wants it.
    """
    text = fitting.lines(text)
    lines = text.split("\n")
    if text.isascii() and len(max(lines, key=len)) < LONGEST_LINE:
        way, body = "7bit", "\r\n".join(lines)
        if body.startswith(".") or "\n." in body:
            body = "\r\n".join("." + line if line.startswith(".") else line for line in lines)
    else:
        encoded = base64.encodebytes("\r\n".join(lines).encode("utf-8", "replace"))
        way, body = "base64", encoded.decode().rstrip("\n").replace("\n", "\r\n")
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {way}\r\n\r\n"
    return (head + body + "\r\n").encode("utf-8", "replace")


def _pieces(text: str) -> Iterator[bytes]:
    """Split into pieces of so many bytes of UTF-8 at most, between characters."""
    piece = b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(piece) + len(encoded) > _WORD:
            yield piece
            piece = b""
        piece += encoded
    yield piece
