"""Bytes in, whole requests out: HTTP/1.1 parsing under limits, without any socket."""

from collections.abc import Callable, Mapping

import httptools

from daemon.config.settings import Limits
from daemon.listener.exchange import Refusal, Request, split

PIPELINE = 64  # requests taken from one read; a client that sends more at once has the rest unanswered
HEADERS = 128  # header lines of one request

_NAMES = {
    name.title().encode(): name
    for name in (
        "host", "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length",
        "content-encoding", "transfer-encoding", "authorization", "expect", "x-tocsin-token", "x-forwarded-for",
    )
}  # fmt: skip

TOO_LARGE = "too_large"

# How large a body may be, by the request target as it was sent and the headers; 0 for as large as `limits.body` says.
# It is asked only for one that is, or may be, larger.
Largest = Callable[[bytes, Mapping[str, str]], int]


def as_usual(_url: bytes, _headers: Mapping[str, str]) -> int:
    """No address takes more than any other."""
    return 0


class _Enough(Exception):
    """Stops the parser where the reason is already known."""


class Inbox:
    """What one connection has sent: feed it bytes, take the requests that became whole.

    It holds at most one unfinished request within `limits`, and what one read completed.
    """

    def __init__(self, remote: str, limits: Callable[[], Limits], largest: Largest = as_usual) -> None:
        self.ready: list[Request] = []  # whole requests, in order
        self.partial = False  # a request has begun and is not whole
        self.over = False  # more was sent than will be read
        self.refusal: Refusal | None = None  # what to answer after what is ready, before closing
        self._remote = remote
        self._get_limits = limits
        self._get_largest = largest
        self._begin()
        self._parser = httptools.HttpRequestParser(self)

    def _begin(self) -> None:
        self._limits = self._get_limits()
        self._most: int = self._limits.body
        self.granted = 0  # bytes that the body may have beyond what any other may
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: bytes | bytearray = b""
        self._version = "1.1"
        self._headed = False
        self._expects = False
        self._size = 0  # of the body
        self._spent = 0  # of the head and the trailer, as parsed
        self._quiet = 0  # bytes since the request began or its body last grew: an endless header or chunk head

    def feed(self, data: memoryview | bytes) -> None:
        """Take what the socket gave."""
        self._quiet += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._decline(data, offer)
        except httptools.HttpParserError as error:
            self._broken(error)
        if self.partial and not self.over and self._quiet > self._limits.header:
            self._refuse(431, "header_too_large", f"the head is larger than {self._limits.header} bytes")

    def take(self) -> list[Request]:
        """Give out the requests that are whole."""
        ready, self.ready = self.ready, []
        return ready

    def wants_continue(self) -> bool:
        """Say, once per request, whether its sender waits for `100 Continue` before the body."""
        wants, self._expects = self._expects and self.partial and not self._size, False
        return wants

    def close(self) -> None:
        """Let the parser go; it and this object hold each other."""
        del self._parser

    # what the parser calls

    def on_message_begin(self) -> None:
        """Start a request."""
        if len(self.ready) >= PIPELINE:
            self._end()
            raise _Enough
        self._begin()
        self.partial = True

    def on_url(self, url: bytes) -> None:
        """Gather the request target, which may come in pieces."""
        self._url += url
        self._spend(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header line; those after the body are counted and dropped."""
        self._spend(len(name) + len(value) + 4)
        if self._headed:
            return
        key = _NAMES.get(name) or name.decode("latin-1").lower()
        if "_" in key:
            return  # CGI cannot tell x_y from x-y: such a name could pose as another
        text = value.decode("latin-1")
        headers = self._headers
        if key in headers:
            if key == "host":
                self._refuse(400, "bad_request", "there is more than one Host header")
                raise _Enough
            text = f"{headers[key]}, {text}"
        elif len(headers) >= HEADERS:
            self._refuse(431, "header_too_large", f"there are more than {HEADERS} headers")
            raise _Enough
        headers[key] = text

    def on_headers_complete(self) -> None:
        """Refuse what will not be served before its body is read."""
        self._headed = True
        self._version = self._parser.get_http_version()
        headers = self._headers
        objection = _objection(self._version, headers)
        if objection:
            self.refusal, self.over = objection, True
            raise _Enough
        length = int(headers.get("content-length", "0"))
        if length > self._most or "transfer-encoding" in headers:
            self._most = max(self._most, self._get_largest(self._url, headers))
            self.granted = (length or self._most) - self._limits.body if self._most > self._limits.body else 0
        if length > self._most:
            self._too_large(length)
        self._expects = "expect" in headers and self._version == "1.1"

    def on_body(self, data: bytes) -> None:
        """Gather the body; a second piece makes it a buffer that grows in place."""
        self._quiet = 0
        self._size += len(data)
        if self._size > self._most:
            self._too_large(self._size)
        if not self._body:
            self._body = data
        elif isinstance(self._body, bytearray):
            self._body += data
        else:
            self._body = bytearray(self._body) + data

    def on_message_complete(self) -> None:
        """Put the whole request among the ready ones."""
        self.partial = False
        self.ready.append(self._request(keep_alive=self._parser.should_keep_alive()))

    def _request(self, *, keep_alive: bool, refusal: Refusal | None = None, unread: int = 0) -> Request:
        path, query = split(self._url)
        return Request(
            method=self._parser.get_method().decode(),
            path=path,
            query=query,
            headers=self._headers,
            body=b"" if refusal else bytes(self._body),
            version=self._version,
            keep_alive=keep_alive,
            remote=self._remote,
            refusal=refusal,
            unread=unread,
        )

    def _spend(self, size: int) -> None:
        self._spent += size
        if self._spent > self._limits.header:
            self._refuse(431, "header_too_large", f"the head is larger than {self._limits.header} bytes")
            raise _Enough

    def _too_large(self, size: int) -> None:
        """Hand the head on as a request that may only be recorded, with what is known of the size of its body."""
        refusal = Refusal(413, TOO_LARGE, f"the body is larger than {self._most} bytes")
        self.ready.append(self._request(keep_alive=False, refusal=refusal, unread=size))
        self.over = True
        raise _Enough

    def _decline(self, data: memoryview | bytes, offer: httptools.HttpParserUpgrade) -> None:
        """Read a request that offers another protocol as if it did not, and what follows it.

        The parser takes every such offer as accepted: it calls the request whole at the end of its head and skips
        the body. So a fresh parser is given the same head without the offer, and then the rest of the bytes.
        """
        while True:
            request = self.ready[-1]
            if request.method == "CONNECT":
                self._end()  # what follows it is meant for somebody else
                return
            self.ready.pop()
            data = data[offer.args[0] :]
            self._parser = httptools.HttpRequestParser(self)
            try:
                self._parser.feed_data(_head(request, self._url))
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as another:
                offer = another
            except httptools.HttpParserError as error:
                self._broken(error)
                return
            else:
                return

    def _end(self) -> None:
        """Close after the last request that is ready; what follows it is not read."""
        self.ready[-1].keep_alive = False
        self.over = True

    def _refuse(self, status: int, error: str, detail: str) -> None:
        self.refusal, self.over = Refusal(status, error, detail), True

    def _broken(self, error: httptools.HttpParserError) -> None:
        """Sort the parser's complaint: one that we caused is already explained."""
        if self.over:
            return
        if self.ready and not self.ready[-1].keep_alive:
            self.over = True  # its sender said `Connection: close`, then went on
            return
        if isinstance(error, httptools.HttpParserCallbackError):
            raise error
        self._refuse(400, "bad_request", f"this is not a valid HTTP request: {error}")


def _objection(version: str, headers: dict[str, str]) -> Refusal | None:
    """Say what makes a head unservable though it parses."""
    if version not in ("1.1", "1.0"):
        return Refusal(505, "bad_request", "HTTP/1.1 and HTTP/1.0 are spoken here")
    if version == "1.1" and "host" not in headers:
        return Refusal(400, "bad_request", "there is no Host header")
    coding = headers.get("transfer-encoding")
    if coding is not None and version == "1.0":
        return Refusal(400, "bad_request", "HTTP/1.0 knows no Transfer-Encoding")
    if coding is not None and coding.strip().lower() != "chunked":
        return Refusal(501, "bad_request", "the only Transfer-Encoding taken is chunked")
    expect = headers.get("expect")
    if expect is not None and version == "1.1" and expect.strip().lower() != "100-continue":
        return Refusal(417, "bad_request", "the only expectation met is 100-continue")
    return None


def _head(request: Request, url: bytes) -> bytes:
    """Write a head that was read once more, without its Upgrade. Neither name nor value can hold a line break."""
    lines = [f"{name}: {value}\r\n" for name, value in request.headers.items() if name != "upgrade"]
    start = f"{request.method} {url.decode('latin-1')} HTTP/{request.version}\r\n"
    return "".join([start, *lines, "\r\n"]).encode("latin-1")
