"""What becomes of a delivery after one try."""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from daemon.declared import Outcome
from daemon.delivery import backoff
from daemon.delivery.backoff import Draw
from daemon.delivery.ledger import Over
from daemon.errors import Scope, SendError, SendRefused, SendWait
from daemon.notice import Acceptance, Delivery, Message
from daemon.store.attempts import OVER_QUOTA, Try
from daemon.units import spoken

# What waited longer than its deadline because tocsin was down still gets this much of trying.
PATIENCE = 600.0
MAX_REASON = 500  # characters kept of anybody's words


class Step(StrEnum):
    """What is done with the row."""

    SENT = "sent"
    LATER = "later"  # the same way again, at `due_at`
    ALONE = "alone"  # the batch was refused because of somebody in it: each by itself, at once
    FAIL_OVER = "failed_over"
    DEAD = "dead"


class Awaits(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was taken is to be confirmed by the handset."""

    known_as: str  # what the provider's receipts call the recipient
    handset_by: float | None  # until when, before the next channel takes over
    poll_at: float | None  # when the provider is first asked


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The decision, with its reason for people. `ambiguous`: it may have arrived all the same."""

    step: Step
    reason: str
    due_at: float = 0.0
    ambiguous: bool = False
    acceptance: Acceptance | None = None
    awaits: Awaits | None = None  # the receipt of the handset, where the channel has such


class OverQuota(SendWait):
    """A message that a quota kept back until a certain instant. Exactly then: what waits so long is told in company."""

    def __init__(self, over: Over, now: float) -> None:
        self.at = over.at
        self.in_company = over.in_company
        super().__init__(over.reason, seconds=max(0.0, over.at - now), code=OVER_QUOTA)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What the channel says about patience, and how it stands after the try."""

    deadline: float
    fail_over_after: float
    serving_since: float  # when the lane began
    shut: bool  # the breaker is not closed
    batch: int  # recipients whom this very outcome is about: all of a request, or one that has its own answer
    knows_after: float = 0.0  # how long after a try its provider can be asked about it


def judge(outcome: Acceptance | SendError, delivery: Delivery, terms: Terms, now: float, draw: Draw) -> Verdict:
    """Decide what one try means for one of the deliveries in it."""
    match outcome:
        case Acceptance():
            acceptance = msgspec.structs.replace(outcome, provider_id=_storable(outcome.provider_id))
            return Verdict(step=Step.SENT, reason=_storable(outcome.detail), acceptance=acceptance)
        case SendRefused(scope=Scope.RECIPIENT) | SendWait(scope=Scope.RECIPIENT) if terms.batch > 1:
            return Verdict(step=Step.ALONE, reason=told(outcome), due_at=now)
        # what is refused with its whole channel (arrears can be paid) and has no other way is tried like a failure
        case SendRefused() if delivery.then or outcome.scope is not Scope.CHANNEL:
            return _given_up(delivery, told(outcome), ambiguous=False)
        case SendWait():
            return _again(outcome, delivery, terms, now, _asked(outcome, now, draw))
    if delivery.then and terms.shut:
        return _given_up(delivery, told(outcome), ambiguous=outcome.ambiguous)
    last_call = min(ends_at(delivery, terms), fails_over_at(delivery, terms))
    pause = backoff.pause(delivery.attempts, draw)
    due_at = now + (max(pause, terms.knows_after) if outcome.ambiguous else pause)
    return _again(outcome, delivery, terms, now, min(due_at, last_call) if now < last_call else due_at)


def each(outcome: Acceptance | SendError, addresses: Sequence[str]) -> list[tuple[Acceptance | SendError, int]]:
    """What one request came to for each recipient in it, and for how many of them it is the very same answer."""
    own = [outcome.of(address) if isinstance(outcome, Acceptance) else outcome for address in addresses]
    sharing = Counter(id(one) for one in own)
    return [(one, sharing[id(one)]) for one in own]


def lesson(outcomes: Sequence[Acceptance | SendError]) -> Acceptance | SendError:
    """What one request teaches about its channel: what reaches all of it, else that it works, else why it does not."""
    for one in outcomes:
        if isinstance(one, SendRefused | SendWait) and one.scope is Scope.CHANNEL:
            return one
    return next((one for one in outcomes if isinstance(one, Acceptance)), outcomes[0])


def ends_at(delivery: Delivery, terms: Terms) -> float:
    """When patience with this channel ends."""
    return max(delivery.created_at + terms.deadline, first_end(terms))


def first_end(terms: Terms) -> float:
    """Before this nobody's patience ends, however long a row waited for tocsin to start."""
    return terms.serving_since + min(terms.deadline, PATIENCE)


def fails_over_at(delivery: Delivery, terms: Terms) -> float:
    """When the next hop takes over; never, where there is none."""
    if not delivery.then or delivery.first_try_at is None:
        return float("inf")
    return delivery.first_try_at + terms.fail_over_after


def told(error: SendError) -> str:
    """The error in one line, with the provider's own code."""
    text = str(error) or type(error).__name__
    return _storable(f"{text} ({error.code})" if error.code and error.code not in text else text)


def with_warnings(outcome: Acceptance | SendError, message: Message) -> Acceptance | SendError:
    """Templates that did not render are told with the message that went without them."""
    if isinstance(outcome, SendError) or not message.warnings:
        return outcome
    return msgspec.structs.replace(outcome, warnings=(*outcome.warnings, *message.warnings))


def recorded(outcome: Acceptance | SendError, now: float, seconds: float) -> Try:
    """What is kept of one try that has just ended: the provider's own code and words."""
    if isinstance(outcome, Acceptance):
        return Try(at=now, seconds=seconds, outcome=Outcome.SENT, words=_storable(outcome.detail))
    kinds = {SendWait: Outcome.WAIT, SendRefused: Outcome.REFUSED}
    kind = next((kind for error, kind in kinds.items() if isinstance(outcome, error)), Outcome.FAILED)
    words = _storable(str(outcome) or type(outcome).__name__)
    return Try(at=now, seconds=seconds, outcome=kind, code=_storable(outcome.code), words=words)


def _again(error: SendError, delivery: Delivery, terms: Terms, now: float, due_at: float) -> Verdict:
    """Later, unless that would be too late: last calls are made at the very end, never after it."""
    if now >= ends_at(delivery, terms) or due_at > ends_at(delivery, terms):
        reason = f"given up, {spoken(terms.deadline)} is the longest it is tried: {told(error)}"
        return _given_up(delivery, reason, ambiguous=error.ambiguous)
    stays = isinstance(error, OverQuota) and error.in_company
    if not stays and (now >= fails_over_at(delivery, terms) or due_at > fails_over_at(delivery, terms)):
        return _given_up(delivery, told(error), ambiguous=error.ambiguous)
    return Verdict(step=Step.LATER, reason=told(error), due_at=due_at, ambiguous=error.ambiguous)


def _asked(error: SendWait, now: float, draw: Draw) -> float:
    return error.at if isinstance(error, OverQuota) else now + backoff.asked(error.seconds, draw)


def _given_up(delivery: Delivery, reason: str, *, ambiguous: bool) -> Verdict:
    step = Step.FAIL_OVER if delivery.then else Step.DEAD
    return Verdict(step=step, reason=_storable(reason), ambiguous=ambiguous)


def _storable(text: str) -> str:
    """Within bounds and without lone surrogates: a provider's odd words must not keep its answer off the disk."""
    return text[:MAX_REASON].encode("utf-8", "replace").decode()
