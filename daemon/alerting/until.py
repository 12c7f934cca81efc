"""Silences that hold until their alerts are resolved: they end with the last alert that they match."""

from collections.abc import Iterator, Sequence

from daemon.alert import Alert
from daemon.alerting import silencing
from daemon.alerting.rules import Rules
from daemon.alerting.silence import matchers_of
from daemon.matcher import Matcher
from daemon.store import alerts
from daemon.store.base import Tx

RESOLVED = "the end of the last alert that it matched"
AT_ONCE = 500  # rows read in one go


def resolved(tx: Tx, codes: Sequence[str], rules: Rules, now: float) -> None:
    """These alerts are over: end the silences that held for them, unless another alert of theirs is still open.

    They end before the groups are flushed, so whoever was told of the beginning hears of the end as well.
    """
    page = rules.silences.page(tx, now)
    if not page.any_until_resolved:
        return
    found = {}
    for code in codes:
        alert = alerts.with_code(tx, code)
        if alert is not None:
            found.update({one.id: one for one in page.until_resolved(alert.labels, now)})
    for silence in found.values():
        if next(matching(tx, matchers_of(silence)), None) is None:
            silencing.expire(tx, silence, now, RESOLVED)


def matching(tx: Tx, matchers: Sequence[Matcher]) -> Iterator[Alert]:
    """The open alerts that these match, oldest first. Of 10,000 only those are looked at that have the right label."""
    equal = next((one for one in matchers if one.operator == "=" and one.value), None)
    last = 0
    while True:
        if equal is None:
            page = alerts.all_open(tx, last, AT_ONCE)
        else:
            page = alerts.open_with_label(tx, equal.name, equal.value, last, AT_ONCE)
        yield from (alert for alert in page if all(matcher.matches(alert.labels) for matcher in matchers))
        if len(page) < AT_ONCE:
            return
        last = page[-1].id
