"""What tocsin looks at itself: when, and from which readings on it is called down."""

from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.reading import Looks
from daemon.units import Quorum, Seconds

DEPENDS_ON = "depends_on"  # the label of an alarm that names the probes on which its own depends


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
    labels: dict[str, str] = field(default_factory=dict, metadata=doc("labels of its alarm, `severity` among them"))
