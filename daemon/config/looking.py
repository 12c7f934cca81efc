"""What tocsin looks at itself: when, and from which readings on it is called down."""

from dataclasses import dataclass, field

from daemon.conditions.condition import Condition
from daemon.config.keys import doc
from daemon.reading import Looks
from daemon.units import Quorum, Seconds, Share

DEPENDS_ON = "depends_on"  # the label of an alarm that names the probes on which its own depends


def _is_part(share: Share) -> None:
    if not 0 < share.fraction < 1:
        raise ValueError("must be a percentage between 0 and 100, such as 99.9%")


@dataclass(frozen=True, kw_only=True)
class ProbePlan:
    """One thing to look at, and when its readings make an event."""

    name: str
    type: str
    probe: Looks
    every: Seconds = field(default=Seconds(60.0), metadata=doc("time from one look to the next", least=1))
    fail_after: Quorum = field(
        default=Quorum(2, 2), metadata=doc("bad readings that mean down, or degraded: so many in a row, or `3 of 5`")
    )
    recover_after: Quorum = field(
        default=Quorum(2, 2), metadata=doc("good readings that mean up: so many in a row, or `3 of 5`")
    )
    steady: Seconds = field(
        default=Seconds(3600.0),
        metadata=doc(
            "down again so soon after it came up, it must be well twice as long to count as up, and twice that the"
            " next time; 0 is never",
            most=30 * 86_400,
        ),
    )
    second_opinion: bool = field(
        default=True,
        metadata=doc("before it is called down, look anew, and in what other ways there are: most of them must agree"),
    )
    depends_on: tuple[str, ...] = field(
        default=(),
        metadata=doc("probes without which this one cannot be well: while one of them is down, its own alarm is muted"),
    )
    places: tuple[str, ...] = field(
        default=(),
        metadata=doc(
            "from where it is looked at: names of `nodes`, and `here` for this tocsin; only from here by default",
            key="from",
        ),
    )
    quorum: Quorum | None = field(
        default=None, metadata=doc("down when so many of the places say so: `2 of 3`; by default more than half")
    )
    down: tuple[Condition, ...] = field(
        default=(), metadata=doc("what must hold of a reading; where one of them does not, the reading is down")
    )
    degraded: tuple[Condition, ...] = field(
        default=(), metadata=doc("what should hold; where one of them does not, the reading is degraded")
    )
    slo: Share | None = field(
        default=None,
        metadata=doc("how much of the time it is meant to be up, such as 99.9%, for reports", check=_is_part),
    )
    labels: dict[str, str] = field(default_factory=dict, metadata=doc("labels of its alarm, `severity` among them"))

    @property
    def agreement(self) -> Quorum:
        """How many places must see it down."""
        places = max(1, len(self.places))
        return self.quorum or Quorum(places // 2 + 1, places)
