"""One webhook request as a handler sees it: raw bytes first, parsed on demand."""

import functools
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from daemon.errors import HandlerError


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
            raise HandlerError(f"the body is not valid JSON: {error}") from error
