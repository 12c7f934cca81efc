"""What a channel may send now under its provider's limits: so many in any stretch of so many seconds.

A request takes a place in the window from when it begins until `within` seconds after its end: wherever between
the two the provider counted it, no stretch of that length ever holds more than the limit.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence

import msgspec

from daemon.clock import Clock
from daemon.config.settings import Channel
from daemon.declared import Each, Rate, of_channel
from daemon.errors import Scope, SendWait, StoreError
from daemon.store import attempts
from daemon.store.attempts import PUT_OFF
from daemon.store.backlog import NO_LIMIT
from daemon.store.base import Store
from daemon.units import spoken

log = logging.getLogger("tocsin.delivery")

_TOO_MANY_ADDRESSES = 4_096  # remembered before those whose windows are empty are dropped


class Full(msgspec.Struct, frozen=True, kw_only=True):
    """A window of the channel's, or of a recipient's, has no place left."""

    rate: Rate
    seconds: float  # until there is one


class Window:
    """One rate, for the channel or for one address. Times are monotonic seconds."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self._under_way = 0
        self._ended: deque[float] = deque()

    def left(self, now: float) -> int:
        """How many more may begin now."""
        self._forget(now)
        return max(0, self.rate.most - self._under_way - len(self._ended))

    def free_in(self, now: float) -> float:
        """Seconds until one may begin, 0 when it may now; a request under way takes its place until it has ended."""
        if self.left(now):
            return 0.0
        kept = self._under_way + len(self._ended) - self.rate.most
        if kept < len(self._ended):
            return max(0.0, self._ended[kept] + self.rate.within - now)
        return self.rate.within

    @property
    def is_idle(self) -> bool:
        """Whether it holds nothing."""
        return not (self._under_way or self._ended)

    def begin(self) -> None:
        """A request goes out."""
        self._under_way += 1

    def end(self, now: float) -> None:
        """It was answered, or given up."""
        self._under_way = max(0, self._under_way - 1)  # it may have begun under other limits
        self._ended.append(now)

    def recall(self, ended: float) -> None:
        """A request that ended before this process began."""
        self._ended.append(ended)

    def _forget(self, now: float) -> None:
        while self._ended and self._ended[0] + self.rate.within <= now:
            self._ended.popleft()


class Throttle:
    """All windows of one channel."""

    def __init__(self, rates: Sequence[Rate]) -> None:
        self.rates = tuple(rates)
        self._channel = [Window(rate) for rate in of_channel(rates, Each.CHANNEL)]
        self._each = of_channel(rates, Each.RECIPIENT)
        self._recipients: dict[str, list[Window]] = {}

    @property
    def longest(self) -> float:
        """How far back requests still count."""
        return max((rate.within for rate in self.rates), default=0.0)

    def left(self, now: float) -> int:
        """How many requests the channel may begin now."""
        return min((window.left(now) for window in self._channel), default=NO_LIMIT)

    def free_in(self, now: float) -> float:
        """Seconds until the channel may begin one."""
        return max((window.free_in(now) for window in self._channel), default=0.0)

    def room(self, now: float, ahead: float) -> int:
        """How many requests may begin within the next `ahead` seconds, at least."""
        return min(
            (window.left(now) + int(ahead / window.rate.within) * window.rate.most for window in self._channel),
            default=NO_LIMIT,
        )

    def room_each(self, ahead: float) -> int:
        """The same for messages to one recipient who was told nothing lately."""
        return min((rate.most * (1 + int(ahead / rate.within)) for rate in self._each), default=NO_LIMIT)

    def full(self, address: str, now: float) -> Full | None:
        """The window in which nothing more may go to this address now; None when it may."""
        return _fullest(self._recipients.get(address, ()) if address else (), now)

    def shut(self, now: float) -> Full | None:
        """The window of the channel in which nothing more may go now; None when it may."""
        return _fullest(self._channel, now)

    def full_for(self, addresses: Iterable[str], now: float) -> Full | None:
        """The first window that keeps one request to these back; None when it may go."""
        found = (self.shut(now), *(self.full(address, now) for address in addresses))
        return next(filter(None, found), None)

    def begin(self, addresses: Iterable[str]) -> None:
        """One request to these goes out."""
        for window in self._windows(addresses):
            window.begin()

    def end(self, addresses: Iterable[str], now: float) -> None:
        """It has ended."""
        for window in self._windows(addresses):
            window.end(now)
        if len(self._recipients) > _TOO_MANY_ADDRESSES:
            self._tidy(now)

    def recall(self, sent: Iterable[tuple[float, Sequence[str]]]) -> None:
        """What was sent before this began to count, oldest first: when each request ended, and to whom."""
        for ended, addresses in sent:
            for window in self._windows(addresses):
                window.recall(ended)

    def _windows(self, addresses: Iterable[str]) -> list[Window]:
        found = list(self._channel)
        if self._each:
            for address in filter(None, addresses):
                windows = self._recipients.get(address)
                if windows is None:
                    windows = self._recipients[address] = [Window(rate) for rate in self._each]
                found += windows
        return found

    def _tidy(self, now: float) -> None:
        for address, windows in list(self._recipients.items()):
            for window in windows:
                window.left(now)
            if all(window.is_idle for window in windows):
                del self._recipients[address]


def rates(channel: Channel) -> tuple[Rate, ...]:
    """The channel's own, else those that its kind declares."""
    return channel.sender.rates if channel.rates is None else channel.rates


def recalled(
    limits: tuple[Rate, ...], store: Store, clock: Clock, channel: str, longest: float, *, batched: bool
) -> Throttle:
    """Windows that hold what the channel sent before; empty ones when that cannot be read.

    `longest` is what one try may have taken that was broken off. Where the channel is `batched`, several recipients
    may have been one request.
    """
    throttle = Throttle(limits)
    if not limits:
        return throttle
    now, ahead = clock.now(), clock.now() - clock.monotonic()
    since = now - throttle.longest
    try:
        sent = store.read(lambda tx: attempts.recent(tx, channel, since, longest=longest, batched=batched))
    except StoreError as error:
        log.warning("%s: what went out before cannot be counted: %s", channel, error)
        return throttle
    throttle.recall([(min(at, now) - ahead, addresses) for at, addresses in sent])
    return throttle


def crowded(full: Full) -> SendWait:
    """What a message meets that may not go for now."""
    each = full.rate.each is Each.RECIPIENT
    what = "message" if each else "request"
    many = f"{full.rate.most} {what}{'s' if full.rate.most > 1 else ''} in {spoken(full.rate.within)}"
    said = f"the limit of the channel is {many}{' to each recipient' if each else ''}"
    return SendWait(said, seconds=full.seconds, code=PUT_OFF, scope=Scope.RECIPIENT if each else Scope.MESSAGE)


def _fullest(windows: Iterable[Window], now: float) -> Full | None:
    """Of those that have no place left the one that is longest without."""
    shut = [window for window in windows if not window.left(now)]
    worst = max(shut, key=lambda window: window.free_in(now), default=None)
    return Full(rate=worst.rate, seconds=worst.free_in(now)) if worst else None
