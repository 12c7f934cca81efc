"""What tocsin looks at itself: when, and from which readings on it is called down."""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from daemon.calendars.cron import Cron, Firings
from daemon.calendars.pace import Pace
from daemon.conditions.condition import Condition
from daemon.config.keys import doc
from daemon.reading import CallsIn, Ear, Looks
from daemon.units import Quorum, Seconds, Share, spoken
from daemon.zone import Zone

OUR_LABELS = frozenset(("probe", "verdict", "depends_on"))  # of its alarms: what dependencies and keys rest on
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
    cron: Cron | None = field(
        default=None,
        metadata=doc("when it looks, in place of `every`: 5 fields, 6 (seconds first) or 7 (seconds first, year last)"),
    )
    timezone: Zone = field(default=Zone(), metadata=doc("time zone in which `cron` is meant"))
    every_while_failing: Seconds | None = field(
        default=None, metadata=doc("time from one look to the next while the last one was not well", least=1)
    )
    active: tuple[str, ...] = field(
        default=(), metadata=doc("time intervals in which it looks; outside of them it rests, and that is no uptime")
    )
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

    def __post_init__(self) -> None:
        """Refuse what cannot be together, and what never comes."""
        if self.cron is None and self.timezone != Zone():
            raise ValueError("timezone says where cron is meant: write cron, or leave it out")
        if self.firings is not None and self.firings.after(0.0) is None:
            raise ValueError(f'cron "{self.cron}" never fires: no year has such a day')
        if self.every_while_failing is not None and self.cron is None and self.every_while_failing >= self.every:
            quick, usual = spoken(self.every_while_failing), spoken(self.every)
            raise ValueError(f"every_while_failing ({quick}) is to be shorter than every ({usual})")
        if self.is_called:
            given = {"every_while_failing": self.every_while_failing, "active": self.active, "from": self.places}
            for key, value in given.items():
                if value:
                    raise ValueError(f"{key} is nothing for a {self.type}: others call in, and nobody looks")

    @cached_property
    def ear(self) -> Ear | None:
        """What takes its calls, when it calls in itself instead of being looked at."""
        return self.probe.ear() if isinstance(self.probe, CallsIn) else None

    @property
    def is_called(self) -> bool:
        """Whether it calls in itself."""
        return self.ear is not None

    @cached_property
    def firings(self) -> Firings | None:
        """The instants of its cron line."""
        return None if self.cron is None else Firings(self.cron, self.timezone.info, self.name)

    def interval(self, at: float) -> float:
        """The longest time between two of its looks about this instant; of what calls in, between two calls."""
        if self.firings is None:
            return self.every
        looks = [one for one in (self.firings.before(at + 1), *self.firings.coming(at, 3)) if one is not None]
        return max((after - before for before, after in pairwise(looks)), default=self.every)

    @cached_property
    def pace(self) -> Pace:
        """When it is due again."""
        return Pace(self.every, self.firings, self.timezone.info)

    @property
    def agreement(self) -> Quorum:
        """How many places must see it down."""
        places = max(1, len(self.places))
        return self.quorum or Quorum(places // 2 + 1, places)
