"""The probes of which something is kept: their numbers, and what a restart must not forget of each."""

from collections.abc import Iterable

import msgspec

from daemon.store.base import Tx


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a restart must not forget of one probe; `kept` and `account` are whoever writes them's own."""

    probe: int
    settings: str  # a digest of them: what has others starts anew
    target: str  # a digest of what is looked at
    kept: bytes
    account: bytes


def name_all(tx: Tx, names: Iterable[tuple[int, str]]) -> None:
    """Give probes their numbers."""
    tx.each("INSERT OR REPLACE INTO probe_names (id, name) VALUES (?, ?)", names)


def numbers(tx: Tx) -> dict[str, int]:
    """The number of every probe of which anything is kept."""
    return dict(tx.all("SELECT name, id FROM probe_names ORDER BY name"))


def number(tx: Tx, name: str) -> int | None:
    """The number of one."""
    row = tx.one("SELECT id FROM probe_names WHERE name = ?", (name,))
    return row[0] if row else None


def put(tx: Tx, standings: Iterable[Standing]) -> None:
    """Write how probes stand, in place of what was there."""
    tx.each(
        "INSERT OR REPLACE INTO probe_standings (probe, settings, target, kept, account) VALUES (?, ?, ?, ?, ?)",
        ((one.probe, one.settings, one.target, one.kept, one.account) for one in standings),
    )


def drop(tx: Tx, probes: Iterable[int]) -> None:
    """Forget how these stood: nobody looks any more."""
    tx.each("DELETE FROM probe_standings WHERE probe = ?", ((probe,) for probe in probes))


def standings(tx: Tx) -> list[Standing]:
    """How all of them stood."""
    rows = tx.all("SELECT probe, settings, target, kept, account FROM probe_standings")
    return [
        Standing(probe=probe, settings=settings, target=target, kept=kept, account=account)
        for probe, settings, target, kept, account in rows
    ]


def gone(tx: Tx) -> list[int]:
    """Those that nobody watches any more and of which something is kept all the same."""
    rows = tx.all("SELECT id FROM probe_names WHERE id NOT IN (SELECT probe FROM probe_standings) ORDER BY id")
    return [probe for (probe,) in rows]


def forget(tx: Tx, probe: int) -> None:
    """Delete all that is kept of one, but what the tiers still have."""
    for table in ("probe_turns", "probe_incidents", "probe_failures"):
        tx.run(f"DELETE FROM {table} WHERE probe = ?", (probe,))
    tx.run("DELETE FROM probe_names WHERE id = ?", (probe,))
