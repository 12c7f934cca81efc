"""Does this URL answer as it should?"""

import base64
import http
import http.client
import io
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, cast
from urllib.parse import SplitResult, quote, unquote, urlsplit

from daemon import __version__
from daemon.clock import SystemClock
from daemon.probes.base import Probe, Reading, probe
from daemon.probes.dial import Missed, Watch, dialled, measured, secured
from daemon.secret import Secret

MOST_READ = 1024**2  # bytes of an answer, header and body as they come over the wire
MOST_HEADER = 128 * 1024
CHUNK = 8 * 1024

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STATUS = re.compile(r"([1-5]\d\d)(?:-([1-5]\d\d))?")
_PORTS = {"http": 80, "https": 443}


def _check_url(url: str) -> None:
    """Refuse what can never be asked, without quoting it."""
    _split(url)


@probe("http")
@dataclass(frozen=True, kw_only=True)
class Http(Probe):
    """Ask once, read the whole answer, compare its status. A redirect is an answer and is not followed."""

    FOR_OTHERS: ClassVar[bool] = True

    url: str = field(
        repr=False,
        metadata={
            "doc": "http or https address; user:password@ in it is sent and never shown",
            "check": _check_url,
        },
    )
    method: str = field(default="GET", metadata={"doc": "request method"})
    headers: dict[str, Secret] = field(
        default_factory=dict, metadata={"doc": "headers to send, such as Authorization; their values are never shown"}
    )
    status: tuple[str, ...] = field(
        default=("200-399",), metadata={"doc": "status codes that are well, each one code or a range"}
    )
    ca_file: str = field(
        default="", metadata={"doc": "PEM file of the authorities to trust instead of the system's", "here": True}
    )

    def __post_init__(self) -> None:
        """Refuse what can never be asked; no message shows the URL, which may hold credentials."""
        try:
            _check_url(self.url)
        except ValueError as error:
            raise ValueError(f"url {error}") from None
        if not _TOKEN.fullmatch(self.method):
            raise ValueError(f"method {self.method!r} is not an HTTP method: write for example GET or HEAD")
        for name, value in self.headers.items():
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"headers: {name!r} is not a header name")
            if not _is_header_value(value.reveal()):
                raise ValueError(f"headers: the value of {name} holds a line break or a character beyond Latin-1")
        if not self.status:
            raise ValueError("status is empty: name the codes that are well, for example 200-399")
        for codes in self.status:
            if not _STATUS.fullmatch(codes):
                raise ValueError(f"status {codes!r} is neither a code nor a range: write for example 200 or 200-299")

    def look(self) -> Reading:
        """Ask once."""
        return measured(self.timeout, self._look)

    def target(self) -> str:
        """The URL without credentials; a query may hold a token, so it is only hinted at."""
        url = _split(self.url)
        return f"{url.scheme}://{_authority(url)}{url.path or '/'}" + ("?…" if url.query else "")

    def _look(self, watch: Watch) -> str:
        with watch.phase("total"):
            response, rest = self._ask(watch)
        detail = f"{response.status} {_reason(response)}".rstrip()
        if not self._is_well(response.status):
            raise Missed(f"{detail}, expected {', '.join(self.status)}")
        return detail + rest

    def _ask(self, watch: Watch) -> tuple[http.client.HTTPResponse, str]:
        """Send the request and read the answer; return it and a remark about its body."""
        url = _split(self.url)
        request = self._request(url)
        host = str(url.hostname)
        with (
            dialled(host, url.port or _PORTS[url.scheme], watch) as plain,
            self._secured(url, plain, watch) as sock,
            Tap(sock) as tap,
            io.BufferedReader(tap, CHUNK) as stream,
        ):
            with watch.phase("first_byte"):
                sock.sendall(request)
                if not stream.peek(1):
                    raise Missed("the connection was closed without an answer")
            watch.doing = "header"
            response = _head(stream, self.method)
            tap.limit = MOST_READ
            watch.doing = "body"
            return response, _body(response)

    @contextmanager
    def _secured(self, url: SplitResult, plain: socket.socket, watch: Watch) -> Iterator[socket.socket]:
        if url.scheme == "http":
            yield plain
            return
        with secured(plain, str(url.hostname), self.ca_file, watch) as sock:
            yield sock

    def _request(self, url: SplitResult) -> bytes:
        """The whole request as bytes. What the settings say goes before what we would say."""
        headers = {
            "host": _authority(url),
            "user-agent": f"tocsin/{__version__}",
            "accept": "*/*",
            "accept-encoding": "identity",
            "connection": "close",
        }
        if url.username is not None:
            pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
            headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        headers |= {name.lower(): value.reveal() for name, value in self.headers.items()}
        path = quote(url.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = "?" + quote(url.query, safe="/%:@!$&'()*+,;=~-._?") if url.query else ""
        lines = [f"{self.method} {path}{query} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _is_well(self, code: int) -> bool:
        for codes in self.status:
            low, _, high = codes.partition("-")
            if int(low) <= code <= int(high or low):
                return True
        return False


class Tap(io.RawIOBase):
    """A socket as a raw stream that breaks with `Full` when more came than anybody should read."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self.limit = MOST_HEADER
        self._sock = sock
        self._read = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # typeshed's Buffer needs Python 3.12
        """Receive; between two full buffers the rest of the process has its turn."""
        if self._read > self.limit:
            raise Full
        if self._read:
            # A server that sends faster than we parse would never make us wait, and nobody else would run.
            SystemClock().breathe()
        count = self._sock.recv_into(buffer)
        self._read += count
        return count


class Full(Exception):
    """The answer is longer than the limit."""


class _Opened:
    """What HTTPResponse wants to be given: something with `makefile`."""

    def __init__(self, stream: "io.BufferedReader[Tap]") -> None:
        self._stream = stream

    def makefile(self, mode: str) -> "io.BufferedReader[Tap]":
        """Give the stream that is already open."""
        del mode
        return self._stream


def _head(stream: "io.BufferedReader[Tap]", method: str) -> http.client.HTTPResponse:
    """Read status line and header."""
    response = http.client.HTTPResponse(cast("socket.socket", _Opened(stream)), method=method)
    try:
        response.begin()
    except http.client.LineTooLong as error:
        raise Missed("the answer's header is too long") from error
    except (http.client.BadStatusLine, http.client.UnknownProtocol) as error:
        raise Missed("the answer is not HTTP") from error
    except http.client.HTTPException as error:
        raise Missed(f"the answer is not proper HTTP: {error}") from error
    except Full as error:
        raise Missed(f"the answer's header does not end within {MOST_HEADER} bytes") from error
    return response


def _body(response: http.client.HTTPResponse) -> str:
    """Read the body up to the cap; return a remark when that was not all of it."""
    try:
        size = len(response.read(MOST_READ))
    except Full:
        return f", of which the first {MOST_READ} bytes were read"
    except http.client.IncompleteRead as error:
        raise Missed(f"{response.status}, but the body was cut short") from error
    if size >= MOST_READ:
        return f", of which the first {MOST_READ} bytes were read"
    if response.length:
        raise Missed(f"{response.status}, but the body was cut short {response.length} bytes before its end")
    return ""


def _split(url: str) -> SplitResult:
    """Take the URL apart; raises ValueError without quoting it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("is not a URL: write for example https://shop.example.com/health")
    try:
        str(parts.hostname).encode("idna")
    except UnicodeError:
        raise ValueError("has a host that is no host name") from None
    return parts


def _authority(url: SplitResult) -> str:
    """Host and port as the Host header wants them."""
    host = str(url.hostname)
    host = f"[{host}]" if ":" in host else host.encode("idna").decode()
    return host if url.port in {None, _PORTS[url.scheme]} else f"{host}:{url.port}"


def _is_header_value(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return not any(character in text for character in "\r\n\0")


def _reason(response: http.client.HTTPResponse) -> str:
    """The standard's name for the status: the server's own words could be anything."""
    try:
        return http.HTTPStatus(response.status).phrase
    except ValueError:
        return ""
