"""Echo requests and what comes of them: one socket for one look, with a number that no look had before."""

import errno
import os
import socket
import struct
from array import array
from contextlib import ExitStack
from typing import Any, Self

import msgspec

from daemon.probes.network.dial import Missed, said

MOST_HEARD = 2_000  # messages of one look; more is a flood
HEAD = 8  # bytes of a message before its content
_TRIES = 5  # to send one: others' requests have errors, too
_ROOM = 256  # bytes that headers may need beside the content
_TOKEN = 8  # bytes of the content that nobody else sends

_TIMESTAMP = 35  # SO_TIMESTAMPNS: the kernel says when a message came, however late we read it
_RAW, _FILTER = 255, 1  # SOL_RAW, and ICMP_FILTER as well as ICMP6_FILTER
_LOCAL = 1  # SO_EE_ORIGIN_LOCAL: the error is this machine's own


class _Kind(msgspec.Struct, frozen=True, kw_only=True):
    """How the two protocols differ."""

    protocol: int
    request: int
    reply: int
    level: int
    errors: int  # IP_RECVERR: what routers say is kept for us to read
    filter: tuple[int, bytes]  # level and mask: of everything, only replies
    offender: slice  # where its address stands behind an error
    words: dict[tuple[int, int | None], str]


_V4 = _Kind(
    protocol=socket.IPPROTO_ICMP,
    request=8,
    reply=0,
    level=socket.IPPROTO_IP,
    errors=11,
    filter=(_RAW, struct.pack("=I", 0xFFFF_FFFF ^ 1)),
    offender=slice(20, 24),
    words={
        (3, 0): "network unreachable",
        (3, 1): "host unreachable",
        (3, 4): "the packet is too large for the way",
        (3, 9): "forbidden",
        (3, 10): "forbidden",
        (3, 13): "forbidden",
        (3, None): "unreachable",
        (11, None): "it goes in circles: time to live exceeded",
    },
)
_V6 = _Kind(
    protocol=socket.IPPROTO_ICMPV6,
    request=128,
    reply=129,
    level=socket.IPPROTO_IPV6,
    errors=25,
    filter=(socket.IPPROTO_ICMPV6, struct.pack("=8I", *(0xFFFF_FFFF ^ (2 if part == 4 else 0) for part in range(8)))),  # noqa: PLR2004 - 129 is bit 1 there
    offender=slice(24, 40),
    words={
        (1, 0): "no route",
        (1, 1): "forbidden",
        (1, 3): "host unreachable",
        (1, None): "unreachable",
        (2, None): "the packet is too large for the way",
        (3, None): "it goes in circles: time to live exceeded",
    },
)


class ForbiddenError(Exception):
    """This machine lets us send no echo requests."""


class Answer(msgspec.Struct, frozen=True):
    """The reply to one of our requests, and when the kernel had it, in its own time."""

    number: int
    came: float | None


class Complaint(msgspec.Struct, frozen=True):
    """What a router, or this machine, said instead; None where it does not say about which request."""

    number: int | None
    text: str


class Echo:
    """A socket that hears of one address alone. Raises ForbiddenError, or OSError when there is no way there."""

    def __init__(self, family: int, address: tuple[Any, ...], size: int) -> None:
        self._kind = _V6 if family == socket.AF_INET6 else _V4
        self._content = os.urandom(_TOKEN) + bytes(number & 0xFF for number in range(size - _TOKEN))
        self._ours, start = struct.unpack("=HH", os.urandom(4))
        self._start = start
        self._heard = 0
        with ExitStack() as stack:
            self._sock, self._is_raw = _socket(family, self._kind)
            stack.enter_context(self._sock)
            self._sock.setsockopt(self._kind.level, self._kind.errors, 1)
            self._sock.setsockopt(socket.SOL_SOCKET, _TIMESTAMP, 1)
            self._sock.connect(address)
            stack.pop_all()

    def __enter__(self) -> Self:
        """Nothing more is needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hear nothing more."""
        self._sock.close()

    def send(self, number: int) -> list[Complaint]:
        """Ask once; what this machine or a router complains of is returned."""
        head = struct.pack("!BBHHH", self._kind.request, 0, 0, self._ours, self._start + number & 0xFFFF)
        packet = head[:2] + _checksum(head + self._content) + head[4:] + self._content
        heard: list[Complaint] = []
        for _ in range(_TRIES):
            try:
                self._sock.send(packet)
                break
            except OSError as error:
                complaints = self._complaints()
                if complaints is None:
                    return [*heard, Complaint(number, f"cannot be sent: {said(error)}")]
                heard += complaints  # it was about an earlier request: this one has not been sent yet
        return heard

    def hear(self, within: float) -> list[Answer | Complaint] | None:
        """Wait for the next message; None when none came in time, nothing when it is none of ours."""
        self._sock.settimeout(within)
        try:
            data, extra, _, _ = self._sock.recvmsg(len(self._content) + _ROOM, _ROOM)
        except (TimeoutError, BlockingIOError):
            return None
        except OSError:
            return list(self._complaints() or ())
        self._heard += 1
        if self._heard > MOST_HEARD:
            raise Missed(f"more than {MOST_HEARD} answers came: something is wrong on the way")
        if self._is_raw and self._kind is _V4 and data:
            data = data[(data[0] & 0x0F) * 4 :]
        number = self._number(data, self._kind.reply)
        if number is None or data[HEAD:] != self._content:
            return []
        return [Answer(number, _came(extra))]

    def _complaints(self) -> list[Complaint] | None:
        """Read all that is kept of what routers said; None when nothing is, not even about others' requests."""
        found: list[Complaint] | None = None
        self._sock.settimeout(0)
        for _ in range(MOST_HEARD):
            try:
                data, extra, _, _ = self._sock.recvmsg(_ROOM, _ROOM, socket.MSG_ERRQUEUE)
            except OSError:
                break
            found = found or []
            for level, what, value in extra:
                if (level, what) == (self._kind.level, self._kind.errors) and len(value) >= 16:  # noqa: PLR2004 - its size
                    number = self._number(data, self._kind.request)
                    if number is not None or len(data) < HEAD:  # else it is about somebody else's request
                        found.append(Complaint(number, self._told(value)))
        return found
        return found

    def _number(self, message: bytes, kind: int) -> int | None:
        """Which of our requests a message is about. The kernel gave a number of its own to a socket of datagrams."""
        if len(message) < HEAD:
            return None
        what, _, _, whose, sequence = struct.unpack("!BBHHH", message[:HEAD])
        if what != kind or (self._is_raw and whose != self._ours):
            return None
        return int(sequence - self._start) & 0xFFFF

    def _told(self, value: bytes) -> str:
        """What an error says, and who says it (`struct sock_extended_err`, and an address behind it)."""
        number, origin, what, code = struct.unpack("=IBBB", value[:7])
        if origin == _LOCAL:
            return said(OSError(number, os.strerror(number)))
        words = self._kind.words
        text = words.get((what, code)) or words.get((what, None)) or os.strerror(number).lower()
        who = value[self._kind.offender]
        family = socket.AF_INET6 if self._kind is _V6 else socket.AF_INET
        return f"{text}, says {socket.inet_ntop(family, who)}" if len(who) in (4, 16) else text


def _socket(family: int, kind: _Kind) -> tuple[socket.socket, bool]:
    """One of datagrams, which needs no rights where the system allows it, else a raw one."""
    try:
        return socket.socket(family, socket.SOCK_DGRAM, kind.protocol), False
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EPROTONOSUPPORT):
            raise
    try:
        sock = socket.socket(family, socket.SOCK_RAW, kind.protocol)
    except PermissionError as error:
        raise ForbiddenError from error
    level, mask = kind.filter
    sock.setsockopt(level, _FILTER, mask)
    return sock, True


def _came(extra: list[tuple[int, int, bytes]]) -> float | None:
    for level, what, value in extra:
        if level == socket.SOL_SOCKET and what == _TIMESTAMP and len(value) == struct.calcsize("=qq"):
            seconds, nanoseconds = struct.unpack("=qq", value)
            return float(seconds + nanoseconds / 1e9)
    return None


def _checksum(message: bytes) -> bytes:
    """Sum it up as RFC 1071 has it; where the kernel does that itself, it overwrites ours."""
    total = sum(array("H", message + b"\0" * (len(message) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("=H", ~total & 0xFFFF)
