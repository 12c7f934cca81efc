"""From events to alerts, notices and outbox rows, on a real store."""

from typing import NamedTuple

import pytest

from daemon.alerting import due, gather, pipeline
from daemon.alerting.dedupe import Change
from daemon.alerting.flush import Flushed
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Receiver, Route
from daemon.config.settings import Settings
from daemon.event import Event, Severity, State
from daemon.matcher import parse
from daemon.notice import Phase, Reason
from daemon.store import alerts, folding, leases, notices, outbox
from daemon.store.base import Tx
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from made import channel, event, settings


class Taken(NamedTuple):
    """What became of an event, and who is told of its alert because of it."""

    code: str
    change: Change
    told: list[tuple[str, Reason]]


def accept(store: SqliteStore, *events: Event, now: float = BEGIN, config: Settings | None = None) -> list[Taken]:
    rules = Rules(config or settings())
    outcome = store.write(lambda tx: pipeline.accept(tx, events, rules, now))
    flushed = {one.group: [(one.receiver, reason) for reason, _ in one.told] for one in outcome.flushed}
    return [
        Taken(one.code, one.change, [told for group in one.groups for told in flushed.get(f"G{group}", [])])
        for one in outcome.accepted
    ]


def gather_anew(store: SqliteStore, config: Settings, now: float) -> list[Flushed]:
    """What the agenda does once a configuration with other routes is in force."""
    rules = Rules(config)

    def work(tx: Tx) -> list[Flushed]:
        for alert in alerts.all_open(tx, 0, 100):
            gather.regathered(tx, alert, rules, now)
        return due.do_due(tx, rules, now, 100).flushed

    return store.write(work)


def rows(store: SqliteStore) -> list[outbox.Claimed]:
    return list(reversed(store.read(outbox.newest)))


RESOLVED = {"state": State.RESOLVED}
CRITICAL = {"severity": Severity.CRITICAL}


def test_a_new_problem_becomes_an_alert_a_notice_and_a_delivery(store: SqliteStore) -> None:
    (accepted,) = accept(store, event(labels={"host": "db-1"}, started_at=BEGIN - 60))
    assert accepted == ("A1", Change.NEW, [("ops", Reason.FIRST)])
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.state, alert.started_at, alert.first_seen, alert.count) == (State.FIRING, BEGIN - 60, BEGIN, 1)
    assert alert.labels == {"host": "db-1", "source": "shop", "severity": "error"}
    (row,) = rows(store)
    assert (row.delivery.channel, row.delivery.phase, row.notice.alert) == ("room", Phase.WAITING, alert)


def test_routes_see_a_sources_own_words_before_ours(store: SqliteStore) -> None:
    page = Route(receiver="db", matchers=parse('{severity="page", source="billing"}'))
    config = settings(route=Route(receiver="quiet", routes=(page,)))
    (own, ours) = accept(
        store,
        event(key="1", labels={"severity": "page", "source": "billing"}, **CRITICAL),
        event(key="2", labels={}, **CRITICAL),
        config=config,
    )
    assert (own.told, ours.told) == ([("db", Reason.FIRST)], [("quiet", Reason.FIRST)])
    labels = [alert.labels for alert in store.read(alerts.newest)]
    assert labels == [{"source": "shop", "severity": "critical"}, {"severity": "page", "source": "billing"}]


def test_repeats_are_counted_and_said_once(store: SqliteStore) -> None:
    for second in range(5):
        accept(store, event(), now=BEGIN + second)
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.count, alert.last_seen, len(rows(store))) == (5, BEGIN + 4, 1)


def test_an_open_alert_is_told_to_a_receiver_that_was_never_told_because_the_route_has_changed(
    store: SqliteStore,
) -> None:
    accept(store, event(labels={"team": "db"}), config=settings(route=Route(receiver="quiet")))
    told = gather_anew(store, settings(), BEGIN + 60)
    assert [(one.receiver, reason) for one in told for reason, _ in one.told] == [("db", Reason.FIRST)]
    assert all(one.told == [] for one in gather_anew(store, settings(), BEGIN + 120))
    assert [row.delivery.recipient.name for row in rows(store)] == ["lin", "wang"]
    (end,) = accept(store, event(**RESOLVED), now=BEGIN + 180)
    assert sorted(end.told) == [("db", Reason.ALL_RESOLVED), ("quiet", Reason.ALL_RESOLVED)]


def test_a_receiver_that_was_told_is_not_told_again_because_its_route_has_changed(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    moved = settings(route=Route(receiver="ops", routes=(Route(receiver="db", matchers=parse('team=~"db|web"')),)))
    told = gather_anew(store, moved, BEGIN + 60)
    assert [reason for one in told for reason in one.told] == []
    (end,) = accept(store, event(**RESOLVED), now=BEGIN + 180, config=moved)
    assert end.told.count(("db", Reason.ALL_RESOLVED)) == 1


def test_repeats_that_tell_nobody_anything_leave_no_trace(store: SqliteStore) -> None:
    for second in range(5):
        accept(store, event(), now=BEGIN + second)
    assert len(store.read(lambda tx: alerts.traces(tx, 1))) == 1


def test_the_end_is_told_to_whoever_heard_of_the_beginning(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    (accepted,) = accept(store, event(**RESOLVED), now=BEGIN + 90)
    assert accepted.told == [("db", Reason.ALL_RESOLVED)]
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.state, alert.ended_at) == (State.RESOLVED, BEGIN + 90)


def test_the_end_reaches_them_also_when_the_route_has_changed_meanwhile(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    (accepted,) = accept(store, event(labels={"team": "db"}, **RESOLVED), config=settings(route=Route(receiver="ops")))
    assert accepted.told == [("db", Reason.ALL_RESOLVED)]


def test_a_receiver_that_no_longer_exists_is_named_in_the_trace(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    config = settings(route=Route(receiver="ops"), receivers={"ops": settings().receivers["ops"]})
    accept(store, event(**RESOLVED), config=config)
    steps = store.read(lambda tx: alerts.traces(tx, 1))[-1].steps
    assert ("outbox", "receiver_gone", "db") in [(step.stage, step.verdict, step.detail) for step in steps]


def test_a_problem_that_comes_back_is_a_new_alert(store: SqliteStore) -> None:
    accept(store, event())
    accept(store, event(**RESOLVED))
    (accepted,) = accept(store, event())
    assert (accepted.code, accepted.change) == ("A2", Change.NEW)


def test_a_resolve_of_nothing_is_counted_and_changes_nothing(store: SqliteStore) -> None:
    (accepted,) = accept(store, event(**RESOLVED))
    assert accepted == ("", Change.NOT_OPEN, [])
    assert rows(store) == []


def test_a_rising_severity_is_told_again_and_a_falling_one_is_not(store: SqliteStore) -> None:
    accept(store, event())
    (worse,) = accept(store, event(**CRITICAL))
    assert (worse.change, worse.told) == (Change.WORSE, [("ops", Reason.WORSE)])
    (better,) = accept(store, event())
    assert (better.change, better.told) == (Change.REPEAT, [])


def test_a_worse_alarm_that_routes_to_somebody_new_is_their_first(store: SqliteStore) -> None:
    config = settings(route=Route(receiver="ops", routes=(critical_to("db"),)))
    accept(store, event(), config=config)
    (worse,) = accept(store, event(**CRITICAL), config=config)
    assert worse.told == [("db", Reason.FIRST)]
    (over,) = accept(store, event(**RESOLVED), config=config)
    assert sorted(over.told) == [("db", Reason.ALL_RESOLVED), ("ops", Reason.ALL_RESOLVED)]


def critical_to(receiver: str) -> Route:

    return Route(receiver=receiver, matchers=parse('severity="critical"'))


def test_each_person_has_a_row_with_their_number_and_the_way_after_it(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    told = [(row.delivery.recipient.name, row.delivery.recipient.address) for row in rows(store)]
    assert told == [("lin", "+8613800000001"), ("wang", "+8613800000002")]
    assert [hop.channel for hop in rows(store)[0].delivery.then] == ["room"]


def test_a_leg_may_decline_to_hear_of_the_end(store: SqliteStore) -> None:
    legs = (Leg(by=("room",), send_resolved=False), Leg(by=("other",)))
    config = settings(
        channels={"room": channel("room"), "other": channel("other")},
        receivers={"ops": Receiver(name="ops", notify=legs)},
        route=Route(receiver="ops"),
        people={},
    )
    accept(store, event(), config=config)
    store.write(lambda tx: [outbox.sent(tx, one.delivery, "", "", BEGIN) for one in claimed_all(tx)])
    accept(store, event(**RESOLVED), config=config)
    assert [row.delivery.channel for row in rows(store)] == ["other", "room", "other"]


def claimed_all(tx: Tx) -> list[outbox.Claimed]:
    return [one for name in ("room", "other", "sms") for one in leases.claim(tx, name, BEGIN, 60.0, 100).claimed]


def test_an_end_is_folded_away_with_a_beginning_that_was_never_delivered(store: SqliteStore) -> None:
    accept(store, event())
    accept(store, event(**RESOLVED), now=BEGIN + 5)
    (row,) = rows(store)
    assert (row.delivery.phase, row.delivery.reason) == (Phase.FOLDED, folding.OVER)
    assert store.read(lambda tx: alerts.traces(tx, 1))[-1].steps[-1].verdict == "folded"


def test_an_end_that_overtakes_a_try_is_folded_away_once_the_try_has_failed(store: SqliteStore) -> None:
    accept(store, event())
    (claimed,) = store.write(claimed_all)
    accept(store, event(**RESOLVED), now=BEGIN + 5)
    assert [row.delivery.phase for row in rows(store)] == [Phase.SENDING, Phase.WAITING]
    store.write(lambda tx: outbox.later(tx, claimed.delivery, BEGIN + 60, "no answer"))
    assert [row.delivery.phase for row in rows(store)] == [Phase.FOLDED, Phase.FOLDED]


def test_an_end_stays_when_the_try_may_have_arrived(store: SqliteStore) -> None:
    accept(store, event())
    (claimed,) = store.write(claimed_all)
    accept(store, event(**RESOLVED), now=BEGIN + 5)
    store.write(lambda tx: outbox.later(tx, claimed.delivery, BEGIN + 60, "time-out", ambiguous=True))
    assert [row.delivery.phase for row in rows(store)] == [Phase.WAITING, Phase.WAITING]


def test_a_receiver_without_legs_records_only(store: SqliteStore) -> None:
    accept(store, event(), config=settings(route=Route(receiver="quiet")))
    assert rows(store) == []
    assert [notice.receiver for notice in store.read(lambda tx: notices.of_alert(tx, 1))] == ["quiet"]
    assert store.read(lambda tx: alerts.traces(tx, 1))[-1].steps[-1].verdict == "nobody"


def test_the_trace_names_every_stage_in_order(store: SqliteStore) -> None:
    accept(store, event())
    steps = [step for trace in store.read(lambda tx: alerts.traces(tx, 1)) for step in trace.steps]
    assert [(step.stage, step.verdict) for step in steps] == [
        ("dedupe", "new"),
        ("route", "route"),
        ("group", "G1"),
        ("notify", "first"),
        ("outbox", "D1"),
    ]


def test_two_sources_may_use_the_same_key(store: SqliteStore) -> None:
    accepted = accept(store, event(), event(source="other"))
    assert [one.code for one in accepted] == ["A1", "A2"]


def test_without_a_key_the_label_set_is_the_identity(store: SqliteStore) -> None:
    one, other = {"key": "", "labels": {"a": "1", "b": "2"}}, {"key": "", "labels": {"b": "2", "a": "1"}}
    accepted = accept(store, event(**one), event(**other), event(key="", labels={"a": "1"}))
    assert [accepted_one.code for accepted_one in accepted] == ["A1", "A1", "A2"]


def test_the_end_is_never_before_the_beginning(store: SqliteStore) -> None:
    accept(store, event(started_at=BEGIN - 10))
    accept(store, event(ended_at=BEGIN - 1_000, **RESOLVED))
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert alert.ended_at == alert.started_at


@pytest.mark.parametrize("state", list(State))
def test_events_are_taken_all_or_none(store: SqliteStore, state: State) -> None:
    broken = Event(source="shop", key="k2", title="x", state=state, labels={"a": 5})  # type: ignore[dict-item]
    with pytest.raises(Exception):  # noqa: B017, PT011
        accept(store, event(), broken, Event(source="x", title="y", labels=None))  # type: ignore[arg-type]
    assert store.read(alerts.newest) == []
