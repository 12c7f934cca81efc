"""Everything that led to one alert being told or not, read from the store in the order in which it happened."""

from collections.abc import Sequence

import msgspec

from daemon.alert import Alert
from daemon.alerting import barred, grouped, inhand, ways
from daemon.alerting.barred import Mute
from daemon.alerting.grouped import GroupLook
from daemon.alerting.hindered import hindrances
from daemon.alerting.inhand import InHand
from daemon.alerting.rules import Rules
from daemon.alerting.said import moment, sentence
from daemon.alerting.walk import NodeLook, taken, walk
from daemon.alerting.ways import NoticeLook
from daemon.store import alerts, notices, outbox, requests
from daemon.store.alerts import Trace
from daemon.store.base import Tx
from daemon.store.requests import Touch

MOST_REQUESTS = 20
MOST_ROUTES = 2_000
MOST_DELIVERIES = 500


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What makes it this problem and no other."""

    source: str
    key: str
    fingerprint: str
    made_of: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """The whole story of one alert, the answer first."""

    answer: str
    at: float
    code: str
    alert: Alert
    identity: Identity
    requests: list[Touch]
    routes: list[NodeLook]  # by the configuration of now
    routes_left: int  # that are not in the list
    remark: str  # where the routes of then were others
    mutes: list[Mute]
    groups: list[GroupLook]
    notices: list[NoticeLook]
    in_hand: InHand


def explained(tx: Tx, alert_id: int, rules: Rules, now: float) -> Explanation | None:
    """Name every station once."""
    alert = alerts.get(tx, alert_id)
    if alert is None:
        return None
    traces = alerts.traces(tx, alert_id)
    routes = walk(rules.root, alert.labels)
    groups = grouped.looks(tx, alert, traces, rules, now)
    mutes = barred.then(traces)
    rows = outbox.newest(tx, alert_id=alert_id, limit=MOST_DELIVERIES)
    said = ways.looks(tx, notices.of_alert(tx, alert_id), rows)
    hand = inhand.of(tx, alert_id, traces)
    hindered = hindrances(tx, alert, groups, said, traces, mutes, rules, now)
    return Explanation(
        answer="; ".join(filter(None, [sentence(ways.of(said), hindered, now), hand.sentence(now)])),
        at=now,
        code=alert.code,
        alert=alert,
        identity=identity(alert.source, alert.key, alert.fingerprint),
        requests=requests.of_alert(tx, alert_id, MOST_REQUESTS),
        routes=routes[:MOST_ROUTES],
        routes_left=max(0, len(routes) - MOST_ROUTES),
        remark=_remark(traces, routes, now),
        mutes=mutes,
        groups=groups,
        notices=said,
        in_hand=hand,
    )


def identity(source: str, key: str, fingerprint: str) -> Identity:
    """Say what the fingerprint was made of."""
    by_labels = not key or key.startswith("labels:")
    made_of = "the source and all labels: it named no key" if by_labels else "the source and the key that it named"
    return Identity(source=source, key=key, fingerprint=fingerprint, made_of=made_of)


def _remark(traces: Sequence[Trace], routes: list[NodeLook], now: float) -> str:
    """Say so where the routes that took it then are not those that would take it now."""
    routed = grouped.routed(traces)
    if not routed:
        return "which routes took it then is not known"
    last = [one for one in routed if one.at == routed[-1].at]
    if sorted((one.place, one.receiver) for one in last) == sorted(taken(routes)):
        return ""
    which = ", ".join(f"{one.place} ({one.receiver})" for one in last)
    return f"at {moment(routed[-1].at, now)} it was taken by {which}: the configuration has changed since"
