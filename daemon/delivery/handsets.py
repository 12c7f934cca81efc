"""What reaches the handset: receipts that are asked for, and those that do not come in time."""

import logging
import threading
from collections.abc import Callable, Iterable

import gevent

from daemon import telemetry
from daemon.clock import Clock, unhurried
from daemon.config.settings import Channel, Settings
from daemon.delivery.alarms import Alarms
from daemon.delivery.verdict import Awaits
from daemon.delivery.way import GRACE, Way
from daemon.errors import SendError, StoreError
from daemon.handset import Report
from daemon.notice import Delivery, Phase
from daemon.store import receipts
from daemon.store.base import Store
from daemon.store.outbox import Claimed
from daemon.store.receipts import Heard, Word

log = logging.getLogger("tocsin.delivery")

LONGEST_NAP = 15.0
TROUBLE_PAUSE = 5.0
POLLS = 20  # asked at once
LONGEST_PAUSE = 900.0  # between two questions about one message
GIVE_UP = 24 * 3600.0  # what has no receipt after that will have none


class Handsets:
    """One greenlet: asks the providers that can be asked, and hands on what is overdue."""

    def __init__(self, store: Store, clock: Clock, settings: Callable[[], Settings], alarms: Alarms) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._alarms = alarms
        self._wake = threading.Event()
        self._stopping = False
        self._loop: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Begin."""
        self._store.on(receipts.TOPIC, self._wake.set)
        self._loop = gevent.spawn(self._run)

    def stop(self, timeout: float) -> None:
        """End; what is being asked is given up after `timeout`, and asked again after the next start."""
        self._stopping = True
        self._wake.set()
        if self._loop is not None:
            self._loop.join(timeout)
            self._loop.kill(block=False)

    def hear(self, channel: Channel, reports: list[Report]) -> Heard:
        """Take receipts that the provider brought. Raises StoreUnavailable."""
        now, sender = self._clock.now(), channel.sender
        heard = self._store.write(lambda tx: receipts.take(tx, channel.name, reports, sender.known_as, now))
        telemetry.receipts.labels(channel.name, "unknown").inc(heard.unknown)
        telemetry.receipts.labels(channel.name, "repeated").inc(heard.known)
        tell(unhurried(self._clock, heard.words), self._alarms)
        return heard

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                nap = self._round()
            except StoreError as error:
                log.warning("receipts wait for the store: %s", error)
                nap = TROUBLE_PAUSE
            except Exception:  # one bad row must not end all waiting for receipts
                log.exception("the watch over handsets stumbled and goes on")
                nap = TROUBLE_PAUSE
            if not self._stopping:
                self._clock.wait(self._wake, nap)

    def _round(self) -> float:
        """Ask first, for what has arrived need not be handed on. Returns how long nothing is due."""
        now = self._clock.now()
        due = self._store.read(receipts.next_due)
        if due is None or due > now:
            return LONGEST_NAP if due is None else min(LONGEST_NAP, due - now)
        self._poll(self._store.read(lambda tx: receipts.to_poll(tx, now, POLLS)))
        tell(self._store.write(lambda tx: receipts.overdue(tx, now)), self._alarms)
        return 0.0

    def _poll(self, rows: Iterable[Claimed]) -> None:
        channels = self._settings().channels
        asked = [gevent.spawn(self._ask, channels.get(row.delivery.channel), row.delivery) for row in rows]
        gevent.joinall(asked)

    def _ask(self, channel: Channel | None, delivery: Delivery) -> None:
        """Ask about one; when to ask again is written down even where asking fails."""
        now, taken_at = self._clock.now(), delivery.settled_at or delivery.created_at
        report = None
        if channel is not None and channel.receipts is not None:
            report = asked(channel, delivery.code, delivery.provider_id, delivery.recipient.address, taken_at)
        if report is not None and channel is not None:
            self.hear(channel, [report])
        again = next_poll(channel, taken_at, now)
        self._store.write(lambda tx: receipts.polled(tx, delivery.id, again, now))


def asked(
    channel: Channel, code: str, provider_id: str, address: str, taken_at: float, grace: float = GRACE
) -> Report | None:
    """Ask a provider what became of a message, no longer than a try may take; None without an answer, too.

    `code` names the message in the log.
    """
    try:
        return Way(channel.sender, grace).reports(provider_id, address, taken_at)
    except SendError as error:
        log.warning("%s: the provider could not be asked what became of it: %s", code, error)
    except Exception:
        log.exception("asking what became of %s broke", code, extra={"channel": channel.name})
    return None


def tell(words: Iterable[Word], alarms: Alarms) -> None:
    """What receipts changed: a line in the log, a number, and an alarm where somebody has to act."""
    for word in words:
        delivery = word.claimed.delivery
        who = delivery.recipient.name or "the room"
        log.log(
            logging.INFO if word.phase is Phase.DELIVERED else logging.WARNING,
            "%s to %s over %s: %s: %s", delivery.code, who, delivery.channel, word.phase, word.reason,
            extra={"channel": delivery.channel, "delivery": delivery.code},
        )  # fmt: skip
        telemetry.receipts.labels(delivery.channel, word.phase.value).inc()
        text = f"{delivery.code} to {who} about {word.claimed.notice.alert.code}: {word.reason}"
        if word.phase is Phase.DEAD:
            alarms.dead(delivery.channel, word.claimed.notice.alert, text)
        elif word.phase is Phase.FAILED_OVER:
            alarms.failed_over(delivery.channel, word.claimed.notice.alert, text)


def awaits(channel: Channel, delivery: Delivery, now: float) -> Awaits | None:
    """What is waited for once this was taken; None where the channel has no receipts."""
    if channel.receipts is None:
        return None
    within, poll = channel.delivered_within, channel.receipts.poll
    return Awaits(
        known_as=channel.sender.known_as(delivery.recipient.address),
        handset_by=None if within is None else now + within,
        poll_at=None if poll is None else now + min(poll, within or poll),
    )


def next_poll(channel: Channel | None, taken_at: float, now: float) -> float | None:
    """When to ask again: after as long as it has taken so far, within bounds; None when it will never be known."""
    poll = channel.receipts.poll if channel is not None and channel.receipts is not None else None
    if poll is None or now - taken_at > GIVE_UP:
        return None
    return now + min(max(poll, now - taken_at), LONGEST_PAUSE)
