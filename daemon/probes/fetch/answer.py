"""One HTTP answer, taken apart as it comes, however it comes; never more of it than anybody should read."""

import http
import zlib
from collections.abc import Callable

import httptools

from daemon.clock import TURN, Clock
from daemon.probes.network.dial import Missed, Watch

MOST_READ = 1024**2  # bytes of a body
MOST_HEADER = 128 * 1024
MOST_TAKEN = MOST_READ + MOST_HEADER  # bytes of an answer as they come over the wire
MOST_JOINED = 4 * 1024  # characters of a header that comes again and again
CHUNK = 16 * 1024

_FINAL = 200  # a smaller status is interim
_SWITCHED = 101  # but not this one: what follows is no HTTP any more
_ZLIB_CHECK = 31  # divides the first two bytes of zlib's format
_ZLIB, _GZIP, _RAW = zlib.MAX_WBITS, zlib.MAX_WBITS + 16, -zlib.MAX_WBITS
_ENCODINGS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}

Receive = Callable[[int], bytes]


class Answer:
    """Status, headers with lower-case names, and body. Interim answers (1xx) are passed over.

    A method that has answers without a body is `bodiless`; the body is expanded only when compression was `asked`
    for. As lenient as browsers are: a monitor that calls down what everybody can read is of no use.
    """

    __slots__ = (
        "_came", "_expand", "_is_bodiless", "_is_expanded", "_most", "_parser", "body", "headers", "is_broken",
        "is_complete", "status", "version",
    )  # fmt: skip

    def __init__(self, *, bodiless: bool = False, asked: bool = False, most: int = MOST_READ) -> None:
        self.status = 0
        self.version = ""
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_complete = False
        self.is_broken = False  # what says to be compressed is not
        self._came = 0  # bytes of the body before it was expanded
        self._is_bodiless = bodiless
        self._is_expanded = asked
        self._most = most  # bytes of the body that are read
        self._expand: zlib._Decompress | None = None
        self._parser: httptools.HttpResponseParser | None = None

    @property
    def is_capped(self) -> bool:
        """Whether there was more than anybody should read."""
        return not self.is_complete or len(self.body) >= self._most

    @property
    def phrase(self) -> str:
        """Status and the standard's name for it: the server's own words could be anything."""
        try:
            return f"{self.status} {http.HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)

    def read(self, first: bytes, receive: Receive, watch: Watch) -> None:
        """Read to its end, or to the cap; raises Missed for what is no whole answer."""
        parser = self._parser = httptools.HttpResponseParser(self)
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_data_after_close=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        try:
            self._feed(parser, first)
            if not self.is_complete:
                self._read_on(parser, len(first), receive, watch)
        finally:
            self._parser = None  # else the two would hold each other until the garbage collector comes
        if self.is_broken:
            raise Missed(f"{self.status}, but the body is not {self._encoding} as its header says")

    def _read_on(self, parser: httptools.HttpResponseParser, taken: int, receive: Receive, watch: Watch) -> None:
        turn = watch.clock.monotonic()
        while not self.is_complete:
            watch.doing = "body" if self.status else "header"
            if not self.status and taken > MOST_HEADER:
                raise Missed(f"the answer's header does not end within {MOST_HEADER} bytes")
            if self.status and (taken > self._most + MOST_HEADER or len(self.body) >= self._most):
                return
            data = receive(CHUNK)
            if not data:
                self._end()
                return
            taken += len(data)
            self._feed(parser, data)
            turn = _breathed(watch.clock, turn)

    def _feed(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_complete = True
        except httptools.HttpParserError as error:
            if self.is_complete:
                return  # what comes after it is nobody's business
            if self.status:
                raise Missed(f"{self.status}, but the body was cut short: {_words(error)}") from error
            if not parser.get_status_code():
                self.body += data[:CHUNK]  # whatever it is, people may know it
                raise Missed("the answer is not HTTP") from error
            raise Missed(f"the answer is not proper HTTP: {_words(error)}") from error

    def _end(self) -> None:
        """The connection was closed before the parser saw the end of the answer."""
        if not self.status:
            raise Missed("the connection was closed in the middle of the answer's header")
        length = self.headers.get("content-length", "")
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            raise Missed(f"{self.status}, but the body was cut short")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._came:
            lacks = int(length[:20]) - self._came
            raise Missed(f"{self.status}, but the body was cut short {lacks} bytes before its end")
        self.on_message_complete()

    def on_message_begin(self) -> None:
        """A new message: the answer itself, or what follows an interim one."""
        if not self.status:
            self.headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; one that comes again is added to the first."""
        if self.status:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        before = self.headers.get(key)
        if before is None:
            self.headers[key] = text
        elif len(before) < MOST_JOINED:
            self.headers[key] = f"{before}, {text}"

    def on_headers_complete(self) -> None:
        """The head is whole: it is the answer's unless it was an interim one's."""
        if self.status or self._parser is None:
            return
        code = self._parser.get_status_code()
        if code < _FINAL and code != _SWITCHED:
            return
        self.status, self.version = code, self._parser.get_http_version()
        if self._is_bodiless:
            self.is_complete = True
        elif self._is_expanded and (bits := _ENCODINGS.get(self._encoding)):
            self._expand = zlib.decompressobj(bits)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        room = self._most - len(self.body)
        if self.is_complete or not room:
            return
        self._came += len(data)
        self.body += self._expanded(data, room)

    def on_message_complete(self) -> None:
        """The end of the answer, or of an interim one."""
        if not self.status or self.is_complete:
            return
        self.is_complete = True
        if self._expand is not None and self._came and not (self._expand.eof or self.is_capped):
            self.is_broken = True

    def _expanded(self, data: bytes, room: int) -> bytes:
        """Expand a piece, never to more than there is room for: a kilobyte can stand for a gigabyte."""
        if self._expand is None:
            return data[:room]
        is_first = self._came == len(data)
        if is_first and self._encoding == "deflate" and int.from_bytes(data[:2].ljust(2, b"\x01")) % _ZLIB_CHECK:
            self._expand = zlib.decompressobj(_RAW)  # without zlib's two bytes before it, as some do
        try:
            return self._expand.decompress(data, room)
        except zlib.error:
            self.is_broken, self.is_complete = True, True
            return b""

    @property
    def _encoding(self) -> str:
        return self.headers.get("content-encoding", "").strip().lower()


def _breathed(clock: Clock, turn: float) -> float:
    """A server that sends faster than we parse would never make us wait, and nobody else would run."""
    if clock.monotonic() - turn <= TURN:
        return turn
    clock.breathe()
    return clock.monotonic()


def _words(error: Exception) -> str:
    """The parser's own words, which quote nothing of the answer."""
    return str(error).rstrip(".").lower() or type(error).__name__
