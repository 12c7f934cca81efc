"""Looks side by side: what is left of one that ends while it is cut off, and of one whose reading cannot be doubted."""

from collections.abc import Iterator

import pytest
from gevent.event import Event as Signal

from daemon.probing.crew import GRACE, Crew, Job
from daemon.probing.timetable import Timetable
from daemon.reading import Reading
from fake_clock import FakeClock, settle
from probes_by_hand import BAD, GOOD

Done = list[Reading]


@pytest.fixture
def crew(clock: FakeClock) -> Iterator[Crew]:
    timetable = Timetable(clock)
    timetable.start()
    settle()
    made = Crew(clock, timetable)
    yield made
    made.stop()
    timetable.stop()


@pytest.mark.parametrize("early", [0.0, 1e-9, -1e-9])
def test_a_look_that_ends_when_it_is_to_be_cut_off_is_told_all_the_same(
    crew: Crew, clock: FakeClock, early: float
) -> None:
    doubting, done = Signal(), Done()

    def look() -> Reading:
        clock.sleep(10 + GRACE - early)
        return GOOD

    def then(reading: Reading) -> Reading:
        doubting.wait()
        return reading

    crew.look(Job("late", look, 10, then), lambda reading, _: done.append(reading))
    clock.advance(20)
    doubting.set()
    settle()
    assert len(done) == 1


def test_a_cut_that_is_on_its_way_harms_nobody_who_has_ended(crew: Crew) -> None:
    """The cut is due and asked of the loop; before that comes to it, the look is over, and its reading is doubted."""
    answered, doubting, done = Signal(), Signal(), Done()

    def look() -> Reading:
        answered.wait()
        return GOOD

    def then(reading: Reading) -> Reading:
        doubting.wait()
        return reading

    crew.look(Job("late", look, 10, then), lambda reading, _: done.append(reading))
    settle()
    answered.set()  # the look is to run in the loop's next turn, and is cut off in the same one
    crew._timetable._due[0][2].call()  # type: ignore[misc]
    settle()
    doubting.set()
    settle()
    assert done == [GOOD]


def test_where_doubting_breaks_the_reading_stands_and_its_place_is_free(
    crew: Crew, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(reading: Reading) -> Reading:
        raise RuntimeError(reading.detail)

    done, room = Done(), crew._room
    crew.look(Job("shop", lambda: BAD, 10, broken), lambda reading, _: done.append(reading))
    settle()
    assert (done, crew._room) == ([BAD], room)
    assert crew.look_now(Job("shop", lambda: BAD, 10, broken)) == BAD
    assert "was not doubted" in caplog.text
