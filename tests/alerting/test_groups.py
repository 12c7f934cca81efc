"""Groups, their ticks, and the one comparison that decides what is news."""

from collections.abc import Callable

import pytest

from daemon.config.audience import Receiver, Route
from daemon.config.settings import Settings
from daemon.event import Severity
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import groups
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing, Said

Start = Callable[..., Hearing]


def grouped(*routes: Route, **more: object) -> Settings:
    defaults: dict[str, object] = {
        "receiver": "ops",
        "group_by": ("team",),
        "group_wait": Seconds(30),
        "group_interval": Seconds(300),
        "repeat_interval": Seconds(3_600),
    }
    names = {"ops", *(route.receiver for route in routes)}
    root = Route(**(defaults | more), routes=routes)  # type: ignore[arg-type]
    return Settings(receivers={name: Receiver(name=name) for name in names}, route=root)


@pytest.fixture
def start(store: SqliteStore) -> Start:
    return lambda *routes, **more: Hearing(store, grouped(*routes, **more))


def test_alarms_that_come_together_are_told_together(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(20).fires("b")
    story.to(29)
    assert story.said() == []
    assert story.to(31).said() == [Said(30, "ops", Reason.FIRST, ("a", "b"), ())]


def test_news_waits_for_the_next_tick_and_what_is_no_news_for_the_repeat(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).fires("b")
    story.to(400).ends("b")
    story.to(10_000)
    assert story.said() == [
        Said(30, "ops", Reason.FIRST, ("a",), ()),
        Said(330, "ops", Reason.NEW_MEMBER, ("a", "b"), ()),
        Said(630, "ops", Reason.SOME_RESOLVED, ("a",), ("b",)),
        Said(4_230, "ops", Reason.REPEAT, ("a",), ()),
        Said(7_830, "ops", Reason.REPEAT, ("a",), ()),
    ]


def test_a_group_without_news_has_no_instant_before_its_repeat(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(31)
    (group,) = story.store.read(lambda tx: groups.newest(tx, 10))
    assert (group.next_at or 0) - story.now == pytest.approx(30 + 3_600 - 31)


def test_the_end_of_all_is_told_and_the_group_begins_anew(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(60).ends("a")
    story.to(400).fires("a")
    story.to(429)
    assert story.said()[1:] == [Said(330, "ops", Reason.ALL_RESOLVED, (), ("a",))]
    assert story.to(430).said()[2:] == [Said(430, "ops", Reason.FIRST, ("a",), ())]


def test_what_began_and_ended_before_it_could_be_told_is_not_told(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(10).ends("a")
    assert story.to(10_000).said() == []


def test_a_problem_that_ends_and_comes_back_between_two_ticks_is_no_news(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ends("a")
    story.to(200).fires("a")
    assert [said.reason for said in story.to(3_000).said()] == [Reason.FIRST]


def test_an_alarm_that_started_long_ago_has_waited_enough(start: Start) -> None:
    story = start()
    story.fires("a", started_at=story.now - 31)
    assert story.said() == [Said(0, "ops", Reason.FIRST, ("a",), ())]


def test_a_severity_that_rises_is_news_and_one_that_falls_is_not(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(60).fires("a", severity=Severity.CRITICAL)
    story.to(400).fires("a", severity=Severity.WARNING)
    assert [said.reason for said in story.to(1_000).said()] == [Reason.FIRST, Reason.WORSE]


@pytest.mark.parametrize(
    ("by", "together"),
    [
        (("team",), [("a", "b"), ("c",)]),
        ((), [("a", "b", "c")]),
        (("...",), [("a",), ("b",), ("c",)]),
        (("none such",), [("a", "b", "c")]),
    ],
)
def test_what_makes_a_group(start: Start, by: tuple[str, ...], together: list[tuple[str, ...]]) -> None:
    story = start(group_by=by)
    story.fires("a", "b", labels={"team": "db"})
    story.fires("c", labels={"team": "web"})
    assert [said.firing for said in story.to(60).said()] == together


def test_a_label_that_is_missing_is_another_group_than_one_that_is_there(start: Start) -> None:
    story = start()
    story.fires("a", labels={"team": "db"})
    story.fires("b")
    assert [said.firing for said in story.to(60).said()] == [("a",), ("b",)]


def test_each_node_has_its_own_times_and_inherits_the_rest(start: Start) -> None:
    quick = Route(receiver="db", matchers=parse('team="db"'), group_wait=Seconds(5), continue_=True)
    story = start(quick, Route(receiver="all", matchers=parse('team=~".+"')))
    story.fires("a", labels={"team": "db"})
    story.to(100).fires("b", labels={"team": "db"})
    assert story.to(400).said() == [
        Said(5, "db", Reason.FIRST, ("a",), ()),
        Said(30, "all", Reason.FIRST, ("a",), ()),
        Said(305, "db", Reason.NEW_MEMBER, ("a", "b"), ()),
        Said(330, "all", Reason.NEW_MEMBER, ("a", "b"), ()),
    ]


def test_an_alert_that_gets_worse_and_is_routed_elsewhere_ends_for_those_who_heard_of_it(start: Start) -> None:
    story = start(Route(receiver="pager", matchers=parse('severity="critical"')))
    story.fires("a")
    story.to(60).fires("a", severity=Severity.CRITICAL)
    story.to(9_000).ends("a")
    assert [(said.receiver, said.reason) for said in story.to(9_700).said()] == [
        ("ops", Reason.FIRST),
        ("pager", Reason.FIRST),
        ("pager", Reason.REPEAT),
        ("pager", Reason.REPEAT),
        ("ops", Reason.ALL_RESOLVED),
        ("pager", Reason.ALL_RESOLVED),
    ]


def test_a_restart_finds_every_instant_where_it_was(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(20)
    story = start()
    story.now += 20
    story.to(100).ends("a")
    story = start()
    story.now += 5_000  # it was down when the end was to be told
    assert story.to(5_000).said() == [
        Said(30, "ops", Reason.FIRST, ("a",), ()),
        Said(5_000, "ops", Reason.ALL_RESOLVED, (), ("a",)),
    ]


def test_after_the_clock_was_set_back_a_repeat_comes_one_interval_after_the_last(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(31)
    back = story.now - 86_400
    assert story.store.write(lambda tx: groups.set_back(tx, back)) == 1
    story.now = back
    story.to(-86_400 + 31 + 3_700)
    assert [said.reason for said in story.said()] == [Reason.FIRST, Reason.REPEAT]
