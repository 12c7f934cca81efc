"""What people hear of a probe whose parent is down: the whole way from verdicts to notices, on a real store."""

import dataclasses

import pytest

from daemon.probing.telling import Story, told
from daemon.probing.verdict import Course
from daemon.reading import Health, Reading
from daemon.store.sqlite import SqliteStore
from hearing import Hearing
from hushed import settings
from probes_by_hand import BAD, GOOD, plan

PLANS = {
    one.name: one for one in (plan("router"), plan("shop", depends_on=("router",)), plan("page", depends_on=("shop",)))
}


class Net:
    """Verdicts that change, and what was told because of it."""

    def __init__(self, store: SqliteStore) -> None:
        self.story = Hearing(store, dataclasses.replace(settings(group_by=("...",)), probes=PLANS))

    def turn(self, name: str, health: Health, after: float = 60) -> None:
        reading = {Health.UP: GOOD, Health.DOWN: BAD}.get(health, Reading(health=health, detail="slow"))
        course = Course(verdict=health, since=self.story.now, was_degraded=True)
        self.story.take(*told(PLANS[name], course, reading, Story()))
        self.story.to(self.story.now - self.story.began + after)

    def heard(self) -> list[tuple[str, str]]:
        """Beginnings and ends, in order, each once."""
        found = []
        for said in self.story.said():
            found += [(key, "firing") for key in said.firing] + [(key, "resolved") for key in said.resolved]
        return list(dict.fromkeys(found))


@pytest.fixture
def net(store: SqliteStore) -> Net:
    return Net(store)


def test_a_parent_that_is_down_mutes_its_children_and_theirs(net: Net) -> None:
    for name in ("router", "shop", "page"):
        net.turn(name, Health.DOWN)
    assert net.heard() == [("router", "firing")]


def test_a_child_that_is_still_down_is_told_when_its_parent_is_well(net: Net) -> None:
    net.turn("router", Health.DOWN)
    net.turn("shop", Health.DOWN)
    net.turn("router", Health.UP, after=600)
    assert set(net.heard()) == {("router", "firing"), ("router", "resolved"), ("shop", "firing")}


def test_a_child_that_is_well_again_before_its_parent_is_never_heard_of(net: Net) -> None:
    net.turn("router", Health.DOWN)
    net.turn("shop", Health.DOWN)
    net.turn("shop", Health.UP)
    net.turn("router", Health.UP, after=600)
    assert net.heard() == [("router", "firing"), ("router", "resolved")]


def test_the_end_of_what_was_told_is_told_although_the_parent_is_down(net: Net) -> None:
    net.turn("shop", Health.DOWN)
    net.turn("router", Health.DOWN)
    net.turn("shop", Health.UP, after=600)
    assert ("shop", "resolved") in net.heard()


def test_a_parent_that_is_only_degraded_mutes_nobody(net: Net) -> None:
    net.turn("router", Health.DEGRADED)
    net.turn("shop", Health.DOWN)
    assert net.heard() == [("router|degraded", "firing"), ("shop", "firing")]
