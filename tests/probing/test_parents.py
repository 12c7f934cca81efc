"""Probes that depend on others."""

from collections.abc import Iterator

import pytest

from daemon.alerting.depends import inhibitions
from daemon.alerting.rules import Rules
from daemon.config.looking import ProbePlan
from daemon.config.parents import unknown
from daemon.config.settings import Settings
from daemon.config.written import Problem
from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.probing.parts import NoRecord
from daemon.probing.scheduler import Scheduler
from daemon.probing.teller import PATIENCE
from daemon.probing.watched import Watched
from daemon.reading import Health, Reading
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Hanging, Plans, plan


def said(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.key, event.state.value) for event in events if "|" not in event.key]


class Box:
    """A router and a shop behind it, each with what it answers now."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.now = {"router": GOOD, "shop": GOOD}
        self.events: list[Event] = []
        self.router_looks = 0
        plans = Plans(
            plan("router", self._router, every=3_600),
            plan("shop", lambda: self.now["shop"], every=10, depends_on=("router",)),
        )
        self.scheduler = Scheduler(plans, clock, self.events.extend)

    def _router(self) -> Reading:
        self.router_looks += 1
        return self.now["router"]

    def since(self, count: int) -> list[tuple[str, str]]:
        return said(self.events)[count:]


@pytest.fixture
def box(clock: FakeClock) -> Iterator[Box]:
    made = Box(clock)
    made.scheduler.start()
    clock.advance(3_700 * 2)
    yield made
    made.scheduler.stop()


def test_a_child_that_was_looked_at_first_is_told_after_its_parent(box: Box) -> None:
    before = len(said(box.events))
    box.now = {"router": BAD, "shop": BAD}
    box.clock.advance(60)
    assert box.since(before) == [("router", "firing"), ("shop", "firing")]


def test_a_child_whose_parent_is_well_is_told_at_once(box: Box) -> None:
    before, looks = len(said(box.events)), box.router_looks
    box.now["shop"] = BAD
    box.clock.advance(20)
    assert box.since(before) == [("shop", "firing")]
    assert box.router_looks == looks + 1


def test_an_end_waits_for_no_parent(box: Box) -> None:
    box.now = {"router": BAD, "shop": BAD}
    box.clock.advance(60)
    before, looks = len(said(box.events)), box.router_looks
    box.now["shop"] = GOOD
    box.clock.advance(40)
    assert box.since(before) == [("shop", "resolved")]
    assert box.router_looks == looks


def test_the_alarm_of_a_parent_mutes_those_of_its_children_and_no_others() -> None:
    plans = {
        one.name: one
        for one in (plan("a.b"), plan("child", depends_on=("x", "a.b")), plan("other", depends_on=("aXb",)))
    }
    rules = [rule for rule in inhibitions(plans) if str(rule.source_matchers[0]) == 'probe="a.b"']
    (rule,) = rules
    muted = {
        name: all(matcher.matches({"source": "probe", "depends_on": text}) for matcher in rule.target_matchers)
        for name, text in {"child": "x,a.b", "other": "aXb", "none": "", "longer": "xa.b"}.items()
    }
    assert muted == {"child": True, "other": False, "none": False, "longer": False}
    down = {"probe": "a.b", "source": "probe", "verdict": Health.DOWN.value}
    assert all(matcher.matches(down) for matcher in rule.source_matchers)
    assert not all(matcher.matches(down | {"verdict": "degraded"}) for matcher in rule.source_matchers)


def test_rules_hold_for_another_configuration_when_a_parent_is_added() -> None:
    one, other = (Settings(probes={"c": plan("c", depends_on=named)}) for named in ((), ("p",)))
    assert Rules(one).digest != Rules(other).digest


def problems(*plans: ProbePlan) -> list[Problem]:
    return list(unknown(Settings(probes={one.name: one for one in plans})))


def test_a_parent_exists_and_stands_once() -> None:
    assert problems(plan("a", depends_on=("rooter", "rooter")), plan("router")) == [
        (("probes", "a", "depends_on"), 'there is no probe "rooter"; did you mean "router"?'),
        (("probes", "a", "depends_on"), 'there is no probe "rooter"; did you mean "router"?'),
        (("probes", "a", "depends_on"), '"rooter" stands twice'),
    ]


def test_nobody_waits_for_himself() -> None:
    circle = [plan("a", depends_on=("b",)), plan("b", depends_on=("c",)), plan("c", depends_on=("a",))]
    assert [text for _, text in problems(*circle)] == ["goes round in a circle: a -> b -> c -> a"]
    assert problems(plan("a", depends_on=("b", "c")), plan("b", depends_on=("c",)), plan("c")) == []
    assert [text for _, text in problems(plan("a", depends_on=("a",)))] == ["goes round in a circle: a -> a"]


def test_ten_thousand_generations_are_looked_through() -> None:
    line = [plan(f"p{number}", depends_on=(f"p{number + 1}",)) for number in range(10_000)]
    assert problems(*line, plan("p10000")) == []


@pytest.mark.parametrize(("then", "most"), [(BAD, 3), (GOOD, 12)])
def test_a_thousand_children_have_their_parent_looked_at_no_more_often_than_one(
    clock: FakeClock, then: Reading, most: int
) -> None:
    now, events, looks = {"router": GOOD, "shop": GOOD}, list[Event](), list[float]()

    def router() -> Reading:
        looks.append(clock.monotonic())
        return now["router"]

    children = [plan(f"c{one}", lambda: now["shop"], every=10, depends_on=("router",)) for one in range(1_000)]
    scheduler = Scheduler(Plans(plan("router", router, every=30, recover_after=1), *children), clock, events.extend)
    scheduler.start()
    clock.advance(31)
    looks.clear()
    before = len(events)
    now |= {"router": then, "shop": BAD}
    clock.advance(25)
    scheduler.stop()
    assert len(looks) <= most
    begun = [event.key for event in events[before:] if event.state is State.FIRING]
    assert len([key for key in begun if key != "router"]) == 1_000
    assert (begun[0] == "router") is (then is BAD)


def test_a_parent_that_is_looked_at_already_is_not_looked_at_twice(clock: FakeClock) -> None:
    running, most, now = 0, 0, GOOD
    events = list[Event]()

    def router() -> Reading:
        nonlocal running, most
        running += 1
        most = max(most, running)
        clock.sleep(9)
        running -= 1
        return now

    plans = Plans(plan("router", router, every=12), plan("shop", lambda: now, every=7, depends_on=("router",)))
    scheduler = Scheduler(plans, clock, events.extend)
    scheduler.start()
    clock.advance(60)
    now = BAD
    clock.advance(120)
    scheduler.stop()
    assert most == 1
    assert [key for key, state in said(events) if state == "firing"] == ["router", "shop"]


def test_a_child_removed_while_it_waits_for_its_parent_begins_nothing(clock: FakeClock) -> None:
    hanging, events, now = Hanging(), list[Event](), GOOD
    router = plan("router", lambda: GOOD if now is GOOD else hanging(), every=3_600)
    plans = Plans(router, plan("shop", lambda: now, every=10, depends_on=("router",)))
    scheduler = Scheduler(plans, clock, events.extend)
    scheduler.start()
    clock.advance(3_700 * 2)
    now = BAD
    clock.advance(22)
    assert hanging.asked == 1
    plans.put(router)
    scheduler.reload()
    clock.advance(60)
    scheduler.stop()
    assert [state for key, state in said(events) if key == "shop"] == ["resolved", "resolved"]


@pytest.mark.parametrize("fail_after", ["2", "10 of 100"])
def test_a_parent_removed_or_silent_holds_its_child_up_for_no_longer_than_patience(
    clock: FakeClock, fail_after: str
) -> None:
    hanging, events, now = Hanging(), list[Event](), GOOD
    router = plan("router", lambda: GOOD if now is GOOD else hanging(), every=3_600, fail_after=fail_after)
    shop = plan("shop", lambda: now, every=10, depends_on=("router",))
    plans = Plans(router, shop)
    scheduler = Scheduler(plans, clock, events.extend)
    scheduler.start()
    clock.advance(3_700 * 2)
    now = BAD
    clock.advance(20)
    plans.put(shop)
    scheduler.reload()
    clock.advance(PATIENCE + 12)
    scheduler.stop()
    assert ("shop", "firing") in said(events)


def test_a_chain_of_generations_is_told_from_the_top(clock: FakeClock) -> None:
    now, events = GOOD, list[Event]()
    line = [plan("p0", lambda: now, every=3_600)]
    line += [plan(f"p{n}", lambda: now, every=3_600, depends_on=(f"p{n - 1}",)) for n in range(1, 6)]
    line += [plan("leaf", lambda: now, every=10, depends_on=("p5",))]
    scheduler = Scheduler(Plans(*line), clock, events.extend)
    scheduler.start()
    clock.advance(3_700 * 2)
    before, now = len(said(events)), BAD
    clock.advance(60)
    scheduler.stop()
    assert said(events)[before:] == [(one.name, "firing") for one in line]


def test_a_child_is_told_after_its_parent_also_when_the_store_was_unwell(clock: FakeClock) -> None:
    now, events, is_well = GOOD, list[Event](), True

    def accept(told: list[Event]) -> None:
        clock.sleep(0.5)
        if not is_well:
            raise StoreUnavailable("the disk is full")
        events.extend(told)

    plans = Plans(plan("router", lambda: now, every=5), plan("shop", lambda: now, every=10, depends_on=("router",)))
    scheduler = Scheduler(plans, clock, accept)
    scheduler.start()
    clock.advance(60)
    before, now, is_well = len(said(events)), BAD, False
    clock.advance(15)
    is_well = True
    clock.advance(60)
    scheduler.stop()
    assert said(events)[before:] == [("router", "firing"), ("shop", "firing")]


def test_a_parent_whose_look_breaks_the_record_does_not_silence_its_child(clock: FakeClock) -> None:
    class Broken(NoRecord):
        def saw(self, watched: Watched, reading: Reading, took: float) -> None:
            del took
            if watched.plan.name == "router" and reading is BAD:
                raise RuntimeError("a bug")

    now, events = GOOD, list[Event]()
    plans = Plans(plan("router", lambda: now, every=3_600), plan("shop", lambda: now, every=10, depends_on=("router",)))
    scheduler = Scheduler(plans, clock, events.extend, record=Broken())
    scheduler.start()
    clock.advance(3_700 * 2)
    now = BAD
    clock.advance(60)
    scheduler.stop()
    assert ("shop", "firing") in said(events)


@pytest.mark.parametrize("generations", [1, 2, 3])
@pytest.mark.parametrize("every", [60, 300])
@pytest.mark.parametrize("second_opinion", [True, False])
def test_children_are_told_after_their_parents_also_where_each_look_takes_all_of_its_time(
    clock: FakeClock, generations: int, every: int, second_opinion: bool
) -> None:
    now, begun = GOOD, list[str]()

    def look() -> Reading:
        if now is BAD:
            clock.sleep(9.9)  # nobody answers, nobody refuses
        return now

    line = ["p0", *(f"p{n}" for n in range(1, generations))]
    above = dict(zip(line[1:], line, strict=False))
    parents = [
        plan(one, look, every, second_opinion=second_opinion, depends_on=(above[one],) if one in above else ())
        for one in line
    ]
    children = [plan(f"c{n}", look, 30, second_opinion=second_opinion, depends_on=(line[-1],)) for n in range(20)]
    scheduler = Scheduler(
        Plans(*parents, *children),
        clock,
        lambda events: begun.extend(event.key for event in events if event.state is State.FIRING),
    )
    scheduler.start()
    clock.advance(3_600)
    now = BAD
    clock.advance(600)
    scheduler.stop()
    assert begun[:generations] == line
    assert len(begun) == generations + len(children)
