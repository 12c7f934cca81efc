"""How long what is over is kept, and how much of it."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.units import Bytes, Seconds


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long what is over is kept."""

    alerts: Seconds = field(
        default=Seconds(90 * 86400.0), metadata=doc("resolved alerts with their notices and traces", least=60)
    )
    silent: Seconds = field(
        default=Seconds(30 * 86400.0),
        metadata=doc("open alerts that nobody has spoken of for so long are ended, and told as ended", least=3_600),
    )
    quarantine: Seconds = field(default=Seconds(14 * 86400.0), metadata=doc("requests that made no events", least=60))
    quarantine_rows: int = field(
        default=1_000, metadata=doc("most requests of one kind kept in quarantine", least=1, most=1_000_000)
    )
    quarantine_body: Bytes = field(
        default=Bytes(1024**2),
        metadata=doc("most of one body kept in quarantine; a body that was cut cannot be replayed", most=16 * 1024**2),
    )
    quarantine_size: Bytes = field(
        default=Bytes(64 * 1024**2), metadata=doc("most of all bodies of one kind kept in quarantine")
    )
    requests: Bytes = field(
        default=Bytes(64 * 1024**2),
        metadata=doc("most of all requests that made alerts, kept redacted and compressed for `explain`; 0 keeps none"),
    )
    request_body: Bytes = field(default=Bytes(16 * 1024), metadata=doc("most of one such request's body", most=1024**2))
