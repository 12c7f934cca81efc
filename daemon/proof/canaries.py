"""One real message a day over each channel that has a canary, and when each channel was last seen to work."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping

import msgspec

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.proof import Canary
from daemon.config.settings import Channel, Settings
from daemon.delivery import handsets
from daemon.errors import SendError
from daemon.event import OWN
from daemon.internal import Alarm, AlarmOver, Check
from daemon.notice import Acceptance, Recipient
from daemon.store import alerts, canaries
from daemon.store.attempts import PUT_OFF
from daemon.store.base import Store
from daemon.store.canaries import Sent
from daemon.units import spoken

log = logging.getLogger("tocsin.proof")

AGAIN = 600.0  # a canary that failed is sent again after this
ARRIVES = 600.0  # how long its receipt is waited for where `delivered_within` does not say
A_DAY = 86_400.0
SLACK = 3_600.0  # beyond a day, before a channel with a canary counts as unconfirmed

Test = Callable[[str, Recipient], Acceptance]


class Canaries:
    """Looks every minute. `test` sends one canary and returns the provider's answer; raises SendError."""

    def __init__(
        self, store: Store, clock: Clock, settings: Callable[[], Settings], test: Test, alarm: Alarm, over: AlarmOver
    ) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._test = test
        self._alarm = alarm
        self._over = over
        self._failing: dict[str, str] = {}
        self._open: set[tuple[Check, str]] | None = None  # alarms that are open; None: not looked up since the start

    def failing(self) -> dict[str, str]:
        """The channels whose canary failed or did not arrive, or that have long not been seen to work; and why."""
        return dict(self._failing)

    def look(self) -> None:
        """Send what is due, see what has arrived, tell what has not. Raises StoreUnavailable."""
        settings, now = self._settings(), self._clock.now()
        channels = settings.channels
        is_open = self._open = self._opened() if self._open is None else self._open
        last = self._store.read(canaries.last)
        failing = {}
        for name, channel in channels.items():
            if channel.canary is not None and (why := self._canary(channel, last.get(name), settings, now)):
                failing[name] = why
        confirmed = self._confirmed(channels)
        for name, channel in channels.items():
            self._tell(is_open, Check.CANARY, name, failing.get(name, ""))
            why = unconfirmed(channel, confirmed.get(name), last.get(name), self._clock.now())
            self._tell(is_open, Check.UNCONFIRMED, name, why)
            if why:
                failing.setdefault(name, why)
        for check, name in list(is_open):
            if name not in channels:
                self._tell(is_open, check, name, "")
        self._failing = failing

    def _canary(self, channel: Channel, sent: Sent | None, settings: Settings, now: float) -> str:
        """See to one channel's canary; return why it failed, or nothing."""
        canary = channel.canary
        if canary is not None and is_due(canary, sent, settings.texts.time_zone.info, now):
            sent = self._send(channel, canary, settings, now, sent)
        if sent is None or not sent.taken:
            return sent.words if sent else ""
        if sent.confirmed_at is not None and sent.confirmed_at >= sent.sent_at:
            return ""
        return self._arrived(channel, sent, now)

    def _send(self, channel: Channel, canary: Canary, settings: Settings, now: float, before: Sent | None) -> Sent:
        person = settings.people.get(canary.to)
        address = getattr(person, channel.sender.address, "") if channel.sender.address else ""
        # Before it is sent: where that cannot be written, a real message would go out each minute.
        begun = Sent(channel=channel.name, sent_at=now, taken=False, address=address)
        self._store.write(lambda tx: canaries.put(tx, begun))
        try:
            receipt = self._test(channel.name, Recipient(name=canary.to, address=address))
        except SendError as error:
            if error.code == PUT_OFF:  # the channel is busy, so it goes with the next look
                return self._put_off(before or msgspec.structs.replace(begun, sent_at=now - AGAIN))
            sent = Sent(channel=channel.name, sent_at=now, taken=False, address=address, words=str(error))
        else:
            sent = Sent(
                channel=channel.name,
                sent_at=now,
                taken=True,
                address=address,
                provider_id=receipt.provider_id,
                words=receipt.detail,
                confirmed_at=None if channel.receipts is not None else now,
            )
        self._store.write(lambda tx: canaries.put(tx, sent))
        return sent

    def _put_off(self, before: Sent) -> Sent:
        self._store.write(lambda tx: canaries.put(tx, before))
        return before

    def _arrived(self, channel: Channel, sent: Sent, now: float) -> str:
        """Look for the receipt, brought or asked for; return why it counts as failed, or nothing.

        It is not sent again, for it may be waiting for a handset that is off; any later receipt shows that the channel
        works.
        """
        known_as = channel.sender.known_as(sent.address)
        arrived = self._store.read(lambda tx: canaries.receipt(tx, sent, known_as))
        if arrived is None and channel.receipts is not None and channel.receipts.poll is not None:
            code = f"the canary of {channel.name}"
            report = handsets.asked(channel, code, sent.provider_id, sent.address, sent.sent_at)
            arrived = report.delivered if report is not None else None
        if arrived or self._store.read(lambda tx: canaries.handset(tx, channel.name)) > sent.sent_at:
            self._store.write(lambda tx: canaries.confirm(tx, channel.name, now))
            return ""
        within = channel.delivered_within or ARRIVES
        if arrived is False:
            return "the provider took it, but it did not reach the handset"
        late = now - sent.sent_at > within
        return f"the provider took it, but no receipt came within {spoken(within)}" if late else ""

    def _confirmed(self, channels: Mapping[str, Channel]) -> Mapping[str, float]:
        wanted = {name: channel.receipts is not None for name, channel in channels.items()}
        confirmed = self._store.read(lambda tx: canaries.confirmed(tx, wanted))
        telemetry.confirmed.clear()
        for name, at in confirmed.items():
            telemetry.confirmed.labels(name).set(at)
        return confirmed

    def _opened(self) -> set[tuple[Check, str]]:
        """What is still open from before the start."""
        own = self._store.read(lambda tx: alerts.open_of_source(tx, OWN))
        keys = [alert.key.partition(":") for alert in own]
        return {(check, about) for kind, _, about in keys for check in TITLES if kind == check}

    def _tell(self, is_open: set[tuple[Check, str]], check: Check, channel: str, why: str) -> None:
        """Raise or end one alarm."""
        if why and (check, channel) not in is_open:
            self._alarm(check, channel, title=TITLES[check].format(channel), text=f"{why}.")
            is_open.add((check, channel))
        elif not why and (check, channel) in is_open:
            self._over(check, channel)
            is_open.discard((check, channel))


TITLES = {
    Check.CANARY: "The canary of channel {} did not arrive",
    Check.UNCONFIRMED: "Channel {} has long not been seen to work",
}


def is_due(canary: Canary, sent: Sent | None, zone: dt.tzinfo | None, now: float) -> bool:
    """Whether one is to be sent: once a day, at once where there was none, and soon after one that failed."""
    if sent is None or sent.sent_at > now:
        return True
    if not sent.taken and now - sent.sent_at >= AGAIN:
        return True
    return sent.sent_at < latest(canary, zone, now)


def latest(canary: Canary, zone: dt.tzinfo | None, now: float) -> float:
    """The last time of the day's canary that has come."""
    here = dt.datetime.fromtimestamp(now, zone) if zone is not None else dt.datetime.fromtimestamp(now).astimezone()
    today = here.replace(hour=canary.at.minute // 60 % 24, minute=canary.at.minute % 60, second=0, microsecond=0)
    return (today if today <= here else today - dt.timedelta(days=1)).timestamp()


def unconfirmed(channel: Channel, confirmed_at: float | None, sent: Sent | None, now: float) -> str:
    """Why a channel counts as not seen to work, or nothing: by `confirmed_within`, else by its canary's day."""
    within = channel.confirmed_within or (A_DAY + SLACK if channel.canary is not None else None)
    if within is None:
        return ""
    if confirmed_at is None:
        return "" if sent is None or now - sent.sent_at <= within else "nothing was ever confirmed over it"
    age = now - confirmed_at
    return f"the last delivery that was confirmed is {spoken(age)} old" if age > within else ""
