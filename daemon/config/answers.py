"""How people answer an alarm: acknowledgements, and the links by which they are made."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.secret import Secret
from daemon.units import Seconds


@dataclass(frozen=True, kw_only=True)
class Acknowledge:
    """For how long somebody may take an alarm on. Meanwhile it is neither repeated nor escalated."""

    for_: Seconds = field(
        default=Seconds(4 * 3600.0), metadata=doc("how long one lasts that does not say", key="for", least=60)
    )
    most: Seconds = field(default=Seconds(86_400.0), metadata=doc("how long one may last", least=60))
    remind_before: Seconds = field(
        default=Seconds(900.0), metadata=doc("its author is reminded so long before it ends; 0 for never")
    )


@dataclass(frozen=True, kw_only=True)
class Links:
    """Signed links by which whoever is told acknowledges, from wherever they are."""

    base: str = field(
        metadata=doc("where people reach the HTTP door, whatever stands between: https://alarm.example.com:8420")
    )
    secret: Secret = field(metadata=doc("signs the links, at least 16 characters; another one makes all of them void"))
    expires: Seconds = field(
        default=Seconds(86_400.0), metadata=doc("how long a link is good for", least=600, most=90 * 86_400)
    )
