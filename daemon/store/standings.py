"""How the groups of threshold rules stand that do not stand well, and their events that are not taken yet."""

from collections.abc import Iterable, Sequence

import msgspec

from daemon.event import Event
from daemon.store.base import Tx, columns

MOST_EVENTS = 10_000  # that wait for a store of alarms that cannot write; the oldest go first


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One group of a rule. `labels` are JSON pairs."""

    rule: str
    labels: str
    digest: str
    phase: str
    since: float
    held: float
    began_at: float
    fired_at: float
    worst: float | None
    nothing_since: float


class Waiting(msgspec.Struct, frozen=True):
    """An event that alerting has not taken yet."""

    id: int
    event: Event


_FIELDS = Kept.__struct_fields__
_COLUMNS, _MARKS = columns(_FIELDS)


def every(tx: Tx) -> list[Kept]:
    """All of them."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM rule_standings ORDER BY rule, labels")
    return [msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Kept) for row in rows]


def note(tx: Tx, kept: Iterable[Kept], well: Iterable[tuple[str, str]], events: Sequence[Event]) -> list[Waiting]:
    """Write down how groups stand, forget those (rule, labels) that stand well; keep events until they are taken."""
    tx.each("DELETE FROM rule_standings WHERE rule = ? AND labels = ?", well)
    tx.each(f"INSERT OR REPLACE INTO rule_standings ({_COLUMNS}) VALUES ({_MARKS})", map(msgspec.structs.astuple, kept))
    added = [
        Waiting(tx.insert("INSERT INTO rule_events (event) VALUES (?)", (msgspec.json.encode(one),)), one)
        for one in events
    ]
    if added:
        tx.run("DELETE FROM rule_events WHERE id <= ?", (added[-1].id - MOST_EVENTS,))
    return added


def waiting(tx: Tx, limit: int) -> list[Waiting]:
    """Events that are not taken yet, oldest first."""
    rows = tx.all("SELECT id, event FROM rule_events ORDER BY id LIMIT ?", (limit,))
    return [Waiting(id, msgspec.json.decode(raw, type=Event)) for id, raw in rows]  # noqa: A001 - its column


def taken(tx: Tx, until: int) -> None:
    """Alerting has all up to this one."""
    tx.run("DELETE FROM rule_events WHERE id <= ?", (until,))
