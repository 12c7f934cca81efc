"""Escalation: who else is told of what nobody takes on, and when, whatever happens in between."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from msgspec.structs import replace as replace_struct

import made
from daemon.alerting import escalate
from daemon.config.audience import Escalation, InhibitRule, Leg, Receiver, Route, Storm
from daemon.config.settings import Settings
from daemon.event import Severity
from daemon.matcher import parse
from daemon.notice import Reason
from daemon.store import escalations, outbox
from daemon.store.escalations import Stage
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing, Said
from responding import STEPS, Story, settings, told_of
from rotas import layer, schedule

Start = Callable[..., Story]


@pytest.fixture
def start(store: SqliteStore) -> Iterator[Start]:
    with told_of(store) as begin:
        yield begin


def test_the_steps_are_told_so_long_after_the_first_telling(start: Start) -> None:
    story = start()
    story.fires("a")
    assert story.to(20_000).told() == [
        (30, Reason.FIRST, "room"),
        (330, Reason.ESCALATED, "lin"),
        (930, Reason.ESCALATED, "wang"),
        (930, Reason.ESCALATED, "wu"),
        (1_830, Reason.ESCALATED, "room"),
    ]


def test_a_step_says_for_how_long_nobody_took_it_on(start: Start) -> None:
    story = start()
    story.fires("a")
    notes = [notice.note for notice in story.to(2_000).notices(1)]
    assert notes == [
        "",
        "not acknowledged for 5m; step 1 of 3",
        "not acknowledged for 15m; step 2 of 3",
        "not acknowledged for 30m; step 3 of 3",
    ]


def test_alerts_that_were_told_together_escalate_together_and_others_by_themselves(start: Start) -> None:
    story = start()
    story.fires("a", "b")
    story.to(100).fires("c")
    steps = [said for said in story.to(20_000).said() if said.reason is Reason.ESCALATED]
    assert steps == [
        Said(at, "ops", Reason.ESCALATED, keys, ())
        for at, keys in (
            (330, ("a", "b")),
            (630, ("c",)),
            (930, ("a", "b")),
            (1_230, ("c",)),
            (1_830, ("a", "b")),
            (2_130, ("c",)),
        )
    ]


def test_one_of_them_that_somebody_takes_on_leaves_the_others_as_they_are(start: Start) -> None:
    story = start()
    story.fires("a", "b")
    story.to(400).ack(1, lasting=80_000)
    steps = [(said.at, said.firing) for said in story.to(3_000).said() if said.reason is Reason.ESCALATED]
    assert steps == [(330, ("a", "b")), (930, ("b",)), (1_830, ("b",))]


def test_an_instant_that_is_there_by_mistake_tells_nobody_of_what_is_in_hand(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).ack(lasting=3_600)
    (ladder,) = story.ladders(1)
    story.store.write(lambda tx: escalations.put(tx, replace_struct(ladder, next_at=story.now + 5)))
    assert [who for _, reason, who in story.to(2_000).told() if reason is Reason.ESCALATED] == []
    assert [ladder.next_at for ladder in story.ladders(1)] == [None]


@pytest.mark.parametrize("end", [29, 329.5, 330.5, 900, 5_000])
def test_the_end_stops_it_and_whoever_was_told_hears_of_the_end(start: Start, end: float) -> None:
    story = start()
    story.fires("a")
    story.to(end).delivers().ends("a")
    told = story.to(20_000).told()
    escalated = {who for _, reason, who in told if reason is Reason.ESCALATED}
    assert max((at for at, reason, _ in told if reason is Reason.ESCALATED), default=0) <= end
    ends = [who for _, reason, who in told if reason is Reason.ALL_RESOLVED]
    assert sorted(ends) == (sorted({*escalated, "room"}) if end > 30 else [])
    assert [one.state for one in story.ladders(1)] == [Stage.CLOSED]


def test_whoever_was_told_hears_of_the_end_also_where_the_receiver_does_not(store: SqliteStore) -> None:
    ops = Receiver(
        name="ops",
        notify=(Leg(by=("room",), send_resolved=False),),
        escalate=(Escalation(after=Seconds(300), by=("sms",), to=("lin",)),),
    )
    story = Hearing(store, made.settings(receivers={"ops": ops}, route=Route(receiver="ops")))
    story.fires("a", "b")
    story.to(100).ends("b")
    story.to(400)
    store.write(lambda tx: tx.run("UPDATE deliveries SET phase = 'sent'"))
    story.ends("a")
    rows = store.read(outbox.newest)
    assert [(one.notice.reason, one.delivery.recipient.name) for one in reversed(rows)] == [
        (Reason.FIRST, ""),
        (Reason.FIRST, ""),
        (Reason.ESCALATED, "lin"),
        (Reason.ALL_RESOLVED, "lin"),
    ]


def test_an_end_that_cannot_have_been_worried_about_is_told_to_nobody(start: Start) -> None:
    """Nothing was delivered yet: beginning, step and end are folded away."""
    story = start()
    story.fires("a")
    story.to(400).ends("a")
    story.to(1_000)
    assert {phase for _, phase in story.deliveries()} == {"folded"}


def test_a_restart_in_the_middle_of_every_step_changes_nothing(start: Start) -> None:
    story = start()
    story.fires("a")
    for instant in (15, 31, 329, 331, 929, 931, 1_829, 1_831):
        story.to(instant).restart()
    assert [(at, reason) for at, reason, _ in story.to(20_000).told()] == [
        (30, Reason.FIRST),
        (330, Reason.ESCALATED),
        (930, Reason.ESCALATED),
        (930, Reason.ESCALATED),
        (1_830, Reason.ESCALATED),
    ]


def test_what_fell_due_while_it_was_down_is_told_once_and_leaves_each_step_its_time(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(40)
    story.sleeps_until(5_000).restart()
    steps = [(at, who) for at, reason, who in story.to(20_000).told() if reason is Reason.ESCALATED]
    assert steps == [(5_000, "lin"), (5_600, "wang"), (5_600, "wu"), (6_500, "room")]


def test_a_changed_configuration_does_not_derail_it(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).reconfigure(settings(steps=()))
    story.to(400).fires("b")
    told = [(at, who) for at, reason, who in story.to(20_000).told() if reason is Reason.ESCALATED]
    assert told == [(330, "lin"), (930, "wang"), (930, "wu"), (1_830, "room")]
    assert story.ladders(2) == []


def test_a_route_that_is_gone_does_not_stop_it(start: Start) -> None:
    """Before the first telling, and between two steps."""
    story = start(Route(receiver="db", matchers=parse('team="db"')))
    story.fires("a", labels={"team": "db"})
    story.to(10).reconfigure(settings())
    story.to(400).reconfigure(settings(Route(receiver="db", matchers=parse('team="db"'), group_wait=Seconds(7))))
    steps = [(at, who) for at, reason, who in story.to(20_000).told() if reason is Reason.ESCALATED]
    assert [who for _, who in steps] == ["lin", "wang", "wu", "room"]
    first = next(at for at, reason, _ in story.told() if reason is Reason.FIRST)
    assert [at - first for at, _ in steps] == [300, 900, 900, 1_800]


def test_people_who_are_configured_no_more_are_stood_in_for(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100)
    without = settings(steps=())
    story.reconfigure(replace(without, people={"wu": without.people["wu"]}))
    told = [(at, who) for at, reason, who in story.to(1_000).told() if reason is Reason.ESCALATED]
    assert told == [(330, "room"), (930, "wu")]
    assert "lin cannot be told any more, so you are" in story.notices(1)[1].note


def test_a_silenced_alert_s_step_waits_for_the_end_of_the_silence(start: Start) -> None:
    story = start()
    story.fires("a", labels={"team": "db"})
    story.to(40)
    story.silence('team="db"', start=100, end=1_000)
    steps = [(at, who) for at, reason, who in story.to(3_000).told() if reason is Reason.ESCALATED]
    assert [who for _, who in steps] == ["lin", "wang", "wu", "room"]
    assert 1_000 <= steps[0][0] <= 1_060
    assert steps[1][0] - steps[0][0] == 600
    assert story.steps("put_off") == 1


def test_an_inhibited_alert_s_step_waits_too(start: Start) -> None:
    rule = InhibitRule(source_matchers=parse('host="down"'), target_matchers=parse('host=""'))
    story = start(inhibit=(rule,))
    story.fires("a")
    story.to(100).fires("b", labels={"host": "down"})
    story.to(1_000).ends("b")
    steps = [at for at, _, who in story.to(1_100).told() if who == "lin" and 1 in story.about(at)]
    assert 1_000 <= steps[0] <= 1_060


def test_what_is_never_told_is_never_escalated(start: Start) -> None:
    story = start()
    story.silence('source="shop"')
    story.fires("a")
    assert story.to(20_000).said() == []
    assert [ladder.since for ladder in story.ladders(1)] == [None]


def test_two_receivers_escalate_each_by_its_own_clock(start: Start) -> None:
    quick = Route(receiver="db", matchers=parse('team="db"'), group_wait=Seconds(5), continue_=True)
    story = start(quick, Route(receiver="ops", matchers=parse('team="db"')))
    story.fires("a", labels={"team": "db"})
    steps = [(said.at, said.receiver) for said in story.to(400).said() if said.reason is Reason.ESCALATED]
    assert steps == [(305, "db"), (330, "ops")]


def test_a_route_s_steps_go_before_the_receiver_s_and_are_inherited(store: SqliteStore) -> None:
    late = (Escalation(after=Seconds(3_600), by=("sms",), to=("wu",)),)
    deep = Route(matchers=parse('team="db"'), routes=(Route(matchers=parse('host="a"')),))
    story = Story(store, settings(deep, root={"escalate": late}))
    story.fires("a", labels={"team": "db", "host": "a"})
    assert [(at, who) for at, reason, who in story.to(20_000).told() if reason is Reason.ESCALATED] == [(3_630, "wu")]


def test_an_empty_list_on_a_route_escalates_nothing(store: SqliteStore) -> None:
    story = Story(store, settings(Route(matchers=parse('team="db"'), escalate=())))
    story.fires("a", labels={"team": "db"})
    assert Reason.ESCALATED not in [said.reason for said in story.to(20_000).said()]


def test_one_that_gets_worse_and_is_routed_elsewhere_escalates_there(start: Start) -> None:
    story = start(Route(receiver="db", matchers=parse('severity="critical"')))
    story.fires("a")
    story.to(200).fires("a", severity=Severity.CRITICAL)
    steps = [(said.at, said.receiver) for said in story.to(2_500).said() if said.reason is Reason.ESCALATED]
    assert steps == [(500, "db"), (1_100, "db"), (2_000, "db")]


def test_one_that_gets_worse_in_its_place_goes_on(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(200).fires("a", severity=Severity.CRITICAL)
    steps = [at for at, reason, who in story.to(2_500).told() if reason is Reason.ESCALATED and who != "wu"]
    assert steps == [330, 930, 1_830]


def test_a_problem_that_comes_back_before_its_end_was_told_escalates_anew(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(400).delivers().ends("a")
    story.to(420).fires("a")
    steps = [(at, who) for at, reason, who in story.to(700).told() if reason is Reason.ESCALATED]
    assert steps == [(330, "lin")]
    story.ends("a")
    ends = [who for _, reason, who in story.to(9_000).told() if reason is Reason.ALL_RESOLVED]
    assert sorted(ends) == ["lin", "room"]


def test_one_that_came_back_is_counted_from_when_the_group_was_looked_at(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(400).ends("a")
    story.to(420).fires("a")
    steps = [(at, who) for at, reason, who in story.to(1_000).told() if reason is Reason.ESCALATED]
    assert steps == [(330, "lin"), (930, "lin")]


def test_whoever_hears_of_the_end_anyway_hears_of_it_once(store: SqliteStore) -> None:
    same = settings()
    ops = replace(same.receivers["ops"], notify=(Leg(by=("sms",), to=("lin", "wang")),))
    story = Story(store, replace(same, receivers=same.receivers | {"ops": ops}))
    story.fires("a")
    story.to(1_000).delivers().ends("a")
    ends = [who for _, reason, who in story.to(2_000).told() if reason is Reason.ALL_RESOLVED]
    assert sorted(ends) == ["lin", "wang", "wu"]


def test_a_forgotten_alert_takes_its_escalation_along(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(100).store.write(lambda tx: tx.run("DELETE FROM alerts"))
    assert Reason.ESCALATED not in [said.reason for said in story.to(5_000).said()]
    assert story.store.read(lambda tx: escalations.get(tx, 1)) is None


def test_the_trace_tells_of_every_turn(start: Start) -> None:
    story = start()
    story.fires("a")
    story.to(400).ends("a")
    assert [detail for stage, verdict, detail in story.trace(1) if stage == "escalate"] == [
        "ops: after 5m, 15m, 30m",
        "ops, after 1 steps",
    ]


def test_nothing_is_kept_where_nothing_escalates(store: SqliteStore) -> None:
    story = Hearing(store, made.settings())
    story.fires("a")
    assert store.read(lambda tx: escalations.of_alert(tx, 1)) == []


def test_a_receiver_that_tells_nobody_still_escalates(store: SqliteStore) -> None:
    silent = replace(settings(), receivers={"ops": Receiver(name="ops", escalate=STEPS)})
    story = Story(store, silent)
    story.fires("a")
    assert [who for _, _, who in story.to(400).told()] == ["lin"]


def on_call() -> Settings:
    """The first step goes to a team, the second to whoever is on call; a week each, lin first."""
    steps = (
        Escalation(after=Seconds(300), by=("sms",), to=("team:dba",)),
        Escalation(after=Seconds(900), by=("sms",), to=("schedule:night",)),
    )
    rota = schedule(layer("lin", "wang", rotation="weekly", start="2026-11-16"), name="night")
    return replace(settings(steps=steps), teams={"dba": ("wang", "wu")}, schedules={"night": rota})


def test_steps_tell_teams_and_whoever_is_on_call(store: SqliteStore) -> None:
    story = Story(store, on_call())
    story.fires("a")
    steps = [(at, who) for at, reason, who in story.to(5_000).told() if reason is Reason.ESCALATED]
    assert steps == [(330, "wang"), (330, "wu"), (930, "lin")]


def test_a_step_for_which_nobody_is_on_call_is_an_alarm_itself(store: SqliteStore) -> None:
    config = on_call()
    nobody = schedule(layer("lin", start="2030-01-01"), name="night")
    story = Story(store, replace(config, schedules={"night": nobody}))
    story.fires("a")
    story.to(929)
    (flushed,) = story.store.write(lambda tx: escalate.go_off(tx, 1, story.rules, story.now + 1))
    assert [(alert.code, why) for alert, why in flushed.unheard] == [("A1", "schedule:night has nobody on call")]


def test_a_team_that_is_gone_is_stood_in_for(store: SqliteStore) -> None:
    story = Story(store, on_call())
    story.fires("a")
    story.to(100).reconfigure(replace(on_call(), teams={}))
    assert [who for _, reason, who in story.to(400).told() if reason is Reason.ESCALATED] == ["room"]


def test_a_storm_s_digest_does_not_keep_the_end_from_whoever_was_told(store: SqliteStore) -> None:
    config = settings()
    quiet = replace(config.receivers["ops"], storm=Storm(above=1, within=Seconds(3_600)))
    story = Story(store, replace(config, receivers=config.receivers | {"ops": quiet}))
    story.fires("a")
    story.to(400).delivers().ends("a")
    ends = [who for _, reason, who in story.to(700).told() if reason is Reason.ALL_RESOLVED]
    assert "lin" in ends
