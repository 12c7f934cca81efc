"""How many series there may be, and how long is kept what came in them."""

from dataclasses import dataclass, field

from daemon.config.exposing import Expose
from daemon.config.keys import doc
from daemon.units import Seconds

_DAY = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Series:
    """Numbers over time: how many series there may be, and how long is kept what came in them."""

    most: int = field(
        default=200_000,
        metadata=doc('series that live at once; what is beyond goes to one with the label other="true"', least=100),
    )
    most_per_name: int = field(
        default=5_000, metadata=doc("the same for one name; an alarm says whose values are so many", least=10)
    )
    idle: Seconds = field(
        default=Seconds(3_600.0),
        metadata=doc("a series to which nothing comes for so long lives no more; its totals are kept", least=60),
    )
    known: int = field(
        default=2_000_000,
        metadata=doc(
            "series of which the store knows; beyond that those go to which nothing came for longest", least=100
        ),
    )
    slots: Seconds = field(
        default=Seconds(7_200.0), metadata=doc("what came in every ten seconds", least=7_200, most=31 * _DAY)
    )
    minutes: Seconds = field(default=Seconds(3 * _DAY), metadata=doc("the same by minutes", least=10_800))
    hours: Seconds = field(default=Seconds(90 * _DAY), metadata=doc("the same by hours", least=3 * _DAY))
    days: Seconds = field(
        default=Seconds(800 * _DAY),
        metadata=doc("the same by days, by UTC, and which series there were", least=32 * _DAY),
    )
    expose: Expose = field(
        default=Expose(),
        metadata=doc(
            "which of them stand on /metrics, for a Prometheus: docs/measuring/prometheus.md", bare="everything"
        ),
    )
