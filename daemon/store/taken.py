"""Lists taken from elsewhere: how much of each is not yet counted by what the store holds."""

from collections.abc import Mapping

from daemon.store.base import Tx


def note(tx: Tx, unread: Mapping[str, int | None]) -> None:
    """Note how much of each list is unread; None forgets the list."""
    tx.each(
        "INSERT INTO taken (list, unread) VALUES (?, ?) ON CONFLICT (list) DO UPDATE SET unread = excluded.unread",
        [one for one in unread.items() if one[1] is not None],
    )
    tx.each("DELETE FROM taken WHERE list = ?", [(name,) for name, left in unread.items() if left is None])


def all_noted(tx: Tx) -> dict[str, int]:
    """All that is noted."""
    return dict(tx.all("SELECT list, unread FROM taken"))
