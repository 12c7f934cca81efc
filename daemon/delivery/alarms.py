"""Alarms about delivery itself, raised and ended beside the lanes so that no lane waits for one."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import gevent
from gevent.pool import Group

from daemon.alert import Alert
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.delivery import standing
from daemon.delivery.standing import HOLD, Standing
from daemon.event import OWN
from daemon.internal import Alarm, AlarmOver, Check
from daemon.lastresort import LastWord, only_logged

log = logging.getLogger("tocsin.delivery")

MENDED = (Check.BREAKER, Check.FAIL_OVER, Check.DEAD)  # over when the channel works again; the others by being quiet


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How delivery speaks of its own troubles."""

    alarm: Alarm
    over: AlarmOver
    last_resort: LastWord = only_logged
    # who is told past the store that it cannot be written
    hearing: Callable[[Settings], list[str]] = lambda settings: [settings.route.receiver]


class Alarms:
    """Raises each kind of alarm at most once a minute for each channel, and ends it when the channel works again.

    No alarm is the reason for another one that says the same: what fails in telling of a channel's failure raises
    nothing about that channel, nor about any other of which an alarm is open. So a chain of channels ends.
    """

    def __init__(self, voice: Voice, clock: Clock, settings: Callable[[], Settings]) -> None:
        self._voice = voice
        self._clock = clock
        self._settings = settings
        self._standing: dict[tuple[Check, str], Standing] = {}
        self._worked: dict[str, float] = {}
        self._since: dict[str, float] = {}  # when each channel first worked, until what was open before us is ended
        self._shut: dict[str, tuple[str, str]] = {}  # channel -> the alarm about its breaker, while that is open
        self._running = Group()

    def dead(self, channel: str, about: Alert, text: str) -> None:
        """A message is given up for good."""
        self._raise(Check.DEAD, channel, f"Messages over {channel} are given up", text, about)

    def failed_over(self, channel: str, about: Alert, text: str) -> None:
        """A message had to take another way."""
        self._raise(Check.FAIL_OVER, channel, f"Messages fail over from {channel}", text, about)

    def broken(self, channel: str, about: Alert | None, text: str) -> None:
        """The breaker opened."""
        title = f"Channel {channel} does not work"
        self._shut[channel] = (title, text)
        self._raise(Check.BREAKER, channel, title, text, about)

    def amended(self, channel: str, about: Alert, text: str) -> None:
        """A message went otherwise than it was meant to; `text` is why, such as a template that did not render."""
        self._raise(Check.AMENDED, channel, f"Messages over {channel} go amended", text, about)

    def unreadable(self, channel: str, text: str) -> None:
        """A row of the outbox makes no sense."""
        self._raise(Check.UNREADABLE, channel, f"Deliveries over {channel} cannot be read", text, None)

    def works(self, channel: str) -> None:
        """The channel did what it is for."""
        now = self._clock.monotonic()
        if channel not in self._worked:
            self._since[channel] = now
        self._worked[channel] = now

    def closed(self, channel: str) -> None:
        """The breaker closed."""
        self._shut.pop(channel, None)
        self.works(channel)

    def gone(self, channel: str) -> None:
        """The channel is no longer configured: what was wrong with it is nobody's trouble any more."""
        self._shut.pop(channel, None)
        self._worked.pop(channel, None)
        self._since.pop(channel, None)
        for check, name in list(self._standing):
            if name == channel:
                self._end(check, channel)

    def look(self) -> None:
        """End what is over, and keep open what lasts."""
        now = self._clock.monotonic()
        for (check, channel), one in list(self._standing.items()):
            if check in MENDED and channel not in self._shut and channel in self._worked:
                if one.is_over(now, self._worked[channel]):
                    self._end(check, channel)
            elif check is Check.BREAKER and channel in self._shut and one.over_at is None:
                self._keep(channel, standing.refreshed(one, now))
        for channel, since in list(self._since.items()):
            if now - since >= HOLD:
                del self._since[channel]
                for check in MENDED:
                    if (check, channel) not in self._standing:  # may be open from before the start
                        self._start(self._voice.over, check, channel)

    def join(self, timeout: float) -> None:
        """Let alarms that are being raised finish."""
        self._running.join(timeout)

    def _raise(self, check: Check, channel: str, title: str, text: str, about: Alert | None) -> None:
        now, window = self._clock.monotonic(), self._settings().self_checks.window
        if about is not None and about.source == OWN and self._known(channel, about, now, window):
            return
        before = self._standing.get((check, channel))
        after = self._standing[check, channel] = standing.troubled(before, now, window)
        if before is None or after.raised_at != before.raised_at or before.over_at is not None:
            self._start(self._voice.alarm, check, channel, title=title, text=text)

    def _known(self, channel: str, about: Alert, now: float, window: float) -> bool:
        """Whether an alarm that could not be told has itself told of this channel, or another alarm does."""
        return about.labels.get("channel") == channel or any(
            one.is_open(now, window) for (_, name), one in self._standing.items() if name == channel
        )

    def _keep(self, channel: str, after: Standing) -> None:
        before, self._standing[Check.BREAKER, channel] = self._standing[Check.BREAKER, channel], after
        if after.raised_at != before.raised_at:
            title, text = self._shut[channel]
            self._start(self._voice.alarm, Check.BREAKER, channel, title=title, text=text)

    def _end(self, check: Check, channel: str) -> None:
        one = self._standing[check, channel]
        if one.over_at is None:
            self._standing[check, channel] = standing.ended(one, self._clock.monotonic())
            self._start(self._voice.over, check, channel)

    def _start(self, call: Callable[..., None], check: Check, channel: str, **words: str) -> None:
        self._running.add(gevent.spawn(self._call, call, check, channel, words))

    def _call(self, call: Callable[..., None], check: Check, channel: str, words: dict[str, str]) -> None:
        try:
            call(check, channel, **words)
        except Exception:
            log.exception("the alarm %s:%s could not be told or ended: %s", check, channel, words)
