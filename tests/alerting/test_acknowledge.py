"""Acknowledgements: what they stop, what they do not, the reminder, the end, and what comes after."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from daemon.alerting.acknowledge import Refused, lasting, one_line
from daemon.config.answers import Acknowledge
from daemon.config.audience import Leg, Person, Route
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import groups, timers
from daemon.store.acks import Ack
from daemon.store.sqlite import SqliteStore
from daemon.store.timers import Kind
from daemon.units import Seconds
from fake_clock import BEGIN
from hearing import Said
from responding import Story, settings, told_of

Start = Callable[..., Story]
HOURLY = {"repeat_interval": Seconds(3_600)}


@pytest.fixture
def start(store: SqliteStore) -> Iterator[Start]:
    with told_of(store) as begin:
        yield begin


def escalated(story: Story) -> list[tuple[float, str]]:
    return [(at, who) for at, reason, who in story.told() if reason is Reason.ESCALATED]


def answered(story: Story) -> list[tuple[float, Reason, str]]:
    return [one for one in story.told() if one[1] in (Reason.ACK_ENDING, Reason.ACK_ENDED)]


def test_nobody_else_is_told_of_what_somebody_has_in_hand(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(400).ack(lasting=3_600)
    assert escalated(story.to(3_900)) == [(330, "lin")]


def test_an_acknowledgement_before_the_first_telling_lets_that_be_told(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(10).ack(lasting=3_600)
    assert story.to(3_500).said() == [
        Said(30, "ops", Reason.FIRST, ("a",), ()),
        Said(2_710, "ops", Reason.ACK_ENDING, ("a",), ()),
    ]


def test_the_author_is_reminded_and_at_the_end_the_receiver_is_told(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(by="lin", lasting=3_600)
    assert answered(story.to(3_800)) == [(2_800, Reason.ACK_ENDING, "lin"), (3_700, Reason.ACK_ENDED, "room")]
    assert [notice.note for notice in story.notices(1)][1:] == [
        "the acknowledgement of lin ends in 15m",
        "the acknowledgement of lin has ended",
    ]
    assert story.acked() is None


@pytest.mark.parametrize("before", [100, 331, 931, 1_831])
def test_after_its_end_the_escalation_goes_on_with_the_step_where_it_stopped(start: Start, before: float) -> None:
    story = start()
    story.fires("a")
    story.to(before).ack(lasting=3_600)
    story.to(before + 3_599)
    done = escalated(story)
    later = [(at - before - 3_600, who) for at, who in escalated(story.to(20_000)) if (at, who) not in done]
    assert (
        later
        == {
            100: [(300, "lin"), (900, "wang"), (900, "wu"), (1_800, "room")],
            331: [(600, "wang"), (600, "wu"), (1_500, "room")],
            931: [(900, "room")],
            1_831: [],
        }[before]
    )


def test_whoever_acknowledges_again_prolongs_it_and_is_reminded_anew(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(lasting=3_600)
    story.to(3_000).ack(lasting=3_600)
    assert answered(story.to(10_000)) == [
        (2_800, Reason.ACK_ENDING, "lin"),
        (5_700, Reason.ACK_ENDING, "lin"),
        (6_600, Reason.ACK_ENDED, "room"),
    ]
    assert story.steps("prolonged") == 1


def test_somebody_else_takes_it_over(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(by="lin", lasting=3_600)
    story.to(200).ack(by="wang", lasting=3_600, comment="lin sleeps")
    assert answered(story.to(3_000)) == [(2_900, Reason.ACK_ENDING, "wang")]
    assert story.steps("taken_over") == 1
    assert ("ack", "taken_over", "by wang for 1h, over zmq: lin sleeps") in story.trace(1)


def test_what_is_taken_back_is_repeated_and_escalated_again(start: Start) -> None:
    story = start(root=HOURLY)
    story.fires("a")
    story.to(100).ack(lasting=80_000)
    story.to(9_000).unack()
    story.to(9_400)
    assert [(said.at, said.reason) for said in story.said()] == [
        (30, Reason.FIRST),
        (9_030, Reason.REPEAT),
        (9_300, Reason.ESCALATED),
    ]
    assert (story.acked(), story.steps("taken_back"), story.steps("resumed")) == (None, 1, 1)


def test_a_group_in_which_all_is_acknowledged_is_not_repeated_and_has_no_instant(start: Start) -> None:
    story = start(root=HOURLY, steps=())
    story.fires("a", "b")
    for alert_id in (1, 2):
        story.to(100).ack(alert_id, lasting=20_000)
    assert [said.reason for said in story.to(19_000).said()] == [Reason.FIRST]
    (group,) = story.store.read(lambda tx: groups.newest(tx, 10))
    assert group.next_at is None


def test_one_that_nobody_has_in_hand_keeps_the_group_repeated(start: Start) -> None:
    story = start(root=HOURLY, steps=())
    story.fires("a", "b")
    story.to(100).ack(1, lasting=80_000)
    assert [(said.at, said.reason) for said in story.to(8_000).said()] == [
        (30, Reason.FIRST),
        (3_630, Reason.REPEAT),
        (7_230, Reason.REPEAT),
    ]


def test_new_members_and_ends_are_told_all_the_same(start: Start) -> None:
    story = start(steps=())
    story.fires("a")
    story.to(100).ack(1, lasting=20_000)
    story.fires("b")
    story.to(400).delivers().ends("a")
    assert [(said.at, said.reason, said.firing, said.resolved) for said in story.to(1_000).said()][1:] == [
        (330, Reason.NEW_MEMBER, ("a", "b"), ()),
        (630, Reason.SOME_RESOLVED, ("b",), ("a",)),
    ]


def test_the_end_of_one_counts_as_telling(start: Start) -> None:
    """The repeat that was held back does not follow on its heels."""
    story = start(root=HOURLY, steps=())
    story.fires("a")
    story.to(100).ack(lasting=7_200)
    assert [(said.at, said.reason) for said in story.to(12_000).said()] == [
        (30, Reason.FIRST),
        (6_400, Reason.ACK_ENDING),
        (7_300, Reason.ACK_ENDED),
        (11_130, Reason.REPEAT),
    ]


@pytest.mark.parametrize("end", [200, 2_900, 3_699])
def test_it_dies_with_its_alert(start: Start, end: float) -> None:
    story = start(steps=())
    story.fires("a")
    story.to(100).ack(lasting=3_600)
    story.to(end).ends("a")
    reasons = [reason for _, reason, _ in answered(story.to(20_000))]
    assert reasons == ([Reason.ACK_ENDING] if end > 2_800 else [])
    assert story.acked() is None
    assert ("ack", "over", "with its alert") in story.trace(1)
    story.fires("a")
    assert (story.acked(1), story.acked(2)) == (None, None)
    assert story.store.read(lambda tx: timers.at(tx, Kind.ACK, 1)) is None


def test_a_restart_in_the_middle_of_every_timer_changes_nothing(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(lasting=3_600)
    for instant in (101, 2_799, 2_801, 3_699, 3_701, 3_999, 4_001):
        story.to(instant).restart()
    assert [(said.at, said.reason) for said in story.said()] == [
        (30, Reason.FIRST),
        (2_800, Reason.ACK_ENDING),
        (3_700, Reason.ACK_ENDED),
        (4_000, Reason.ESCALATED),
    ]


def test_what_fell_due_while_it_was_down_ends_without_a_reminder(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(lasting=3_600)
    story.sleeps_until(9_000).restart()
    assert answered(story.to(9_100)) == [(9_000, Reason.ACK_ENDED, "room")]
    assert escalated(story.to(9_400)) == [(9_300, "lin")]


def test_those_that_end_together_are_told_together(start: Start) -> None:
    story = start(steps=())
    story.fires("a", "b", "c")
    story.to(100)
    for alert_id, author in ((1, "lin"), (2, "lin"), (3, "wang")):
        story.ack(alert_id, by=author, lasting=3_600)
    assert story.to(5_000).said()[1:] == [
        Said(2_800, "ops", Reason.ACK_ENDING, ("a", "b"), ()),
        Said(2_800, "ops", Reason.ACK_ENDING, ("c",), ()),
        Said(3_700, "ops", Reason.ACK_ENDED, ("a", "b", "c"), ()),
    ]


def test_one_of_them_that_is_prolonged_leaves_the_others_as_they_are(start: Start) -> None:
    story = start(steps=())
    story.fires("a", "b")
    for alert_id in (1, 2):
        story.to(100).ack(alert_id, lasting=3_600)
    story.to(3_000).ack(1, lasting=7_200)
    ends = [(said.at, said.firing) for said in story.to(20_000).said() if said.reason is Reason.ACK_ENDED]
    assert ends == [(3_700, ("b",)), (10_200, ("a",))]


def test_each_group_of_the_alert_is_told_of_the_end(start: Start) -> None:
    both = Route(receiver="db", matchers=parse('team="db"'), continue_=True)
    story = start(both, Route(receiver="other", matchers=parse('team="db"')), steps=())
    story.fires("a", labels={"team": "db"})
    story.to(100).ack(by="a stranger", lasting=600)
    ends = [(said.at, said.receiver) for said in story.to(1_000).said() if said.reason is Reason.ACK_ENDED]
    assert ends == [(700, "db"), (700, "other")]


def test_a_short_one_ends_without_a_reminder(start: Start) -> None:
    story = start(steps=())
    story.fires("a")
    story.to(100).ack(lasting=900)
    assert [reason for _, reason, _ in answered(story.to(2_000))] == [Reason.ACK_ENDED]


def test_whoever_is_not_in_the_configuration_is_reminded_through_the_receiver(start: Start) -> None:
    story = start(steps=())
    story.fires("a")
    story.to(100).ack(by="night shift", lasting=3_600)
    assert answered(story.to(3_000)) == [(2_800, Reason.ACK_ENDING, "room")]


def test_a_person_is_reminded_over_the_legs_of_the_alert_or_else_over_any_that_reaches_them(store: SqliteStore) -> None:
    plain = settings(steps=())
    own = replace(plain.receivers["ops"], notify=(Leg(by=("room",)), Leg(by=("sms",), to=("wang", "lin"))))
    elsewhere = replace(plain.receivers["db"], notify=(Leg(by=("sms",), to=("wu",)),))
    story = Story(store, replace(plain, receivers={"ops": own, "db": elsewhere}))
    story.fires("a", "b")
    story.to(100).ack(1, by="lin", lasting=3_600)
    story.ack(2, by="wu", lasting=3_600)
    assert answered(story.to(3_000)) == [(2_800, Reason.ACK_ENDING, "lin"), (2_800, Reason.ACK_ENDING, "wu")]


def test_a_person_is_reminded_through_a_team_that_they_are_in(store: SqliteStore) -> None:
    plain = settings(steps=())
    team = replace(plain.receivers["ops"], notify=(Leg(by=("sms",), to=("team:dba",)),))
    story = Story(store, replace(plain, receivers={"ops": team}, teams={"dba": ("wang", "wu")}))
    story.fires("a")
    story.to(100).ack(by="wu", lasting=3_600)
    assert answered(story.to(3_000)) == [(2_800, Reason.ACK_ENDING, "wu")]


def test_a_person_whom_no_channel_reaches_is_reminded_through_the_receiver(store: SqliteStore) -> None:
    plain = settings(steps=())
    people = plain.people | {"may": Person(name="may")}
    legs = (Leg(by=("sms",), to=("may", "lin")), Leg(by=("room",)))
    story = Story(store, replace(plain, people=people, receivers={"ops": replace(plain.receivers["ops"], notify=legs)}))
    story.fires("a")
    story.to(100).ack(by="may", lasting=3_600)
    assert {who for _, _, who in answered(story.to(3_000))} == {"lin", "room"}


def test_what_is_muted_then_is_told_to_nobody_and_that_is_in_the_trace(start: Start) -> None:
    story = start()
    story.fires("a", labels={"team": "db"})
    story.to(100).ack(lasting=3_600)
    story.silence('team="db"', start=200, end=4_000)
    assert answered(story.to(3_900)) == []
    assert (story.steps("reminder_not_told"), story.steps("end_not_told")) == (1, 1)
    steps = escalated(story.to(4_200))
    assert [who for _, who in steps] == ["lin"]
    assert steps[0][0] >= 4_000


def test_one_that_ends_before_its_alert_was_told_is_no_news(start: Start) -> None:
    story = start(root={"group_wait": Seconds(3_600)}, steps=())
    story.fires("a")
    story.ack(by="a stranger", lasting=600)
    assert [said.reason for said in story.to(4_000).said()] == [Reason.FIRST]


def test_a_changed_configuration_keeps_it(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(lasting=3_600)
    story.reconfigure(settings(Route(receiver="db", matchers=parse('source="shop"')), steps=()))
    story.to(3_000)
    assert escalated(story) == []
    story.to(5_000)
    assert [(said.at, said.receiver) for said in story.said() if said.reason is Reason.ACK_ENDED] == [(3_700, "db")]


def test_what_cannot_be_acknowledged_says_why(start: Start) -> None:
    story = start()
    assert (story.ack(7), story.unack(7)) == (Refused.UNKNOWN, Refused.UNKNOWN)
    story.fires("a")
    assert story.unack(1) is Refused.FREE
    story.to(60).ends("a")
    assert story.ack(1) is Refused.OVER


def test_all_of_it_is_written_down(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(50)
    ack = story.ack(by="wang", lasting=3_600, comment="on my way")
    assert ack == story.acked()
    assert ack == Ack(
        alert_id=1,
        author="wang",
        comment="on my way",
        via="zmq",
        at=BEGIN + 50,
        until=BEGIN + 3_650,
        remind_at=BEGIN + 2_750,
    )


@pytest.mark.parametrize(
    ("wanted", "seconds"), [(None, 14_400), ("", 14_400), ("2h", 7_200), ("90s", 90), (60, 60), (3_600.5, 3_600.5)]
)
def test_how_long_may_be_said_in_many_ways(wanted: str | float | None, seconds: float) -> None:
    assert lasting(wanted, Acknowledge()) == seconds


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ("25h", "at most 1d; it can be prolonged"),
        ("59s", "at least 1m"),
        (0, "at least 1m"),
        (-5, "-5 is not a duration"),
        (float("nan"), "not a duration"),
        (float("inf"), "not a duration"),
        ("soon", "'soon' is not a duration"),
        ("9" * 30 + "d", "not a duration"),
        ("1s" * 3_600, "no duration"),
        ("٣h", "not a duration"),
    ],
)
def test_what_is_no_time_for_one_is_answered_with_what_would_be(wanted: str | float, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        lasting(wanted, Acknowledge())


@pytest.mark.parametrize(
    ("text", "line"), [("  lin \n wang", "lin wang"), ("\x1b[31mred", "[31mred"), ("x" * 100, "x" * 10), ("\ud800", "")]
)
def test_a_name_is_one_printable_line(text: str, line: str) -> None:
    assert one_line(text, 10) == line
