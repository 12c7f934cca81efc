"""From when on a probe's time counts as what, as small numbers; what covers it is a layer of its own."""

from collections.abc import Iterable

from daemon.store.base import Row, Tx

VERDICT, COVER = 0, 1  # layers
NOTHING = 0  # a cover's end

Turn = tuple[int, int, int, int]  # probe, layer, when (ms), time


def put(tx: Tx, rows: Iterable[Turn]) -> None:
    """Write them down; of two at one instant the later one holds."""
    tx.each("INSERT OR REPLACE INTO probe_turns (probe, layer, at, time) VALUES (?, ?, ?, ?)", rows)


def between(tx: Tx, probe: int, layer: int, begin: int, end: int) -> list[Row]:
    """(at, time) in order, the one that holds at the begin among them."""
    return tx.all(
        "SELECT at, time FROM probe_turns WHERE probe = ? AND layer = ? AND at < ? AND at >= coalesce("
        "(SELECT max(at) FROM probe_turns WHERE probe = ? AND layer = ? AND at <= ?), ?) ORDER BY at",
        (probe, layer, end, probe, layer, begin, begin),
    )


def covered(tx: Tx) -> dict[int, int]:
    """What covers each probe, of those that something does, as far as it is written down."""
    rows = tx.all("SELECT probe, time, max(at) FROM probe_turns WHERE layer = ? GROUP BY probe", (COVER,))
    return {probe: time for probe, time, _ in rows if time != NOTHING}


def first(tx: Tx, probe: int) -> int | None:
    """From when on anything is known of it."""
    row = tx.one("SELECT min(at) FROM probe_turns WHERE probe = ? AND layer = ?", (probe, VERDICT))
    return row[0] if row else None


def last(tx: Tx, probe: int) -> Row | None:
    """Its last turn: (at, time)."""
    return tx.one(
        "SELECT at, time FROM probe_turns WHERE probe = ? AND layer = ? ORDER BY at DESC LIMIT 1", (probe, VERDICT)
    )


def rewind(tx: Tx, at: int, unwatched: int) -> None:
    """The clock was set back to then: delete what comes after; until somebody says more, nobody watches."""
    tx.run(
        "INSERT OR REPLACE INTO probe_turns (probe, layer, at, time)"
        " SELECT DISTINCT probe, layer, ?, iif(layer = ?, ?, ?) FROM probe_turns WHERE at > ?",
        (at, VERDICT, unwatched, NOTHING, at),
    )
    tx.run("DELETE FROM probe_turns WHERE at > ?", (at,))


def forget(tx: Tx, probe: int, before: int, most: int) -> int:
    """Delete a probe's turns that are older, and all but so many; the one that held then stays, as what goes before."""
    return sum(_forget(tx, probe, layer, before, most) for layer in (VERDICT, COVER))


def _forget(tx: Tx, probe: int, layer: int, before: int, most: int) -> int:
    row = tx.one(
        "SELECT at FROM probe_turns WHERE probe = ? AND layer = ? ORDER BY at DESC LIMIT 1 OFFSET ?",
        (probe, layer, most - 1),
    )
    since = max(before, row[0]) if row else before
    return tx.run(
        "DELETE FROM probe_turns WHERE probe = ? AND layer = ? AND at < (SELECT max(at) FROM probe_turns"
        " WHERE probe = ? AND layer = ? AND at <= ?)",
        (probe, layer, probe, layer, since),
    )
