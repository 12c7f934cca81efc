"""What a silence does to what is told: its edges, its changes, and what it hid."""

import pytest

from daemon.event import Severity
from daemon.store.silences import Hidden
from daemon.store.sqlite import SqliteStore
from hushed import HOUR, WEB, Hushed, settings


@pytest.fixture
def story(store: SqliteStore) -> Hushed:
    return Hushed(store)


def test_what_fires_on_when_its_silence_ends_is_told_at_the_next_tick(story: Hushed) -> None:
    silence = story.hush(end=1_000)
    story.web("a")
    assert story.to(1_229).told() == []
    assert story.to(10_000).told() == [(1_230, "first", "a", "")]
    assert story.muted(1) == [(30, "silenced", f"by {silence.code} of lin"), (1_230, "no_longer", "")]


def test_a_silence_that_begins_after_the_first_notice_changes_nothing_of_what_is_known(story: Hushed) -> None:
    story.web("a")
    story.to(60).hush(end=1_000)
    story.to(400).web("b")
    assert story.to(10_000).told() == [(30, "first", "a", ""), (1_230, "new_member", "a b", "")]


def test_an_end_under_a_silence_is_not_told_and_the_next_beginning_is_news(story: Hushed) -> None:
    story.web("a")
    story.to(60).hush(end=1_000)
    story.to(500).ends("a")
    story.to(1_500).web("a")
    assert story.to(10_000).told() == [(30, "first", "a", ""), (1_530, "first", "a", "")]


def test_what_began_and_ended_under_a_silence_is_hidden_for_good(story: Hushed) -> None:
    silence = story.hush(end=1_000)
    story.web("a")
    story.to(500).ends("a")
    assert story.to(10_000).told() == []
    assert story.hidden(silence) == (Hidden(count=1, firing=0), [1])


def test_an_end_after_the_silence_is_told_to_those_who_know_of_the_beginning(story: Hushed) -> None:
    story.web("a")
    story.to(60).hush(end=1_000)
    story.to(1_100).ends("a")
    assert story.to(10_000).told() == [(30, "first", "a", ""), (1_230, "all_resolved", "", "a")]


def test_a_silence_to_come_hides_nothing_before_its_start_and_everything_from_it_on(story: Hushed) -> None:
    story.hush(start=300, end=2_000)
    story.web("a")
    story.to(100).fires("b", labels={"team": "db"})
    story.to(299).fires("c", labels={"team": "web"})
    assert story.to(1_999).told() == [(30, "first", "a", ""), (130, "first", "b", "")]
    assert story.to(10_000).told()[2:] == [(2_130, "new_member", "a c", "")]


def test_overlapping_silences_hide_until_the_last_is_over_and_count_for_the_oldest_in_force(story: Hushed) -> None:
    first, second = story.hush(end=400), story.hush(end=1_000)
    story.web("a")
    story.to(100)
    assert [story.hidden(one)[0].count for one in (first, second)] == [1, 0]
    assert story.to(10_000).told() == [(1_230, "first", "a", "")]
    assert [story.hidden(one)[0].count for one in (first, second)] == [1, 1]
    assert [detail for _, _, detail in story.muted(1)] == ["by S1 of lin", "by S2 of lin", ""]


def test_a_later_end_hides_longer_an_earlier_one_less_long(story: Hushed) -> None:
    silence = story.hush(end=1_000)
    story.web("a")
    longer = story.to(900).hush(end=2_000, change=silence.code)
    assert longer.id == silence.id
    story.to(1_100)
    story.hush(end=1_400, change=silence.code)
    assert story.to(10_000).told() == [(1_530, "first", "a", "")]


def test_other_matchers_make_another_silence_and_what_is_not_hidden_any_more_is_told(story: Hushed) -> None:
    silence = story.hush('team=~"web|db"', end=2_000)
    story.web("a")
    story.fires("b", labels={"team": "db"})
    other = story.to(100).hush('team="db"', end=2_000, change=silence.code)
    assert other.id != silence.id
    assert story.to(1_900).told() == [(330, "first", "a", "")]
    assert [story.hidden(one)[1] for one in (silence, other)] == [[2, 1], [2]]


def test_a_silence_that_is_ended_hides_nothing_from_the_next_tick_on(story: Hushed) -> None:
    silence = story.hush(end=10_000)
    story.web("a")
    story.to(400)
    story.expire(silence)
    assert story.to(9_000).told() == [(630, "first", "a", "")]


def test_one_that_was_ended_before_it_began_never_begins(story: Hushed) -> None:
    silence = story.hush(start=100, end=10_000)
    story.expire(silence)
    story.to(200).web("a")
    assert story.to(300).told() == [(230, "first", "a", "")]


def test_what_gets_worse_out_of_the_silence_is_told(story: Hushed) -> None:
    story.hush(WEB, 'severity="warning"', end=10_000)
    story.fires("a", labels={"team": "web"}, severity=Severity.WARNING)
    story.to(100).fires("a", labels={"team": "web"}, severity=Severity.CRITICAL)
    assert story.to(5_000).told() == [(330, "first", "a", "")]


def test_the_count_holds_each_alert_once_and_the_open_ones_come_first(story: Hushed) -> None:
    silence = story.hush(end=5_000)
    story.web("a", "b", "c")
    story.to(2_000).ends("c")
    story.to(4_000)
    assert story.hidden(silence) == (Hidden(count=3, firing=2), [2, 1, 3])


def edges(story: Hushed) -> None:
    """A silence that is there from the start, one that comes, and alarms on both sides of each edge."""
    story.hush(end=1_000)
    story.hush('team="db"', start=500, end=1_500)
    story.web("a")
    story.fires("b", labels={"team": "db"})


def later(story: Hushed) -> None:
    story.fires("c", labels={"team": "db"})
    story.ends("b")


@pytest.mark.parametrize("dies_at", [0, 29, 30, 330, 499, 500, 930, 999, 1_000, 1_229, 1_230, 1_500, 1_600])
def test_a_restart_at_any_instant_leaves_nothing_out_and_says_nothing_early_or_twice(
    store: SqliteStore, dies_at: float
) -> None:
    story = Hushed(store)
    acts = {0.0: edges, 700.0: later}
    for at in sorted({*acts, dies_at}):
        story.to(at)
        if at in acts:
            acts[at](story)
        if at == dies_at:
            story = story.restarted()
    story.to(10_000)
    assert story.told() == [(30, "first", "b", ""), (1_230, "first", "a", ""), (1_530, "first", "c", "")]
    story.store.close()


def test_a_broad_silence_does_not_hide_that_it_ends_itself(store: SqliteStore) -> None:
    story = Hushed(store, settings(warn_before=600))
    story.hush('severity=~".+"', end=2 * HOUR)
    story.web("a")
    story.to(2 * HOUR - 500)
    assert [(at, why, what) for at, why, what, _ in story.told("admins")] == [(6_600, "first", "silence:S1")]
