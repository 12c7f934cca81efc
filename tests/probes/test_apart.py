"""Calls in threads that may never come back."""

from collections.abc import Iterator

import gevent
import pytest
from gevent import monkey

from daemon.probes.machine.apart import Apart, CrowdedError, HungError
from until import until

native_lock = monkey.get_original("_thread", "allocate_lock")


class Stuck:
    """Native calls that hang until the test lets them go."""

    def __init__(self) -> None:
        self._gate = native_lock()
        self._gate.acquire()
        self.begun = 0

    def __call__(self) -> str:
        self.begun += 1
        with self._gate:
            return "came back"

    def let_go(self) -> None:
        self._gate.release()


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    one = Stuck()
    yield one
    one.let_go()


def test_what_comes_back_is_returned() -> None:
    assert Apart().call("a", lambda: 17, 1) == 17


def test_what_is_raised_is_raised(capfd: pytest.CaptureFixture[str]) -> None:
    def broken() -> None:
        raise FileNotFoundError(2, "gone")

    with pytest.raises(FileNotFoundError, match="gone"):
        Apart().call("a", broken, 1)
    assert capfd.readouterr().err == ""


def test_what_hangs_ends_with_the_time_of_the_asker(stuck: Stuck) -> None:
    with pytest.raises(HungError) as hung:
        Apart().call("a", stuck, 0.05)
    assert 0 < hung.value.since < 1


def test_whoever_asks_again_costs_no_further_thread(stuck: Stuck) -> None:
    apart = Apart()
    for _ in range(20):
        with pytest.raises(HungError) as hung:
            apart.call("a", stuck, 0.01)
    assert stuck.begun == apart.asked == 1
    assert hung.value.since > 0.1  # counted from when it began to hang


def test_what_hangs_keeps_nobody_else_waiting(stuck: Stuck) -> None:
    apart = Apart(2)
    with pytest.raises(HungError):
        apart.call("a", stuck, 0.01)
    assert [apart.call("b", lambda: 1, 1) for _ in range(50)] == [1] * 50


def test_when_all_hang_the_next_one_is_told_so(stuck: Stuck) -> None:
    apart = Apart(2)
    for name in ("a", "b"):
        with pytest.raises(HungError):
            apart.call(name, stuck, 0.01)
    with pytest.raises(CrowdedError, match="2 others"):
        apart.call("c", stuck, 0.01)
    assert stuck.begun == 2


def test_more_than_there_are_threads_wait_their_turn() -> None:
    apart = Apart(2)
    looks = [gevent.spawn(apart.call, number, lambda number=number: number, 2) for number in range(50)]
    gevent.joinall(looks)
    assert [look.value for look in looks] == list(range(50))
    assert apart.asked == 0


def test_it_is_asked_anew_after_it_came_back() -> None:
    apart, stuck = Apart(1), Stuck()
    with pytest.raises(HungError):
        apart.call("a", stuck, 0.01)
    stuck.let_go()
    assert apart.call("a", stuck, 2) == "came back"
    until(lambda: apart.asked == 0)
    assert apart.call("a", lambda: "anew", 2) == "anew"


def test_an_asker_who_is_cut_off_leaves_nothing_behind(stuck: Stuck) -> None:
    apart = Apart(2)
    looks = [gevent.spawn(apart.call, name, stuck, 5) for name in ("a", "b", "c")]
    gevent.idle()
    gevent.killall(looks)
    stuck.let_go()
    until(lambda: apart.asked == 0)
    assert [apart.call(name, lambda: 1, 1) for name in ("a", "b", "c")] == [1] * 3
    stuck._gate.acquire()  # for the fixture to release
