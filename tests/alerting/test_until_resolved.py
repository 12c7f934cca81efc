"""Silences that hold until their alerts are resolved."""

import pytest

from daemon.event import State
from daemon.store.silences import Hidden
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN
from hushed import WEB, Hushed, settings
from made import event


@pytest.fixture
def story(store: SqliteStore) -> Hushed:
    return Hushed(store)


def test_it_hides_while_an_alert_of_its_is_open_and_nothing_after_that(story: Hushed) -> None:
    silence = story.hush(until_resolved=True)
    story.web("a", "b")
    story.to(500).ends("a")
    assert story.known(silence).ends_at is None
    story.to(900).ends("b")
    ended = story.known(silence)
    assert (ended.ends_at, ended.ended_by) == (BEGIN + 900, "the end of the last alert that it matched")
    story.to(2_000).web("b")
    assert story.to(5_000).told() == [(2_030, "first", "b", "")]
    assert story.hidden(silence)[0] == Hidden(count=2, firing=0)


def test_those_who_knew_of_the_beginning_hear_of_the_end(story: Hushed) -> None:
    story.web("a")
    story.to(60).hush(until_resolved=True)
    story.to(10_000).ends("a")
    assert story.to(20_000).told() == [(30, "first", "a", ""), (10_230, "all_resolved", "", "a")]


def test_where_groups_do_not_wait_they_hear_of_it_at_once(store: SqliteStore) -> None:
    story = Hushed(store, settings(group_wait=Seconds(0), group_interval=Seconds(0)))
    story.web("a")
    story.to(60).hush(until_resolved=True)
    story.to(1_000).ends("a")
    assert story.told() == [(0, "first", "a", ""), (1_000, "all_resolved", "", "a")]


def test_what_comes_with_the_last_end_keeps_it_going(story: Hushed) -> None:
    silence = story.hush(until_resolved=True)
    story.web("a")
    over = event(key="a", title="a", state=State.RESOLVED)
    story.to(500).take(over, event(key="b", title="b", labels={"team": "web"}))
    assert story.known(silence).ends_at is None


def test_ends_of_other_alerts_do_not_end_it(story: Hushed) -> None:
    silence = story.hush(until_resolved=True)
    story.fires("db", labels={"team": "db"})
    story.to(500).ends("db")
    assert story.known(silence).ends_at is None


def test_it_may_have_an_end_of_its_own(story: Hushed) -> None:
    story.hush(until_resolved=True, end=1_000)
    story.web("a")
    assert story.to(5_000).told() == [(1_230, "first", "a", "")]


def test_one_to_come_does_not_come_when_its_alert_is_over_before(story: Hushed) -> None:
    silence = story.hush(until_resolved=True, start=2_000)
    story.web("a")
    story.to(500).ends("a")
    ended = story.known(silence)
    assert (ended.starts_at, ended.ends_at) == (BEGIN + 500, BEGIN + 500)


def test_matchers_of_every_kind_find_what_is_still_open_also_behind_many_others(story: Hushed) -> None:
    odd = 'say "hi" \\ 中文'
    exact = story.hush(
        f'note="{odd.replace(chr(92), chr(92) * 2).replace(chr(34), chr(92) + chr(34))}"', until_resolved=True
    )
    loose = story.hush('note=~"say.*"', until_resolved=True)
    story.fires("a", "b", labels={"note": odd})
    story.fires(*(f"n{n}" for n in range(501)))
    story.fires("z", labels={"note": odd})
    story.ends("a", "b")
    assert [story.known(one).ends_at for one in (exact, loose)] == [None, None]
    story.ends("z")
    assert [story.known(one).ends_at for one in (exact, loose)] == [BEGIN, BEGIN]


def test_two_silences_of_one_alert_end_together(story: Hushed) -> None:
    pair = [story.hush(until_resolved=True), story.hush(WEB, 'host="h"', until_resolved=True)]
    story.web("a", host="h")
    story.to(100).ends("a")
    assert [story.known(one).ends_at for one in pair] == [BEGIN + 100] * 2
