"""Errors of applications, grouped: one row for all that are the same."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Literal

import msgspec

from daemon.store.base import Row, Tx, columns

# In this order the values of a row; `id` comes before them.
_FIELDS = (
    "app", "digest", "title", "culprit", "type", "logger", "level", "route", "environment", "first_release",
    "last_release", "state", "first_at", "last_at", "heard_at", "count", "regressions", "changed_at", "changed_by",
    "comment", "next_release", "ignored_until", "ignored_above", "told", "alarm", "spike", "slot", "slot_count",
    "slot_before",
)  # fmt: skip
_NAMES, _MARKS = columns(_FIELDS)
_SELECT = f"SELECT id, {_NAMES} FROM faults"
_FLAGS = ("next_release", "told")
_KEPT_OF_EACH = ("fault_hours", "fault_values", "fault_samples")

Sort = Literal["last", "first", "count"]
_SORTS = {"last": "last_at", "first": "first_at", "count": "count"}


class State(StrEnum):
    """What people have done about it."""

    UNRESOLVED = "unresolved"
    RESOLVED = "resolved"
    IGNORED = "ignored"


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One error, however often it came. Times are seconds since the epoch."""

    id: int = 0
    app: str
    digest: bytes
    title: str
    culprit: str = ""
    type: str = ""
    logger: str = ""
    level: str = "error"  # this and the next two are those of the newest
    route: str = ""
    environment: str = ""
    first_release: str = ""
    last_release: str = ""
    state: State = State.UNRESOLVED
    first_at: float  # these two as the application says
    last_at: float
    heard_at: float  # when one came last, by our clock
    count: int = 0
    regressions: int = 0
    changed_at: float | None = None
    changed_by: str = ""
    comment: str = ""
    next_release: bool = False  # resolved in the release that comes after those that were known by then
    ignored_until: float | None = None
    ignored_above: int | None = None  # ignored until there are more of it than that
    told: bool = False  # that there is such an error
    alarm: str = ""  # the alarm that is open: first, regression; empty for none
    spike: float = 0.0  # how many in five minutes it took for the spike that is told and not over; 0 for none
    slot: int = 0  # of the count of the last minutes (faults/rate.py)
    slot_count: int = 0
    slot_before: int = 0

    @property
    def code(self) -> str:
        """The short name: `E12`."""
        return f"E{self.id}"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Which of them, in which order."""

    app: str = ""
    state: str = ""
    level: str = ""
    since: float = 0.0  # heard of since then
    sort: Sort = "last"


def add(tx: Tx, fault: Fault) -> Fault:
    """Insert; the result carries its id."""
    new_id = tx.insert(f"INSERT INTO faults ({_NAMES}) VALUES ({_MARKS})", _values(fault))
    return msgspec.structs.replace(fault, id=new_id)


def replace(tx: Tx, fault: Fault) -> None:
    """Write all fields of a known one."""
    marks = ", ".join(f"{name} = ?" for name in _FIELDS)
    tx.run(f"UPDATE faults SET {marks} WHERE id = ?", (*_values(fault), fault.id))


def get(tx: Tx, fault_id: int) -> Fault | None:
    """Find one."""
    row = tx.one(f"{_SELECT} WHERE id = ?", (fault_id,))
    return _fault(row) if row else None


def find(tx: Tx, app: str, digest: bytes) -> Fault | None:
    """Find the one that is known by this."""
    row = tx.one(f"{_SELECT} WHERE app = ? AND digest = ?", (app, digest))
    return _fault(row) if row else None


def page(tx: Tx, asked: Asked, limit: int, after: Fault | None = None) -> list[Fault]:
    """List them, the newest or most frequent first; those that come after one of them."""
    by = _SORTS[asked.sort]
    wheres: list[str] = ["heard_at >= ?"]
    values: list[Any] = [asked.since]
    for name, value in (("app", asked.app), ("state", asked.state), ("level", asked.level)):
        if value:
            wheres.append(f"{name} = ?")
            values.append(value)
    if after is not None:
        wheres.append(f"({by}, id) < (?, ?)")
        values += [getattr(after, by), after.id]
    where = " AND ".join(wheres)
    rows = tx.all(f"{_SELECT} WHERE {where} ORDER BY {by} DESC, id DESC LIMIT ?", (*values, limit))
    return [_fault(row) for row in rows]


def with_alarms(tx: Tx, limit: int) -> list[Fault]:
    """Those of which an alarm is open."""
    rows = tx.all(f"{_SELECT} WHERE alarm <> '' OR spike > 0 ORDER BY id LIMIT ?", (limit,))
    return [_fault(row) for row in rows]


def number(tx: Tx, app: str) -> int:
    """How many an application has."""
    row = tx.one("SELECT count(*) FROM faults WHERE app = ?", (app,))
    return int(row[0]) if row else 0


def least_missed(tx: Tx, app: str, limit: int) -> list[Fault]:
    """Those that make room first: resolved ones, then what came only once, then what was not heard of for longest.

    What somebody ignores goes last: gone and come again, it would be told.
    """
    rows = tx.all(
        f"{_SELECT} WHERE app = ? ORDER BY CASE state WHEN 'resolved' THEN 0 WHEN 'unresolved' THEN 1 ELSE 2 END,"
        " count > 1, heard_at, id LIMIT ?",
        (app, limit),
    )
    return [_fault(row) for row in rows]


def unheard(tx: Tx, before: float, limit: int) -> list[Fault]:
    """Those that were not heard of since."""
    return [_fault(row) for row in tx.all(f"{_SELECT} WHERE heard_at < ? LIMIT ?", (before, limit))]


def apps(tx: Tx) -> list[str]:
    """The applications that have any."""
    return [row[0] for row in tx.all("SELECT DISTINCT app FROM faults ORDER BY app")]


def delete(tx: Tx, ids: Sequence[int]) -> None:
    """Forget them, with all that was kept of each; what is to be told stays."""
    for table in _KEPT_OF_EACH:
        tx.each(f"DELETE FROM {table} WHERE fault = ?", [(one,) for one in ids])
    tx.each("DELETE FROM fault_news WHERE fault = ? AND told_at IS NOT NULL", [(one,) for one in ids])
    tx.each("DELETE FROM faults WHERE id = ?", [(one,) for one in ids])


def _values(fault: Fault) -> tuple[Any, ...]:
    return tuple(_plain(getattr(fault, name)) for name in _FIELDS)


def _plain(value: Any) -> Any:
    if isinstance(value, State):
        return value.value
    return int(value) if isinstance(value, bool) else value


def _fault(row: Row) -> Fault:
    found = dict(zip(("id", *_FIELDS), row, strict=True))
    found["state"] = State(found["state"])
    for name in _FLAGS:
        found[name] = bool(found[name])
    return Fault(**found)
