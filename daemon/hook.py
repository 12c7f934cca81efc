"""One webhook request as a handler sees it: raw bytes first, parsed on demand."""

import functools
import re
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec

from daemon.errors import HandlerError

# Up to the first half of a pair that stands alone; at the very end of the body its other half may have been cut off.
_LONE = re.compile(
    rb"""(?:[^\\] | \\[^u] | \\u(?!d[89a-f]) | \\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})*+
    \\ud[89a-f][0-9a-f]{2} (?! (?:\\(?:u(?:d(?:[c-f][0-9a-f]?)?)?)?)?\Z )""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


class Hook(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A request to `POST /webhook/<source>`, already authenticated and within its size limits.

    Header names are lower case. `options` is the handler's own settings of this source, of the type the
    handler declared, or None.
    """

    source: str
    body: bytes
    content_type: str = ""
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    received_at: float = 0.0
    remote: str = ""
    options: Any = None

    def json(self) -> Any:
        """Parse the body as JSON; raise HandlerError saying what is wrong with it."""
        return self._json

    def form(self) -> dict[str, str]:
        """Parse the body as an urlencoded form; the last of repeated fields counts."""
        try:
            text = self.body.decode()
        except UnicodeDecodeError as error:
            raise HandlerError(f"the form is not UTF-8: byte {error.start}") from error
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=1_000))
        except ValueError as error:
            raise HandlerError(f"the form cannot be read: {error}") from error

    @functools.cached_property
    def _json(self) -> Any:
        try:
            return msgspec.json.decode(self.body)
        except RecursionError as error:
            raise HandlerError("the JSON is nested too deeply") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HandlerError(_why(self.body, str(error))) from error


class Outside(Protocol):
    """What a source's check may ask of other servers: bounded in time, size and number, certificates verified."""

    def get(self, url: str) -> bytes:
        """Ask once; return the body of a 2xx. Raises OutsideError."""

    def kept(self, url: str) -> bytes:
        """Hand out what was answered before, or ask. Raises OutsideError."""


def _why(body: bytes, said: str) -> str:
    """Say what is wrong with JSON: the parser calls an empty body and half of a surrogate pair "truncated"."""
    if not body.strip():
        return "the body is empty"
    if "surrogate" in said or ("truncated" in said and _LONE.match(body)):
        return (
            r"the body holds half of a surrogate pair (an escape such as \ud800 without its other half), "
            "which is no text"
        )
    return f"the body is not valid JSON: {said}"
