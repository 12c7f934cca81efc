"""What is to be told of errors, and what was: written with what it is about, struck off once alerting has it."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from daemon.event import Event
from daemon.store.base import Row, Tx

MOST_OF_ONE = 20  # of one error that are remembered once told

_SELECT = "SELECT id, fault, app, what, at, event, told_at FROM fault_news"
_encode = msgspec.json.Encoder().encode
_event = msgspec.json.Decoder(Event).decode


class What(StrEnum):
    """What there is to tell."""

    FIRST = "first"  # an error that nobody was told of before
    REGRESSION = "regression"  # one that was resolved, or ignored for a while, came again
    SPIKE = "spike"  # far more of it than usual
    OVER = "over"  # what was told is over
    CALMED = "calmed"  # a spike is over
    STORMED = "stormed"  # one of many new ones, which are told as one
    STORM = "storm"  # an application has many new ones
    STORM_OVER = "storm_over"


ALARMS = (What.FIRST, What.REGRESSION)


class News(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell. `event` is None where another one told it."""

    id: int = 0
    fault: int | None = None  # None where it is about all errors of the application
    app: str
    what: What
    at: float
    event: Event | None = None
    told_at: float | None = None


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """An application that has too many new errors to tell each."""

    app: str
    since: float
    last_at: float
    count: int


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a kind there were in a slot of ten seconds."""

    kind: str  # errors, evicted
    app: str
    level: str = ""
    slot: int = 0
    count: int


def add(tx: Tx, news: News) -> None:
    """Write down what is to be told, or was already."""
    tx.insert(
        "INSERT INTO fault_news (fault, app, what, at, event, told_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            news.fault, news.app, news.what.value, news.at,
            b"" if news.event is None else _encode(news.event), news.told_at,
        ),
    )  # fmt: skip


def waiting(tx: Tx, limit: int) -> list[News]:
    """What is to be told, in order."""
    return [_news(row) for row in tx.all(f"{_SELECT} WHERE told_at IS NULL ORDER BY id LIMIT ?", (limit,))]


def strike_off(tx: Tx, told: Iterable[News], now: float) -> None:
    """It is told. Of one error only the last are remembered."""
    told = list(told)
    tx.each("UPDATE fault_news SET told_at = ? WHERE id = ?", [(now, one.id) for one in told])
    tx.each(
        "DELETE FROM fault_news WHERE fault = ? AND told_at IS NOT NULL AND id NOT IN"
        " (SELECT id FROM fault_news WHERE fault = ? ORDER BY id DESC LIMIT ?)",
        [(one, one, MOST_OF_ONE) for one in {one.fault for one in told if one.fault is not None}],
    )


def of(tx: Tx, fault_id: int) -> list[News]:
    """What was told of an error, newest first."""
    return [_news(row) for row in tx.all(f"{_SELECT} WHERE fault = ? ORDER BY id DESC", (fault_id,))]


def alarms_since(tx: Tx, app: str, since: float, now: float) -> int:
    """How many errors of an application were told as new, or as there again."""
    marks = ", ".join("?" * len(ALARMS))
    row = tx.one(
        f"SELECT count(*) FROM fault_news WHERE app = ? AND at > ? AND at <= ? AND what IN ({marks})",
        (app, since, now, *(one.value for one in ALARMS)),
    )
    return int(row[0]) if row else 0


def tell_again(tx: Tx, before: float, limit: int) -> None:
    """Let alarms wait that are open, and were told before then: alerting takes that as a repeat."""
    tx.run(
        "UPDATE fault_news SET told_at = NULL WHERE id IN"
        " (SELECT max(n.id) AS last FROM faults f JOIN fault_news n ON n.fault = f.id"
        " WHERE (f.alarm <> '' AND n.what = f.alarm) OR (f.spike > 0 AND n.what = ?)"
        " GROUP BY f.id, n.what HAVING max(n.told_at) < ? AND count(n.told_at) = count(*) ORDER BY last LIMIT ?)"
        " AND event <> x''",
        (What.SPIKE.value, before, limit),
    )


def forget(tx: Tx, before: float) -> None:
    """Delete what was told before then."""
    tx.run("DELETE FROM fault_news WHERE told_at < ?", (before,))


def storms(tx: Tx) -> list[Storm]:
    """All of them."""
    rows = tx.all("SELECT app, since, last_at, count FROM fault_storms ORDER BY app")
    return [Storm(app=row[0], since=row[1], last_at=row[2], count=row[3]) for row in rows]


def put_storm(tx: Tx, storm: Storm) -> None:
    """Write down how it stands."""
    tx.run(
        "INSERT OR REPLACE INTO fault_storms (app, since, last_at, count) VALUES (?, ?, ?, ?)",
        (storm.app, storm.since, storm.last_at, storm.count),
    )


def end_storm(tx: Tx, app: str) -> None:
    """It is over."""
    tx.run("DELETE FROM fault_storms WHERE app = ?", (app,))


def count(tx: Tx, counted: Iterable[Counted]) -> None:
    """Write down what is to be counted elsewhere."""
    tx.each(
        "INSERT INTO fault_counted (kind, app, level, slot, count) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, app, level, slot) DO UPDATE SET count = count + excluded.count",
        [(one.kind, one.app, one.level, one.slot, one.count) for one in counted],
    )


def has_counted(tx: Tx) -> bool:
    """Whether anything is to be counted elsewhere."""
    return tx.one("SELECT 1 FROM fault_counted LIMIT 1") is not None


def take_counted(tx: Tx) -> list[Counted]:
    """What is to be counted elsewhere, which is struck off with it."""
    rows = tx.all("SELECT kind, app, level, slot, count FROM fault_counted ORDER BY slot")
    tx.run("DELETE FROM fault_counted")
    return [Counted(kind=row[0], app=row[1], level=row[2], slot=row[3], count=row[4]) for row in rows]


def _news(row: Row) -> News:
    return News(
        id=row[0],
        fault=row[1],
        app=row[2],
        what=What(row[3]),
        at=row[4],
        event=_event(row[5]) if row[5] else None,
        told_at=row[6],
    )
