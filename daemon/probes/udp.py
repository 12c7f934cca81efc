"""Does a datagram to this port bring one back, and is that what it should be?"""

import socket
from contextlib import suppress
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.matcher import check_pattern, pattern
from daemon.probes.base import Fact, Reading, probe
from daemon.probes.network.dial import Address, Missed, Watch, addresses, said, shown_address
from daemon.probes.network.dialogue import ADDRESS, looked, quoted, unescaped
from daemon.probes.network.host import Networked, bare

MOST_SENT = 1_400  # bytes of a datagram that passes everywhere in one piece
MOST_HEARD = 65_535
MOST_STRAY = 32  # datagrams that are not what is expected, before it is given up
LEAST_PAUSE = 0.01  # seconds from one try to the next
SPARE = 0.1  # share of the time-out that is left for summing up when no try has brought anything
MOST_TRIES = 10


@probe("udp")
@dataclass(frozen=True, kw_only=True)
class Udp(Networked):
    """Send a datagram, again where none comes back, and read what does."""

    PHASES: ClassVar = ("resolve", "first_byte", "total")
    GIVES: ClassVar = {
        **ADDRESS,
        "answer": Fact("the datagram that came back", "text"),
        "answer.size": Fact("how long it is", "bytes"),
        "tries": Fact("how many had to be sent", ideal=1),
    }

    send: str = field(metadata={"doc": r"the datagram; `\r`, `\n`, `\t`, `\0`, `\\` and `\x1b` are bytes"})
    expect: str = field(default="", metadata={"doc": "RE2 pattern that must be found in what comes back"})
    tries: int = field(
        default=3,
        metadata={"doc": "how many to send within `timeout`: one may get lost", "least": 1, "most": MOST_TRIES},
    )

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        super().__post_init__()
        check_pattern("expect", self.expect)
        try:
            datagram = unescaped(self.send)
        except ValueError as error:
            raise ValueError(f"in send {error}") from None
        if not 1 <= len(datagram) <= MOST_SENT:
            raise ValueError(f"send has {len(datagram)} bytes; a datagram has 1 to {MOST_SENT}")
        if not 1 <= self.tries <= MOST_TRIES:
            raise ValueError(f"tries {self.tries} is not between 1 and {MOST_TRIES}")

    def look(self) -> Reading:
        """Look once."""
        return looked(self.timeout, self._look)

    def _look(self, watch: Watch) -> str:
        failures = []
        for address in addresses(bare(self.host), self.port, watch, self.family):
            family, place = address
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                try:
                    sock.connect(place)  # so that nobody else's datagrams come in
                except OSError as error:  # no way to addresses of this family
                    failures.append(f"{said(error)} ({place[0]})")
                    continue
                return self._asked(sock, address, watch)
        raise Missed("; ".join(failures))

    def _asked(self, sock: socket.socket, address: Address, watch: Watch) -> str:
        watch.address = address
        watch.evidence["address"] = shown_address(address)
        watch.values["ip"] = str(address[1][0])
        searched, strays = pattern(self.expect), list[str]()
        began, pause = watch.clock.monotonic(), max(watch.left() * (1 - SPARE) / self.tries, LEAST_PAUSE)
        for number in range(1, self.tries + 1):
            until = began + number * pause
            with suppress(TimeoutError), watch.phase("first_byte"):
                sock.send(unescaped(self.send))
                while not searched.search(text := _heard(sock, until - watch.clock.monotonic(), watch)):
                    strays.append(text)
                    if len(strays) > MOST_STRAY:
                        raise Missed(f"{len(strays)} datagrams came, and none is expected: {quoted(text)}")
                return self._told(number, watch)
        if strays:
            raise Missed(f"no answer with a match of {self.expect} came: {quoted(strays[-1])}")
        raise Missed(f"no answer to {self.tries} datagram{'s' if self.tries > 1 else ''}")

    @staticmethod
    def _told(tries: int, watch: Watch) -> str:
        watch.values["tries"] = tries
        return f"{watch.values['answer.size']} bytes came back" + (f" at try {tries}" if tries > 1 else "")


def _heard(sock: socket.socket, limit: float, watch: Watch) -> str:
    """The next datagram. Raises TimeoutError when none comes in so many seconds."""
    sock.settimeout(max(limit, LEAST_PAUSE))
    answer = sock.recv(MOST_HEARD)
    text = answer.decode("utf-8", "replace")
    watch.values |= {"answer": text, "answer.size": len(answer)}
    watch.evidence["answer"] = quoted(text)
    return text
