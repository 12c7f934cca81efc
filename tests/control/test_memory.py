"""The memory of first answers: bounds in time, number and bytes, and repeats that come too early."""

import gevent
import pytest
from gevent.event import Event

from daemon.control import memory
from daemon.control.memory import Memory
from daemon.methods.jsonrpc import Answer
from fake_clock import FakeClock


class Work:
    """Counts how often it is done."""

    def __init__(self, *, final: bool = True, size: int = 1) -> None:
        self.done = 0
        self.final = final
        self.size = size

    def __call__(self) -> Answer:
        self.done += 1
        return b"%d" % self.done + b" " * (self.size - 1), self.final


@pytest.fixture
def kept(clock: FakeClock) -> Memory:
    return Memory(clock)


def test_a_repeat_gets_the_first_answer(kept: Memory) -> None:
    work = Work()
    assert [kept.once("a", "1", b"d", work) for _ in range(3)] == [b"1"] * 3


@pytest.mark.parametrize(("client", "number", "digest"), [("b", "1", b"d"), ("a", "2", b"d"), ("a", "1", b"e")])
def test_another_client_id_or_body_is_another_request(kept: Memory, client: str, number: str, digest: bytes) -> None:
    work = Work()
    kept.once("a", "1", b"d", work)
    assert kept.once(client, number, digest, work) == b"2"


def test_another_body_under_the_same_id_makes_the_first_forgotten(kept: Memory) -> None:
    work = Work()
    assert [kept.once("a", "1", digest, work) for digest in (b"raise", b"resolve", b"raise")] == [b"1", b"2", b"3"]


def test_an_answer_is_kept_for_a_while_only(kept: Memory, clock: FakeClock) -> None:
    work = Work()
    kept.once("a", "1", b"d", work)
    clock.advance(memory.KEPT_FOR - 1)
    assert kept.once("a", "1", b"d", work) == b"1"
    clock.advance(1)
    assert kept.once("a", "1", b"d", work) == b"2"


def test_the_oldest_go_first_when_there_are_too_many(kept: Memory) -> None:
    work = Work()
    for number in range(memory.MOST + 1):
        kept.once("a", str(number), b"d", Work())
    assert kept.once("a", str(memory.MOST), b"d", work) == b"1"
    assert work.done == 0
    kept.once("a", "0", b"d", work)
    assert work.done == 1


def test_the_oldest_go_first_when_they_are_too_big(kept: Memory) -> None:
    big = [Work(size=memory.MOST_BYTES // 2) for _ in range(3)]
    for number, work in enumerate(big):
        kept.once("a", str(number), b"d", work)
    for number, work in reversed(list(enumerate(big))):
        kept.once("a", str(number), b"d", work)
    assert [work.done for work in big] == [2, 1, 1]


def test_an_answer_that_says_try_again_is_not_kept(kept: Memory) -> None:
    work = Work(final=False)
    assert [kept.once("a", "1", b"d", work) for _ in range(2)] == [b"1", b"2"]


def test_a_repeat_that_comes_while_the_first_is_in_work_waits_for_its_answer(kept: Memory) -> None:
    gate, entered = Event(), Event()

    def slow() -> Answer:
        entered.set()
        gate.wait()
        return b"slow", True

    first = gevent.spawn(kept.once, "a", "1", b"d", slow)
    assert entered.wait(4)
    never = Work()
    repeats = [gevent.spawn(kept.once, "a", "1", b"d", never) for _ in range(3)]
    gevent.idle()
    gate.set()
    assert [one.get() for one in (first, *repeats)] == [b"slow"] * 4
    assert never.done == 0


def test_when_the_first_is_killed_its_repeat_does_the_work(kept: Memory) -> None:
    entered = Event()

    def hung() -> Answer:
        entered.set()
        Event().wait()
        return b"never", True

    first = gevent.spawn(kept.once, "a", "1", b"d", hung)
    assert entered.wait(4)
    work = Work()
    repeat = gevent.spawn(kept.once, "a", "1", b"d", work)
    gevent.idle()
    first.kill()
    assert repeat.get() == b"1"
    assert kept.once("a", "1", b"d", work) == b"1"


def test_what_is_in_work_is_not_forgotten_to_make_room(kept: Memory) -> None:
    gate, entered = Event(), Event()

    def slow() -> Answer:
        entered.set()
        gate.wait()
        return b"slow", True

    first = gevent.spawn(kept.once, "a", "slow", b"d", slow)
    assert entered.wait(4)
    for number in range(memory.MOST + 5):
        kept.once("a", str(number), b"d", Work())
    never = Work()
    repeat = gevent.spawn(kept.once, "a", "slow", b"d", never)
    gevent.idle()
    gate.set()
    assert (first.get(), repeat.get(), never.done) == (b"slow", b"slow", 0)
