"""tocsin says before a silence ends that it does, and what will be heard again."""

import pytest

from daemon.alert import Alert
from daemon.event import State
from daemon.store import alerts, timers
from daemon.store.silences import Kind
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from hushed import HOUR, Hushed, settings

KEY = "silence:S1"


@pytest.fixture
def story(store: SqliteStore) -> Hushed:
    return Hushed(store)


def own(story: Hushed) -> list[Alert]:
    return [one for one in story.store.read(alerts.newest) if one.source == "tocsin"]


def test_it_is_said_once_before_the_end_and_is_over_with_it(story: Hushed) -> None:
    story.hush(end=2 * HOUR, comment="new discs")
    story.web("a", "b", "c")
    story.to(HOUR).ends("c")
    story.to(2 * HOUR - 900)
    (said,) = own(story)
    assert said.title == "Silence S1 of lin ends in 15m; it hid 3 alarms, 2 of them still fire"
    assert said.labels == {
        "source": "tocsin", "severity": "info", "silence": "S1", "author": "lin", "check": "silence"
    }  # fmt: skip
    assert said.text == (
        'new discs\nIt hides team="web".\nStill firing:\nA2 b\nA1 a\n'
        "To have it hold for longer: `tocsinctl silence update`."
    )
    story.to(3 * HOUR)
    assert story.told("admins") == [(6_300, "first", KEY, ""), (7_200, "all_resolved", "", KEY)]
    assert own(story)[0].text == "Silence S1 of lin is over.\nStill firing:\nA2 b\nA1 a"


def test_what_hid_nothing_ends_without_a_word(story: Hushed) -> None:
    story.hush(end=2 * HOUR)
    story.fires("other", labels={"team": "db"})
    assert story.to(3 * HOUR).told("admins") == []


def test_what_hides_something_only_in_its_last_minutes_is_spoken_of_within_one(story: Hushed) -> None:
    story.hush(end=2 * HOUR)
    story.to(2 * HOUR - 300).web("a")
    story.to(3 * HOUR)
    assert story.told("admins") == [(6_960, "first", KEY, ""), (7_200, "all_resolved", "", KEY)]
    assert own(story)[0].title == "Silence S1 of lin ends in 4m; it hid 1 alarm, which still fires"


def test_one_that_is_no_longer_than_the_warning_needs_none(story: Hushed) -> None:
    story.hush(end=900)
    story.web("a")
    assert story.to(HOUR).told("admins") == []


def test_nobody_is_told_where_nobody_wants_to_know(store: SqliteStore) -> None:
    story = Hushed(store, settings(warn_before=0))
    story.hush(end=2 * HOUR)
    story.web("a")
    assert story.to(3 * HOUR).told("admins") == []
    assert story.store.read(timers.next_due) is None


def test_one_that_is_made_to_hold_for_longer_takes_its_word_back_and_says_it_anew(story: Hushed) -> None:
    silence = story.hush(end=2 * HOUR)
    story.web("a")
    story.to(2 * HOUR - 600).hush(change=silence.code, end=4 * HOUR)
    story.to(2 * HOUR)
    assert own(story)[0].text == "Silence S1 of lin was changed and does not end soon."
    story.to(5 * HOUR)
    assert story.told("admins") == [
        (6_300, "first", KEY, ""),
        (6_600, "all_resolved", "", KEY),
        (13_500, "first", KEY, ""),
        (14_400, "all_resolved", "", KEY),
    ]


def test_one_that_somebody_ends_is_over_at_once_and_says_by_whom(story: Hushed) -> None:
    silence = story.hush(end=2 * HOUR)
    story.web("a")
    story.to(2 * HOUR - 600)
    story.expire(silence, "wang")
    story.to(2 * HOUR)
    assert own(story)[0].state is State.RESOLVED
    assert own(story)[0].text == "Silence S1 of lin is over, by wang.\nStill firing:\nA1 a"


def test_a_warning_of_hours_stays_open_for_hours(store: SqliteStore) -> None:
    """What is not raised again for `self_checks.window` is taken for over."""
    story = Hushed(store, settings(warn_before=5 * HOUR))
    story.hush(end=10 * HOUR)
    story.web("a")
    for at in range(5, 10):
        story.to(at * HOUR + 1)
        (said,) = own(story)
        assert (said.state, story.now - said.last_seen <= HOUR / 2 + 1) == (State.FIRING, True)
    assert story.to(11 * HOUR).told("admins") == [(18_000, "first", KEY, ""), (36_000, "all_resolved", "", KEY)]


def test_a_window_says_its_name(story: Hushed) -> None:
    story.hush(end=2 * HOUR, kind=Kind.MAINTENANCE, name="discs")
    story.web("a")
    story.to(2 * HOUR - 900)
    assert own(story)[0].title.startswith("Maintenance discs (S1) of lin ends in 15m; it hid 1 alarm")
    assert "`tocsinctl maintenance open`" in own(story)[0].text


@pytest.mark.parametrize("dies_at", [0, 100, 6_299, 6_300, 6_500, 7_199, 7_200])
def test_a_restart_neither_loses_nor_doubles_the_word(store: SqliteStore, dies_at: float) -> None:
    story = Hushed(store)
    story.hush(end=2 * HOUR)
    story.web("a")
    story.to(dies_at)
    story = story.restarted()
    story.to(3 * HOUR)
    assert story.told("admins") == [(6_300, "first", KEY, ""), (7_200, "all_resolved", "", KEY)]
    story.store.close()


def test_what_was_due_while_nobody_ran_is_not_said_after_the_end(store: SqliteStore) -> None:
    story = Hushed(store)
    story.hush(end=2 * HOUR)
    story.web("a")
    story.to(100)
    story = story.restarted()
    story.now = BEGIN + 3 * HOUR
    story.to(4 * HOUR)
    assert story.told("admins") == []
    assert story.told() == [(10_800, "first", "a", "")]
    story.store.close()
