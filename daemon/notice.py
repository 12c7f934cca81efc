"""One thing to say, one way to say it, and what came back."""

import functools
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import msgspec

from daemon.alert import Alert
from daemon.declared import Rate
from daemon.errors import SendError
from daemon.event import State
from daemon.fitting import Size
from daemon.handset import Report
from daemon.template.words import NOW, ZONE, Lang
from daemon.texts import context
from daemon.texts.built_in import Kind
from daemon.texts.style import PLAIN, Speech, Style

LATE = 120.0  # seconds from the decision to the sending that go without saying
MOST_ALERTS = 100  # that one notice carries as they stood; how many there were is counted beside them


class Reason(StrEnum):
    """Why a notice is sent."""

    FIRST = "first"  # a group that had nothing to tell has now
    NEW_MEMBER = "new_member"  # a problem has joined those that were told
    WORSE = "worse"  # the severity of one that was told rose
    SOME_RESOLVED = "some_resolved"  # some of what was told is over
    ALL_RESOLVED = "all_resolved"  # all of what was told is over
    REPEAT = "repeat"  # nothing has changed for the repeat interval
    ESCALATED = "escalated"  # nobody acknowledged it in time
    ACK_ENDING = "ack_ending"  # an acknowledgement ends soon, and the problem is still there
    ACK_ENDED = "ack_ended"  # an acknowledgement ended, and the problem is still there
    FLAPPING = "flapping"  # it comes and goes; told once, then not until it settles
    DIGEST = "digest"  # many notices in one
    TEST = "test"  # an operator asked for it


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say to one receiver about a group of alerts, as the facts stood when it was decided.

    `alerts` are at least one and at most MOST_ALERTS: firing before resolved, the worst first, then the newest.
    `firing` and `resolved` count all of them, `group` holds the labels that made them a group. `group_id` is the same
    for everything that is said of one group; None for what is about no group, such as a digest or a test.
    """

    id: int
    alerts: list[Alert]
    firing: int
    resolved: int
    group: dict[str, str]
    receiver: str
    reason: Reason
    at: float
    note: str = ""  # what else is to be said, by whoever decided it
    group_id: int | None = None

    @property
    def alert(self) -> Alert:
        """The worst of them: what a channel with little room speaks of."""
        return self.alerts[0]

    @property
    def state(self) -> State:
        """Firing while any of them fires."""
        return State.FIRING if self.firing else State.RESOLVED

    @property
    def ends_all(self) -> bool:
        """Whether nothing of the group is left to be told of: what it does not name may flap, and fire again."""
        return not self.firing and self.reason is Reason.ALL_RESOLVED


def most_important_first(alerts: Iterable[Alert]) -> list[Alert]:
    """Firing before resolved, the worst first, then the newest."""
    return sorted(alerts, key=lambda alert: (alert.state is State.RESOLVED, alert.severity.urgency, -alert.id))


class Phase(StrEnum):
    """Where a delivery stands. WAITING and SENDING are open; SENT is final unless the provider sends receipts."""

    WAITING = "waiting"
    SENDING = "sending"  # claimed under a lease
    SENT = "sent"  # the provider took it
    DELIVERED = "delivered"  # it is on the handset, as the provider's receipt says
    FAILED_OVER = "failed_over"  # given up here, goes on as another delivery over the next channel
    FOLDED = "folded"  # never sent by itself: told in a digest, or over before and told in one line once that works
    DEAD = "dead"  # given up for good, kept with its reason; `deliveries.retry` revives it


TOLD = frozenset((Phase.SENT, Phase.DELIVERED))  # as far as anybody knows, somebody read it


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Who, and at which address of the channel's kind. A room channel has neither."""

    name: str = ""
    address: str = ""


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One way to reach a recipient: a channel, and the address there (empty for a room)."""

    channel: str
    address: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One notice to one recipient over one channel: a row of the outbox.

    `then` are the ways still to be tried (fail-over order); `interrupted` counts the tries that may have
    reached the provider although we could not write down its answer.
    """

    id: int
    notice_id: int
    channel: str
    recipient: Recipient
    urgency: int
    phase: Phase
    created_at: float
    due_at: float
    lease_until: float
    attempts: int
    first_try_at: float | None
    settled_at: float | None
    provider_id: str
    reason: str
    then: list[Hop]
    alone: bool  # never batched again: a batch with it was refused because of somebody in it
    interrupted: int
    chain: str = ""  # what one recipient is told over one leg, whichever of its channels: fail-over does not change it

    @property
    def code(self) -> str:
        """The short name: `D17`."""
        return f"D{self.id}"


class Message(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a sender is given: the notice, to whom, how to say it, and the id by which the provider can be asked later.

    `out_id` is unique among all stores: the store's name and the code (`3f2a9c1e-D17`). Without `sent_at` it goes
    out when it was decided.
    """

    notice: Notice
    recipients: tuple[Recipient, ...]
    out_id: str
    repeat: bool = False  # an earlier try may already have arrived
    style: Style = PLAIN
    sent_at: float | None = None
    acknowledge: str = ""  # the link by which it can be acknowledged

    @property
    def code(self) -> str:
        """The id as people of this store know it: `D17`, or `N4` for a batch about the notice 4."""
        return self.out_id.rpartition("-")[2]

    @property
    def alert(self) -> Alert:
        """The alert it is about."""
        return self.notice.alert

    @property
    def state(self) -> State:
        """Firing or resolved, as it stood when the notice was decided."""
        return self.notice.state

    @property
    def lang(self) -> Lang:
        """The language of its texts."""
        return self.style.lang

    @property
    def now(self) -> float:
        """When it goes out."""
        return self.notice.at if self.sent_at is None else self.sent_at

    @property
    def late(self) -> float:
        """Seconds from when it was decided to when it goes out, if that is worth a word; else 0."""
        after = self.now - self.notice.at
        return after if after > LATE else 0.0

    @property
    def title(self) -> str:
        """One line: state, severity, what, and the short code."""
        return self.speech.say("line")

    @property
    def text(self) -> str:
        """The text of the kind that the channel takes; what `daemon.texts` has, or the operator's templates."""
        return self.speech.say(self.style.kind)

    def fitted(self, size: Size, kind: Kind | None = None) -> str:
        """The text within a provider's limit: shortened by what matters least, never refused for its length."""
        return self.speech.fitted(kind or self.style.kind, size)

    @functools.cached_property
    def speech(self) -> Speech:
        """Its texts of every kind, and what was wrong with the operator's templates."""
        return Speech(self.style, in_templates(self))

    @property
    def warnings(self) -> list[str]:
        """What was wrong with the operator's templates in the texts that were asked for so far."""
        speech: Speech | None = vars(self).get("speech")
        return speech.warnings if speech else []


def in_templates(message: Message) -> dict[str, Any]:
    """The names that a template may use: those of `daemon.texts.context.NAMES`."""
    notice = message.notice
    all_of_it = notice.firing + notice.resolved
    return {
        "alert": notice.alert,
        "alerts": notice.alerts,
        "notice": notice,
        "message": message,
        "receiver": notice.receiver,
        "recipient": message.recipients[0] if len(message.recipients) == 1 else Recipient(),
        "labels": context.shared(notice.alerts),
        "links": context.links(notice.alert, message.acknowledge),
        "lang": message.lang,
        "late": message.late,
        **context.in_brief(notice.alert, all_of_it - 1, message.lang, is_test=notice.reason is Reason.TEST),
        **context.times(notice.alerts, message.now),
        NOW: message.now,
        ZONE: message.style.zone,
    }


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took the message: its own id for it, and its own words.

    `warnings` is what went wrong on our side although the message went, such as a template that did not render.
    Where several recipients shared a request and each has an answer of its own, `ids` holds the provider's id by
    address, and `errors` why an address was not served: what stands there is not sent to, all others are. Recipients
    that share one error share its cause, such as a request that failed for all of them.
    """

    provider_id: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    ids: Mapping[str, str] = {}
    errors: Mapping[str, SendError] = {}

    def of(self, address: str) -> "Acceptance | SendError":
        """What became of the message to this address."""
        if not (self.ids or self.errors):
            return self
        own = self.ids.get(address, self.provider_id)
        return self.errors.get(address) or Acceptance(provider_id=own, detail=self.detail, warnings=self.warnings)


class Sends(Protocol):
    """What the settings and the courier know of a channel; `daemon.senders.base.Sender` is the base class."""

    address: ClassVar[str]
    batch: ClassVar[int]
    text: ClassVar[Kind]
    size: ClassVar[Size | None]
    rates: ClassVar[tuple[Rate, ...]]
    knows_after: ClassVar[float]
    heard_answer: ClassVar[bytes]
    polls: ClassVar[bool]

    @property
    def timeout(self) -> float:
        """The longest one try may take, in seconds."""

    @property
    def approved_template(self) -> str:
        """The template that the provider approved; empty where there is none."""

    def send(self, message: Message) -> Acceptance:
        """Try once; raise SendWait, SendFailed or SendRefused."""

    def find(self, message: Message, since: float) -> Acceptance | None:
        """Ask the provider whether it took the message, after a crash."""

    def heard(self, body: bytes) -> list[Report]:
        """Read the provider's own request with receipts; ValueError when it is none."""

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        """Ask what became of a message; None while there is no word."""

    def known_as(self, address: str) -> str:
        """What the provider's receipts call this address."""

    def close(self) -> None:
        """Let go of kept-alive connections."""
