"""What programs may tell over statsd, and how it is understood."""

from dataclasses import dataclass, field
from typing import Literal

from daemon.config.doors import BUFFER
from daemon.config.keys import doc
from daemon.units import Bytes, Seconds


@dataclass(frozen=True, kw_only=True)
class Statsd:
    """How numbers, events and service checks that come over statsd are understood; its doors stand in `listen`."""

    from_: tuple[str, ...] = field(
        default=(),
        metadata=doc("networks whose datagrams are taken over UDP, beside this machine's; empty for all", key="from"),
    )
    signed_gauges: Literal["absolute", "relative"] = field(
        default="absolute",
        metadata=doc("what `g:-3|g` means: minus three, as in DogStatsD, or three less, as in plain statsd"),
    )
    timers_in: Literal["ms", "s"] = field(
        default="ms", metadata=doc("what values of the type `ms` are in; s for programs that send seconds so")
    )
    buffer: Bytes = field(default=Bytes(32 * 1024**2), metadata=BUFFER)
    mode: str = field(default="0660", metadata=doc("rights of the sockets in the file system"))
    events_last: Seconds = field(
        default=Seconds(3_600.0),
        metadata=doc("after how long an event is over that nothing else ends", least=60, most=31 * 86_400),
    )
