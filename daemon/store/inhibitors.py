"""Open alerts that mute others: an index from a rule and the values of its `equal` labels to who mutes there."""

from collections.abc import Collection

from daemon.store.base import Tx


def put(tx: Tx, rule: str, equal: str, alert_id: int, *, both: bool) -> None:
    """This alert mutes the rule's targets that have these values; `both` says that it is such a target as well."""
    tx.run(
        "INSERT OR IGNORE INTO inhibitors (rule, equal, alert_id, both) VALUES (?, ?, ?, ?)",
        (rule, equal, alert_id, both),
    )


def drop(tx: Tx, alert_id: int) -> int:
    """This alert mutes nobody any more; return how many rows it had."""
    return tx.run("DELETE FROM inhibitors WHERE alert_id = ?", (alert_id,))


def keep_only(tx: Tx, rules: Collection[str]) -> None:
    """Forget those of rules that are no more."""
    for (rule,) in tx.all("SELECT DISTINCT rule FROM inhibitors"):
        if rule not in rules:
            tx.run("DELETE FROM inhibitors WHERE rule = ?", (rule,))


def first(tx: Tx, rule: str, equal: str, *, both: bool) -> int | None:
    """The oldest alert that mutes there; only one that is no target itself unless `both`."""
    row = tx.one("SELECT min(alert_id) FROM inhibitors WHERE rule = ? AND equal = ? AND both <= ?", (rule, equal, both))
    return row[0] if row else None
