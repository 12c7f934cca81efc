"""What was taken of one list of applications: piles of our own, read from the oldest entry on, given up once it counts.

To take what waits, the list is renamed: it is ours in an instant, however long it is, needs no memory where a full
server gives none, and whoever pushes begins a new one. Entries are counted from the left, where the newest is, so that
a place keeps its meaning while older ones are trimmed away behind it: trimming can be done twice, or after a crash.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from daemon.intakes.redislist.marks import Marks
from daemon.intakes.redislist.resp import Connection, Lost, Refused, whole

PILES = 64  # of one list at a time: twice a second one is taken, and it is there until its slot is on disk
PROC = ":proc:"
MOST_SENT = 4 * 1024**2  # bytes of a batch

# The oldest entries of a stretch, joined by commas or one by one; how many of them, and how many were too large.
# What is too large is not even sent.
READ = b"""local got = redis.call('LRANGE', KEYS[1], ARGV[1], ARGV[2])
local largest, most, size, large, taken = tonumber(ARGV[3]), tonumber(ARGV[4]), 0, 0, {}
for at = #got, 1, -1 do
  local long = #got[at]
  if long > largest then large = large + 1
  elseif size + long > most and #taken > 0 then break
  else size = size + long taken[#taken + 1] = got[at] end
end
return {#taken, large, ARGV[5] == 'joined' and table.concat(taken, ',') or taken}"""


class Pile:
    """One list that is ours. `unread` are the newest of its entries, from the left."""

    __slots__ = ("name", "trimmed", "unread")

    def __init__(self, name: str, unread: int) -> None:
        self.name = name
        self.unread = unread
        self.trimmed = unread  # how long it is in Redis, as far as we know


class Stretch(NamedTuple):
    """The oldest unread entries of a pile: `number` of them joined by commas, or each; others were too `large`."""

    pile: Pile
    number: int
    large: int
    joined: bytes
    each: Sequence[object]


class Piles:
    """All that was taken of one list."""

    def __init__(self, key: str, server: str, me: str, marks: Marks) -> None:
        self.key = key
        self._where = server
        self._names = [f"{key}{PROC}{me}:{number}" for number in range(PILES)]
        self._piles: dict[str, Pile] = {}  # the oldest first
        self._marks = marks
        self.is_known = False  # whether it has been looked at what is left over

    @property
    def unread(self) -> int:
        """How many entries were taken, and not read."""
        return sum(one.unread for one in self._piles.values())

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the list is here, read or not."""
        return not self._piles

    def lost_sight(self) -> None:
        """The connection broke: look again at what there is."""
        self.is_known = False

    def look(self, redis: Connection) -> int:
        """Look at what is left of earlier times, or of a command whose answer did not come; say how many are lost."""
        lost = 0
        lengths = redis.ask(*(("LLEN", name) for name in self._names))
        for name, length in zip(self._names, lengths, strict=True):
            lost += self._seen(name, whole(length))
        self.is_known = True
        return lost

    def _seen(self, name: str, length: int) -> int:
        noted = self._marks.unread(self._mark(name))
        pile = self._piles.get(name)
        if pile is not None:
            lost = max(0, pile.unread - length)  # somebody has emptied the server
            pile.unread -= lost
            pile.trimmed = max(pile.trimmed, length)
            self._marks.note(self._mark(name), pile.unread)
            return lost
        if length:
            pile = self._piles[name] = Pile(name, length if noted is None else min(noted, length))
            pile.trimmed = length
            self._marks.note(self._mark(name), pile.unread)
        elif noted is not None:
            self._marks.forget(self._mark(name))
        return 0

    def take(self, redis: Connection) -> bool:
        """Take what waits; say whether there was anything."""
        for name in self._names:
            if name not in self._piles and not self._marks.is_noted(self._mark(name)):
                break
        else:
            return False  # nothing is on disk for a while now: it waits where it is
        renamed, length = redis.ask(("RENAMENX", self.key, name), ("LLEN", name))
        if isinstance(renamed, Refused) and str(renamed).startswith("ERR no such key"):
            return False
        if isinstance(length, Refused) and length.kind == "WRONGTYPE":
            redis.ask(("RENAMENX", name, self.key))  # it has just become something else: give it back
        whole(renamed)
        if found := whole(length):
            self._piles[name] = Pile(name, found)
        return found > 0

    def skip(self, most: int) -> int:
        """Pass over the oldest of what is unread until no more than `most` are left; say how many those were."""
        over = self.unread - most
        skipped = 0
        for pile in self._piles.values():
            part = min(pile.unread, over - skipped)
            if part > 0:  # the oldest may be read already, and only wait to be on disk
                self.read_on(pile, part)
                skipped += part
        return skipped

    def read(self, redis: Connection, batch: int, largest: int, *, joined: bool = True) -> Stretch | None:
        """Read the oldest that are unread, and leave them there; None when there are none."""
        pile = next((one for one in self._piles.values() if one.unread), None)
        if pile is None:
            return None
        newest, oldest = max(0, pile.unread - batch), pile.unread - 1
        how, most = "joined" if joined else "each", pile.unread - newest
        match redis.one("EVAL", READ, 1, pile.name, newest, oldest, largest, MOST_SENT, how):
            case [int(number), int(large), bytes(found)] if number >= 0 and 0 <= large <= most - number:
                return Stretch(pile, number, large, found, ())
            case [int(number), int(large), list(found)] if number == len(found) and 0 <= large <= most - number:
                return Stretch(pile, number, large, b"", found)
        raise Lost("it does not speak as Redis does")

    def read_on(self, pile: Pile, count: int) -> None:
        """So many of its oldest are done with: counted in what is in memory, or passed over."""
        pile.unread -= count
        self._marks.note(self._mark(pile.name), pile.unread)

    def settle(self, redis: Connection) -> None:
        """Have Redis forget what is on disk here."""
        done = list(self._settled())
        if not done:
            return
        commands = [("UNLINK", one.name) if not left else ("LTRIM", one.name, 0, left - 1) for one, left in done]
        for (pile, left), answer in zip(done, redis.ask(*commands), strict=True):
            if isinstance(answer, Refused):
                raise answer
            pile.trimmed = left
            if not left:
                del self._piles[pile.name]
                self._marks.forget(self._mark(pile.name))

    def _settled(self) -> Iterator[tuple[Pile, int]]:
        for one in self._piles.values():
            left = self._marks.durable(self._mark(one.name))
            if left is not None and left < one.trimmed:
                yield one, left

    def _mark(self, name: str) -> str:
        return f"{self._where} {name}"
