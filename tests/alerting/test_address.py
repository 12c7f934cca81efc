"""Whom a receiver tells: people, teams, and whoever is on call just then."""

from collections.abc import Mapping

import pytest

from daemon.alerting import pipeline
from daemon.alerting.address import Addressed, addresses
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Person, Receiver, Route
from daemon.config.settings import Settings
from daemon.event import State
from daemon.oncall.schedule import Cover
from daemon.store import alerts, outbox, overrides
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from made import Phone, channel, event, settings
from rotas import SHANGHAI, at, layer, schedule

NOON = at("2026-11-24T12:00", SHANGHAI)
NIGHT = at("2026-11-24T23:00", SHANGHAI)
WEEKLY = schedule(layer("lin", "wang", start="2026-11-23"), zone=SHANGHAI, name="weekly")
NIGHTS = schedule(layer("team:dba", hours="18:00-09:00"), zone=SHANGHAI, name="nights")


def config(*legs: Leg) -> Settings:
    return settings(
        people={
            "lin": Person(name="lin", phone="+8613800000001"),
            "wang": Person(name="wang", phone="+8613800000002"),
            "may": Person(name="may"),
        },
        channels={"room": channel("room"), "sms": channel("sms", Phone()), "voice": channel("voice", Phone())},
        teams={"dba": ("wang", "may")},
        schedules={"weekly": WEEKLY, "nights": NIGHTS},
        receivers={"ops": Receiver(name="ops", notify=legs)},
        route=Route(receiver="ops"),
    )


def told(*legs: Leg, now: float = NOON, stored: Mapping[str, tuple[Cover, ...]] | None = None) -> Addressed:
    return addresses(legs, config(*legs), (now,), stored or {})


def names(addressed: Addressed) -> list[str]:
    return [f"{one.recipient}: {' then '.join(hop.channel for hop in one.hops)}" for one in addressed.addresses]


def test_teams_and_schedules_are_expanded_now_and_everybody_is_told_once() -> None:
    leg = Leg(by=("sms", "room"), to=("lin", "team:dba", "schedule:weekly", "schedule:nights"))
    at_night = told(leg, now=NIGHT)
    assert names(at_night) == ["lin: sms then room", "wang: sms then room", "may: room"]
    assert at_night.missing == []


@pytest.mark.parametrize(("now", "who"), [("2026-11-30T08:59", "lin"), ("2026-11-30T09:00", "wang")])
def test_whoever_is_on_call_at_that_moment_is_told(now: str, who: str) -> None:
    addressed = told(Leg(by=("sms", "voice"), to=("schedule:weekly",)), now=at(now, SHANGHAI))
    assert names(addressed) == [f"{who}: sms then voice"]


def test_each_leg_tells_them_anew() -> None:
    legs = (Leg(by=("sms",), to=("lin",)), Leg(by=("voice",), to=("schedule:weekly",)))
    assert names(told(*legs)) == ["lin: sms", "lin: voice"]


def test_a_schedule_without_anybody_is_named_and_the_others_are_told() -> None:
    addressed = told(Leg(by=("sms",), to=("schedule:nights", "lin")))
    assert names(addressed) == ["lin: sms"]
    assert addressed.missing == ["schedule:nights has nobody on call"]


def test_a_leg_that_means_nobody_goes_to_its_rooms() -> None:
    addressed = told(Leg(by=("sms", "room"), to=("schedule:nights",)))
    assert names(addressed) == [": room"]
    assert addressed.missing == ["schedule:nights has nobody on call"]


def test_a_leg_that_means_nobody_and_has_no_room_tells_nobody() -> None:
    assert told(Leg(by=("sms",), to=("schedule:nights",))).addresses == []


def test_whoever_has_no_address_is_named() -> None:
    addressed = told(Leg(by=("sms", "voice"), to=("team:dba",)))
    assert (names(addressed), addressed.missing) == (["wang: sms then voice"], ["may has no address for sms, voice"])


def test_a_stored_override_goes_before_the_schedule_unless_its_people_are_gone() -> None:
    leg = Leg(by=("sms",), to=("schedule:weekly",))
    for who, expected in ((("wang",), "wang: sms"), (("gone", "team:nobody"), "lin: sms")):
        stored = {"weekly": (Cover(who=who, begin=NOON - 1, end=NOON + 1),)}
        assert names(told(leg, stored=stored)) == [expected]


def test_the_pipeline_asks_for_the_overrides_and_writes_down_who_was_missing(store: SqliteStore) -> None:
    given = config(Leg(by=("sms",), to=("schedule:weekly", "schedule:nights")))
    store.write(lambda tx: overrides.add(tx, "weekly", ("wang",), NOON - 60, NOON + 60, "may", "swap", BEGIN))
    store.write(lambda tx: pipeline.accept(tx, [event()], Rules(given), NOON))
    (row,) = store.read(outbox.newest)
    assert row.delivery.recipient.name == "wang"
    steps = store.read(lambda tx: alerts.traces(tx, 1))[-1].steps
    assert ("missing", "schedule:nights has nobody on call") in [(step.verdict, step.detail) for step in steps]


def test_a_receiver_that_reaches_nobody_says_so_in_the_trace(store: SqliteStore) -> None:
    store.write(
        lambda tx: pipeline.accept(tx, [event()], Rules(config(Leg(by=("sms",), to=("schedule:nights",)))), NOON)
    )
    steps = store.read(lambda tx: alerts.traces(tx, 1))[-1].steps
    assert [step.verdict for step in steps if step.stage == "outbox"] == ["missing", "nobody"]


def test_the_end_goes_to_whoever_was_on_call_when_it_began(store: SqliteStore) -> None:
    """The week has turned meanwhile, and the override is over: whoever is on call now has heard nothing of it."""
    rules = Rules(config(Leg(by=("sms",), to=("schedule:weekly",))))
    before, after = (at(f"2026-{day}T08:00", SHANGHAI) for day in ("11-30", "12-10"))
    store.write(lambda tx: overrides.add(tx, "weekly", ("wang",), before - 60, before + 60, "may", "swap", BEGIN))
    store.write(lambda tx: pipeline.accept(tx, [event(key="1")], rules, before))
    store.write(lambda tx: tx.run("UPDATE deliveries SET phase = 'sent'"))
    store.write(lambda tx: pipeline.accept(tx, [event(key="1", state=State.RESOLVED)], rules, after))
    store.write(lambda tx: pipeline.accept(tx, [event(key="2")], rules, after + 60))
    told = [(row.delivery.recipient.name, bool(row.notice.firing)) for row in reversed(store.read(outbox.newest))]
    assert told == [("wang", True), ("wang", False), ("lin", True)]
