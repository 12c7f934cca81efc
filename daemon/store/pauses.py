"""Probes that somebody paused: who, until when and why. What is over stays as the trail of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.store.base import Tx, columns


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """One pause. It is over at `ended_at`, or by itself at `until`."""

    id: int
    probe: str
    author: str
    comment: str
    since: float
    until: float | None
    ended_at: float | None = None
    ended_by: str = ""


_FIELDS = Pause.__struct_fields__
_COLUMNS, _ = columns(_FIELDS)
_RUNNING = "ended_at IS NULL AND (until IS NULL OR until > ?)"


def begin(tx: Tx, probe: str, author: str, comment: str, now: float, until: float | None) -> Pause:
    """Pause it, in place of the pause that it may be in."""
    end(tx, probe, author, now)
    names, marks = columns(_FIELDS[1:6])
    values = (probe, author, comment, now, until)
    new_id = tx.insert(f"INSERT INTO pauses ({names}) VALUES ({marks})", values)
    return Pause(id=new_id, probe=probe, author=author, comment=comment, since=now, until=until)


def end(tx: Tx, probe: str, by: str, now: float) -> Pause | None:
    """End the pause that it is in; return it, None when it is in none."""
    row = tx.one(f"SELECT {_COLUMNS} FROM pauses WHERE probe = ? AND {_RUNNING} ORDER BY id DESC LIMIT 1", (probe, now))
    tx.run(f"UPDATE pauses SET ended_at = ?, ended_by = ? WHERE probe = ? AND {_RUNNING}", (now, by, probe, now))
    return msgspec.structs.replace(_read(row), ended_at=now, ended_by=by) if row else None


def running(tx: Tx, now: float) -> dict[str, Pause]:
    """The pauses of this instant, by probe."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM pauses WHERE {_RUNNING} ORDER BY id", (now,))
    return {pause.probe: pause for pause in map(_read, rows)}


def every(tx: Tx) -> dict[str, list[Pause]]:
    """All of them, by probe, oldest first."""
    found: dict[str, list[Pause]] = {}
    for pause in map(_read, tx.all(f"SELECT {_COLUMNS} FROM pauses ORDER BY id")):
        found.setdefault(pause.probe, []).append(pause)
    return found


def last_ends(tx: Tx, now: float) -> Mapping[str, float]:
    """When each probe's last pause ended, of those that have."""
    rows: list[Any] = tx.all(
        "SELECT probe, max(coalesce(ended_at, until)) FROM pauses WHERE coalesce(ended_at, until) <= ? GROUP BY probe",
        (now,),
    )
    return dict(rows)


def newest(tx: Tx, probe: str, limit: int) -> list[Pause]:
    """The last ones of a probe, newest first."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM pauses WHERE probe = ? ORDER BY id DESC LIMIT ?", (probe, limit))
    return [_read(row) for row in rows]


def forget(tx: Tx, before: float) -> int:
    """Delete what ended before then; return how many."""
    return tx.run("DELETE FROM pauses WHERE coalesce(ended_at, until) < ?", (before,))


def _read(row: tuple[object, ...]) -> Pause:
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), Pause)
