"""The last canary of each channel, and when each channel was last seen to work."""

from collections.abc import Mapping

import msgspec

from daemon.store.base import Tx

_FIELDS = "channel, sent_at, taken, address, provider_id, words, confirmed_at"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A canary that was sent. `confirmed_at` is when one was last seen to arrive: by the handset where it tells."""

    channel: str
    sent_at: float
    taken: bool
    address: str = ""
    provider_id: str = ""
    words: str = ""
    confirmed_at: float | None = None


def last(tx: Tx) -> dict[str, Sent]:
    """The last one of each channel."""
    found = {}
    for channel, sent_at, taken, address, provider_id, words, confirmed_at in tx.all(f"SELECT {_FIELDS} FROM canaries"):
        found[channel] = Sent(
            channel=channel,
            sent_at=sent_at,
            taken=bool(taken),
            address=address,
            provider_id=provider_id,
            words=words,
            confirmed_at=confirmed_at,
        )
    return found


def put(tx: Tx, sent: Sent) -> None:
    """Write down a canary in place of the one before. That one's confirmation stays until this one has its own."""
    tx.run(
        f"INSERT INTO canaries ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel) DO UPDATE SET"
        " sent_at = excluded.sent_at, taken = excluded.taken, address = excluded.address,"
        " provider_id = excluded.provider_id, words = excluded.words,"
        " confirmed_at = coalesce(excluded.confirmed_at, confirmed_at)",
        (sent.channel, sent.sent_at, sent.taken, sent.address, sent.provider_id, sent.words, sent.confirmed_at),
    )


def confirm(tx: Tx, channel: str, at: float) -> None:
    """It arrived."""
    tx.run("UPDATE canaries SET confirmed_at = ? WHERE channel = ?", (at, channel))


def receipt(tx: Tx, sent: Sent, known_as: str) -> bool | None:
    """What the handset's receipt says of a canary, as brought by the provider; None while there is none."""
    row = tx.one(
        "SELECT delivered FROM receipts WHERE channel = ? AND provider_id = ? AND address = ?",
        (sent.channel, sent.provider_id, known_as),
    )
    return bool(row[0]) if row else None


def handset(tx: Tx, channel: str) -> float:
    """When a handset last confirmed anything that the channel sent; 0 when none did."""
    row = tx.one("SELECT max(heard_at) FROM receipts WHERE channel = ? AND delivered = 1", (channel,))
    return (row[0] if row else None) or 0.0


def confirmed(tx: Tx, channels: Mapping[str, bool]) -> dict[str, float]:
    """When each channel last did what it is for; those that never did are left out.

    For channels that have receipts (True) only those of handsets count, for the others the provider's yes.
    """
    found = {}
    for channel, has_receipts in channels.items():
        query = (
            "SELECT max(heard_at) FROM receipts WHERE channel = ? AND delivered = 1"
            if has_receipts
            else "SELECT max(settled_at) FROM deliveries WHERE channel = ? AND phase IN ('sent', 'delivered')"
        )
        times = [tx.one(query, (channel,)), tx.one("SELECT confirmed_at FROM canaries WHERE channel = ?", (channel,))]
        known = [row[0] for row in times if row and row[0] is not None]
        if known:
            found[channel] = max(known)
    return found
