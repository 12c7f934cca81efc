"""Delivery receipts: accepted by the provider is one thing, on the handset another."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from daemon.handset import Report
from daemon.notice import Phase
from daemon.store import outbox
from daemon.store.base import Tx
from daemon.store.outbox import SELECT_BOTH, Claimed, readable

TOPIC = "handset"  # announced when a receipt is waited for
AT_ONCE = 200
ASKING = 30.0  # seconds more for what is to be asked about first, when many are

_encode = msgspec.json.Encoder().encode

KnownAs = Callable[[str], str]


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery because of a receipt, or because none came."""

    claimed: Claimed
    phase: Phase  # delivered, failed_over or dead
    reason: str


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What some receipts changed; the others were known before, or speak of messages that are not ours."""

    words: list[Word]
    unknown: int  # of which no message is known (yet)
    known: int  # that changed nothing


def take(tx: Tx, channel: str, reports: Sequence[Report], known_as: KnownAs, now: float) -> Heard:
    """Keep receipts, and settle what they speak of. In any order and any number of times: none moves a message back.

    `known_as` makes of an address what the provider calls it.
    """
    kept = _latest(reports)
    _keep(tx, channel, kept.values(), now)
    ids = _encode(list({provider_id for provider_id, _ in kept})).decode()
    rows = tx.all(
        f"{SELECT_BOTH} WHERE d.channel = ? AND d.provider_id <> ''"
        " AND d.provider_id IN (SELECT value FROM json_each(?))",
        (channel, ids),
    )
    found, words = set(), []
    for claimed in readable(tx, rows, now).claimed:
        key = claimed.delivery.provider_id, known_as(claimed.delivery.recipient.address)
        report = kept.get(key)
        if report is None:
            continue
        found.add(key)
        if claimed.delivery.phase is Phase.SENT:
            words.append(_settle(tx, claimed, report, now))
    return Heard(words=words, unknown=len(kept) - len(found), known=len(found) - len(words))


def expect(
    tx: Tx,
    claimed: Claimed,
    provider_id: str,
    called: str,
    now: float,
    *,
    handset_by: float | None,
    poll_at: float | None,
) -> Word | None:
    """A message was taken just now: wait for its receipt. One that came before us counts at once."""
    row = tx.one(
        "SELECT delivered, code, words, at FROM receipts WHERE channel = ? AND provider_id = ? AND address = ?",
        (claimed.delivery.channel, provider_id, called),
    )
    if row is not None:
        delivered, code, words, at = row
        report = Report(
            provider_id=provider_id, address=called, delivered=bool(delivered), code=code, words=words, at=at
        )
        return _settle(tx, claimed, report, now)
    tx.run("UPDATE deliveries SET handset_by = ?, poll_at = ? WHERE id = ?", (handset_by, poll_at, claimed.delivery.id))
    tx.announce(TOPIC)
    return None


def overdue(tx: Tx, now: float) -> list[Word]:
    """Hand on what was taken and is not known to have arrived in time; at most AT_ONCE."""
    rows = tx.all(
        f"{SELECT_BOTH} WHERE d.phase = 'sent' AND d.handset_by <= ?"
        " AND (d.poll_at IS NULL OR d.poll_at > ? OR d.handset_by <= ?) ORDER BY d.handset_by LIMIT ?",
        (now, now, now - ASKING, AT_ONCE),
    )
    words = []
    for claimed in readable(tx, rows, now).claimed:
        reason = "no receipt from the handset in time"
        tx.run("UPDATE deliveries SET handset_by = NULL WHERE id = ?", (claimed.delivery.id,))
        words.append(_hand_on(tx, claimed, reason, now))
    return words


def to_poll(tx: Tx, now: float, limit: int) -> list[Claimed]:
    """What the provider is to be asked about now, longest due first."""
    rows = tx.all(f"{SELECT_BOTH} WHERE d.phase = 'sent' AND d.poll_at <= ? ORDER BY d.poll_at LIMIT ?", (now, limit))
    return readable(tx, rows, now).claimed


def polled(tx: Tx, delivery_id: int, again: float | None, now: float) -> None:
    """When to ask again, None for never: not later than at the moment when the next channel is to take over."""
    tx.run(
        "UPDATE deliveries SET poll_at = CASE WHEN handset_by > ? AND handset_by < ? THEN handset_by ELSE ? END"
        " WHERE id = ? AND phase = 'sent'",
        (now, again, again, delivery_id),
    )


def next_due(tx: Tx) -> float | None:
    """When the next receipt is overdue, or to be asked for."""
    row = tx.one(
        "SELECT min(at) FROM ("
        "SELECT min(handset_by) AS at FROM deliveries WHERE phase = 'sent' AND handset_by IS NOT NULL"
        " UNION ALL SELECT min(poll_at) FROM deliveries WHERE phase = 'sent' AND poll_at IS NOT NULL)"
    )
    return row[0] if row else None


def confirmed(tx: Tx) -> dict[str, float]:
    """When each channel last had a message confirmed by the handset, as far as receipts are kept."""
    return dict(tx.all("SELECT channel, max(heard_at) FROM receipts WHERE delivered = 1 GROUP BY channel"))


def forget(tx: Tx, before: float, limit: int) -> int:
    """Delete receipts that were heard before that; return how many."""
    return tx.run(
        "DELETE FROM receipts WHERE (channel, provider_id, address) IN"
        " (SELECT channel, provider_id, address FROM receipts WHERE heard_at < ? LIMIT ?)",
        (before, limit),
    )


def _latest(reports: Iterable[Report]) -> dict[tuple[str, str], Report]:
    """One for each message and number; that it arrived outweighs everything else."""
    kept: dict[tuple[str, str], Report] = {}
    for report in reports:
        key = report.provider_id, report.address
        if key not in kept or not kept[key].delivered:
            kept[key] = report
    return kept


def _keep(tx: Tx, channel: str, reports: Iterable[Report], now: float) -> None:
    written = _encode([msgspec.to_builtins(report) for report in reports]).decode()
    tx.run(
        "INSERT INTO receipts (channel, provider_id, address, delivered, code, words, at, heard_at)"
        " SELECT ?, value ->> 'provider_id', value ->> 'address', value ->> 'delivered', value ->> 'code',"
        " value ->> 'words', value ->> 'at', ? FROM json_each(?) WHERE true"
        " ON CONFLICT DO UPDATE SET delivered = excluded.delivered, code = excluded.code, words = excluded.words,"
        " at = excluded.at, heard_at = excluded.heard_at WHERE excluded.delivered > delivered",
        (channel, now, written),
    )


def _settle(tx: Tx, claimed: Claimed, report: Report, now: float) -> Word:
    said = f"{report.code}: {report.words}" if report.words else report.code
    if not report.delivered:
        return _hand_on(tx, claimed, f"not on the handset: {said}", now, over=True)
    _close(tx, claimed, Phase.DELIVERED, said)
    return Word(claimed=claimed, phase=Phase.DELIVERED, reason=said)


def _hand_on(tx: Tx, claimed: Claimed, reason: str, now: float, *, over: bool = False) -> Word:
    """Over to the next channel. Where there is none it is `over` by a clear no, and else may still arrive."""
    if claimed.delivery.then:
        _close(tx, claimed, Phase.FAILED_OVER, reason)
        outbox.hand_on(tx, claimed, reason, now)
        return Word(claimed=claimed, phase=Phase.FAILED_OVER, reason=reason)
    phase = Phase.DEAD if over else Phase.SENT
    _close(tx, claimed, phase, reason)
    return Word(claimed=claimed, phase=phase, reason=reason)


def _close(tx: Tx, claimed: Claimed, phase: Phase, reason: str) -> None:
    tx.run(
        "UPDATE deliveries SET phase = ?, reason = ?, handset_by = NULL, poll_at = NULL WHERE id = ?",
        (phase.value, reason, claimed.delivery.id),
    )
