"""The series by what they are called, and what ever came in them."""

from collections.abc import Iterable, Sequence

import msgspec

from daemon.store.base import Row, Tx

FEW = 16  # the first series of a name share blocks with other names; then it gets its own

Called = tuple[str, str, str, str]  # name, kind, unit, labels as JSON


class _Open(msgspec.Struct):
    """A block that is being filled."""

    block: int
    used: int


class _Room:
    """Where the next new series go."""

    def __init__(self, tx: Tx, size: int) -> None:
        self._tx = tx
        self._size = size
        self._open: dict[str, _Open] = {}  # by the name that has it
        self._taken: dict[int, _Open] = {}  # by its number
        self._of_name: dict[str, int] = {}

    def next(self, name: str) -> int:
        """The number of a new one of this name."""
        owner = name if self._has_many(name) else ""
        here = self._open.get(owner) or self._last(owner)
        if here is None or here.used >= self._size:
            (highest,) = self._tx.one("SELECT coalesce(max(block), 0) FROM series_blocks") or (0,)
            here = _Open(highest + 1, 0)
            self._tx.run("INSERT INTO series_blocks (block, name, used) VALUES (?, ?, 0)", (here.block, owner))
        self._open[owner] = self._taken[here.block] = here
        here.used += 1
        return here.block * self._size + here.used - 1

    def note(self) -> None:
        """Write down what room is taken."""
        taken = [(here.used, here.block) for here in self._taken.values()]
        self._tx.each("UPDATE series_blocks SET used = ? WHERE block = ?", taken)

    def _has_many(self, name: str) -> bool:
        number = self._of_name.get(name)
        if number is None:
            sql = "SELECT count(*) FROM (SELECT 1 FROM series WHERE name = ? LIMIT ?)"
            (number,) = self._tx.one(sql, (name, FEW)) or (0,)
        self._of_name[name] = number + 1
        return number >= FEW

    def _last(self, owner: str) -> _Open | None:
        sql = "SELECT block, used FROM series_blocks WHERE name = ? ORDER BY block DESC LIMIT 1"
        row = self._tx.one(sql, (owner,))
        return _Open(*row) if row else None


def register(tx: Tx, wanted: Iterable[Called], seen: int, size: int) -> list[int]:
    """The number of each; one that is not known gets a new one. `size` is that of a block."""
    room = _Room(tx, size)
    numbers = []
    for called in wanted:
        row = tx.one("SELECT number FROM series WHERE name = ? AND kind = ? AND unit = ? AND labels = ?", called)
        number = row[0] if row else room.next(called[0])
        numbers.append(number)
        if not row:
            sql = "INSERT INTO series (number, name, kind, unit, labels, seen) VALUES (?, ?, ?, ?, ?, ?)"
            tx.run(sql, (number, *called, seen))
    room.note()
    return numbers


def touch(tx: Tx, numbers: Iterable[int], seen: int) -> None:
    """These live."""
    tx.each("UPDATE series SET seen = ? WHERE number = ?", ((seen, number) for number in numbers))


def forget(tx: Tx, before: int, most: int) -> int:
    """Forget series in which nothing came for so long; at most so many. Return how many."""
    sql = "DELETE FROM series WHERE number IN (SELECT number FROM series WHERE seen < ? LIMIT ?)"
    return tx.run(sql, (before, most))


def beyond(tx: Tx, most: int) -> tuple[int, int]:
    """How many there are beyond so many, and when something last came in the newest of as many that are oldest."""
    (number,) = tx.one("SELECT count(*) FROM series") or (0,)
    if number <= most:
        return 0, 0
    (seen,) = tx.one("SELECT seen FROM series ORDER BY seen LIMIT 1 OFFSET ?", (number - most - 1,)) or (0,)
    return number - most, seen


def forget_blocks(tx: Tx, size: int) -> int:
    """Forget blocks of which no series is known, with their totals. Return how many.

    Not the last: the next one is counted from it, and no number may be given twice while tiers have it.
    """
    sql = (
        "SELECT block FROM series_blocks AS here WHERE block < (SELECT max(block) FROM series_blocks) AND NOT EXISTS"
        " (SELECT 1 FROM series WHERE number >= here.block * ? AND number < (here.block + 1) * ?)"
    )
    gone = tx.all(sql, (size, size))
    tx.each("DELETE FROM series_totals WHERE block = ?", gone)
    tx.each("DELETE FROM series_blocks WHERE block = ?", gone)
    return len(gone)


def names(tx: Tx) -> list[Row]:
    """(name, kind, unit, how many) of all names, in order."""
    return tx.all("SELECT name, kind, unit, count(*) FROM series GROUP BY name, kind, unit ORDER BY name, kind, unit")


def of_name(tx: Tx, name: str) -> list[Row]:
    """(number, kind, unit, labels, seen) of one name."""
    return tx.all("SELECT number, kind, unit, labels, seen FROM series WHERE name = ? ORDER BY number", (name,))


def totals(tx: Tx, blocks: Sequence[int]) -> dict[int, bytes]:
    """What ever came in these blocks."""
    found = {}
    for block in blocks:
        row = tx.one("SELECT totals FROM series_totals WHERE block = ?", (block,))
        if row:
            found[block] = row[0]
    return found


def put_totals(tx: Tx, found: Iterable[tuple[int, bytes]]) -> None:
    """Write down what ever came in these blocks."""
    tx.each("INSERT OR REPLACE INTO series_totals (block, totals) VALUES (?, ?)", found)
