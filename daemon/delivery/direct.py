"""Messages that go past the outbox: a test of one channel, and the alarm that the store itself is ill."""

import logging
from collections.abc import Callable, Iterator, Mapping

import gevent

from daemon.alert import Alert
from daemon.clock import Clock
from daemon.config.settings import Channel, Settings
from daemon.config.styles import style
from daemon.delivery.alarms import Voice
from daemon.delivery.way import Way
from daemon.errors import SendError
from daemon.event import OWN, Severity, State
from daemon.internal import LABEL, Check
from daemon.notice import Hop, Message, Notice, Reason, Recipient
from daemon.template.words import Lang
from daemon.texts.style import Style

log = logging.getLogger("tocsin.delivery")

TEST: Mapping[Lang, tuple[str, str]] = {
    "en": ("Test of channel {}", "Sent by hand; nothing is wrong."),
    "zh": ("通道 {} 测试", "由运维人员手动发送，一切正常。"),
}
CANARY: Mapping[Lang, tuple[str, str]] = {
    "en": ("Daily test of channel {}", "Sent by tocsin itself, to see that this channel works; nothing is wrong."),
    "zh": ("通道 {} 每日自检", "由 tocsin 自动发送，用于确认通道畅通，一切正常。"),
}
AGAIN = 60.0  # an emergency that reached nobody is tried again after this


def proof_message(
    channel: str,
    recipient: Recipient,
    store: str,
    now: float,
    said: Style,
    words: Mapping[Lang, tuple[str, str]] = TEST,
) -> Message:
    """What an operator's test sends, or with other words; `store` is the store's name."""
    title, text = words[said.lang]
    notice = _notice(title.format(channel), text, Severity.INFO, Reason.TEST, now)
    return Message(notice=notice, recipients=(recipient,), out_id=f"{store}-T{int(now * 1000)}", style=said)


class Emergency:
    """Tells who hears of tocsin's own alarms without the store (but in its name): no row, no retry, rarely."""

    def __init__(self, store: str, clock: Clock, settings: Callable[[], Settings], voice: Voice, grace: float) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings
        self._voice = voice
        self._grace = grace
        self._not_before = float("-inf")

    def tell(self, title: str, text: str) -> int:
        """Send one message to each recipient by the first of their ways that works; return how many were told.

        At most once a window of the self-checks; waits until every send has ended.
        """
        settings, began = self._settings(), self._clock.monotonic()
        if began < self._not_before:
            log.error("emergency, told before: %s: %s", title, text)
            return 0
        self._not_before = began + settings.self_checks.window
        log.critical("emergency, sent past the store: %s: %s", title, text)
        now = self._clock.now()
        notice = _notice(title, text, Severity.CRITICAL, Reason.FIRST, now)
        sends = [
            gevent.spawn(self._tell, notice, recipient, hops, settings) for recipient, hops in self._chains(settings)
        ]
        gevent.joinall(sends)
        told = sum(bool(send.value) for send in sends)
        if not told:
            self._voice.last_resort(Check.STORE, title, text, Severity.CRITICAL)
            self._not_before = began + min(AGAIN, settings.self_checks.window)
        return told

    def _tell(self, notice: Notice, name: str, hops: list[Hop], settings: Settings) -> bool:
        for hop in hops:
            message = Message(
                notice=notice,
                recipients=(Recipient(name=name, address=hop.address),),
                out_id=f"{self._store}-E{int(notice.at * 1000)}",
                style=style(settings, settings.channels[hop.channel], name),
                sent_at=self._clock.now(),
            )
            try:
                Way(settings.channels[hop.channel].sender, self._grace).send(message)
            except SendError as error:
                log.error("emergency to %s over %s: %s", name or "the room", hop.channel, error)  # noqa: TRY400
            except Exception:
                log.exception("emergency to %s over %s", name or "the room", hop.channel)
            else:
                log.warning("emergency to %s over %s: sent", name or "the room", hop.channel)
                return True
        return False

    def _chains(self, settings: Settings) -> Iterator[tuple[str, list[Hop]]]:
        """Everybody behind the receivers of such an alarm, each with their ways; nobody twice by the same."""
        known = [settings.receivers.get(name) for name in self._voice.hearing(settings)]
        seen: list[tuple[str, list[Hop]]] = []
        for leg in (leg for receiver in known if receiver for leg in receiver.notify):
            for name in leg.to or ("",):
                hops = [
                    Hop(channel=channel, address=address)
                    for channel in leg.by
                    if (address := _address(settings, settings.channels[channel], name)) is not None
                ]
                if hops and (name, hops) not in seen:
                    seen.append((name, hops))
        yield from seen


def _address(settings: Settings, channel: Channel, name: str) -> str | None:
    """The address a channel needs: empty for a room, None where the person has none."""
    kind = channel.sender.address
    if not kind:
        return ""
    return getattr(settings.people.get(name), kind, "") or None


def _notice(title: str, text: str, severity: Severity, reason: Reason, now: float) -> Notice:
    alert = Alert(
        id=0,
        fingerprint="",
        source=OWN,
        key=title,
        state=State.FIRING,
        severity=severity,
        title=title,
        text=text,
        labels={} if reason is Reason.TEST else {LABEL: Check.STORE.value},
        links={},
        started_at=now,
        ended_at=None,
        first_seen=now,
        last_seen=now,
        count=1,
    )
    return Notice(id=0, alerts=[alert], firing=1, resolved=0, group={}, receiver="", reason=reason, at=now)
