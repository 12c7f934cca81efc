"""Why each route took an alert or did not: the same walk as `route.matching`, with what it saw on its way."""

from collections.abc import Iterator, Mapping
from enum import StrEnum

import msgspec

from daemon.alerting.route import Node


class Verdict(StrEnum):
    """What became of the labels at one route."""

    TAKES = "takes"
    HANDS_ON = "hands_on"  # it matches, and so does one of its children
    NO_MATCH = "no_match"
    SIBLING = "sibling"  # not asked: an earlier one took them and does not continue
    PARENT = "parent"  # not asked: the route it stands in did not match, or was not asked itself


class MatcherLook(msgspec.Struct, frozen=True, kw_only=True):
    """One matcher, and the value it met; None where there is no such label."""

    says: str
    value: str | None
    matches: bool


class NodeLook(msgspec.Struct, frozen=True, kw_only=True):
    """One route: where it stands, its matchers, and why it took the labels or did not."""

    place: str
    receiver: str
    verdict: Verdict
    why: str
    matchers: list[MatcherLook]


def walk(root: Node, labels: Mapping[str, str]) -> list[NodeLook]:
    """Look at every route, parents before their children."""
    return list(_asked(root, labels))


def taken(looks: list[NodeLook]) -> list[tuple[str, str]]:
    """Place and receiver of those that took it."""
    return [(look.place, look.receiver) for look in looks if look.verdict is Verdict.TAKES]


def _asked(node: Node, labels: Mapping[str, str]) -> Iterator[NodeLook]:
    """A route whose turn it is, with everything below it. The root has no matchers that count."""
    below: list[NodeLook] = []
    matching: list[str] = []
    taker = ""
    for child in node.children:
        if taker:
            below += _not_asked(child, labels, Verdict.SIBLING, f"{taker} takes it and does not continue")
        elif _fits(child, labels):
            below += _asked(child, labels)
            matching.append(child.place)
            taker = "" if child.continues else child.place
        else:
            below += _failed(child, labels)
    if matching:
        yield _look(node, labels, Verdict.HANDS_ON, f"{', '.join(matching)} takes it" + _goes_on(node))
    else:
        yield _look(node, labels, Verdict.TAKES, _why_taken(node) + _goes_on(node))
    yield from below


def _failed(node: Node, labels: Mapping[str, str]) -> Iterator[NodeLook]:
    failing = [str(one) for one in node.matchers if not one.matches(labels)]
    yield _look(node, labels, Verdict.NO_MATCH, f"{', '.join(failing)} does not match")
    for child in node.children:
        yield from _not_asked(child, labels, Verdict.PARENT, f"{node.place} does not match")


def _not_asked(node: Node, labels: Mapping[str, str], verdict: Verdict, why: str) -> Iterator[NodeLook]:
    yield _look(node, labels, verdict, why)
    for child in node.children:
        yield from _not_asked(child, labels, Verdict.PARENT, f"{node.place} was not asked")


def _look(node: Node, labels: Mapping[str, str], verdict: Verdict, why: str) -> NodeLook:
    return NodeLook(
        place=node.place,
        receiver=node.receiver,
        verdict=verdict,
        why=why,
        matchers=[
            MatcherLook(says=str(one), value=labels.get(one.name), matches=one.matches(labels)) for one in node.matchers
        ],
    )


def _fits(node: Node, labels: Mapping[str, str]) -> bool:
    return all(one.matches(labels) for one in node.matchers)


def _why_taken(node: Node) -> str:
    if not node.children:
        return "all its matchers match" if node.matchers else "it takes whatever comes to it"
    return "none of the routes in it matches"


def _goes_on(node: Node) -> str:
    return "; the next one is asked too (continue)" if node.continues else ""
