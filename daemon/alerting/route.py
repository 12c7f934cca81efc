"""Which receivers hear of a set of labels: the route tree, walked as Alertmanager walks it."""

from collections.abc import Iterator, Mapping

from daemon.config.settings import Route


def receivers(root: Route, labels: Mapping[str, str]) -> list[str]:
    """Name the receivers, each once, in the order of the tree.

    A node whose matchers all hold hands the labels to its children; the first child that matches takes them,
    unless it says `continue`; a node none of whose children matches takes them itself
    (prometheus/alertmanager docs/configuration.md, "route").
    """
    return list(dict.fromkeys(node.receiver for node in matching(root, labels, inherited=root.receiver)))


def matching(node: Route, labels: Mapping[str, str], *, inherited: str) -> Iterator[Route]:
    """Yield the nodes that take these labels, each with its receiver filled in."""
    if not all(matcher.matches(labels) for matcher in node.matchers):
        return
    receiver = node.receiver or inherited
    taken = False
    for child in node.routes:
        below = list(matching(child, labels, inherited=receiver))
        yield from below
        taken = taken or bool(below)
        if below and not child.continue_:
            break
    if not taken:
        yield Route(receiver=receiver, matchers=node.matchers, continue_=node.continue_)
