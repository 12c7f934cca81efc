"""What comes and goes is said once, then not until it has settled."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from daemon.config.audience import Route
from daemon.config.flapping import Flapping
from daemon.notice import Phase, Reason
from daemon.store import mutes, outbox
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing
from made import settings

TOGETHER = Route(receiver="ops", group_by=("team",), group_wait=Seconds(0), group_interval=Seconds(1))
LIMITS = Flapping(changes=4, within=Seconds(600), settle=Seconds(300), at_most=Seconds(500))


@pytest.fixture
def start(store: SqliteStore) -> Callable[[], Hearing]:
    return lambda: Hearing(store, replace(settings(), flapping=LIMITS))


def flaps(story: Hearing, times: int, first: int = 0) -> None:
    """So many changes, a minute apart."""
    for change in range(times):
        story.to(60 * (first + change))
        (story.ends if change % 2 else story.fires)("a")


def reasons(story: Hearing) -> list[tuple[float, Reason]]:
    return [(said.at, said.reason) for said in story.said()]


def test_it_is_said_once_that_something_flaps(start: Callable[[], Hearing]) -> None:
    story = start()
    flaps(story, 9)
    assert reasons(story)[:3] == [(0, Reason.FIRST), (60, Reason.ALL_RESOLVED), (120, Reason.FIRST)]
    assert reasons(story)[3:] == [(180, Reason.FLAPPING)]


def test_what_waits_to_be_told_beside_something_that_flaps_is_not_folded_away(store: SqliteStore) -> None:
    story = Hearing(store, replace(settings(route=TOGETHER), flapping=LIMITS))
    story.fires("a", "b")  # nobody sends anything: the channel is down
    for change in range(1, 4):
        story.to(60 * change)
        (story.ends if change % 2 else story.fires)("a")
    assert phases(story)[0] == (Reason.FIRST, Phase.WAITING)
    assert phases(story)[-1] == (Reason.FLAPPING, Phase.WAITING)
    story.to(200).ends("b")
    assert phases(story.to(201))[-2:] == [(Reason.FLAPPING, Phase.WAITING), (Reason.SOME_RESOLVED, Phase.WAITING)]
    assert {phase for _, phase in phases(story.to(1_000))} == {Phase.FOLDED}  # all of it is over


def phases(story: Hearing) -> list[tuple[Reason, Phase]]:
    """Every delivery, oldest first."""
    return [(row.notice.reason, row.delivery.phase) for row in reversed(story.store.read(outbox.newest))]


def test_telling_of_what_flaps_has_nobody_read_all_silences_again(store: SqliteStore) -> None:
    route = replace(TOGETHER, group_interval=Seconds(60))
    story = Hearing(store, replace(settings(route=route), flapping=LIMITS))
    for change in range(4):
        story.to(63 * change)
        (story.ends if change % 2 else story.fires)("a")
    before = story.store.read(mutes.stamp)  # it flaps, and is told of at the next tick
    story.to(250).fires("a")
    assert reasons(story)[-1] == (246, Reason.FLAPPING)
    assert story.store.read(mutes.stamp) == before
    story.to(3_000)  # it has settled
    assert story.store.read(mutes.stamp) != before


def test_changes_that_are_far_apart_are_no_flapping(start: Callable[[], Hearing]) -> None:
    story = start()
    for change in range(10):
        story.to(300 * change)
        (story.ends if change % 2 else story.fires)("a")
    assert Reason.FLAPPING not in dict(reasons(story)).values()


def test_once_it_has_settled_it_is_told_how_it_stands(start: Callable[[], Hearing]) -> None:
    story = start()
    flaps(story, 4)  # flaps since 180, and is over
    story.to(479)
    assert reasons(story)[-1] == (180, Reason.FLAPPING)
    assert reasons(story.to(481))[-1] == (480, Reason.ALL_RESOLVED)
    story.fires("a")
    assert reasons(story)[-1] == (481, Reason.FIRST)


def test_what_settles_while_it_fires_is_told_as_firing(start: Callable[[], Hearing]) -> None:
    story = start()
    flaps(story, 5)
    story.to(900)
    assert reasons(story)[-2:] == [(180, Reason.FLAPPING), (240 + 450, Reason.FIRST)]
    story.ends("a")
    assert reasons(story)[-1] == (900, Reason.ALL_RESOLVED)


def test_the_time_to_settle_grows_with_every_change_up_to_a_ceiling(start: Callable[[], Hearing]) -> None:
    story = start()
    flaps(story, 20)  # the last change at 1140
    assert reasons(story.to(2_000))[-1] == (1_140 + 500, Reason.ALL_RESOLVED)


def test_a_restart_in_between_changes_nothing(start: Callable[[], Hearing]) -> None:
    story = start()
    flaps(story, 4)
    again = start()
    again.now = story.now
    again.to(900)
    assert reasons(again)[-2:] == [(180, Reason.FLAPPING), (480, Reason.ALL_RESOLVED)]


def test_other_alarms_go_on_meanwhile(start: Callable[[], Hearing]) -> None:
    story = start()
    flaps(story, 4)
    story.fires("b")
    story.ends("b")
    assert [said.reason for said in story.said() if said.firing == ("b",) or said.resolved == ("b",)] == [
        Reason.FIRST,
        Reason.ALL_RESOLVED,
    ]


def test_it_can_be_switched_off(store: SqliteStore) -> None:
    story = Hearing(store, replace(settings(), flapping=Flapping(changes=0)))
    flaps(story, 30)
    assert Reason.FLAPPING not in dict(reasons(story)).values()
