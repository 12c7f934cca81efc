"""The fields of a form sent as `multipart/form-data` (RFC 7578), as texts."""

import re

from daemon.errors import HandlerError

_BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;",]{1,70}))""", re.IGNORECASE)
_NAME = re.compile(rb'[;\s]name="([^"\r\n]{0,200})"', re.IGNORECASE)
_FILE = re.compile(rb"[;\s]filename\*?=", re.IGNORECASE)
_MOST = 1_000  # parts; a form of an alarm has a handful


def is_multipart(content_type: str) -> bool:
    """Whether a Content-Type says that the body is such a form."""
    return content_type.partition(";")[0].strip().lower() == "multipart/form-data"


def parts_of(body: bytes, content_type: str) -> dict[str, str]:
    """Read the fields; the last of repeated ones counts, files are left out. Raises HandlerError."""
    found = _BOUNDARY.search(content_type)
    if not found:
        raise HandlerError("the form is multipart, and its Content-Type names no boundary")
    delimiter = re.escape((found[1] or found[2]).encode("utf-8", "replace"))
    # It stands on a line of its own; the one after the last part ends in two more dashes.
    pieces = re.split(rb"\r\n--" + delimiter + rb"(?=--|[ \t]{0,8}\r\n)", b"\r\n" + body, maxsplit=_MOST + 1)[1:]
    if not pieces or not any(piece.startswith(b"--") for piece in pieces):
        raise HandlerError("the form is multipart, and its last boundary is missing: it was cut off, or is none")
    fields = {}
    for piece in pieces:
        if piece.startswith(b"--"):
            break
        head, blank, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head)
        if blank and name and not _FILE.search(head):
            fields[_text(name[1])] = _text(content)
    return fields


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise HandlerError(f"a field of the form is not UTF-8: byte {error.start}") from error
