"""One request and its answer, as values between the HTTP server and what it serves."""

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote

import msgspec

from daemon.links import PATH as ACK

JSON = "application/json"
WEBHOOKS = "/webhook/"
RECEIPTS = "/receipts/"
PING = "/ping/"
FIELDS = 100  # of a query
NO_BODY = frozenset({204, 304})

_encode = msgspec.json.Encoder().encode
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Refusal(msgspec.Struct, frozen=True):
    """Why a request is not served: the status, a word for programs, a sentence for people."""

    status: int
    error: str
    detail: str


class Request(msgspec.Struct, kw_only=True):
    """A whole request. Header names are lower case; values are Latin-1, so that no byte is lost.

    With `refusal` set only the head was read, because the body is larger than allowed: the request may be
    recorded but not served.
    """

    method: str
    path: str  # percent-decoded
    query: str  # as sent
    headers: dict[str, str]
    body: bytes = b""
    version: str = "1.1"
    keep_alive: bool = True
    remote: str = ""
    refusal: Refusal | None = None
    unread: int = 0  # bytes of the body that were not kept: as announced, or as many as had come

    @property
    def shown_path(self) -> str:
        """The path for the log. A signed link, or a key, is as good as a password; other paths may hold a token."""
        for door in (WEBHOOKS, RECEIPTS):
            if self.path.startswith(door):
                return door + self.path.removeprefix(door).partition("/")[0]
        return next((f"{door}***" for door in (ACK, PING) if self.path.startswith(door)), self.path)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back. `door` names the kind of request for the metrics."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()
    door: str = "http"


App = Callable[[Request], Answer]


def _plain(text: str, limit: int = 500) -> str:
    """Bound a text that may quote what a stranger sent, and make sure that it can be encoded."""
    return text[:limit].encode("utf-8", "replace").decode()


def refused(
    refusal: Refusal, *, door: str = "http", quarantined: str = "", headers: tuple[tuple[str, str], ...] = ()
) -> Answer:
    """Make the JSON answer that says why not; `quarantined` is the code under which the request was kept."""
    said = {"error": refusal.error, "detail": _plain(refusal.detail)}
    if quarantined:
        said["quarantined"] = quarantined
    return Answer(status=refusal.status, body=_encode(said), headers=headers, door=door)


FAILED = refused(Refusal(500, "internal", "tocsin failed at this request; its log says why"))


def wire(answer: Answer, *, date: str, connection: str = "", with_body: bool = True) -> bytes:
    """Write an answer as one run of bytes: head and body leave in a single packet where they fit.

    Raises ValueError when a header cannot be written.
    """
    head = [f"HTTP/1.1 {answer.status} {_PHRASES.get(answer.status, 'Unknown')}\r\nDate: {date}\r\n"]
    if answer.status not in NO_BODY:
        head.append(f"Content-Type: {answer.content_type}\r\nContent-Length: {len(answer.body)}\r\n")
    if connection:
        head.append(f"Connection: {connection}\r\n")
    for name, value in answer.headers:
        if "\r" in value or "\n" in value or "\r" in name or "\n" in name:
            raise ValueError(f"the header {name!r} holds a line break")
        head.append(f"{name}: {value}\r\n")
    head.append("\r\n")
    start = "".join(head).encode("latin-1")
    return start + answer.body if with_body and answer.status not in NO_BODY else start


def split(url: bytes) -> tuple[str, str]:
    """Split a request target into decoded path and raw query; proxies may send it with scheme and host."""
    path, _, query = url.decode("latin-1").partition("?")
    if not path.startswith("/"):
        _, absolute, rest = path.partition("://")
        if absolute:
            path = "/" + rest.partition("/")[2]
    return (unquote(path) if "%" in path else path), query


def fields_of(query: str) -> dict[str, str]:
    """The last of repeated fields counts; a query of too many fields is none."""
    try:
        return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        return {}
