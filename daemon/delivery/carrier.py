"""The sending side of a lane: one message's way through a sender, and what it teaches about the channel."""

import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec
from gevent import Timeout

from daemon.alert import Alert
from daemon.clock import JUMP
from daemon.config.settings import Channel
from daemon.config.styles import style
from daemon.declared import Rate
from daemon.delivery import breaker, handsets, ledger, verdict
from daemon.delivery.breaker import Breaker, Crashed, Unasked
from daemon.delivery.desk import Answer
from daemon.delivery.ledger import Limit, Over
from daemon.delivery.letter import Letter, without
from daemon.delivery.means import LaneStatus, Means
from daemon.delivery.report import Report
from daemon.delivery.throttle import Throttle, crowded, rates, recalled
from daemon.delivery.verdict import OverQuota, Terms
from daemon.delivery.way import Way
from daemon.errors import Scope, SendError, SendWait
from daemon.links import ack_url
from daemon.notice import Acceptance, Message, Recipient
from daemon.store.backlog import Room
from daemon.store.outbox import Claimed
from daemon.texts.style import Style

log = logging.getLogger("tocsin.delivery")

T = TypeVar("T")

LEASE_MARGIN = 60.0  # beyond the longest that a try can take: the time to settle it
BLINDLY = 1  # so many tries that may have arrived are repeated although the provider cannot be asked about them
LONGEST_REST = 3600.0  # that a provider is given when it asks the whole channel to wait; then it is asked again


class Carrier:
    """A configured channel: its sender, its breaker, its free slots."""

    def __init__(self, channel: Channel, means: Means, report: Report) -> None:
        self.channel = channel
        self._clock = means.clock
        self._draw = means.draw
        self._grace = means.grace
        self._settings = means.settings
        self._report = report
        self._way = Way(channel.sender, means.grace)
        self._breaker: Breaker = breaker.CLOSED
        self._store = means.store
        self._throttle = Throttle(rates(channel))
        self._under_way: list[list[str]] = []  # to whom, of each request
        self._rest_until = 0.0  # the provider asked the whole channel to wait
        self._since = means.clock.now()
        self._ahead = self._since - means.clock.monotonic()
        self._busy = 0
        self._last_sent_at: float | None = None
        self._last_error = ""
        self._last_error_at: float | None = None
        report.opened()

    @property
    def knows_after(self) -> float:
        """How long after a try its provider can be asked about it."""
        return self._way.sender.knows_after

    @property
    def lease(self) -> float:
        """How long a claim holds: longer than asking the provider and sending can take, and until it can be asked."""
        return 2 * self._way.limit + max(LEASE_MARGIN, self.knows_after)

    def configure(self, channel: Channel) -> None:
        """Go on by new settings; a sender that changed begins with a clean slate, what it replaces ends its sends."""
        if channel.sender != self._way.sender:
            self._way.retire()
            self._way = Way(channel.sender, self._grace)
            self._learn(breaker.CLOSED, None)
            self._rest_until = 0.0
        self.channel = channel
        if rates(channel) != self._throttle.rates:
            self._throttle = self._recalled(rates(channel))
            for addresses in self._under_way:
                self._throttle.begin(addresses)

    def retire(self) -> None:
        """Let go of the sender once it is idle."""
        self._way.retire()

    def slots(self) -> int:
        """How many messages may be sent now: what the pool has left, one for a trial, none while the channel rests."""
        now = self._clock.monotonic()
        free = min(max(0, self.channel.pool - self._busy), self._throttle.left(now))
        if now < self._rest_until or (self._breaker.shut and not self._breaker.may_try(now)):
            return 0
        return min(free, 1) if self._breaker.shut else free

    def rests(self) -> float:
        """Seconds until a rest or the breaker's pause is over; 0 when there is none."""
        now = self._clock.monotonic()
        pause = self._breaker.until - now if self._breaker.state is breaker.State.OPEN else 0.0
        return max(0.0, pause, self._rest_until - now)

    def recall(self) -> None:
        """Count what went out before."""
        self._throttle = self._recalled(self._throttle.rates)

    def _recalled(self, limits: tuple[Rate, ...]) -> Throttle:
        batched = self._way.sender.batch > 1
        return recalled(limits, self._store, self._clock, self.channel.name, self._way.limit, batched=batched)

    def crowded(self) -> float:
        """Seconds until the provider's own limits let another request begin; 0 when they do now."""
        return self._throttle.free_in(self._clock.monotonic())

    def room(self) -> Room | None:
        """For how many messages there will be a place in good time; None while the channel is only tried."""
        if self._breaker.shut:
            return None
        ahead = self.channel.digest_after
        return Room(
            channel=self._throttle.room(self._clock.monotonic(), ahead), recipient=self._throttle.room_each(ahead)
        )

    def limits(self) -> tuple[Limit, ...]:
        """The channel's quotas, as they are in force now."""
        zone = self._settings().texts.time_zone.info
        return ledger.limits(self.channel, zone, self._clock.now(), self.lease)

    def over(self, row: Claimed, over: Over) -> Answer:
        """What becomes of a row that a quota keeps back."""
        return self._answer(OverQuota(over, self._clock.now()), row, 1, 0.0)

    def shut(self) -> str:
        """Why nothing can be sent for long; empty when that is not so."""
        if self._breaker.shut:
            return f"the channel does not work: {self._breaker.reason}"
        if self.rests() > self.channel.fail_over_after:
            return "the provider asked the whole channel to wait"
        return ""

    def stale(self, now: float) -> float:
        """Up to when a row must have been created to have outlived its deadline by now."""
        terms = self._terms(1)
        return now - terms.deadline if now >= verdict.first_end(terms) else float("-inf")

    def style(self, recipient: Recipient) -> Style:
        """How this recipient is to be told over this channel."""
        return style(self._settings(), self.channel, recipient.name)

    def link(self, alert: Alert, recipient: Recipient, now: float) -> str:
        """The link by which they acknowledge this alert; empty where links are not configured."""
        return ack_url(self._settings().links, alert, recipient.name, now)

    def admit(self, letter: Letter) -> tuple[Letter | None, list[Answer]]:
        """Leave out whoever may be told no more for now, or all (one notice in two languages is two messages)."""
        now = self._clock.monotonic()
        if (shut := self._throttle.shut(now)) is not None:
            return None, [self._answer(crowded(shut), row, 1, 0.0) for row in letter.rows]
        full = {one.address: self._throttle.full(one.address, now) for one in letter.message.recipients}
        errors = {address: crowded(one) for address, one in full.items() if one is not None}
        if not errors:
            return letter, []
        put_off = [row for row in letter.rows if row.delivery.recipient.address in errors]
        answers = [self._answer(errors[row.delivery.recipient.address], row, 1, 0.0) for row in put_off]
        return without(letter, errors), answers

    def trying(self, letter: Letter) -> int:
        """A message is about to be sent; once the breaker's pause is over it is the trial. Returns the epoch."""
        self._busy += 1
        self._begin(letter.addresses)
        if self._breaker.may_try(self._clock.monotonic()):
            self._breaker = self._breaker.tried()
        return self._breaker.epoch

    def carry(self, letter: Letter, epoch: int) -> list[Answer]:
        """Name every station of one message: reconcile and send, learn, judge. It began in `epoch` of the breaker."""
        began, way = self._clock.monotonic(), self._way
        try:
            outcome = verdict.with_warnings(self._tried(letter, way), letter.message)
        finally:
            self._busy -= 1
            self._end(letter.addresses)
        took = self._clock.monotonic() - began
        each = verdict.each(outcome, [row.delivery.recipient.address for row in letter.rows])
        lesson = verdict.lesson([own for own, _ in each])
        self._report.tried(took, lesson)
        if not way.retired:
            self._remember(lesson, letter.rows[0], self._clock.now(), epoch)
        pairs, ended = zip(letter.rows, each, strict=True), self._clock.now()  # one instant tells what was one request
        return [self._answer(own, row, sharing, took, ended) for row, (own, sharing) in pairs]

    def test(self, message: Message) -> Acceptance:
        """Send past the outbox, within the limits; raises SendError. A success closes the breaker."""
        began, way = self._clock.monotonic(), self._way
        addresses = [recipient.address for recipient in message.recipients]
        if full := self._throttle.full_for(addresses, began):
            raise crowded(full)
        self._begin(addresses)
        try:
            acceptance = way.send(message)
        finally:
            self._end(addresses)
        self._report.tried(self._clock.monotonic() - began, acceptance)
        if not way.retired:
            self._learn(self._breaker.succeeded(), None)
        return acceptance

    def status(self) -> LaneStatus:
        """How it stands."""
        return LaneStatus(
            channel=self.channel.name,
            type=self.channel.type,
            pool=self.channel.pool,
            busy=self._busy,
            breaker=self._breaker.state,
            reason=self._breaker.reason,
            last_sent_at=self._last_sent_at,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
        )

    def _begin(self, addresses: list[str]) -> None:
        self._under_way.append(addresses)
        self._throttle.begin(addresses)

    def _end(self, addresses: list[str]) -> None:
        self._under_way.remove(addresses)
        self._throttle.end(addresses, self._clock.monotonic())

    def _tried(self, letter: Letter, way: Way) -> Acceptance | SendError:
        """What may have arrived already is asked after first."""
        message, first = letter.message, letter.rows[0]
        if message.repeat:
            found = self._outcome(letter, lambda: way.find(message, first.notice.at))
            if isinstance(found, Acceptance):
                return found
            if found is not None:
                log.warning("the provider could not be asked about %s: %s", message.out_id, found)
                if first.delivery.interrupted > BLINDLY:
                    said = f"it may have arrived, and the provider cannot be asked: {found}"
                    return Unasked(said, code=found.code)
        return self._outcome(letter, lambda: way.send(message))

    def _outcome(self, letter: Letter, call: Callable[[], T]) -> T | SendError:
        """Whatever happens is an outcome."""
        try:
            return call()
        except SendError as error:
            return error
        except (Exception, Timeout) as error:
            codes = ", ".join(row.delivery.code for row in letter.rows)
            log.exception(
                "the sender of %s broke on %s", self.channel.name, codes, extra={"channel": self.channel.name}
            )
            return Crashed(f"the sender broke ({type(error).__name__}), see the log", ambiguous=True)

    def _remember(self, outcome: Acceptance | SendError, about: Claimed, now: float, epoch: int) -> None:
        """Draw the lessons of one try for the whole channel."""
        if isinstance(outcome, SendError):
            self._last_error, self._last_error_at = verdict.told(outcome), now
        else:
            self._last_sent_at = now
        if isinstance(outcome, SendWait) and outcome.scope is Scope.CHANNEL:
            rest = min(outcome.seconds, LONGEST_REST)
            self._rest_until = max(self._rest_until, self._clock.monotonic() + rest)
        self._learn(breaker.after(self._breaker, outcome, self._clock.monotonic(), epoch), about)

    def _answer(
        self, outcome: Acceptance | SendError, row: Claimed, batch: int, took: float, ended: float | None = None
    ) -> Answer:
        now = self._clock.now() if ended is None else ended
        judged = verdict.judge(outcome, row.delivery, self._terms(batch), now, self._draw)
        if isinstance(outcome, Acceptance):
            judged = msgspec.structs.replace(judged, awaits=handsets.awaits(self.channel, row.delivery, now))
        return Answer(claimed=row, verdict=judged, tried=verdict.recorded(outcome, now, took))

    def _learn(self, after: Breaker, about: Claimed | None) -> None:
        before, self._breaker = self._breaker, after
        self._report.breaker(before, after, about)

    def _terms(self, batch: int) -> Terms:
        self._follow_clock()
        return Terms(
            deadline=self.channel.deadline,
            fail_over_after=self.channel.fail_over_after,
            serving_since=self._since,
            shut=self._breaker.shut,
            batch=batch,
            knows_after=self.knows_after,
        )

    def _follow_clock(self) -> None:
        """After a jump every row seems to have waited long: all get the patience that they have after a start."""
        now = self._clock.now()
        before, self._ahead = self._ahead, now - self._clock.monotonic()
        if abs(self._ahead - before) > JUMP:
            self._since = now
