"""Bytes for an Inbox, and one that was fed with them."""

from daemon.config.settings import Limits
from daemon.listener.inbox import Inbox
from daemon.units import Bytes

LIMITS = Limits(body=Bytes(100), header=Bytes(300))
POST = b"POST /webhook/x?a=b HTTP/1.1\r\nHost: h\r\n"
GET = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
# What Java's HttpClient sends by default, and `curl --http2` nearly so.
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAA\r\nUpgrade: h2c\r\n"


def fed(*pieces: bytes | memoryview) -> Inbox:
    """One that got these pieces, as from one read of the socket each."""
    inbox = Inbox("192.0.2.1", lambda: LIMITS)
    for piece in pieces:
        inbox.feed(piece)
    return inbox
