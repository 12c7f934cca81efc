"""A network of our own with a host in it that answers as told: real packets, from the kernel to a test and back."""

import ctypes
import fcntl
import ipaddress
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import gevent
from gevent import socket as green

HOST, HOST6 = "10.99.0.7", "fd99::7"
ROUTER, ROUTER6 = "10.99.0.254", "fd99::fe"

_libc = ctypes.CDLL(None, use_errno=True)
_NEW_NETWORK = 0x4000_0000
_TUNSETIFF = 0x4004_54CA
_TUN_WITHOUT_HEAD = 0x1001

ROOT_ONLY, EVERYBODY = "1 0", "0 65535"
LINES = (
    "link set lo up",
    "link set far up mtu 9100",
    "addr add 10.99.0.1/24 dev far",
    "-6 addr add fd99::1/64 dev far nodad",
)

Packet = bytes
Behave = Callable[[Packet], list[Packet]]


class FarHost:
    """A network that exists beside this machine's, and the host at HOST and HOST6 in it."""

    def __init__(self) -> None:
        self._behave: Behave = lambda packet: [reply(packet)]
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        if _libc.unshare(_NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "unshare")
        try:
            self._here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
            self._tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self._tun, _TUNSETIFF, struct.pack("16sH", b"far", _TUN_WITHOUT_HEAD))
            for line in LINES:
                subprocess.run(["ip", *line.split()], check=True)
        finally:
            self._enter(self._home)
        self._serving = gevent.spawn(self._serve)

    @contextmanager
    def does(self, behave: Behave, pings: str = ROOT_ONLY) -> Iterator[None]:
        """Have this thread's new sockets in that network, in which the host does with each packet as `behave` says.

        `pings` are the groups that may ping without rights.
        """
        self._behave = behave
        self._enter(self._here)
        try:
            Path("/proc/sys/net/ipv4/ping_group_range").write_text(pings, encoding="ascii")
            yield
        finally:
            self._enter(self._home)

    def close(self) -> None:
        """The network ends with its last descriptor."""
        self._serving.kill()
        for one in (self._tun, self._here, self._home):
            os.close(one)

    def _enter(self, network: int) -> None:
        if _libc.setns(network, _NEW_NETWORK):
            raise OSError(ctypes.get_errno(), "setns")

    def _serve(self) -> None:
        while True:
            try:
                packet = os.read(self._tun, 65_536)
            except BlockingIOError:
                green.wait_read(self._tun)
                continue
            if is_ping(packet):
                for answer in self._behave(packet):
                    with suppress(OSError):  # garbage that not even the kernel takes
                        os.write(self._tun, answer)


def is_ping(packet: Packet) -> bool:
    """Whether somebody asks for an echo."""
    return (packet[0] >> 4 == 4 and packet[20] == 8) or (packet[0] >> 4 == 6 and packet[6] == 58 and packet[40] == 128)


def sequence(packet: Packet) -> int:
    """Its number, as it stands in it."""
    return int.from_bytes(_message(packet)[6:8])


def reply(packet: Packet, content: bytes | None = None, identity: bytes | None = None) -> Packet:
    """What an honest host answers."""
    message = _message(packet)
    kind = 0 if _is_v4(packet) else 129
    return _wrapped(
        packet, bytes([kind, 0, 0, 0]) + (identity or message[4:8]) + (message[8:] if content is None else content)
    )


def error(packet: Packet, kind: int, code: int) -> Packet:
    """What a router on the way says."""
    quoted = packet[: 20 + 64] if _is_v4(packet) else packet[:600]
    return _wrapped(packet, bytes([kind, code, 0, 0, 0, 0, 0, 0]) + quoted, ROUTER if _is_v4(packet) else ROUTER6)


def _is_v4(packet: Packet) -> bool:
    return packet[0] >> 4 == 4


def _message(packet: Packet) -> bytes:
    return packet[20:] if _is_v4(packet) else packet[40:]


def _wrapped(packet: Packet, message: bytes, sender: str = "") -> Packet:
    """Send a message back to where a packet came from."""
    if _is_v4(packet):
        whence = ipaddress.ip_address(sender).packed if sender else packet[16:20]
        message = message[:2] + _sum(message) + message[4:]
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, 1, 0) + whence + packet[12:16]
        return head[:10] + _sum(head) + head[12:] + message
    whence = ipaddress.ip_address(sender).packed if sender else packet[24:40]
    pseudo = whence + packet[8:24] + struct.pack("!II", len(message), 58)
    message = message[:2] + _sum(pseudo + message) + message[4:]
    return struct.pack("!IHBB", 6 << 28, len(message), 58, 64) + whence + packet[8:24] + message


def _sum(data: bytes) -> bytes:
    words = struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2))
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)
