"""What one process knew and told, and the next one makes of it; also where its end cut off what it was to tell."""

import itertools

import pytest

from daemon.config.looking import ProbePlan
from daemon.event import Event, State
from daemon.probing.parts import NoRecord
from daemon.probing.scheduler import Scheduler
from daemon.probing.verdict import Course
from daemon.probing.watched import Kept, Watched
from daemon.reading import Health, Reading
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Plans, plan

SLOW = Reading(health=Health.DEGRADED, detail="slow")
UNSEEN = Reading(health=Health.UNKNOWN, detail="no permission")
BLIND = Reading(health=Health.UNKNOWN, detail="tocsin is cut off", blind=True)
KEYS = ("shop", "shop|degraded", "shop|unknown")


class Kin(NoRecord):
    """Keeps what a process knew for the one after it, as long as the settings are the same."""

    def __init__(self) -> None:
        self.left: Kept | None = None

    def kept(self, plan: ProbePlan) -> Kept | None:
        del plan
        return self.left

    def saw(self, watched: Watched, reading: Reading, took: float) -> None:
        del reading, took
        self.left = watched.kept()


class World:
    """Several processes, one after the other, and the alarms that are open in their store."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.kin = Kin()
        self.open: set[str] = set()
        self.began: list[str] = []
        self.is_deaf = False
        self.now = GOOD
        self.texts: list[str] = []

    def live(self, *readings: Reading, deaf: bool = False) -> None:
        """One life: so many looks, with these results; where it is deaf, nothing of it reaches the store."""
        self.is_deaf = deaf
        scheduler = Scheduler(Plans(plan("shop", lambda: self.now, every=10)), self.clock, self._take, record=self.kin)
        scheduler.start()
        for reading in readings:
            self.now = reading
            self.clock.advance(10)
        scheduler.stop()

    def changed(self) -> None:
        """Other settings: nothing of before is kept."""
        self.kin.left = None

    def _take(self, events: list[Event]) -> None:
        if self.is_deaf:
            raise RuntimeError("the process is as good as dead")
        for event in events:
            self.texts.append(event.title)
            if event.state is State.FIRING:
                self.open.add(event.key)
                self.began.append(event.key)
            else:
                self.open.discard(event.key)


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


def due(verdict: Health) -> set[str]:
    """What must be open; what is degraded may be, while it is down."""
    return {Health.DOWN: {"shop"}, Health.DEGRADED: {"shop|degraded"}, Health.UP: set()}[verdict]


LIVES = [(BAD, BAD), (SLOW, SLOW), (GOOD, GOOD), (UNSEEN, UNSEEN), (SLOW, SLOW, BAD, BAD), (BAD, BAD, GOOD, GOOD)]


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize(("first", "lost"), list(itertools.product(LIVES, LIVES)))
def test_whatever_was_lost_between_two_lives_the_third_closes_and_opens_what_is_so(
    world: World, first: tuple[Reading, ...], lost: tuple[Reading, ...], is_kept: bool
) -> None:
    for last in (BAD, SLOW, GOOD):
        world.live(*first)
        if not is_kept:
            world.changed()
        world.live(*lost, deaf=True)
        if not is_kept:
            world.changed()
        world.live(*[last] * 40)  # however often it went down before
        assert world.open - ({"shop|degraded"} if last is BAD else set()) == due(last.health)
        world.live(*[GOOD] * 40)
        assert world.open == set()
        world.changed()


def test_the_alarm_that_it_cannot_be_looked_at_is_told_by_the_next_process_too(world: World) -> None:
    world.live(UNSEEN, UNSEEN, deaf=True)
    world.live(UNSEEN, UNSEEN)
    assert world.open == {"shop|unknown"}
    world.changed()
    world.live(GOOD, GOOD)
    assert world.open == set()


def test_what_could_not_be_looked_at_since_the_start_tells_no_verdict(world: World) -> None:
    world.live(BAD, BAD)
    told = len(world.texts)
    world.live(BLIND, BLIND, BLIND)
    world.live(UNSEEN)
    assert world.texts[told:] == []
    world.live(BAD)
    assert world.texts[told] == "shop is down: connection refused"


def test_the_verdict_of_the_process_before_is_told_by_a_reading_that_bears_it_out(world: World) -> None:
    world.live(BAD, BAD)
    told = len(world.texts)
    world.live(GOOD, BAD)
    assert world.texts[told] == "shop is down: connection refused"
    told = len(world.texts)
    world.live(GOOD, GOOD)
    assert (world.texts[told], world.open) == ("shop is up: 200 OK", set())
    told = len(world.texts)
    world.live(BAD, GOOD)
    assert world.texts[told] == "shop is up: 200 OK"


def test_readings_before_and_after_a_blind_hour_do_not_add_up(world: World) -> None:
    world.live(GOOD, GOOD, BAD, *[BLIND] * 360, BAD, GOOD)
    assert world.open == set()
    world.live(BAD, BAD)
    assert world.open == {"shop"}


def test_one_that_flaps_for_ever_is_remembered_in_little() -> None:
    course = Course(relapses=4)
    rule = Watched(plan("x"), 0.0).rule
    assert (course.asked(rule).count, course.asked(rule).of) == (32, 32)
