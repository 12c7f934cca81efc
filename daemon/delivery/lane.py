"""One channel's lane: takes its deliveries from the outbox, has them sent, writes down what came of it."""

import logging
import threading
from functools import partial

import gevent
import msgspec
from gevent.pool import Group

from daemon.config.settings import Channel
from daemon.delivery import desk, spending
from daemon.delivery.carrier import Carrier
from daemon.delivery.desk import Answer, Haul, Orders
from daemon.delivery.letter import Letter, letters
from daemon.delivery.means import LaneStatus, Means
from daemon.delivery.report import Report
from daemon.delivery.verdict import Step, Verdict
from daemon.errors import SendRefused, StoreError, StoreUnavailable
from daemon.notice import Acceptance, Delivery, Message
from daemon.store.base import Tx
from daemon.store.outbox import Claimed, Taken
from daemon.store.receipts import Word

log = logging.getLogger("tocsin.delivery")

LONGEST_NAP = 30.0  # the wall clock may be set while we wait
LEAST_NAP = 0.001
TROUBLE_PAUSE = 1.0  # after the store could not write; doubled up to LONGEST_NAP
KILL_WITHIN = 2.0  # a sender that will not even be killed does not keep the daemon up
NOTHING = Haul(settled=[], taken=Taken(claimed=[], unreadable=[]), gone=[], more=False, next_due=None)


class Lane:
    """A dispatcher that alone talks to the store, and a greenlet for each message that is being sent.

    Without a channel (it is no longer configured) a lane hands what comes on to other ways, and buries the rest.
    """

    def __init__(self, name: str, channel: Channel | None, means: Means) -> None:
        self.name = name
        self.ended = threading.Event()
        self._means = means
        self._clock = means.clock
        self._report = Report(name, means.alarms)
        self._carrier = Carrier(channel, means, self._report) if channel else None
        self._wake = threading.Event()
        self._loop: gevent.Greenlet[[], None] | None = None
        self._sending = Group()
        self._held: dict[int, Delivery] = {}  # rows under our lease
        self._answers: list[Answer] = []  # verdicts not yet on disk
        self._began = float("-inf")  # when the last round did
        self._trouble = 0  # rounds in a row that the store could not write
        self._draining = False

    def start(self) -> None:
        """Begin."""
        self._loop = gevent.spawn(self._run)

    def recall(self) -> None:
        """Count what went out before this lane began: the provider has not forgotten it."""
        if self._carrier is not None:
            self._carrier.recall()

    def wake(self) -> None:
        """There may be something to do. Never waits."""
        self._wake.set()

    def configure(self, channel: Channel | None) -> None:
        """Go on by new settings, with the rows and the sends there are."""
        if self._carrier is None:
            carrier = Carrier(channel, self._means, self._report) if channel else None
            if carrier is not None:
                carrier.recall()
            self._carrier = carrier
        elif channel is None:
            self._carrier.retire()
            self._carrier = None
            self._report.closed()
        else:
            self._carrier.configure(channel)
        self.wake()

    def test(self, message: Message) -> Acceptance:
        """Send one message past the outbox; raises SendError."""
        carrier = self._carrier
        if carrier is None:
            raise SendRefused(f"no channel is called {self.name!r} in the configuration")
        try:
            with spending.counted(self._means.store, self._clock, self.name, carrier.limits(), message):
                return carrier.test(message)
        finally:
            self.wake()

    def status(self) -> LaneStatus | None:
        """How it stands; None when it is no longer configured."""
        return self._carrier.status() if self._carrier else None

    def drain(self) -> None:
        """Claim no more; end when what is being sent is settled."""
        self._draining = True
        self.wake()

    def abandon(self) -> int:
        """Break off what is still being sent and give its leases back; return how many."""
        held = dict(self._held)
        running = [greenlet for greenlet in (self._loop, *self._sending) if greenlet is not None]
        # Not in one: a killall that waits raises its time-out, past all that is still to be settled here.
        gevent.killall(running, block=False)
        gevent.joinall(running, timeout=KILL_WITHIN)
        if self._carrier is not None:
            self._carrier.retire()
        knows_after = self._carrier.knows_after if self._carrier else 0.0
        answers, now = self._answers, self._clock.now()
        for answer in answers:
            held.pop(answer.claimed.delivery.id, None)
        if not (answers or held):
            return 0
        try:
            return self._means.store.write(lambda tx: desk.close(tx, answers, list(held.values()), now, knows_after))
        except StoreError as error:
            log.error("%s: %d leases are left to the next start: %s", self.name, len(held), error)  # noqa: TRY400
            return 0

    def _run(self) -> None:
        while not self._finished():
            self._wake.clear()
            try:
                nap = self._round()
            except StoreUnavailable as error:
                nap = self._without_store(error)
            except Exception:
                log.exception("%s stumbled and goes on", self.name, extra={"channel": self.name})
                nap = self._one_by_one()
            if not self._finished():
                self._clock.wait(self._wake, nap)
                self._gather()
        self.ended.set()

    def _gather(self) -> None:
        """While messages are being sent, let some answers come together: a transaction for each costs more than it."""
        left = self._began + self._means.gap - self._clock.monotonic()
        if self._held and left > 0:
            self._clock.sleep(left)

    def _finished(self) -> bool:
        return self._draining and not self._held

    def _round(self) -> float:
        """Name every station of one round: orders, store, report, send off. Returns how long nothing will be due."""
        now, self._began = self._clock.now(), self._clock.monotonic()
        orders, answers = self._orders(now), self._answers
        if not (answers or orders.slots or orders.shut):
            return self._nap(NOTHING, orders)
        self._answers = []
        try:
            haul = self._means.store.write(lambda tx: desk.turn(tx, orders, answers))
        except BaseException:
            self._answers = answers + self._answers  # what was sent must not be sent again
            raise
        self._trouble = 0
        self._settled(haul, answers, orders.shut)
        self._send_off(haul)
        return self._nap(haul, orders)

    def _orders(self, now: float) -> Orders:
        """What the store is asked for in this round."""
        carrier = self._carrier
        orders = Orders(channel=self.name, now=now, held=frozenset(self._held))
        if self._draining:
            return orders
        if carrier is None:
            return msgspec.structs.replace(
                orders, shut=f"channel {self.name} is no longer configured", stale=float("inf")
            )
        slots, shut = carrier.slots(), carrier.shut()
        return msgspec.structs.replace(
            orders,
            slots=slots,
            lease=carrier.lease,
            batch=1 if shut else carrier.channel.sender.batch,
            room=None if shut else carrier.room(),
            limits=carrier.limits(),
            shut=shut,
            stale=carrier.stale(now),
        )

    def _settled(self, haul: Haul, answers: list[Answer], reason: str) -> None:
        for answer in answers:
            self._held.pop(answer.claimed.delivery.id, None)
        self._report.round(haul, answers, reason, self._clock.now())

    def _send_off(self, haul: Haul) -> None:
        """One greenlet a message. Whatever was claimed has a slot, so nothing waits here."""
        claimed, carrier, now = haul.taken.claimed, self._carrier, self._clock.now()
        if not claimed:
            return
        for one in claimed:
            self._held[one.delivery.id] = one.delivery
        if carrier is None:  # its settings went while we claimed
            gone = Verdict(step=Step.LATER, reason="its channel is no longer configured", due_at=now)
            self._answers += [Answer(claimed=one, verdict=gone) for one in claimed]
            self.wake()
            return
        if haul.over:
            self._answers += [carrier.over(one, haul.over[one.delivery.id]) for one in claimed if _is_over(one, haul)]
            claimed = [one for one in claimed if not _is_over(one, haul)]
            self.wake()
        for letter in letters(claimed, carrier, carrier.channel.sender.batch, self._means.store.name, now):
            admitted, answers = carrier.admit(letter)
            if admitted is not None:
                self._sending.add(gevent.spawn(self._carry, admitted, carrier, carrier.trying(admitted)))
            if answers:
                self._answers += answers
                self.wake()

    def _carry(self, letter: Letter, carrier: Carrier, epoch: int) -> None:
        answers: list[Answer] = []
        try:
            answers = carrier.carry(letter, epoch)
        except Exception:
            log.exception("no verdict about %s", letter.message.out_id, extra={"channel": self.name})
        finally:
            if not answers:  # the lease will bring them back
                for row in letter.rows:
                    self._held.pop(row.delivery.id, None)
            self._answers += answers
            self.wake()

    def _nap(self, haul: Haul, orders: Orders) -> float:
        """How long nothing is due; whatever happens earlier wakes us."""
        if len(haul.gone) >= desk.GIVE_UP_AT_ONCE:
            return 0.0
        carrier = self._carrier
        if self._draining or carrier is None:
            return LONGEST_NAP
        if rests := carrier.rests():
            return min(LONGEST_NAP, rests)
        if not carrier.slots():
            return min(LONGEST_NAP, max(LEAST_NAP, carrier.crowded() or LONGEST_NAP))  # or until an answer comes
        if haul.more or not orders.slots:
            return 0.0
        due = LONGEST_NAP if haul.next_due is None else haul.next_due - orders.now
        return min(LONGEST_NAP, max(LEAST_NAP, due))

    def _without_store(self, error: StoreUnavailable) -> float:
        """Claim nothing and keep the answers until it can write again."""
        self._trouble += 1
        log.error("%s waits for the store, %d answers kept: %s", self.name, len(self._answers), error)
        return min(LONGEST_NAP, TROUBLE_PAUSE * 2.0 ** min(self._trouble - 1, 10))

    def _one_by_one(self) -> float:
        """After an error nobody foresaw: settle each answer alone, so that one bad row does not hold up the rest."""
        answers, self._answers = self._answers, []
        now = self._clock.now()
        while answers:
            answer = answers.pop(0)
            try:
                kept, words = self._means.store.write(partial(_settle, answer, now))
            except StoreUnavailable as error:
                self._answers = [answer, *answers, *self._answers]
                return self._without_store(error)
            except Exception:
                code = answer.claimed.delivery.code
                log.exception("%s cannot be settled; it is tried again when its lease ends", code)
                self._held.pop(answer.claimed.delivery.id, None)
            else:
                self._settled(msgspec.structs.replace(NOTHING, settled=[kept], words=words), [answer], "")
        return TROUBLE_PAUSE


def _is_over(one: Claimed, haul: Haul) -> bool:
    return one.delivery.id in haul.over


def _settle(answer: Answer, now: float, tx: Tx) -> tuple[bool, list[Word]]:
    words: list[Word] = []
    return desk.settle(tx, answer, now, words), words
