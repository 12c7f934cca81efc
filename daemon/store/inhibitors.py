"""Open alerts that mute others: an index from a rule's `equal` labels with their values to who mutes there."""

from collections.abc import Collection

from daemon.store.base import Tx


def put(tx: Tx, equal: str, rule: str, alert_id: int, *, both: bool) -> None:
    """This alert mutes the rule's targets that have these values; `both` says that it is such a target as well."""
    tx.run(
        "INSERT OR IGNORE INTO inhibitors (equal, rule, alert_id, both) VALUES (?, ?, ?, ?)",
        (equal, rule, alert_id, both),
    )


def drop(tx: Tx, alert_id: int) -> int:
    """This alert mutes nobody any more; return how many rows it had."""
    return tx.run("DELETE FROM inhibitors WHERE alert_id = ?", (alert_id,))


def keep_only(tx: Tx, rules: Collection[str]) -> None:
    """Forget those of rules that are no more."""
    for (rule,) in tx.all("SELECT DISTINCT rule FROM inhibitors"):
        if rule not in rules:
            tx.run("DELETE FROM inhibitors WHERE rule = ?", (rule,))


def live(tx: Tx) -> set[str]:
    """The rules by which anything is muted at all; steps from one to the next, however many alerts each has."""
    rows = tx.all(
        "WITH RECURSIVE live (rule) AS (SELECT min(rule) FROM inhibitors UNION ALL"
        " SELECT (SELECT min(rule) FROM inhibitors WHERE rule > live.rule) FROM live WHERE live.rule IS NOT NULL)"
        " SELECT rule FROM live WHERE rule IS NOT NULL"
    )
    return {row[0] for row in rows}


def at(tx: Tx, equal: str) -> dict[str, tuple[int, int | None]]:
    """The rules by which somebody mutes there: the oldest such alert, and the oldest that is no target as well."""
    rows = tx.all(
        "SELECT rule, min(alert_id), min(CASE WHEN both THEN NULL ELSE alert_id END) FROM inhibitors WHERE equal = ?"
        " GROUP BY rule",
        (equal,),
    )
    return {rule: (anyone, one_sided) for rule, anyone, one_sided in rows}
