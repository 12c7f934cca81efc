"""One Redis: found, its lists drained in turns, lost and found again."""

import logging
import threading
from collections.abc import Container, Iterable, Mapping

import gevent

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.redislists import RedisList
from daemon.intakes.redislist.drain import Drain, Tools
from daemon.intakes.redislist.piles import PROC
from daemon.intakes.redislist.resp import Connection, Lost, Refused, whole
from daemon.internal import AGAIN, Alarm, AlarmOver, Check

log = logging.getLogger("tocsin.intakes")

EVERY = 0.5  # seconds between two looks at lists that are empty
SEARCH = 15.0  # seconds between two searches for lists that a pattern means
RETRY = 60.0  # seconds until a list is tried again that is none
MOST_LISTS = 1_000  # of one server
TURN = 16  # batches of one list before it is the next one's turn
PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between two tries to reach the server
PATIENCE = 60.0  # seconds of which nobody hears when it is away
QUIET = 300.0  # seconds without throwing anything away after which the alarm about it is over
_SPECIAL = "*?["


class Reader:
    """Drains the lists of one server, in a greenlet of its own."""

    def __init__(self, given: RedisList, tools: Tools, alarm: Alarm, over: AlarmOver) -> None:
        self._given = given
        self._server = str(given.server)
        self._tools = tools
        self._clock: Clock = tools.clock
        self._alarm = alarm
        self._over = over
        self._redis = Connection(given, tools.clock)
        self._drains: dict[str, Drain] = {}
        self._retry: dict[str, float] = {}  # until when a list is left alone
        self._searched = float("-inf")
        self._raised: dict[tuple[Check, tuple[str, ...]], float] = {}  # alarms that may be open, last raised then
        self._failing_since: float | None = None
        self._tries = 0
        self._stop = threading.Event()
        self._greenlet: gevent.Greenlet[..., object] | None = None

    def start(self) -> None:
        """Begin."""
        # An alarm from before a restart ends with the first success.
        self._raised[Check.REDIS, (self._server,)] = float("-inf")
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """Read no more; what was read and is not on disk yet stays in Redis, and is read again."""
        self._stop.set()
        if self._greenlet is not None:
            self._greenlet.kill()
        self._redis.close()

    def give_up(self) -> None:
        """Nobody wants the server to be read any more: nothing about it is an alarm."""
        for check, about in list(self._raised):
            self._end(check, *about)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.connect()
                while not self._stop.is_set():
                    if not self.turn():
                        self._clock.wait(self._stop, EVERY)
            except (Lost, Refused) as error:
                self._redis.close()
                self._clock.wait(self._stop, self._failed(str(error)))
            except Exception:  # a loop of the process's own: what is wrong here must not end the reading
                log.exception("reading lists of %s failed", self._server)
                self._redis.close()
                self._clock.wait(self._stop, self._failed("an error of tocsin's own; see its log"))

    def connect(self) -> None:
        """Connect anew; whatever was known of the server may have changed. Raises Lost and Refused."""
        self._redis.open()
        self._searched = float("-inf")
        for one in self._drains.values():
            one.piles.lost_sight()

    def turn(self) -> bool:
        """Give every list a turn; say whether there is more. Raises Lost and Refused."""
        self._search()
        now = self._clock.monotonic()
        drains = [one for one in self._drains.values() if self._retry.get(one.key, 0.0) <= now]
        lengths = self._redis.ask(*(("LLEN", one.key) for one in drains))
        more = False
        for drain, length in zip(drains, lengths, strict=True):
            try:
                more |= self._drained(drain, whole(length))
            except Refused as no:
                self._bad_list(drain, no)
        self._well()
        return more

    def _drained(self, drain: Drain, pushed: int) -> bool:
        """Take and read; say whether there is more."""
        piles = drain.piles
        if not piles.is_known:
            telemetry.redis_entries.labels("lost").inc(piles.look(self._redis))
        piles.settle(self._redis)
        waiting = drain.tell(pushed)
        was_ahead = piles.unread > 0  # then what was pushed has its turn after it
        if pushed and not was_ahead:
            piles.take(self._redis)
        if self._given.most:
            drain.skip(self._given.most)
        self._watch(drain, waiting)
        for turn, _ in enumerate(drain.turns(self._redis), 1):
            self._clock.breathe()
            if turn >= TURN:
                break
        if drain.wrong:
            drain.wrong = ""
            self._end(Check.REDIS_LIST, self._server, drain.key)
        return piles.unread > 0 or (was_ahead and pushed > 0)

    def _search(self) -> None:
        """Look for lists that a pattern means, now and then."""
        now = self._clock.monotonic()
        if now - self._searched < SEARCH:
            return
        found = self._found()
        if len(found.keys() | self._drains.keys()) > MOST_LISTS:
            self._make_room(found)
        for key in found:
            if key not in self._drains and len(self._drains) < MOST_LISTS:
                self._drains[key] = Drain(key, self._given, self._tools)
        self._searched = now

    def _found(self) -> Mapping[str, None]:
        """Names of lists, in order, as many as are read."""
        found: dict[str, None] = {}
        for one in self._given.keys:
            for key in self._matching(one) if any(map(one.__contains__, _SPECIAL)) else [one]:
                if len(found) == MOST_LISTS and key not in found:
                    log.warning("%s has more than %d lists; the rest is not read", self._server, MOST_LISTS)
                    return found
                found[key] = None
        return found

    def _make_room(self, found: Container[str]) -> None:
        """Let go of lists of which nothing is left. Else they are kept: what is pushed then is seen sooner."""
        for key in [key for key, one in self._drains.items() if key not in found and one.piles.is_empty]:
            del self._drains[key]
            self._retry.pop(key, None)
            for check in (Check.REDIS_LIST, Check.REDIS_BEHIND):
                self._end(check, self._server, key)

    def _matching(self, pattern: str) -> Iterable[str]:
        """Names of lists, also of such of which there is only what we have taken."""
        cursor: bytes = b"0"
        ours = f"{PROC}{self._tools.me}:"
        while True:
            match self._redis.one("SCAN", cursor, "MATCH", pattern, "COUNT", 1_000, "TYPE", "list"):
                case [bytes(cursor), list(names)]:
                    pass
                case _:
                    raise Lost("it does not speak as Redis does")
            for name in (one.decode("utf-8", "surrogateescape") for one in names if isinstance(one, bytes)):
                key, is_ours, _ = name.partition(ours)
                if is_ours or PROC not in name:
                    yield key
            if cursor == b"0":
                return
            self._clock.breathe()

    def _watch(self, drain: Drain, waiting: int) -> None:
        behind = self._given.behind
        if drain.skipped:
            title = f"{drain.skipped:,} entries of the list {drain.key} were thrown away"
            text = (
                f"In {self._server}; no more than {self._given.most:,} may wait (`most`). What they would have said is"
                " missing in the series."
            )
            if self._raise(Check.REDIS_BEHIND, self._server, drain.key, title=title, text=text):
                log.warning("%s: %s", self._server, title)
                drain.skipped = 0
        elif waiting >= behind:
            self._raise(
                Check.REDIS_BEHIND,
                self._server,
                drain.key,
                title=f"{waiting:,} entries wait in the list {drain.key}",
                text=f"In {self._server}; {behind:,} are borne (`behind`). More is pushed than tocsin reads, or it"
                " could not read for a while.",
            )
        elif waiting * 2 < behind and self._clock.monotonic() - drain.skipped_at > QUIET:
            self._end(Check.REDIS_BEHIND, self._server, drain.key)

    def _bad_list(self, drain: Drain, no: Refused) -> None:
        """One list cannot be read; the others can. What concerns all of them is raised for the server."""
        if no.kind not in {"WRONGTYPE", "CROSSSLOT", "MOVED"}:
            raise no
        self._retry[drain.key] = self._clock.monotonic() + RETRY
        if drain.wrong != str(no):
            drain.wrong = str(no)
            log.warning("%s: %s cannot be read as a list: %s", self._server, drain.key, no)
        self._raise(
            Check.REDIS_LIST,
            self._server,
            drain.key,
            title=f"{drain.key} cannot be read as a list",
            text=f"{self._server} says: {no}. It is tried again every minute.",
        )

    def _failed(self, why: str) -> float:
        """Note that the server is away; return how long to wait."""
        now = self._clock.monotonic()
        if self._failing_since is None:
            self._failing_since = now
            log.warning("lists of %s cannot be read: %s", self._server, why)
        if now - self._failing_since >= PATIENCE:
            self._raise(
                Check.REDIS,
                self._server,
                title=f"Lists of {self._server} cannot be read",
                text=f"{why}. What applications push waits there, as long as it has room.",
            )
        self._tries += 1
        return PAUSES[min(self._tries, len(PAUSES)) - 1]

    def _well(self) -> None:
        if self._failing_since is not None:
            log.info("lists of %s are read again", self._server)
        self._failing_since, self._tries = None, 0
        self._end(Check.REDIS, self._server)

    def _raise(self, check: Check, *about: str, title: str, text: str) -> bool:
        """Raise it, now and then anew while it goes on: what is not repeated is taken for over. Say whether it was."""
        now = self._clock.monotonic()
        if now - self._raised.get((check, about), float("-inf")) < AGAIN:
            return False
        self._raised[check, about] = now
        self._alarm(check, *about, title=title, text=text)
        return True

    def _end(self, check: Check, *about: str) -> None:
        if self._raised.pop((check, about), None) is not None:
            self._over(check, *about)
