"""However many ask, it is made once; whatever they ask for, the processor is not theirs."""

from collections.abc import Callable

import gevent
import pytest
from gevent.event import Event

from daemon.errors import StoreUnavailable
from daemon.web.fresh import LONGEST_REST, MOST_WAITING, REST, SHARE, STALE, Crowded, Fresh, Pen, Shelf
from fake_clock import FakeClock, settle


class Kitchen:
    """Counts what it makes; it takes as long as it is told to, or until it is let go."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.made = 0
        self.takes = 0.0
        self.fails = False
        self.go: Event | None = None

    def __call__(self) -> int:
        self.made += 1
        number = self.made
        if self.takes:
            self.clock.sleep(self.takes)
        if self.go is not None:
            self.go.wait()
        if self.fails:
            raise StoreUnavailable("the disk says no")
        return number


@pytest.fixture
def kitchen(clock: FakeClock) -> Kitchen:
    return Kitchen(clock)


def asking(get: Callable[[], int], count: int = 1) -> list["gevent.Greenlet[[], int | str]"]:
    def ask() -> int | str:
        try:
            return get()
        except (Crowded, StoreUnavailable) as error:
            return type(error).__name__

    found = [gevent.spawn(ask) for _ in range(count)]
    settle()
    return found


def said(asked: list["gevent.Greenlet[[], int | str]"]) -> list[int | str]:
    return [one.get(timeout=4) for one in asked]


def test_what_is_fresh_is_not_made_again(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    assert [fresh.get(), fresh.get()] == [1, 1]
    clock.advance(9.9)
    assert fresh.get() == 1
    clock.advance(0.2)
    assert fresh.get() == 2


def test_a_flood_makes_one(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    kitchen.go = Event()
    asked = asking(fresh.get, MOST_WAITING + 1)
    kitchen.go.set()
    assert said(asked) == [1] * (MOST_WAITING + 1)
    assert kitchen.made == 1


def test_only_so_many_wait_the_others_are_told_to_come_again(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    kitchen.go = Event()
    asked = asking(fresh.get, MOST_WAITING + 4)
    assert said(asked[-3:]) == ["Crowded"] * 3
    kitchen.go.set()
    assert said(asked[:-3]) == [1] * (MOST_WAITING + 1)


def test_while_it_is_made_anew_the_others_take_what_there_is(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    fresh.get()
    clock.advance(11)
    kitchen.go = Event()
    (maker,) = asking(fresh.get)
    assert said(asking(fresh.get, 100)) == [1] * 100
    kitchen.go.set()
    assert maker.get() == 2
    assert fresh.get() == 2


def test_what_is_too_old_is_not_shown_any_more(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    fresh.get()
    clock.advance(STALE + 11)
    kitchen.go = Event()
    asked = asking(fresh.get, 3)
    kitchen.go.set()
    assert said(asked) == [2, 2, 2]


def test_what_took_long_lasts_long(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    kitchen.takes = 2.0
    (maker,) = asking(fresh.get)
    clock.advance(2.0)
    assert maker.get() == 1
    clock.advance(2.0 * SHARE - 0.1)
    assert fresh.get() == 1
    clock.advance(0.2)
    asking(fresh.get)
    assert kitchen.made == 2


def test_what_could_not_be_made_is_tried_again_by_the_next(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    kitchen.fails, kitchen.go = True, Event()
    asked = asking(fresh.get, 3)
    kitchen.go.set()
    assert said(asked) == ["StoreUnavailable", "Crowded", "Crowded"]
    kitchen.fails = False
    assert fresh.get() == 2


def test_what_there_was_is_shown_for_a_while_when_nothing_new_can_be_made(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0)
    fresh.get()
    kitchen.fails = True
    clock.advance(11)
    assert fresh.get() == 1
    clock.advance(STALE)
    with pytest.raises(StoreUnavailable):
        fresh.get()


def test_whoever_makes_it_may_be_cut_off(clock: FakeClock, kitchen: Kitchen) -> None:
    fresh = Fresh(clock, kitchen, 10.0, Pen(clock))
    kitchen.go = Event()
    maker, waiter = asking(fresh.get, 2)
    maker.kill()
    assert said([waiter]) == ["Crowded"]
    kitchen.go.set()
    assert fresh.get() == 2


def test_the_pen_makes_one_after_another_and_rests_between(clock: FakeClock, kitchen: Kitchen) -> None:
    pen = Pen(clock)
    kitchen.takes = 0.25
    asked = asking(lambda: pen(kitchen), 3)
    times = []
    for _ in range(60):
        before = kitchen.made
        clock.advance(0.05)
        times += [clock.monotonic()] * (kitchen.made - before)
    assert kitchen.made == 3
    assert said(asked) == [1, 2, 3]
    assert times[1] - times[0] == pytest.approx(0.25 * (1 + REST), abs=0.06)


def test_its_rest_has_an_end(clock: FakeClock, kitchen: Kitchen) -> None:
    pen = Pen(clock)
    kitchen.takes = 10.0
    asked = asking(lambda: pen(kitchen), 2)
    clock.advance(10.0)
    clock.advance(LONGEST_REST - 0.1)
    assert kitchen.made == 1
    clock.advance(0.2)
    assert kitchen.made == 2
    clock.advance(10.0)
    assert said(asked) == [1, 2]


def test_only_so_many_wait_for_the_pen(clock: FakeClock, kitchen: Kitchen) -> None:
    pen = Pen(clock)
    kitchen.go = Event()
    asked = asking(lambda: pen(kitchen), MOST_WAITING + 3)
    assert said(asked[-2:]) == ["Crowded", "Crowded"]
    kitchen.go.set()
    assert said(asked[:-2]) == list(range(1, MOST_WAITING + 2))


def test_a_shelf_holds_so_many_and_lets_the_one_go_that_nobody_asks_for(clock: FakeClock, kitchen: Kitchen) -> None:
    shelf: Shelf[int] = Shelf(clock, 10.0, 2)
    assert [shelf.get("a", kitchen), shelf.get("b", kitchen), shelf.get("a", kitchen)] == [1, 2, 1]
    assert shelf.get("c", kitchen) == 3
    assert [shelf.get("a", kitchen), shelf.get("b", kitchen)] == [1, 4]
