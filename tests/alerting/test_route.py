"""The route tree takes labels as Alertmanager's does."""

import pytest

from daemon.alerting.route import compiled, matching
from daemon.config.audience import Route
from daemon.matcher import parse


def node(receiver: str = "", matchers: str = "", *routes: Route, go_on: bool = False) -> Route:
    return Route(receiver=receiver, matchers=parse(matchers) if matchers else (), routes=routes, continue_=go_on)


TREE = node(
    "root",
    "",
    node("team-db", 'team="db"', node("pager", 'severity="critical"'), node("", 'severity="info"')),
    node("audit", 'audit="yes"', go_on=True),
    node("team-web", 'team=~"web|shop"'),
    node("late", 'team=~"web|shop|db"'),
)


def receivers(tree: Route, labels: dict[str, str]) -> list[str]:
    return [node.receiver for node in matching(compiled(tree), labels)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, ["root"]),
        ({"team": "db"}, ["team-db"]),
        ({"team": "db", "severity": "critical"}, ["pager"]),
        ({"team": "db", "severity": "info"}, ["team-db"]),
        ({"team": "web"}, ["team-web"]),
        ({"team": "shop", "audit": "yes"}, ["audit", "team-web"]),
        ({"audit": "yes"}, ["audit"]),
        ({"team": "webshop"}, ["root"]),
    ],
)
def test_the_tree_decides(labels: dict[str, str], expected: list[str]) -> None:
    assert receivers(TREE, labels) == expected


def test_a_child_without_receiver_inherits_from_its_nearest_ancestor() -> None:
    tree = node("root", "", node("mid", 'a="1"', node("", 'b="1"', node("", 'c="1"'))))
    assert receivers(tree, {"a": "1", "b": "1", "c": "1"}) == ["mid"]
