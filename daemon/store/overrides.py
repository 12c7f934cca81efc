"""Who takes over a time of a schedule, as it was said by method."""

import math

import msgspec

from daemon.oncall.schedule import Cover
from daemon.store.base import Tx, columns


class StoredOverride(msgspec.Struct, frozen=True, kw_only=True):
    """An override with who said so, and why."""

    id: int
    schedule: str
    who: tuple[str, ...]
    starts_at: float
    ends_at: float
    author: str
    comment: str
    created_at: float

    @property
    def code(self) -> str:
        """The short name: `O17`."""
        return f"O{self.id}"


_FIELDS = StoredOverride.__struct_fields__
_COLUMNS, _ = columns(_FIELDS)


def add(
    tx: Tx, schedule: str, who: tuple[str, ...], starts_at: float, ends_at: float, author: str, comment: str, now: float
) -> StoredOverride:
    """Write one down. The caller has looked for those that it would overlap."""
    names, marks = columns(_FIELDS[1:])
    values = (schedule, ",".join(who), starts_at, ends_at, author, comment, now)
    new_id = tx.insert(f"INSERT INTO overrides ({names}) VALUES ({marks})", values)
    return StoredOverride(
        id=new_id,
        schedule=schedule,
        who=who,
        starts_at=starts_at,
        ends_at=ends_at,
        author=author,
        comment=comment,
        created_at=now,
    )


def remove(tx: Tx, override_id: int) -> StoredOverride | None:
    """Delete one; return what it was, None when there was none."""
    row = tx.one(f"SELECT {_COLUMNS} FROM overrides WHERE id = ?", (override_id,))
    tx.run("DELETE FROM overrides WHERE id = ?", (override_id,))
    return _read(row) if row else None


def between(tx: Tx, begin: float, end: float = math.inf, schedule: str = "") -> list[StoredOverride]:
    """Those that hold at any time from `begin` up to `end`, in the order of their beginnings."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM overrides WHERE ends_at > ? AND starts_at < ? AND (? = '' OR schedule = ?)"
        " ORDER BY starts_at, id",
        (begin, end, schedule, schedule),
    )
    return [_read(row) for row in rows]


def covers(tx: Tx, begin: float, end: float = math.inf) -> dict[str, tuple[Cover, ...]]:
    """The same by schedule, as a book of schedules takes them."""
    found: dict[str, tuple[Cover, ...]] = {}
    for one in between(tx, begin, end):
        cover = Cover(who=one.who, begin=one.starts_at, end=one.ends_at, id=one.id)
        found[one.schedule] = (*found.get(one.schedule, ()), cover)
    return found


def covers_at(tx: Tx, now: float) -> dict[str, tuple[Cover, ...]]:
    """Those that hold at this instant."""
    return covers(tx, now, math.nextafter(now, math.inf))


def forget(tx: Tx, before: float) -> int:
    """Delete what ended before then; return how many."""
    return tx.run("DELETE FROM overrides WHERE ends_at < ?", (before,))


def _read(row: tuple[object, ...]) -> StoredOverride:
    values = dict(zip(_FIELDS, row, strict=True))
    values["who"] = tuple(str(values["who"]).split(","))
    return msgspec.convert(values, StoredOverride)
