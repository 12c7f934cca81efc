"""Probes that depend on others."""

from collections.abc import Iterator

import pytest

from daemon.alerting.depends import inhibitions
from daemon.alerting.rules import Rules
from daemon.config.looking import ProbePlan
from daemon.config.parents import unknown
from daemon.config.settings import Settings
from daemon.config.written import Problem
from daemon.event import Event
from daemon.probing.scheduler import Scheduler
from daemon.reading import Health, Reading
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Plans, plan


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
