"""Facts about the store itself, each a name and a text."""

from daemon.store.base import Tx


def get(tx: Tx, name: str) -> str:
    """What was noted under this name; empty when nothing was."""
    row = tx.one("SELECT value FROM facts WHERE name = ?", (name,))
    return row[0] if row else ""


def note(tx: Tx, name: str, value: str) -> None:
    """Note it, in place of what was there."""
    tx.run(
        "INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )
