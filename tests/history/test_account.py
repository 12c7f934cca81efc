"""What time counts as: settled as late as the verdict needs, and then exactly what the verdicts say."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.history.account import Account, Reached, begun
from daemon.history.stretches import Span, Time, Turn, joined, line
from daemon.probing.verdict import Course, Rule, judge, may_turn_since
from daemon.reading import Health
from daemon.units import Quorum

EVERY = 10_000
TIME = {health: Time(health.value) for health in Health}
ROW = Rule(fail=Quorum(2, 2), recover=Quorum(2, 2), steady=0)

LETTERS = {"u": Health.UP, "d": Health.DOWN, "g": Health.DEGRADED, "?": Health.UNKNOWN}


class Probe:
    """An account, fed with readings."""

    def __init__(self, rule: Rule = ROW) -> None:
        self.rule = rule
        self.course = Course()
        self.account: Account = begun(0)
        self.turns = [Turn(0, Time.UNKNOWN)]

    def read(self, at: int, health: Health) -> None:
        before = self.course.verdict
        self.course = judge(self.course, health, self.rule, at / 1_000)
        has_turned = self.course.verdict is not before
        open_since = may_turn_since(self.course, self.rule)
        self.turns += self.account.step(
            Reached(
                at=at,
                speaks_until=at if health is Health.UNKNOWN else at + 2 * EVERY,
                verdict=TIME[self.course.verdict],
                since=round((self.course.since or 0) * 1_000) if has_turned else None,
                open_since=None if open_since is None else round(open_since * 1_000),
            )
        )

    def line(self, now: int) -> list[Span]:
        return list(joined(line([*self.turns, *self.account.outlook(now)], [], 0, now)))


def said(letters: str, rule: Rule = ROW) -> list[tuple[int, str]]:
    """From which second on it was what, when it was looked at each ten seconds with these results; - is no look."""
    probe = Probe(rule)
    for number, letter in enumerate(letters, 1):
        if letter != "-":
            probe.read(number * EVERY, LETTERS[letter])
    return [(span.begin // 1_000, span.time.value) for span in probe.line((len(letters) + 1) * EVERY)]


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ("uuuu", [(0, "unknown"), (10, "up")]),
        ("uuudd", [(0, "unknown"), (10, "up"), (40, "down")]),
        ("uuuddduu", [(0, "unknown"), (10, "up"), (40, "down"), (70, "up")]),
        # one bad reading turns nothing, and its time is up again once it cannot turn anything any more
        ("uuuduuu", [(0, "unknown"), (10, "up")]),
        ("uududud", [(0, "unknown"), (10, "up")]),
        # not enough agree: nothing is known
        ("ududu", [(0, "unknown")]),
        ("uuugg", [(0, "unknown"), (10, "up"), (40, "degraded")]),
        ("uuuggdd", [(0, "unknown"), (10, "up"), (40, "degraded"), (60, "down")]),
        ("uuugd", [(0, "unknown"), (10, "up"), (40, "degraded")]),
        # blind: the time is unknown, whatever was before and after; the row that began before it goes on
        ("uuu??uu", [(0, "unknown"), (10, "up"), (40, "unknown"), (60, "up")]),
        ("uuud?d", [(0, "unknown"), (10, "up"), (40, "down"), (50, "unknown"), (60, "down")]),
        ("uudd??dd", [(0, "unknown"), (10, "up"), (30, "down"), (50, "unknown"), (70, "down")]),
        # no look: a reading speaks until the next one is due and as long again
        ("uuu-uu", [(0, "unknown"), (10, "up")]),
        ("uuu---uu", [(0, "unknown"), (10, "up"), (50, "unknown"), (70, "up")]),
        ("uuu----", [(0, "unknown"), (10, "up"), (50, "unknown")]),
        ("uuud---d", [(0, "unknown"), (10, "up"), (40, "down"), (60, "unknown"), (80, "down")]),
    ],
)
def test_the_time_is_what_the_verdicts_say(letters: str, expected: list[tuple[int, str]]) -> None:
    assert said(letters) == expected


def test_three_of_five_begin_with_the_first_of_the_three() -> None:
    rule = Rule(fail=Quorum(3, 5), recover=Quorum(2, 2), steady=0)
    assert said("uuduudu", rule) == [(0, "unknown"), (10, "up")]
    assert said("uududdu", rule) == [(0, "unknown"), (10, "up"), (30, "down")]
    assert said("uududuu", rule) == [(0, "unknown"), (10, "up")]


def test_one_reading_is_enough_where_one_is_asked_for() -> None:
    rule = Rule(fail=Quorum(1, 1), recover=Quorum(1, 1), steady=0)
    assert said("udud", rule) == [(0, "unknown"), (10, "up"), (20, "down"), (30, "up"), (40, "down")]


def test_what_may_still_turn_is_shown_as_it_is_now() -> None:
    assert said("uuud") == [(0, "unknown"), (10, "up")]
    assert said("uuudd") == [(0, "unknown"), (10, "up"), (40, "down")]


def test_a_probe_with_other_settings_starts_anew_and_one_that_is_removed_ends() -> None:
    probe = Probe()
    for at in (10, 20, 30):
        probe.read(at * 1_000, Health.UP)
    probe.turns += probe.account.forget(35_000)
    probe.course = Course()
    for at in (40, 50):
        probe.read(at * 1_000, Health.UP)
    probe.turns += probe.account.leave(55_000)
    seen = joined(line(probe.turns, [], 0, 90_000))
    assert [(span.begin // 1_000, span.time.value) for span in seen] == [
        (0, "unknown"),
        (10, "up"),
        (35, "unknown"),
        (40, "up"),
        (55, "unwatched"),
    ]


def test_what_was_thought_to_come_after_a_clock_that_was_set_back_is_not_so() -> None:
    probe = Probe()
    for at in range(10, 100, 10):
        probe.read(at * 1_000, Health.UP)
    turns = probe.account.rewind(35_000)
    assert turns == [Turn(35_000, Time.UNKNOWN)]
    probe.turns = [turn for turn in probe.turns if turn.at <= 35_000] + turns
    probe.read(40_000, Health.UP)
    assert [(span.begin // 1_000, span.time.value) for span in probe.line(50_000)] == [
        (0, "unknown"),
        (10, "up"),
        (35, "unknown"),
        (40, "up"),
    ]


RULES = st.builds(
    Rule,
    fail=st.sampled_from([Quorum(1, 1), Quorum(2, 2), Quorum(2, 3), Quorum(3, 5), Quorum(4, 9)]),
    recover=st.sampled_from([Quorum(1, 1), Quorum(2, 2), Quorum(2, 4), Quorum(5, 5)]),
    steady=st.sampled_from([0.0, 30.0, 3_600.0]),
)
# A look comes after so many milliseconds: mostly in time, sometimes late, sometimes after a long sleep.
GAPS = st.one_of(st.just(EVERY), st.integers(1, 3 * EVERY), st.integers(1, 400_000))
LOOKS = st.lists(st.tuples(GAPS, st.sampled_from(list(Health))), max_size=60)


def by_hand(looks: list[tuple[int, Health]], rule: Rule, now: int) -> list[Span]:
    """The same, worked out backwards when everything is over: which verdict held when, and when anything was known."""
    course, verdicts, known = Course(), [(0, Time.UNKNOWN)], []
    for at, health in looks:
        before = course.verdict
        course = judge(course, health, rule, at / 1_000)
        if course.verdict is not before:
            verdicts.append((round((course.since or 0) * 1_000), TIME[course.verdict]))
    for (at, health), (then, _) in pairwise([*looks, (now, Health.UNKNOWN)]):
        if health is not Health.UNKNOWN:
            known.append((at, min(then, at + 2 * EVERY)))
    edges = sorted({0, now, *(at for at, _ in verdicts), *(edge for piece in known for edge in piece)})

    def time(at: int) -> Time:
        verdict = next(time for since, time in reversed(verdicts) if since <= at)
        return verdict if any(begin <= at < end for begin, end in known) else Time.UNKNOWN

    return list(joined(Span(begin, end, time(begin)) for begin, end in pairwise(edges) if begin < now))


@given(LOOKS, RULES, st.integers(0, 100_000))
def test_settled_as_it_goes_it_is_what_it_is_worked_out_afterwards(
    gaps: list[tuple[int, Health]], rule: Rule, rest: int
) -> None:
    looks, at = [], 0
    for gap, health in gaps:
        at += gap
        looks.append((at, health))
    probe = Probe(rule)
    for at, health in looks:
        probe.read(at, health)
        assert probe.account.settled <= at
        assert len(probe.account.pending) <= 2 * 100
    now = at + rest
    found = probe.line(now)
    assert found == by_hand(looks, rule, now)
    assert sum(span.end - span.begin for span in found) == now


@given(LOOKS, RULES)
def test_no_verdict_begins_before_the_time_that_is_open(gaps: list[tuple[int, Health]], rule: Rule) -> None:
    course, at = Course(), 0
    for gap, health in gaps:
        at += gap
        before, open_since = course, may_turn_since(course, rule)
        course = judge(course, health, rule, float(at))
        if course.verdict is not before.verdict:
            assert course.since is not None
            assert course.since >= (at if open_since is None else open_since)
