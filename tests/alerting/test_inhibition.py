"""What is not told while something else fires: a table of rules, and how it goes on in time."""

import pytest

from daemon.config.audience import InhibitRule
from daemon.event import Severity, State
from daemon.store.sqlite import SqliteStore
from hushed import WEB, Hushed, rule, settings
from made import event

DOWN = rule('alertname="NodeDown"', 'severity=~"warning|info"', "cluster")
Labels = dict[str, str]


def is_muted(store: SqliteStore, rules: list[InhibitRule], source: Labels, target: Labels) -> bool:
    """Whether `target` is told while `source` fires; they are in groups of their own."""
    story = Hushed(store, settings(*rules, group_by=("...",)))
    story.fires("source", labels=source)
    story.fires("target", labels=target)
    story.to(31)
    keys = {key for _, _, firing, _ in story.told() for key in firing.split()}
    assert "source" in keys
    return "target" not in keys


@pytest.mark.parametrize(
    ("text", "source", "target", "muted"),
    [
        ("the labels are equal", {"dc": "a"}, {"dc": "a"}, True),
        ("they are not", {"dc": "a"}, {"dc": "b"}, False),
        ("both have none", {}, {}, True),
        ("missing is the same as empty", {"dc": ""}, {}, True),
        ("only one has it", {"dc": "a"}, {}, False),
        ("only the other has it", {}, {"dc": "a"}, False),
        ("other labels do not matter", {"dc": "a", "x": "1"}, {"dc": "a", "x": "2"}, True),
        ("all of them must be equal", {"dc": "a", "row": "1"}, {"dc": "a", "row": "2"}, False),
        ("values are not mixed up", {"dc": "a", "row": "b"}, {"dc": "b", "row": "a"}, False),
    ],
)
def test_labels_that_must_be_equal(store: SqliteStore, text: str, source: Labels, target: Labels, muted: bool) -> None:
    del text
    rules = [rule('role="source"', 'role="target"', "dc", "row")]
    assert is_muted(store, rules, source | {"role": "source"}, target | {"role": "target"}) is muted


@pytest.mark.parametrize(
    ("rules", "muted"),
    [
        ([rule('a="1"', 'b="1"')], True),
        ([rule('a="2"', 'b="1"'), rule('a="1"', 'b="1"')], True),
        ([rule('a="1"', 'b="2"')], False),
        ([rule('a="2"', 'b="1"')], False),
        ([rule('a=~"1|2"', 'b!="2"')], True),
        ([rule('{a="1", c="1"}', 'b="1"')], False),
        ([rule('a="1"', '{b="1", c="1"}')], False),
        ([rule('a="1"', 'c!~".+"')], True),
    ],
    ids=str,
)
def test_both_sides_must_match_and_one_of_several_rules_is_enough(
    store: SqliteStore, rules: list[InhibitRule], muted: bool
) -> None:
    assert is_muted(store, rules, {"a": "1"}, {"b": "1"}) is muted


def test_an_alert_does_not_mute_itself(store: SqliteStore) -> None:
    story = Hushed(store, settings(rule('team="web"', 'team=~".+"')))
    story.web("a")
    assert story.to(100).told() == [(30, "first", "a", "")]


def test_two_that_match_both_sides_do_not_mute_each_other(store: SqliteStore) -> None:
    story = Hushed(store, settings(rule('team="web"', 'team=~".+"')))
    story.web("a", "b")
    assert story.to(100).told() == [(30, "first", "a b", "")]


def test_what_matches_both_sides_mutes_a_mere_target_and_is_muted_by_a_mere_source(store: SqliteStore) -> None:
    story = Hushed(store, settings(rule('kind=~"source|both"', 'kind=~"target|both"'), group_by=()))
    story.fires("both", labels={"kind": "both"})
    story.fires("target", labels={"kind": "target"})
    story.to(100)
    story.fires("source", labels={"kind": "source"})
    story.to(400)
    assert story.told() == [(30, "first", "both", ""), (330, "new_member", "source", "")]
    assert story.muted(2)[0][1:] == ("inhibited", 'by A1, as kind=~"source|both" => kind=~"target|both" ()')
    assert story.muted(1) == [(330, "inhibited", 'by A3, as kind=~"source|both" => kind=~"target|both" ()')]


@pytest.fixture
def story(store: SqliteStore) -> Hushed:
    return Hushed(store, settings(DOWN))


def down(story: Hushed, state: State = State.FIRING) -> None:
    story.take(event(key="down", title="down", state=state, labels={"alertname": "NodeDown", "team": "infra"}))


def warns(story: Hushed, key: str = "slow") -> None:
    story.fires(key, severity=Severity.WARNING, labels={"team": "web"})


def test_when_the_source_is_over_what_it_muted_is_told_at_the_next_tick(story: Hushed) -> None:
    down(story)
    warns(story)
    story.to(1_000)
    down(story, State.RESOLVED)
    story.to(5_000)
    assert story.told() == [
        (30, "first", "down", ""),
        (1_230, "all_resolved", "", "down"),
        (1_230, "first", "slow", ""),
    ]


def test_what_ends_while_it_is_muted_is_not_told(story: Hushed) -> None:
    down(story)
    warns(story)
    story.to(500).ends("slow")
    story.to(1_000)
    down(story, State.RESOLVED)
    assert story.to(5_000).told() == [(30, "first", "down", ""), (1_230, "all_resolved", "", "down")]


def test_a_source_that_comes_later_mutes_the_end_and_what_is_new(story: Hushed) -> None:
    warns(story)
    story.to(100)
    down(story)
    story.to(400)
    warns(story, "slower")
    story.ends("slow")
    assert story.to(5_000).told() == [(30, "first", "slow", ""), (130, "first", "down", "")]


def test_another_source_goes_on_muting_when_the_first_is_over(story: Hushed) -> None:
    down(story)
    story.fires("down too", labels={"alertname": "NodeDown", "team": "infra"})
    warns(story)
    story.to(500)
    down(story, State.RESOLVED)
    story.to(5_000)
    assert [firing for _, _, firing, _ in story.told()] == ["down down too", "down too"]
    assert [detail.split(",")[0] for _, _, detail in story.muted(3)] == ["by A1", "by A2"]


def test_a_silenced_source_mutes_all_the_same(story: Hushed) -> None:
    story.hush('team="infra"', end=100_000)
    down(story)
    warns(story)
    assert story.to(5_000).told() == []


def test_a_source_whose_labels_change_mutes_by_the_new_ones(store: SqliteStore) -> None:
    story = Hushed(store, settings(rule('{role="source", severity="warning"}', WEB)))
    story.fires("source", severity=Severity.WARNING, labels={"role": "source"})
    story.web("a")
    story.to(100).fires("source", severity=Severity.CRITICAL, labels={"role": "source"})
    assert [one for one in story.to(1_000).told() if one[2] == "a"] == [(330, "first", "a", "")]


def test_a_target_whose_labels_change_is_muted_by_the_new_ones(story: Hushed) -> None:
    down(story)
    warns(story)
    story.to(100).fires("slow", severity=Severity.CRITICAL, labels={"team": "web"})
    assert story.to(1_000).told()[1:] == [(330, "first", "slow", "")]


@pytest.mark.parametrize("dies_at", [0, 30, 999, 1_000, 1_229, 1_230])
def test_a_restart_changes_nothing(store: SqliteStore, dies_at: float) -> None:
    story = Hushed(store, settings(DOWN))
    down(story)
    warns(story)
    for at in sorted({1_000.0, dies_at}):
        story.to(at)
        if at == 1_000:
            down(story, State.RESOLVED)
        if at == dies_at:
            story = story.restarted()
    assert story.to(5_000).told() == [
        (30, "first", "down", ""),
        (1_230, "all_resolved", "", "down"),
        (1_230, "first", "slow", ""),
    ]
    story.store.close()


def test_a_rule_that_is_new_mutes_by_what_fires_already(store: SqliteStore) -> None:
    story = Hushed(store, settings())
    down(story)
    story.to(100).reload(settings(DOWN))
    warns(story)
    assert story.to(1_000).told() == [(30, "first", "down", "")]


def test_a_rule_that_is_gone_or_another_one_lets_go_at_the_next_tick(store: SqliteStore) -> None:
    story = Hushed(store, settings(DOWN))
    down(story)
    warns(story)
    story.to(100).reload(settings(rule('alertname="NodeDown"', 'severity="info"', "cluster")))
    assert story.to(1_000).told() == [(30, "first", "down", ""), (330, "first", "slow", "")]


def test_a_rule_that_only_moved_in_the_file_goes_on(store: SqliteStore) -> None:
    other = rule('a="1"', 'b="1"')
    story = Hushed(store, settings(DOWN, other))
    down(story)
    warns(story)
    story.to(100).reload(settings(other, DOWN))
    assert story.to(1_000).told() == [(30, "first", "down", "")]
