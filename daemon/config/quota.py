"""How much of a channel may be used in a day or a month, and what comes then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from daemon.config.keys import doc
from daemon.notice import Sends
from daemon.units import Seconds, Share, spoken
from daemon.zone import Zone

LEAST_FOR_DIGESTS = 2  # of a reserve: digests take half of it


class Per(StrEnum):
    """The stretch of time that a quota is for."""

    DAY = "day"
    MONTH = "month"


class Counted(StrEnum):
    """What a quota counts."""

    CHANNEL = "channel"  # all messages of the channel
    RECIPIENT = "recipient"  # the messages to each address
    TEMPLATE = "template"  # the messages of the template that the provider approved


class Then(StrEnum):
    """What becomes of messages beyond the quota."""

    DIGEST = "digest"
    FAIL_OVER = "fail_over"


@dataclass(frozen=True, kw_only=True)
class Quota:
    """At most so many messages in each day or month of the calendar."""

    most: int = field(metadata=doc("how many messages; one to three people is three", least=1, most=1_000_000_000))
    per: Per = field(metadata=doc("of the calendar"))
    each: Counted = field(
        default=Counted.CHANNEL,
        metadata=doc("counted for the whole channel, for each recipient, or for the template of the provider"),
    )
    reserve: Share = field(
        default=Share(fraction=0.1), metadata=doc("kept for what fires and is critical: `10%` of `most`, or a number")
    )
    warn_at: Share = field(
        default=Share(fraction=0.8),
        metadata=doc("an alarm when so much is used of what is not reserved: a share, or a number"),
    )
    then: Then = field(
        default=Then.FAIL_OVER,
        metadata=doc(
            "when all but the reserve is used: take the next channel of `by:`, or tell what waits in one message to"
            " each recipient every `digest_every`"
        ),
    )
    digest_every: Seconds = field(
        default=Seconds(3600.0), metadata=doc("from one such digest to the next", least=60, most=86_400)
    )
    time_zone: Zone | None = field(
        default=None,
        metadata=doc("where the day begins at midnight, such as Asia/Shanghai; that of `texts` where it is not said"),
    )

    @property
    def kept(self) -> int:
        """How many messages are reserved."""
        return self.reserve.of(self.most)

    @property
    def ordinary(self) -> int:
        """How many may be used by what is not critical."""
        return self.most - self.kept

    @property
    def digests_up_to(self) -> int:
        """Up to how many digests may go: they live on one half of the reserve, the other is for what is critical."""
        return self.most - self.kept // 2

    @property
    def soft(self) -> int:
        """From how many on there is an alarm."""
        return max(1, self.warn_at.of(self.ordinary))

    @property
    def name(self) -> str:
        """What tells the quotas of one channel apart: `day`, or `day-recipient`."""
        return self.per.value if self.each is Counted.CHANNEL else f"{self.per}-{self.each}"


Problem = tuple[tuple[str, ...], str]


def problems(quotas: Iterable[Quota], sender: Sends, kind: str, deadline: float) -> Iterator[Problem]:
    """What is wrong with the quotas of one channel, with the place in its `quotas`."""
    seen: set[str] = set()
    for i, quota in enumerate(quotas):
        for key, said in (*_sums(quota, deadline), *_counted(quota, sender, kind)):
            yield (f"[{i}]", key), said
        if quota.name in seen:
            yield (f"[{i}]",), f"there is one for each {quota.each} and {quota.per} already; keep the smaller"
        seen.add(quota.name)


def _sums(quota: Quota, deadline: float) -> Iterator[tuple[str, str]]:
    if quota.kept >= quota.most:
        yield "reserve", f"leaves nothing of {quota.most:,} for what is not critical; write less, such as 10%"
    elif quota.soft > quota.ordinary:
        yield "warn_at", f"comes too late: only {quota.ordinary:,} are not reserved; write less, such as 80%"
    if quota.then is Then.DIGEST:
        if quota.kept < LEAST_FOR_DIGESTS:
            said = f"is {quota.kept}, but digests are sent from one half of it; write at least {LEAST_FOR_DIGESTS}"
            yield "reserve", said
        if quota.digest_every > deadline:
            said = f"is longer than the channel's deadline, {spoken(deadline)}: what waits would be given up before"
            yield "digest_every", said


def _counted(quota: Quota, sender: Sends, kind: str) -> Iterator[tuple[str, str]]:
    if quota.each is Counted.RECIPIENT and not sender.address:
        yield "each", f"channels of the type {kind} have no recipients; write each: channel"
    if quota.each is Counted.TEMPLATE and not sender.approved_template:
        yield "each", "this channel has no template of its provider; write each: channel"
