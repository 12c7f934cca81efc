"""One list of applications, from what was pushed to what is counted."""

from collections.abc import Iterator
from dataclasses import dataclass

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.redislists import RedisList
from daemon.intakes.redislist.entries import Pages, decoded, each
from daemon.intakes.redislist.marks import Marks
from daemon.intakes.redislist.piles import Piles
from daemon.intakes.redislist.resp import Connection
from daemon.series.key import Kind, labels
from daemon.series.table import Table

WAITING = "redis.list.waiting"  # entries that are not counted yet, by `server` and `list`
FIRST = 16  # entries read at first, and after one that was too large: there may be more of them


@dataclass(frozen=True)
class Tools:
    """What all lists have in common."""

    table: Table
    clock: Clock
    marks: Marks
    me: str  # tells this tocsin's piles from those of others


class Drain:
    """What is done with one list, in turns: others come between."""

    def __init__(self, key: str, given: RedisList, tools: Tools) -> None:
        server = str(given.server)
        app = given.apps.get(key.rpartition(":")[2]) or given.apps.get(key) or key.rpartition(":")[2] or key
        self.key = key
        self.piles = Piles(key, server, tools.me, tools.marks)
        self.skipped = 0  # entries that were thrown away, and of which nobody heard yet
        self.skipped_at = float("-inf")  # when some were last
        self.wrong = ""  # what Redis says is wrong with it
        self._given = given
        self._marks = tools.marks
        self._pages = Pages(tools.table, tools.clock, app)
        self._batch = min(FIRST, given.batch)
        self._table = tools.table
        self._clock = tools.clock
        self._labels = labels((("server", server), ("list", key)))

    def tell(self, pushed: int) -> int:
        """Note how many entries wait, of which `pushed` are not taken yet; return it."""
        waiting = pushed + self.piles.unread
        self._table.find(WAITING, Kind.GAUGE, self._labels).add(float(waiting))
        return waiting

    def skip(self, most: int) -> None:
        """Throw the oldest away that are more than may wait."""
        if skipped := self.piles.skip(most):
            telemetry.redis_entries.labels("skipped").inc(skipped)
            self.skipped += skipped
            self.skipped_at = self._clock.monotonic()

    def turns(self, redis: Connection) -> Iterator[int]:
        """Read what was taken, a batch at a time; yields how many entries that was. Raises Lost and Refused."""
        while True:
            stretch = self.piles.read(redis, self._batch, self._given.largest)
            if stretch is None:
                return
            if not stretch.number + stretch.large:
                lost = self.piles.look(redis)
                telemetry.redis_entries.labels("lost").inc(lost)
                if not lost:
                    return
                continue
            entries, bad = decoded(stretch.joined, stretch.number), 0
            if entries is None:  # somebody sends rubbish: find out who
                one_by_one = self.piles.read(redis, stretch.number + stretch.large, self._given.largest, joined=False)
                if one_by_one is None or one_by_one.pile is not stretch.pile:
                    continue
                stretch = one_by_one
                entries, bad = each(stretch.each)
            self._marks.wait()
            # From here to the mark nothing waits: what is added and what is marked as read is the same.
            bad += self._pages.count(entries)
            self.piles.read_on(stretch.pile, stretch.number + stretch.large)
            _count(stretch.number - bad, bad, stretch.large)
            self._batch = min(FIRST if stretch.large else self._batch * 4, self._given.batch)
            yield stretch.number + stretch.large


def _count(counted: int, bad: int, large: int) -> None:
    for outcome, number in (("counted", counted), ("bad", bad), ("large", large)):
        if number:
            telemetry.redis_entries.labels(outcome).inc(number)
