"""How many of each error came by the hour, and with which release, environment and tags."""

from collections.abc import Iterable

import msgspec

from daemon.store.base import Tx

Hour = tuple[int, int, int]  # fault, hour since the epoch, how many


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """How many came with one value, such as one release. The empty value is all that are too many to name."""

    name: str
    value: str
    count: int
    first_at: float
    last_at: float


def add_hours(tx: Tx, hours: Iterable[Hour]) -> None:
    """Count."""
    tx.each(
        "INSERT INTO fault_hours (fault, hour, count) VALUES (?, ?, ?)"
        " ON CONFLICT (fault, hour) DO UPDATE SET count = count + excluded.count",
        hours,
    )


def hours(tx: Tx, fault_id: int, begin: int, end: int) -> list[tuple[int, int]]:
    """How many came in each hour from `begin`, before `end`; hours without any are left out."""
    rows = tx.all(
        "SELECT hour, count FROM fault_hours WHERE fault = ? AND hour >= ? AND hour < ? ORDER BY hour",
        (fault_id, begin, end),
    )
    return [(row[0], row[1]) for row in rows]


def forget_hours(tx: Tx, fault_id: int, before: int) -> None:
    """Delete the hours of one error before then: whenever it is counted, so that it never has many."""
    tx.run("DELETE FROM fault_hours WHERE fault = ? AND hour < ?", (fault_id, before))


def add_values(tx: Tx, fault_id: int, values: Iterable[Value]) -> None:
    """Count."""
    tx.each(
        "INSERT INTO fault_values (fault, name, value, count, first_at, last_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (fault, name, value) DO UPDATE SET count = count + excluded.count,"
        " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)",
        [(fault_id, one.name, one.value, one.count, one.first_at, one.last_at) for one in values],
    )


def fold(tx: Tx, fault_id: int, name: str, most: int) -> None:
    """Count together those of a name that did not come for longest, so that so many are left with one of their own."""
    rows = tx.all(
        "SELECT value, count, first_at, last_at FROM fault_values WHERE fault = ? AND name = ? AND value <> ''"
        " ORDER BY last_at DESC, value LIMIT -1 OFFSET ?",
        (fault_id, name, most),
    )
    add_values(
        tx, fault_id, [Value(name=name, value="", count=row[1], first_at=row[2], last_at=row[3]) for row in rows]
    )
    tx.each(
        "DELETE FROM fault_values WHERE fault = ? AND name = ? AND value = ?",
        [(fault_id, name, row[0]) for row in rows],
    )


def values(tx: Tx, fault_id: int) -> list[Value]:
    """All of an error, the most frequent of each name first."""
    rows = tx.all(
        "SELECT name, value, count, first_at, last_at FROM fault_values WHERE fault = ?"
        " ORDER BY name, value = '', count DESC, value",
        (fault_id,),
    )
    return [Value(name=row[0], value=row[1], count=row[2], first_at=row[3], last_at=row[4]) for row in rows]
