"""How tocsin learns that a message is on the handset."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.secret import Secret
from daemon.units import Seconds


@dataclass(frozen=True, kw_only=True)
class Receipts:
    """The provider brings them to `POST /receipts/<channel>`, or is asked for them; or both."""

    token: Secret | None = field(
        default=None,
        metadata=doc("opens `/receipts/<channel>`: as its last step, `?token=`, bearer, or basic password"),
    )
    poll: Seconds | None = field(
        default=None,
        metadata=doc(
            "ask the provider, first so long after it took a message; for machines it cannot reach", least=5, most=3_600
        ),
    )
