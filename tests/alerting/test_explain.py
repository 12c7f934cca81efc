"""The answer to "why was I (not) told?", in one sentence, and the stations behind it."""

from dataclasses import replace

import pytest

from daemon.alerting import dryrun
from daemon.alerting.acknowledge import Wish, take
from daemon.alerting.explain import Explanation, explained
from daemon.alerting.rules import Rules
from daemon.alerting.said import moment
from daemon.config.answers import Acknowledge
from daemon.config.audience import Escalation, InhibitRule, Leg, Receiver, Route, Storm
from daemon.config.flapping import Flapping
from daemon.config.settings import Settings
from daemon.declared import Outcome
from daemon.delivery import desk
from daemon.delivery.desk import Answer
from daemon.delivery.verdict import Step, Verdict
from daemon.event import Severity
from daemon.matcher import parse
from daemon.notice import Acceptance
from daemon.store import leases
from daemon.store.attempts import Try
from daemon.store.base import Tx
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import BEGIN
from hearing import Hearing
from made import event, settings
from timed import interval, named

GROUPED = Route(receiver="ops", group_by=(), group_wait=Seconds(30), group_interval=Seconds(300))
TEAM = {"team": "db"}


class Story(Hearing):
    """A hearing whose deliveries are settled by hand."""

    def settles(self, channel: str, step: Step = Step.SENT, code: str = "", words: str = "", **more: object) -> None:
        """Everything that waits for a channel is tried once, with this outcome."""
        now = self.now
        receipt = Acceptance(provider_id="P-7") if step is Step.SENT else None
        verdict = Verdict(step=step, reason=f"{words} ({code})" if code else words, acceptance=receipt, **more)  # type: ignore[arg-type]
        outcome = Outcome.SENT if step is Step.SENT else Outcome.REFUSED
        tried = Try(at=now, seconds=0.25, outcome=outcome, code=code, words=words)

        def work(tx: Tx) -> None:
            for claimed in leases.claim(tx, channel, now, 60.0, 100).claimed:
                desk.settle(tx, Answer(claimed=claimed, verdict=verdict, tried=tried), now)

        self.store.write(work)

    def why(self, alert_id: int = 1) -> Explanation:
        rules = Rules(self.rules.settings)
        found = self.store.read(lambda tx: explained(tx, alert_id, rules, self.now))
        assert found is not None
        return found

    def what_if(self, **labels: str) -> dryrun.Rehearsal:
        rules = Rules(self.rules.settings)
        return self.store.read(lambda tx: dryrun.rehearsed(tx, labels, Severity.ERROR, "shop", rules, self.now))


@pytest.fixture
def story(store: SqliteStore) -> Story:
    return Story(store, settings())


def clock(seconds: float, now: float = 0.0) -> str:
    return moment(BEGIN + seconds, BEGIN + now)


def with_route(story: Story, route: Route, **more: object) -> Story:
    story.rules = Rules(replace(story.rules.settings, route=route, **more))  # type: ignore[arg-type]
    return story


def test_who_was_told_by_what_and_when(story: Story) -> None:
    story.fires("k1", labels=TEAM)
    story.to(3).settles("sms")
    assert story.why().answer == (
        f"lin was told by sms at {clock(3)} (D1, provider's id P-7); "
        f"wang was told by sms at {clock(3)} (D2, provider's id P-7)"
    )


def test_a_room_is_told_too(story: Story) -> None:
    story.fires("k1")
    story.settles("room")
    assert story.why().answer == f"the room room was told at {clock(0)} (D1, provider's id P-7)"


def test_what_is_dead_says_the_providers_own_code(story: Story) -> None:
    with_route(
        story, Route(receiver="lin"), receivers={"lin": Receiver(name="lin", notify=(Leg(by=("sms",), to=("lin",)),))}
    )
    story.rules = Rules(settings(receivers=story.rules.settings.receivers, route=Route(receiver="lin")))
    story.fires("k1")
    story.settles("sms", Step.DEAD, "isv.BUSINESS_LIMIT_CONTROL", "too many today")
    why = story.why()
    assert why.answer == (
        "nobody was told: its delivery D1 to lin over sms is dead: too many today (isv.BUSINESS_LIMIT_CONTROL)"
    )
    (attempt,) = why.notices[0].deliveries[0].attempts
    assert (attempt.code, attempt.words, attempt.step) == ("isv.BUSINESS_LIMIT_CONTROL", "too many today", "dead")


def test_who_was_told_over_the_second_channel_was_told(story: Story) -> None:
    story.fires("k1", labels=TEAM)
    story.settles("sms", Step.FAIL_OVER, "isv.DOWN", "down")
    story.to(5).settles("room")
    assert story.why().answer.startswith(f"lin was told by room at {clock(5)} (D3, ")
    assert [[one.code for one in sent.attempts] for sent in story.why().notices[0].deliveries] == [
        ["isv.DOWN"], ["isv.DOWN"], [""], [""]
    ]  # fmt: skip


def test_one_was_told_and_another_waits(story: Story) -> None:
    story.fires("k1", labels=TEAM)
    story.store.write(lambda tx: tx.run("UPDATE deliveries SET due_at = due_at + 90, reason = 'busy' WHERE id = 2"))
    story.settles("sms")
    assert story.why().answer == (
        f"lin was told by sms at {clock(0)} (D1, provider's id P-7); "
        f"its delivery D2 to wang over sms waits until {clock(90)}: busy"
    )


def test_what_is_about_to_be_sent_says_so(story: Story) -> None:
    story.fires("k1")
    assert story.why().answer == "nobody was told yet: its delivery D1 over room is about to be sent"


def test_a_silence_is_named_with_its_author_and_end(story: Story) -> None:
    story.silence("team=db", end=7_200)
    story.fires("k1", labels=TEAM)
    why = story.why()
    assert why.answer == f"nobody was told: silenced by S1 of lin until {clock(7_200)}"
    assert [(one.group, one.cause, one.detail) for one in why.mutes] == [("G1", "silenced", "by S1 of lin")]
    assert why.groups[0].why_then.startswith("group_interval: something in it is muted")


def test_what_was_silenced_until_it_was_over_says_so_for_ever(story: Story) -> None:
    story.silence("team=db", end=7_200)
    story.fires("k1", labels=TEAM)
    story.to(60).ends("k1")
    assert story.to(9_000).why().answer == "nobody was told: silenced by S1 of lin, and then it was over"


def test_inhibition_names_the_other_alert_and_the_rule(story: Story) -> None:
    rule = InhibitRule(source_matchers=parse("role=source"), target_matchers=parse("role=target"))
    with_route(story, story.rules.settings.route, inhibit_rules=(rule,))
    story.fires("k1", labels={"role": "source"})
    story.fires("k2", labels={"role": "target"})
    assert story.why(2).answer.startswith("nobody was told: inhibited by A1, as role=")


def test_a_route_outside_of_its_hours_says_when_it_opens(story: Story) -> None:
    hours = {"night": named("night", interval("00:00-08:00"))}
    with_route(story, replace(story.rules.settings.route, mute_time_intervals=("night",)), time_intervals=hours)
    story.fires("k1")
    assert story.why().answer == f"nobody was told: muted by time interval 'night' until {clock(7 * 3600)}"


def test_what_flaps_says_until_when(story: Story) -> None:
    with_route(story, story.rules.settings.route, flapping=Flapping(changes=2, settle=Seconds(600)))
    story.silence("shop=x")
    story.fires("k1")
    story.ends("k1")
    story.settles("room")
    story.fires("k1")
    muted = story.why(2).groups[0].muted
    assert muted is not None
    assert muted.spoken(story.now) == (
        f"it flaps, and is told again once it has settled, at {clock(900)} at the earliest"
    )


def test_what_waits_for_its_group_says_which_and_until_when(story: Story) -> None:
    with_route(story, GROUPED)
    story.fires("k1")
    assert story.why().answer == f"nobody was told yet: it waits for its group G1 until {clock(30)}"
    assert story.why().groups[0].why_then == "group_wait: 30s from its first alarm"
    story.to(40).fires("k2")
    assert story.why(2).answer == f"nobody was told yet: it waits for its group G1 until {clock(330)}"
    assert story.why(2).groups[0].why_then == "group_interval: news is told at most every 5m"
    story.to(400).settles("room")
    assert story.why(2).groups[0].why_then == "repeat_interval: what still fires is told again after 4h"


def test_what_was_over_before_its_group_was_told_says_so(story: Story) -> None:
    with_route(story, GROUPED)
    story.fires("k1")
    story.to(10).ends("k1")
    assert story.to(60).why().answer == "nobody was told: it was over before its group G1 was to be told"


def test_a_beginning_that_was_folded_away_with_its_end_says_so(story: Story) -> None:
    story.fires("k1")
    story.to(5).ends("k1")
    assert story.why().answer == (
        "nobody was told: its delivery D1 over room was not sent: it was over before it could be told"
    )


def test_a_receiver_without_legs_is_recorded_only(story: Story) -> None:
    with_route(story, replace(story.rules.settings.route, receiver="quiet"))
    story.fires("k1")
    assert story.why().answer == "nobody was told: the receiver quiet has no `notify:`, so it is recorded only"


def test_a_receiver_whose_people_have_no_address_is_nobody(story: Story) -> None:
    people = {name: replace(one, phone="") for name, one in story.rules.settings.people.items()}
    only_sms = {"db": Receiver(name="db", notify=(Leg(by=("sms",), to=("lin",)),))}
    with_route(story, replace(story.rules.settings.route, receiver="db"), people=people, receivers=only_sms)
    story.fires("k1")
    assert story.why().answer == "nobody was told: db is nobody: lin has no address for sms"


def test_what_is_held_for_a_digest_says_when_that_comes(story: Story) -> None:
    storm = Storm(above=1, within=Seconds(60), digest_every=Seconds(120))
    receivers = {"ops": Receiver(name="ops", notify=(Leg(by=("room",)),), storm=storm)}
    with_route(story, replace(story.rules.settings.route, routes=()), receivers=receivers)
    story.fires("k1")
    story.fires("k2")
    assert (
        story.why(2).answer == f"nobody was told yet: ops hears of too much: it is in the next digest at {clock(120)}"
    )
    story.to(130).settles("room")
    assert "the room room was told" in story.why(2).answer


def test_of_two_receivers_one_may_be_told_and_the_other_not(story: Story) -> None:
    route = replace(
        story.rules.settings.route,
        routes=(
            Route(receiver="db", matchers=parse("team=db"), continue_=True, group_wait=Seconds(60)),
            Route(receiver="ops", matchers=parse("team=db")),
        ),
    )
    with_route(story, route)
    story.fires("k1", labels=TEAM)
    story.settles("room")
    assert story.why().answer == (
        f"the room room was told at {clock(0)} (D1, provider's id P-7); "
        f"db was not told yet: it waits for its group G1 until {clock(60)}"
    )


def test_after_the_configuration_has_changed_the_routes_of_then_are_remembered(story: Story) -> None:
    story.fires("k1", labels=TEAM)
    assert story.why().remark == ""
    with_route(story, Route(receiver="ops"))
    assert story.why().remark == (
        f"at {clock(0)} it was taken by route.routes[0] (db): the configuration has changed since"
    )
    assert story.why().groups[0].place == ""


def test_it_says_what_makes_it_this_problem(story: Story) -> None:
    story.take(event(key="k1"), event(key="", labels=TEAM))
    assert story.why(1).identity.made_of == "the source and the key that it named"
    assert story.why(2).identity.made_of == "the source and all labels: it named no key"


def test_another_day_is_written_with_its_date() -> None:
    assert moment(BEGIN, BEGIN + 10) == moment(BEGIN, BEGIN)
    assert moment(BEGIN, BEGIN + 86_400 * 3).endswith(moment(BEGIN, BEGIN))
    assert len(moment(BEGIN, BEGIN + 86_400 * 3)) == len("2026-11-21 01:00:00")


def test_nothing_is_known_of_an_alert_that_is_not_there(story: Story) -> None:
    assert story.store.read(lambda tx: explained(tx, 9, story.rules, BEGIN)) is None


def test_what_if_says_who_would_be_told_when_and_how(story: Story) -> None:
    assert story.what_if(team="db").answer == "db would be told at once: lin by sms, then room, wang by sms, then room"
    with_route(story, GROUPED)
    assert story.what_if().answer == f"ops would be told at {clock(30)}: the room by room"
    story.fires("k1")
    story.to(10)
    would = story.what_if(team="db")
    assert would.answer == f"ops would be told at {clock(30)} with G1: the room by room"
    assert (would.hears[0].group, would.hears[0].people[0].hops[0].channel) == ("G1", "room")


def test_what_if_says_what_would_mute_it_then(story: Story) -> None:
    with_route(story, GROUPED)
    story.silence("team=db", start=20, end=100)
    assert story.what_if(team="db").answer == f"nobody would be told: ops, silenced by S1 of lin until {clock(100)}"
    story.to(80)
    assert story.what_if(team="db").answer == f"ops would be told at {clock(110)}: the room by room"


def test_what_if_there_is_one_already(story: Story) -> None:
    story.take(event(key="", labels=TEAM))
    assert story.what_if(team="db").answer == (
        "nobody would be told: A1 is open with the same labels, and would only be counted"
    )


def test_what_if_nobody_hears(story: Story) -> None:
    with_route(story, Route(receiver="quiet"))
    assert (
        story.what_if().answer
        == "nobody would be told: the receiver quiet has no `notify:`, so it would be recorded only"
    )


def test_what_if_adds_the_labels_of_the_source(story: Story) -> None:
    config: Settings = story.rules.settings
    shop = replace(config.sources["shop"], labels=TEAM)
    story.rules = Rules(replace(config, sources={"shop": shop}))
    assert story.what_if().hears[0].receiver == "db"


def test_who_has_it_in_hand_and_who_else_is_told(story: Story) -> None:
    steps = (Escalation(after=Seconds(300), by=("sms",), to=("lin",)), Escalation(after=Seconds(600), by=("room",)))
    with_route(story, replace(story.rules.settings.route, escalate=steps))
    story.fires("k1")
    story.settles("room")
    told = f"the room room was told at {clock(0)} (D1, provider's id P-7)"
    assert story.why().answer == f"{told}; lin by sms is told at {clock(300)} if nobody takes it on"
    story.to(100)
    wish = Wish(author="wang", lasting=3_600.0, via="zmq")
    story.store.write(lambda tx: take(tx, 1, wish, Acknowledge(), story.now))
    why = story.why()
    assert why.answer == f"{told}; wang has it in hand until {clock(3_700)}"
    assert why.in_hand.ack is not None
    assert ("escalate", "planned") in [(one.stage, one.verdict) for one in why.in_hand.turns]
    assert [(one.receiver, one.step, one.next_at) for one in why.in_hand.escalations] == [("ops", 0, None)]
