"""The courier: one lane for each channel, from start to stop."""

import logging
import random
import threading
from collections.abc import Callable, Mapping

import gevent

from daemon.clock import JUMP, Clock
from daemon.config.settings import Channel, Settings
from daemon.config.styles import style
from daemon.delivery.alarms import Alarms, Voice
from daemon.delivery.breaker import State
from daemon.delivery.direct import CANARY, TEST, Emergency, proof_message
from daemon.delivery.gauge import Gauge
from daemon.delivery.handsets import Handsets
from daemon.delivery.lane import Lane
from daemon.delivery.means import LaneStatus, Means
from daemon.delivery.untold import Untold
from daemon.delivery.way import GRACE
from daemon.errors import SendRefused, StoreError
from daemon.handset import Report
from daemon.notice import Acceptance, Recipient
from daemon.store import leases, outbox
from daemon.store.base import Store
from daemon.store.receipts import Heard
from daemon.template.words import Lang

log = logging.getLogger("tocsin.delivery")

LOOK = 15.0  # how often the outbox is searched for rows of channels that nobody serves
GAP = 0.005


class Courier:
    """Takes what the outbox holds to its providers. `settings` gives the current ones; `voice` tells of trouble."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Callable[[], Settings],
        voice: Voice,
        *,
        seed: int | None = None,
        grace: float = GRACE,
        gap: float = GAP,
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._alarms = Alarms(voice, clock, settings)
        draw = random.Random(seed).random  # noqa: S311 - spreads tries, keeps no secret
        self._means = Means(
            store=store, clock=clock, draw=draw, alarms=self._alarms, gap=gap, grace=grace, settings=settings
        )
        self._emergency = Emergency(store.name, clock, settings, voice, grace)
        self._untold = Untold(store, voice.last_resort)
        self._handsets = Handsets(store, clock, settings, self._alarms)
        self._gauge = Gauge(store, clock, settings, voice)
        self._lanes: dict[str, Lane] = {}
        self._stopping = threading.Event()
        self._looking: gevent.Greenlet[[], None] | None = None

    def start(self) -> None:
        """Take over what a dead process left, then serve every channel. Raises StoreUnavailable."""
        channels = self._settings().channels
        knows_after = {name: channel.sender.knows_after for name, channel in channels.items()}
        recovered = self._store.write(lambda tx: leases.recover(tx, knows_after))
        if recovered:
            log.warning("%d deliveries were being sent when tocsin died; each is asked after and repeated", recovered)
        self._set_back()
        for channel in channels.values():
            self._open(channel.name, channel)
        self._look()
        self._looking = gevent.spawn(self._look_on)
        self._handsets.start()

    def reload(self) -> None:
        """Go on by the current settings: rows and sends under way stay, senders that changed are replaced."""
        channels = self._settings().channels
        for name, lane in list(self._lanes.items()):
            lane.configure(channels.get(name))
        for name, channel in channels.items():
            if name not in self._lanes:
                self._open(name, channel)

    def stop(self, timeout: float) -> None:
        """Claim no more, let sends under way finish within `timeout`, give back the leases of the rest."""
        end = self._clock.monotonic() + timeout
        self._stopping.set()
        for lane in self._lanes.values():
            lane.drain()
        for lane in self._lanes.values():
            self._clock.wait(lane.ended, max(0.0, end - self._clock.monotonic()))
        left = sum(lane.abandon() for lane in self._lanes.values())
        if left:
            log.warning("%d deliveries were broken off; the next start asks after them and repeats them", left)
        if self._looking is not None:
            self._looking.join()
        self._handsets.stop(max(0.0, end - self._clock.monotonic()))
        self._alarms.join(max(0.0, end - self._clock.monotonic()))

    def canary(self, channel: str, recipient: Recipient) -> Acceptance:
        """Send one canary past the outbox; raises SendError."""
        return self.test(channel, recipient, CANARY)

    def test(self, channel: str, recipient: Recipient, words: Mapping[Lang, tuple[str, str]] = TEST) -> Acceptance:
        """Send one real message past the outbox; raises SendError."""
        lane, settings = self._lanes.get(channel), self._settings()
        known = settings.channels.get(channel)
        if lane is None or known is None:
            raise SendRefused(f"no channel is called {channel!r} in the configuration")
        said = style(settings, known, recipient.name)
        acceptance = lane.test(proof_message(channel, recipient, self._store.name, self._clock.now(), said, words))
        log.info("test over %s to %s: sent", channel, recipient.name or "the room", extra={"channel": channel})
        return acceptance

    def hear(self, channel: Channel, reports: list[Report]) -> Heard:
        """Take the receipts that a provider brought; raises StoreUnavailable."""
        return self._handsets.hear(channel, reports)

    def emergency(self, title: str, text: str) -> int:
        """Tell those who hear of tocsin's own alarms past the store, once a window; return how many were told.

        Waits for the sends.
        """
        return self._emergency.tell(title, text)

    def status(self) -> list[LaneStatus]:
        """How each configured channel stands, by name."""
        found = (lane.status() for _, lane in sorted(self._lanes.items()))
        return [status for status in found if status is not None]

    def _open(self, name: str, channel: Channel | None) -> None:
        lane = self._lanes[name] = Lane(name, channel, self._means)
        lane.recall()
        self._store.on(outbox.topic(name), lane.wake)
        lane.start()

    def _look_on(self) -> None:
        ahead = self._ahead()
        while not self._clock.wait(self._stopping, LOOK):
            before, ahead = ahead, self._ahead()
            if before - ahead > JUMP:
                log.warning("the clock was set back by %.0f s", before - ahead)
                self._set_back()
            for look in (self._look, self._alarms.look, self._look_for_untold, self._gauge.look):
                try:
                    look()
                except Exception:  # a bug in one look must not end all looking
                    log.exception("the courier stumbled in a look and goes on")

    def _look_for_untold(self) -> None:
        working = {lane.channel for lane in self.status() if lane.breaker is State.CLOSED}
        self._untold.look(working, self._clock.now())

    def _ahead(self) -> float:
        return self._clock.now() - self._clock.monotonic()

    def _set_back(self) -> None:
        """If the wall clock went back: what was to be tried in a minute must not wait for a minute and that."""
        now = self._clock.now()
        try:
            moved = self._store.write(lambda tx: leases.set_back(tx, now))
        except StoreError as error:
            log.warning("due times could not be moved with the clock: %s", error)
            return
        if moved:
            log.warning("the clock stands before %d deliveries were made or tried; they are moved with it", moved)
        for lane in self._lanes.values():
            lane.wake()

    def _look(self) -> None:
        """Open a lane for rows whose channel nobody serves: written by an older configuration, or revived by hand."""
        try:
            channels = self._store.read(outbox.waiting_channels)
        except StoreError as error:
            log.warning("the outbox cannot be looked through: %s", error)
            return
        for channel in channels:
            if channel not in self._lanes and not self._stopping.is_set():
                self._open(channel, None)
