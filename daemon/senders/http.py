"""One HTTP request and its answer, within a deadline: the one place that sorts what can go wrong."""

import base64
import contextlib
import email.utils
import socket
from collections import deque
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, parse_qsl, quote, unquote

import httptools
import msgspec
from gevent import Timeout

from daemon import __version__, fitting
from daemon.blotted import blotted, longest_first
from daemon.clock import Clock
from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.senders.connections import Connections
from daemon.senders.road import STRAIGHT, Road
from daemon.urls import DEFAULT_PORT, split

MAX_BODY = 64 * 1024  # of an answer; nobody says yes or no in more
MAX_HEAD = 64 * 1024
LATELY = 4  # secrets that come and go: those before them are worth nothing any more
BUSY = 30.0  # seconds to stay away after a 429 that does not say how long
LONGEST_WAIT = 3600.0  # seconds of a Retry-After that are believed

_FINAL = 200  # a smaller status is interim
_REDIRECT = 300
_SERVER_ERROR = 500
_TIMEOUT, _TOO_EARLY, _TOO_MANY, _UNAVAILABLE = 408, 425, 429, 503
_NOT_WORKED_ON = frozenset((501, 503, 505))  # of the 5xx: refused at the door, so nothing came of it
_WHOLE_CHANNEL = frozenset((401, 402, 403, 404, 405, 407, 410))  # address or credentials: no text mends it
_TOKEN_LENGTH = 8  # a shorter step of a path is a word, not a token
_KEPT_IN_URLS = "/%:@!$&'()*+,;=~"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Header names are lower case; `body` is cut where it broke off or grew too long."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Requests to one server over kept-alive connections; shared by many greenlets.

    No redirect is followed, certificates are verified; a proxy is used where the `road` has one, and none is taken from
    the environment. Errors name
    the server as `scheme://host`, never path, query or credentials; where the server repeats one of `hidden`,
    a password, or with `secret_url` a part of the URL, it is blotted out.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        clock: Clock,
        hidden: Iterable[str] = (),
        secret_url: bool = False,
        road: Road = STRAIGHT,
    ) -> None:
        """Take the URL apart; ValueError with a sentence that does not show it when it is none."""
        parts, host = split(url)
        port = parts.port or DEFAULT_PORT[parts.scheme]
        place = f"[{host}]" if ":" in host else host
        place += "" if port == DEFAULT_PORT[parts.scheme] else f":{port}"
        self.place = place
        self.shown = f"{parts.scheme}://{place}"
        query = f"?{quote(parts.query, safe=_KEPT_IN_URLS + '?')}" if parts.query else ""
        self.path = quote(parts.path or "/", safe=_KEPT_IN_URLS) + query
        self._timeout = timeout
        self._clock = clock
        self._connections = Connections(host, port, clock, timeout, secure=parts.scheme == "https", road=road)
        self._head = f"Host: {place}\r\nUser-Agent: tocsin/{__version__}\r\nAccept: application/json\r\n"
        secrets = {*hidden, *(_telling(parts, self.path) if secret_url else ())}
        self._before_target = ""
        if road.proxy is not None:
            secrets |= set(road.proxy.secrets)
            if parts.scheme == "http":  # the proxy reads the request itself; https goes through a tunnel
                self._before_target = self.shown
                self._head += road.proxy.header
        self.has_user = bool(parts.username or parts.password)
        if self.has_user:
            user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            basic = base64.b64encode(user.encode()).decode()
            self._head += f"Authorization: Basic {basic}\r\n"
            secrets |= {basic, unquote(parts.password or "")}
        self._hidden = longest_first(secrets)
        self._lately: deque[str] = deque(maxlen=LATELY)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send to the URL's own path; return an answer of the 2xx family, raise what any other means."""
        return self.judged(self.exchange(self.path, body, headers))

    def get(self, headers: Mapping[str, str]) -> Answer:
        """Ask for the URL's own path; return an answer of the 2xx family, raise what any other means."""
        return self.judged(self.exchange(self.path, b"", headers, method="GET"))

    def exchange(
        self,
        target: str,
        body: bytes,
        headers: Mapping[str, str],
        within: float | None = None,
        method: str = "POST",
    ) -> Answer:
        """Send and return whatever is answered; SendFailed when nothing is.

        An answer counts from its status line on: a body that breaks off or does not end is cut there.
        """
        request = self._request(method, target, body, headers)
        reader = _Reader()
        deadline = Timeout(max(0.0, self._timeout if within is None else within))
        cause: Exception | None = None
        try:
            with deadline:
                self._talk(request, reader)
        except Timeout as error:
            if error is not deadline:  # somebody else's, who waits for this greenlet
                raise
            what = f"no {'answer' if reader.asked else 'connection'} within {deadline.seconds:g} s"
        except (OSError, httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            doing = "no answer" if reader.asked else "no connection"
            what, cause = f"{doing}: {self._reason(error)}", error
        if reader.has_head:
            return reader.answer()
        raise SendFailed(f"{self.shown}: {what}", ambiguous=reader.asked) from cause

    def judged(self, answer: Answer) -> Answer:
        """Return an answer of the 2xx family, raise any other as what it means for the message."""
        status, code = answer.status, str(answer.status)
        if _FINAL <= status < _REDIRECT:
            return answer
        said = f"{self.shown} answered {status}{self.excerpt(answer.body)}"
        wait = self.wait(answer)
        if wait is not None:
            raise SendWait(said, seconds=wait, code=code, scope=Scope.CHANNEL)
        if status >= _SERVER_ERROR:
            raise SendFailed(said, code=code, ambiguous=status not in _NOT_WORKED_ON)
        if status in {_TIMEOUT, _TOO_EARLY}:
            raise SendFailed(said, code=code)
        everything = status in _WHOLE_CHANNEL or status // 100 == _REDIRECT // 100
        raise SendRefused(said, code=code, scope=Scope.CHANNEL if everything else Scope.MESSAGE)

    def wait(self, answer: Answer) -> float | None:
        """How long the server wants to be left alone, None when it did not say so."""
        if answer.status not in {_TOO_MANY, _UNAVAILABLE}:
            return None
        named = retry_after(answer.headers.get("retry-after", ""), self._clock.now())
        return BUSY if named is None and answer.status == _TOO_MANY else named

    def excerpt(self, body: bytes) -> str:
        """Quote the beginning of an answer's body for an error's text."""
        quoted = self.blotted(body.decode("utf-8", "replace"))
        return f": {quoted}" if quoted else ""

    def blotted(self, said: str) -> str:
        """Make one short line of what a server said, with the secrets that it may repeat hidden."""
        return blotted(said, [*self._lately, *self._hidden])

    def hide(self, secret: str) -> None:
        """Blot this out, too, until LATELY others have followed it: a token that lives for hours."""
        self._lately.append(secret)

    def close(self) -> None:
        """Let go of idle connections; those in use are closed when their request is done."""
        self._connections.close()

    def _talk(self, request: bytes, reader: "_Reader") -> None:
        connection = self._connections.take()
        reusable = False
        reader.asked = True
        try:
            # A server that refuses early may have answered before it hung up: look, whatever became of the rest.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            reusable = reader.read(connection)
        finally:
            self._connections.give_back(connection, reusable=reusable)

    def _request(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {self._before_target}{target} HTTP/1.1\r\n", self._head]
        for name, value in headers.items():
            if not (name + value).isprintable():
                said = f"{self.shown}: the header {fitting.line(name)} would hold a control character"
                raise SendRefused(said, scope=Scope.CHANNEL)
            lines.append(f"{name}: {value}\r\n")
        lines.append("\r\n" if method == "GET" and not body else f"Content-Length: {len(body)}\r\n\r\n")
        return "".join(lines).encode() + body

    def _reason(self, error: Exception) -> str:
        words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return f"{type(error).__name__} {self.blotted(words)}".strip()


class _Reader:
    """Takes one answer apart as it comes; interim answers (1xx) are passed over."""

    def __init__(self) -> None:
        self.asked = False  # whether the server may know of the request
        self.has_head = False
        self._complete = False
        self._kept = False
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._status = 0
        self._parser = httptools.HttpResponseParser(self)

    def read(self, connection: socket.socket) -> bool:
        """Read to the answer's end; say whether the connection can take another request."""
        taken = 0
        while not self._complete:
            data = connection.recv(16_384)
            if not data:
                if not self.has_head:
                    raise ConnectionResetError("the connection was closed")
                return False
            self._parser.feed_data(data)
            taken += len(data)
            if not self.has_head and taken > MAX_HEAD:
                raise ConnectionAbortedError("the head of the answer does not end")
            if len(self._body) > MAX_BODY:
                return False
        return self._kept

    def answer(self) -> Answer:
        """Return what was read."""
        body = bytes(self._body[:MAX_BODY])
        return Answer(status=self._status, headers=self._headers, body=body)

    def on_message_begin(self) -> None:
        if self._complete:
            self._kept = False  # more than we asked for: the next request would take it for its answer

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:
            self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self.has_head:
            return
        self._status = self._parser.get_status_code()
        if self._status >= _FINAL:
            self.has_head = True
            self._kept = self._parser.should_keep_alive()  # once the message is over the parser has forgotten
        else:
            self._headers.clear()

    def on_body(self, data: bytes) -> None:
        if not self._complete:
            self._body += data

    def on_message_complete(self) -> None:
        self._complete = self.has_head


def retry_after(value: str, now: float) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; None when it is absent or makes no sense."""
    value = value.strip()
    try:
        if value.isascii() and value.isdigit():
            seconds = float(value)
        else:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - now
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 1.0), LONGEST_WAIT)


def _telling(parts: SplitResult, path: str) -> set[str]:
    """List the pieces of a URL that may be secret: all of it after the host, long steps, values in the query."""
    steps = {unquote(step) for step in parts.path.split("/") if len(step) >= _TOKEN_LENGTH}
    return steps | {path.lstrip("/")} | {value for _, value in parse_qsl(parts.query)}
