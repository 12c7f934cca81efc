"""The route tree, compiled from its settings and walked as Alertmanager walks it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from daemon.alerting.index import Index
from daemon.config.audience import Escalation, Route
from daemon.config.check import ALL_LABELS
from daemon.matcher import Matcher

WAIT, INTERVAL, REPEAT = 30.0, 300.0, 14_400.0  # Alertmanager's own, where no route says otherwise

_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, kw_only=True, eq=False)
class Node:
    """One route with everything filled in that it inherits. `key` names it by the matchers on the way to it."""

    key: str
    place: str  # where it stands in the configuration: `route.routes[0]`
    receiver: str
    matchers: tuple[Matcher, ...]
    continues: bool
    group_by: tuple[str, ...]
    wait: float
    interval: float
    repeat: float
    mute: tuple[str, ...]
    active: tuple[str, ...]
    escalate: tuple[Escalation, ...] | None
    children: tuple["Node", ...] = ()
    index: Index = field(default_factory=lambda: Index(()))

    def group_key(self, labels: Mapping[str, str], fingerprint: str) -> tuple[str, dict[str, str]]:
        """Name the group that an alert with these labels belongs to, and the labels that make it one.

        An alert that is told by itself is named by its fingerprint: its labels may change while it is open.
        """
        if ALL_LABELS in self.group_by:
            return fingerprint, dict(labels)
        shared = {name: labels[name] for name in self.group_by if name in labels}
        return _encode(shared).decode(), shared


def compiled(root: Route) -> Node:
    """Fill in what nodes inherit, and index their children."""
    top = Node(
        key="{}",
        place="route",
        receiver=root.receiver,
        matchers=(),
        continues=False,
        group_by=(),
        wait=WAIT,
        interval=INTERVAL,
        repeat=REPEAT,
        mute=(),
        active=(),
        escalate=None,
    )
    return _filled(root, top, "{}", "route")


def matching(node: Node, labels: Mapping[str, str]) -> Iterator[Node]:
    """Yield the nodes that take these labels, given that `node` itself matches them.

    A node hands the labels to its children; the first that matches takes them, unless it says `continue`; what no child
    takes the node takes itself (prometheus/alertmanager docs/configuration.md, "route").
    """
    taken = False
    for position in node.index.matching(labels):
        child = node.children[position]
        yield from matching(child, labels)
        taken = True
        if not child.continues:
            break
    if not taken:
        yield node


def every(node: Node) -> Iterator[Node]:
    """Yield all nodes, parents before their children."""
    yield node
    for child in node.children:
        yield from every(child)


def told_apart_by(node: Node) -> tuple[object, ...]:
    """What of a node decides which groups there are and when they are flushed."""
    return node.key, node.receiver, node.group_by, node.wait, node.interval, node.repeat, node.mute, node.active


def _filled(route: Route, parent: Node, key: str, place: str) -> Node:
    own = Node(
        key=key,
        place=place,
        receiver=route.receiver or parent.receiver,
        matchers=route.matchers,
        continues=route.continue_,
        group_by=route.group_by or parent.group_by,  # an empty list is inherited, too, as in Alertmanager
        wait=parent.wait if route.group_wait is None else route.group_wait,
        interval=parent.interval if route.group_interval is None else route.group_interval,
        repeat=parent.repeat if route.repeat_interval is None else route.repeat_interval,
        mute=route.mute_time_intervals,
        active=route.active_time_intervals,
        escalate=parent.escalate if route.escalate is None else route.escalate,
    )
    seen: dict[str, int] = {}
    children = []
    for i, child in enumerate(route.routes):
        below = f"{key}/{{{','.join(map(str, child.matchers))}}}"
        seen[below] = seen.get(below, 0) + 1
        numbered = below if seen[below] == 1 else f"{below}#{seen[below]}"
        children.append(_filled(child, own, numbered, f"{place}.routes[{i}]"))
    index = Index([child.matchers for child in children])
    return _with(own, tuple(children), index)


def _with(node: Node, children: tuple[Node, ...], index: Index) -> Node:
    values = {name: getattr(node, name) for name in node.__dataclass_fields__}
    return Node(**values | {"children": children, "index": index})
