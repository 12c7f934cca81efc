"""Alerts as this API shows them, with what keeps each from being told, decided as a flush decides it."""

from collections.abc import Iterator

import msgspec

from daemon.alert import Alert
from daemon.alerting import route
from daemon.alerting.mute import Cause, Desk
from daemon.alerting.route import Node
from daemon.alerting.rules import Rules
from daemon.alerting.silence import is_about
from daemon.event import API
from daemon.listener.alertmanager.bodies import stamp
from daemon.listener.alertmanager.query import Filter
from daemon.store import alerts
from daemon.store.base import Tx
from daemon.store.groups import Group
from daemon.store.sent import Sent

_DIGITS = 16  # of a fingerprint

_encode = msgspec.json.Encoder().encode


class Receiver(msgspec.Struct, frozen=True):
    """Who hears of it."""

    name: str


class Status(msgspec.Struct, frozen=True, rename="camel"):
    """Whether it is told, and what keeps it from that: ids of silences, fingerprints of alerts, sentences."""

    state: str
    silenced_by: list[str]
    inhibited_by: list[str]
    muted_by: list[str]


class Shown(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One alert."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    updated_at: str
    fingerprint: str
    receivers: list[Receiver]
    status: Status
    generator_url: str = msgspec.field(default="", name="generatorURL")


class ShownGroup(msgspec.Struct, frozen=True):
    """Alerts that are told together."""

    labels: dict[str, str]
    receiver: Receiver
    alerts: list[Shown]


class View:
    """What mutes alerts at one instant, within one transaction."""

    def __init__(self, tx: Tx, rules: Rules, now: float) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._page = rules.silences.page(tx, now)
        self._desks: dict[Node, Desk] = {}
        self._names: dict[int, str] = {}

    def each(self, found: list[Sent], wanted: Filter) -> Iterator[tuple[str, bytes]]:
        """Encode those alerts that are wanted, each with its fingerprint."""
        for sent in found:
            nodes = list(route.matching(self._rules.root, sent.alert.labels))
            if not any(wanted.receiver(node.receiver) for node in nodes):
                continue
            if (shown := self._shown(sent, nodes, nodes, wanted)) is not None:
                yield shown.fingerprint, _encode(shown)

    def group(self, group: Group, found: list[Sent], wanted: Filter) -> ShownGroup | None:
        """One group with those of its alerts that are wanted; None when there is none."""
        own = self._rules.node(group.node, group.receiver)
        inside = []
        for sent in found:
            nodes = list(route.matching(self._rules.root, sent.alert.labels))
            shown = self._shown(sent, nodes, nodes if own is None else [own], wanted)
            if shown is not None and (wanted.muted or not shown.status.muted_by):
                inside.append(shown)
        if not inside:
            return None
        return ShownGroup(labels=group.labels, receiver=Receiver(group.receiver), alerts=inside)

    def _shown(self, sent: Sent, nodes: list[Node], asked: list[Node], wanted: Filter) -> Shown | None:
        """One alert, if it is wanted; `asked` are the nodes whose view of it counts."""
        alert = sent.alert
        if not wanted.takes(alert.labels):
            return None
        status = self._status(alert, asked)
        if not wanted.active and status.state == "active":
            return None
        if (not wanted.silenced and status.silenced_by) or (not wanted.inhibited and status.inhibited_by):
            return None
        until = self._now + self._rules.settings.resolve_timeout if sent.fires_until is None else sent.fires_until
        return Shown(
            labels=sent.labels,
            annotations=sent.annotations or _said(alert),
            starts_at=stamp(alert.started_at),
            ends_at=stamp(until),
            updated_at=stamp(alert.last_seen),
            fingerprint=_fingerprint(alert),
            receivers=[Receiver(name) for name in dict.fromkeys(node.receiver for node in nodes)],
            status=status,
            generator_url=alert.links.get("graph", ""),
        )

    def _status(self, alert: Alert, nodes: list[Node]) -> Status:
        silenced = [one.uuid for one in self._page.in_force(alert.labels, self._now) if not is_about(alert, one)]
        inhibited: dict[str, None] = {}
        muted: dict[str, None] = {}
        for why in (self._desk(node).why(alert) for node in nodes):
            if why is None or why.silence:
                continue
            if why.cause is Cause.INHIBITED:
                inhibited[self._name(why.source)] = None
            else:
                muted[why.detail] = None
        return Status(
            state="suppressed" if silenced or inhibited or muted else "active",
            silenced_by=silenced,
            inhibited_by=list(inhibited),
            muted_by=list(muted),
        )

    def _desk(self, node: Node) -> Desk:
        if node not in self._desks:
            self._desks[node] = Desk(self._tx, node, self._rules, self._now)
        return self._desks[node]

    def _name(self, alert_id: int) -> str:
        """The fingerprint of the alert that mutes another."""
        if alert_id not in self._names:
            found = alerts.get(self._tx, alert_id)
            self._names[alert_id] = _fingerprint(found) if found else f"A{alert_id}"
        return self._names[alert_id]


def _fingerprint(alert: Alert) -> str:
    """Prometheus' own name for what came over this API, else the beginning of ours."""
    return alert.key if alert.source == API else alert.fingerprint[:_DIGITS]


def _said(alert: Alert) -> dict[str, str]:
    """What stands in for annotations where a source has none."""
    return {name: text for name, text in (("summary", alert.title), ("description", alert.text)) if text}
