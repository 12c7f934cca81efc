"""What holds for any routes, any alarms and any course of events."""

import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import closing
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import settings as pace
from hypothesis import strategies as st

from daemon.alerting import tick
from daemon.alerting.index import Index
from daemon.alerting.route import compiled, matching
from daemon.config.audience import InhibitRule, Receiver, Route
from daemon.config.flapping import Flapping
from daemon.config.settings import Settings
from daemon.matcher import Matcher, parse
from daemon.notice import Reason
from daemon.units import Seconds
from direct_store import DirectStore
from hearing import Hearing, Said

NAMES, VALUES = ("team", "severity", "host"), ("", "a", "b", "ab", "x y", '"')
labels = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES[1:]))
matchers = st.builds(
    Matcher, st.sampled_from(NAMES), st.sampled_from(("=", "!=")), st.sampled_from(VALUES)
) | st.builds(Matcher, st.sampled_from(NAMES), st.sampled_from(("=~", "!~")), st.sampled_from(("a|b", ".*", "a.*", "")))
sets = st.lists(st.lists(matchers, min_size=1, max_size=3), max_size=8)


@st.composite
def routes(draw: st.DrawFn, depth: int = 3) -> Route:
    below = draw(st.lists(routes(depth - 1), max_size=3)) if depth else []
    return Route(
        receiver=draw(st.sampled_from(("", "r1", "r2", "r3"))),
        matchers=tuple(draw(st.lists(matchers, min_size=1, max_size=2))),
        continue_=draw(st.booleans()),
        routes=tuple(below),
    )


@given(matchers)
def test_a_matcher_is_read_as_it_is_written(matcher: Matcher) -> None:
    assert parse(str(matcher)) == (matcher,)


@given(sets, labels)
def test_an_index_finds_what_asking_each_would_find(some: list[list[Matcher]], have: dict[str, str]) -> None:
    naive = [i for i, one in enumerate(some) if all(matcher.matches(have) for matcher in one)]
    assert list(Index(some).matching(have)) == naive


@pytest.mark.slow
@given(st.lists(routes(), max_size=4), labels)
def test_routes_are_taken_as_the_documentation_says(children: list[Route], have: dict[str, str]) -> None:
    root = Route(receiver="root", routes=tuple(children))
    found = [node.receiver for node in matching(compiled(root), have)]
    assert found == list(by_the_book(root, have, "root"))
    assert found


def by_the_book(route: Route, have: dict[str, str], inherited: str) -> Iterator[str]:
    """Word by word from Alertmanager's documentation of `route`, without an index."""
    receiver, taken = route.receiver or inherited, False
    for child in route.routes:
        if all(matcher.matches(have) for matcher in child.matchers):
            taken = True
            yield from by_the_book(child, have, receiver)
            if not child.continue_:
                break
    if not taken:
        yield receiver


instants = st.floats(0, 1e6)


@given(instants, st.floats(1, 1e4), instants)
def test_a_tick_is_on_the_grid_and_the_first_one_that_will_do(began: float, interval: float, at: float) -> None:
    found = tick.at_or_after(began, interval, at)
    assert at <= found < at + interval + 1e-6
    assert abs((found - began) / interval - round((found - began) / interval)) < 1e-6
    assert tick.after(began, interval, at) > at


# A course of events: what happens, so many seconds after what happened before.
WAIT, INTERVAL, REPEAT = 10, 30, 200
KEYS = ("a", "b", "c", "down")


class Step(NamedTuple):
    """One of them."""

    after: int
    what: str
    key: str


steps = st.lists(
    st.builds(Step, st.integers(0, 60), st.sampled_from(("fires", "ends", "silence")), st.sampled_from(KEYS)),
    min_size=1,
    max_size=15,
)
CONFIG = Settings(
    receivers={"ops": Receiver(name="ops")},
    route=Route(
        receiver="ops", group_wait=Seconds(WAIT), group_interval=Seconds(INTERVAL), repeat_interval=Seconds(REPEAT)
    ),
    inhibit_rules=(InhibitRule(source_matchers=parse("what=down"), target_matchers=parse("what=c")),),
    flapping=Flapping(changes=0),
)


class Story:
    """A course of events on a store of its own, which may be closed and opened again at any time."""

    def __init__(self, home: str) -> None:
        self._path = Path(home) / "one.db"
        self._store = DirectStore(self._path)
        self.hearing = Hearing(self._store, CONFIG)

    def restart(self) -> None:
        """Nothing but the file and the time is left of what was."""
        self._store.close()
        self._store = DirectStore(self._path)
        now, self.hearing = self.hearing.now, Hearing(self._store, CONFIG)
        self.hearing.now = now

    def happens(self, step: Step) -> None:
        now = self.hearing.now - self.hearing.began
        if step.what == "silence":
            self.hearing.silence(f"what={step.key}", start=now, end=now + 45)
        elif step.what == "fires":
            self.hearing.fires(step.key, labels={"what": step.key})
        else:
            self.hearing.ends(step.key)

    def close(self) -> None:
        self._store.close()


def told(course: list[Step], restarts: Collection[int] = ()) -> list[Said]:
    """Go through the course; the process ends before these steps, and in the middle of the pauses before them."""
    with tempfile.TemporaryDirectory() as home, closing(Story(home)) as story:
        at = 0
        for i, step in enumerate(course):
            if i in restarts:
                story.hearing.to(at + step.after // 2)
                story.restart()
            at += step.after
            story.hearing.to(at)
            if i in restarts:
                story.restart()
            story.happens(step)
        return story.hearing.to(at + 100).said()


@pace(max_examples=40, deadline=None)
@given(steps, st.sets(st.integers(0, 15), min_size=1))
def test_restarts_change_nothing(course: list[Step], cuts: set[int]) -> None:
    assert told(course, cuts) == told(course)


@pace(max_examples=60, deadline=None)
@given(steps)
def test_what_is_told_is_true_in_time_and_not_told_twice(course: list[Step]) -> None:
    said = told(course)
    instants = accumulate(step.after for step in course)
    ends = [(at, step.key) for at, step in zip(instants, course, strict=True) if step.what == "ends"]
    known: set[str] = set()
    before, last = float("-inf"), set[str]()
    for one in said:
        assert one.at - before >= INTERVAL or one.reason is Reason.FIRST
        assert set(one.resolved) <= known, "an end of what was never told"
        over = {key for at, key in ends if before <= at <= one.at}  # also where that was muted, and so not told
        news = set(one.firing) - (last - over)  # also what was muted when the last notice was made
        assert news or one.resolved or one.at - before >= REPEAT, "a notice without news"
        known, last, before = (known | set(one.firing)) - set(one.resolved), set(one.firing), one.at


@pace(max_examples=40, deadline=None)
@given(steps)
def test_nothing_that_fires_and_is_not_muted_stays_untold(course: list[Step]) -> None:
    unmuted = [step for step in course if step.what != "silence" and step.key in ("a", "b")]
    fires: dict[str, bool] = defaultdict(bool)
    for step in unmuted:
        fires[step.key] = step.what == "fires"
    known: set[str] = set()
    for one in told(unmuted):
        known = (known | set(one.firing)) - set(one.resolved)
    assert known == {key for key, burning in fires.items() if burning}
