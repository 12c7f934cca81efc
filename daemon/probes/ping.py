"""Does this machine answer echo requests, how many of them, and how fast?"""

import errno
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from daemon.clock import Clock
from daemon.probes.base import Fact, Health, Probe, Reading, Rules, probe
from daemon.probes.network.dial import Family, Missed, Watch, addresses, measured, said
from daemon.probes.network.host import Perhaps, bare, checked, is_near_host, other_families
from daemon.probes.network.icmp import Answer, Echo, ForbiddenError
from daemon.reading import Looks
from daemon.units import Seconds

TOLD = 3  # complaints that the reading names
MOST_PACKETS = 50
MOST_SIZE = 9_000
SPARE = 0.02  # seconds before the look's end at which it is summed up

_NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_HOW = (
    "this machine lets tocsin send no pings: allow it with"
    ' `sysctl -w net.ipv4.ping_group_range="0 2147483647"`, or give tocsin CAP_NET_RAW'
)


class Round:
    """The requests of one look, and what came of each."""

    def __init__(self, clock: Clock) -> None:
        self.took: dict[int, float] = {}  # seconds of those that were answered
        self.refused: dict[int, str] = {}  # what was said of those that never will be
        self.duplicates = 0
        self.said: list[str] = []  # every complaint, once
        self._clock = clock
        self._sent: list[tuple[float, float]] = []  # by both clocks

    @property
    def sent(self) -> int:
        """How many requests have been made."""
        return len(self._sent)

    @property
    def average(self) -> float:
        """Seconds that an answer took."""
        return sum(self.took.values()) / len(self.took)

    def is_settled(self) -> bool:
        """Whether nothing more can come of any of them."""
        return len(self.took.keys() | self.refused.keys()) == self.sent

    def run(self, echo: Echo, plan: "Ping", left: float) -> None:
        """Send at the set pace; hear until all are answered or refused, or it has been long enough.

        What came while we were busy with something else is no loss: at the end, all that lies there is read.
        """
        due = self._clock.monotonic()
        end, until = due + left, due
        while (now := self._clock.monotonic()) < end:
            if self.sent < plan.packets and now >= due:
                self._send(echo)
                due, until = due + plan.spacing, now + plan.patience
            elif self.sent == plan.packets and (self.is_settled() or now >= until):
                break
            else:
                self._hear(echo, min(due if self.sent < plan.packets else until, end) - now)
        while self._hear(echo, 0):
            pass

    def told(self) -> str:
        """Say in one line what came of it."""
        packets = f"{self.sent} packet{'s' if self.sent != 1 else ''}"
        if not self.took:
            return f"no answer to {packets}"
        return f"{len(self.took)} of {packets} answered, {_milliseconds(self.average)} on average"

    def values(self) -> dict[str, float]:
        """What conditions can name; what nobody answered took no time at all, neither long nor short."""
        if not self.sent:
            return {}
        took = [self.took[number] for number in sorted(self.took)]
        values: dict[str, float] = {
            "loss": 100.0 * (self.sent - len(took)) / self.sent,
            "received": len(took),
            "duplicates": self.duplicates,
        }
        if took:
            values |= {"rtt": self.average, "rtt.min": min(took), "rtt.max": max(took)}
        if len(took) > 1:
            steps = [abs(later - earlier) for earlier, later in itertools.pairwise(took)]
            values["rtt.jitter"] = sum(steps) / len(steps)
        return values

    def each(self) -> str:
        """What came of every packet, for people."""
        return ", ".join(
            _milliseconds(self.took[number]) if number in self.took else self.refused.get(number, "lost")
            for number in range(self.sent)
        )

    def _send(self, echo: Echo) -> None:
        self._sent.append((self._clock.monotonic(), self._clock.now()))
        for complaint in echo.send(self.sent - 1):
            self._refused(complaint.number, complaint.text)

    def _hear(self, echo: Echo, within: float) -> bool:
        """Hear one message; say whether there was one."""
        heard = echo.hear(within)
        for one in heard or ():
            if not isinstance(one, Answer):
                self._refused(one.number, one.text)
            elif one.number in self.took:
                self.duplicates += 1
            elif one.number < self.sent:
                self.took[one.number] = self._between(one)
        return heard is not None

    def _between(self, answer: Answer) -> float:
        """How long it took. What the kernel noted leaves out how long we were busy with something else."""
        monotonic, wall = self._sent[answer.number]
        longest = self._clock.monotonic() - monotonic
        took = longest if answer.came is None else answer.came - wall
        # The wall clock may have been set in between.
        return took if 0 < took <= longest else longest

    def _refused(self, number: int | None, text: str) -> None:
        if number is not None and number < self.sent:
            self.refused[number] = text
        if text not in self.said:
            self.said.append(text)


def _milliseconds(took: float) -> str:
    return f"{took * 1000:.2f} ms"


@probe("ping")
@dataclass(frozen=True, kw_only=True)
class Ping(Probe):
    """Send some echo requests. Down is who answers none of them."""

    PHASES = ("resolve", "total")
    GIVES: ClassVar[Mapping[str, Fact]] = {
        "time": Fact("the same as `rtt`", "seconds", ideal=0.0),
        "time.total": Fact("the same as `rtt`", "seconds", ideal=0.0),
        "loss": Fact("how many of the packets were not answered", "percent", ideal=0),
        "received": Fact("how many were answered; one that is answered twice counts once"),
        "duplicates": Fact("answers that came more than once", ideal=0),
        "rtt": Fact("time to an answer, on average", "seconds"),
        "rtt.min": Fact("time to the fastest answer", "seconds"),
        "rtt.max": Fact("time to the slowest answer", "seconds"),
        "rtt.jitter": Fact(
            "by how much an answer differs from the one before, on average; of two answers on", "seconds"
        ),
        "ip": Fact("the address that was asked", "text"),
    }
    RULES: ClassVar[Rules] = {"loss": ("least", 0), "received": ("least", 0)}
    FOR_OTHERS = True

    host: str = field(metadata={"doc": "host name or address; an IPv6 address with or without brackets"})
    family: Family = field(
        default="any", metadata={"doc": "addresses to ask: `any` asks the first one that there is a way to"}
    )
    packets: int = field(default=5, metadata={"doc": "how many to send", "least": 1, "most": MOST_PACKETS})
    least: int = field(default=1, metadata={"doc": "down when fewer are answered", "least": 0, "most": MOST_PACKETS})
    spacing: Seconds = field(default=Seconds(0.2), metadata={"doc": "time from one to the next", "least": 0.01})
    patience: Seconds = field(
        default=Seconds(2.0), metadata={"doc": "how long the last one is waited for before it is lost", "least": 0.01}
    )
    size: int = field(default=56, metadata={"doc": "bytes of content in each", "least": 16, "most": MOST_SIZE})

    def __post_init__(self) -> None:
        """Refuse what can never be looked at."""
        checked(self.host)
        if not 1 <= self.packets <= MOST_PACKETS:
            raise ValueError(f"packets {self.packets} is not between 1 and {MOST_PACKETS}")
        if not 0 <= self.least <= self.packets:
            raise ValueError(f"least {self.least} can never be: only {self.packets} packets are sent")
        if (self.packets - 1) * self.spacing + SPARE >= self.timeout:
            raise ValueError(
                f"{self.packets} packets, each {self.spacing:g}s after the other, take longer than timeout"
            )

    def look(self) -> Reading:
        """Send them once, and wait."""
        try:
            return measured(self.timeout, self._look)
        except ForbiddenError:
            return Reading(health=Health.UNKNOWN, detail=_HOW)

    def target(self) -> str:
        """The host."""
        return bare(self.host)

    def is_near(self) -> bool:
        """Whether it is this machine, or in a network that this machine is in."""
        return is_near_host(self.host)

    def otherwise(self) -> Iterable[tuple[str, Looks]]:
        """Over the one and over the other family of addresses, where the name may have both."""
        return [
            (name, Perhaps(replace(self, family=family))) for name, family in other_families(self.family, self.host)
        ]

    def _look(self, watch: Watch) -> str:
        echo, ip = self._reached(watch)
        turn = Round(watch.clock)
        watch.doing = "answer"
        with echo:
            try:
                turn.run(echo, self, watch.left() - SPARE)
            finally:
                watch.values |= {"ip": ip, **turn.values()}
                watch.evidence |= {"address": ip, "packets": turn.each()}
        told = f"{turn.told()} ({ip})" + (f": {'; '.join(turn.said[:TOLD])}" if turn.said else "")
        if len(turn.took) < self.least:
            raise Missed(told)
        if turn.took:
            watch.phases["total"] = turn.average
        return told

    def _reached(self, watch: Watch) -> tuple[Echo, str]:
        """Take the first address that there is a way to."""
        failures = []
        for family, address in addresses(bare(self.host), 0, watch, self.family):
            watch.address = family, address
            try:
                return Echo(family, address, self.size), str(address[0])
            except OSError as error:
                if error.errno not in _NO_WAY:
                    raise
                failures.append(f"{said(error)} ({address[0]})")
        raise Missed("; ".join(failures[:TOLD]))
