"""From events to alerts, notices and outbox rows, on a real store."""

import pytest

from daemon.alerting import pipeline
from daemon.alerting.dedupe import Change
from daemon.alerting.pipeline import Accepted
from daemon.config.settings import Leg, Receiver, Route, Settings
from daemon.event import Event, Severity, State
from daemon.matcher import parse
from daemon.notice import Phase, Reason
from daemon.store import alerts, notices, outbox
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from made import channel, event, settings


def accept(store: SqliteStore, *events: Event, now: float = BEGIN, config: Settings | None = None) -> list[Accepted]:
    return store.write(lambda tx: pipeline.accept(tx, events, config or settings(), now))


def rows(store: SqliteStore) -> list[outbox.Claimed]:
    return list(reversed(store.read(outbox.newest)))


RESOLVED = {"state": State.RESOLVED}
CRITICAL = {"severity": Severity.CRITICAL}


def test_a_new_problem_becomes_an_alert_a_notice_and_a_delivery(store: SqliteStore) -> None:
    (accepted,) = accept(store, event(labels={"host": "db-1"}, started_at=BEGIN - 60))
    assert accepted == Accepted(code="A1", source="shop", change=Change.NEW, told=[("ops", Reason.FIRST)])
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


def test_a_repeat_is_told_to_a_receiver_that_was_never_told_because_the_route_has_changed(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}), config=settings(route=Route(receiver="quiet")))
    (first,) = accept(store, event(labels={"team": "db"}), now=BEGIN + 60)
    (second,) = accept(store, event(labels={"team": "db"}), now=BEGIN + 120)
    assert (first.change, first.told, second.told) == (Change.REPEAT, [("db", Reason.FIRST)], [])
    assert [row.delivery.recipient.name for row in rows(store)] == ["lin", "wang"]
    assert rows(store)[0].notice.alert.count == 2
    (end,) = accept(store, event(**RESOLVED), now=BEGIN + 180)
    assert ("db", Reason.RESOLVED) in end.told


def test_repeats_that_tell_nobody_anything_leave_no_trace(store: SqliteStore) -> None:
    for second in range(5):
        accept(store, event(), now=BEGIN + second)
    assert len(store.read(lambda tx: alerts.traces(tx, 1))) == 1


def test_the_end_is_told_to_whoever_heard_of_the_beginning(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    (accepted,) = accept(store, event(**RESOLVED), now=BEGIN + 90)
    assert accepted.told == [("db", Reason.RESOLVED)]
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (alert.state, alert.ended_at) == (State.RESOLVED, BEGIN + 90)


def test_the_end_reaches_them_also_when_the_route_has_changed_meanwhile(store: SqliteStore) -> None:
    accept(store, event(labels={"team": "db"}))
    (accepted,) = accept(store, event(labels={"team": "db"}, **RESOLVED), config=settings(route=Route(receiver="ops")))
    assert accepted.told == [("db", Reason.RESOLVED)]


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
    assert accepted == Accepted(code="", source="shop", change=Change.NOT_OPEN, told=[])
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
    assert sorted(over.told) == [("db", Reason.RESOLVED), ("ops", Reason.RESOLVED)]


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
    accept(store, event(**RESOLVED), config=config)
    assert [row.delivery.channel for row in rows(store)] == ["room", "other", "other"]


def test_a_receiver_without_legs_records_only(store: SqliteStore) -> None:
    accept(store, event(), config=settings(route=Route(receiver="quiet")))
    assert rows(store) == []
    assert [notice.receiver for notice in store.read(lambda tx: notices.of_alert(tx, 1))] == ["quiet"]
    assert store.read(lambda tx: alerts.traces(tx, 1))[0].steps[-1].verdict == "nobody"


def test_the_trace_names_every_stage_in_order(store: SqliteStore) -> None:
    accept(store, event())
    (trace,) = store.read(lambda tx: alerts.traces(tx, 1))
    assert [(step.stage, step.verdict) for step in trace.steps] == [
        ("dedupe", "new"),
        ("route", "matched"),
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
