"""Alerts over Alertmanager's API: how they are taken, when they end, and how they are shown."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import made
from api_desk import ApiDesk, pushed
from daemon.config.audience import InhibitRule, Leg, Receiver, Route
from daemon.event import Event, Severity
from daemon.listener.alertmanager.pushed import fingerprint
from daemon.matcher import parse
from daemon.store import alerts, quarantine
from daemon.store.alerts import get
from daemon.store.requests import Door
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from fake_clock import FakeClock
from kept import touches

INHIBITION = InhibitRule(
    source_matchers=parse('severity="critical"'), target_matchers=parse('severity="warning"'), equal=("alertname",)
)


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> ApiDesk:
    return ApiDesk(store, clock, made.settings(inhibit_rules=(INHIBITION,)))


def names(found: list[dict[str, Any]]) -> list[str]:
    return sorted(one["labels"]["alertname"] for one in found)


def test_what_prometheus_pushes_is_shown_as_it_was_pushed(desk: ApiDesk) -> None:
    desk.push(pushed(severity="page", instance="db-1"))
    assert desk.get("alerts") == [
        {
            "labels": {"alertname": "Disk", "severity": "page", "instance": "db-1"},
            "annotations": {"summary": "Disk is wrong", "description": "It is."},
            "startsAt": "2026-11-21T00:59:00.500Z",
            "endsAt": "2026-11-21T01:04:00.000Z",
            "updatedAt": "2026-11-21T01:00:00.000Z",
            "fingerprint": fingerprint({"alertname": "Disk", "severity": "page", "instance": "db-1"}),
            "receivers": [{"name": "ops"}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
            "generatorURL": "http://prom.example.com/graph?g0.expr=x",
        }
    ]


def test_its_annotations_say_what_people_are_told(desk: ApiDesk) -> None:
    desk.push(pushed(severity="page"))
    alert = desk.store.read(lambda tx: get(tx, 1))
    assert alert is not None
    assert (alert.source, alert.severity, alert.title, alert.text) == (
        "prometheus",
        Severity.CRITICAL,
        "Disk is wrong",
        "It is.",
    )
    assert alert.links == {"graph": "http://prom.example.com/graph?g0.expr=x"}
    assert alert.labels == {"alertname": "Disk", "severity": "page", "source": "prometheus"}


def test_the_push_is_kept_for_whoever_asks_why_there_is_an_alert(desk: ApiDesk, store: SqliteStore) -> None:
    desk.push(pushed(severity="page"))
    desk.push(pushed(severity="page"))  # as every minute
    (touch,) = touches(store)
    assert (touch.change, touch.request.door, touch.request.source) == ("new", Door.API, "prometheus")
    assert '"severity":"page"' in touch.request.carried.body.replace(" ", "")


@pytest.mark.parametrize(
    ("labels", "known"),
    [
        ({"name": "garland, briggs", "fear": "love is not enough"}, 5799056148416392346),
        ({}, 14695981039346656037),
    ],
)
def test_fingerprints_are_those_of_prometheus(labels: dict[str, str], known: int) -> None:
    assert int(fingerprint(labels), 16) == known


def test_being_pushed_again_moves_the_end_and_tells_nobody(desk: ApiDesk) -> None:
    desk.push(pushed())
    for minute in range(1, 9):
        desk.pass_time(60)
        desk.push(pushed(endsAt=f"2026-11-21T01:{minute + 4:02}:00Z"))
    assert desk.told() == [("first", "Disk is wrong")]
    assert desk.get("alerts")[0]["endsAt"] == "2026-11-21T01:12:00.000Z"
    desk.pass_time(239)
    assert names(desk.get("alerts")) == ["Disk"]
    desk.pass_time(1)
    assert desk.get("alerts") == []
    assert desk.told()[1:] == [("all_resolved", "Disk is wrong")]


def test_an_end_in_the_past_is_its_end(desk: ApiDesk) -> None:
    desk.push(pushed(), pushed("Net"))
    desk.push(pushed(endsAt="2026-11-21T01:00:00Z"))
    assert names(desk.get("alerts")) == ["Net"]
    alert = desk.store.read(lambda tx: get(tx, 1))
    assert alert is not None
    assert alert.ended_at == desk.clock.now()
    desk.push(pushed("Gone", endsAt="2026-11-21T00:59:30Z"))
    assert names(desk.get("alerts")) == ["Net"]
    assert len(desk.told()) == 3


@pytest.mark.parametrize("ends_at", [None, "", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"])
def test_without_an_end_it_lasts_for_the_resolve_timeout(desk: ApiDesk, ends_at: str | None) -> None:
    desk.settings = made.settings(resolve_timeout=Seconds(90.0))
    desk.push({"labels": {"alertname": "Disk"}, "endsAt": ends_at})
    (shown,) = desk.get("alerts")
    assert (shown["startsAt"], shown["endsAt"]) == ("2026-11-21T01:00:00.000Z", "2026-11-21T01:01:30.000Z")
    desk.pass_time(90)
    assert desk.get("alerts") == []


def test_an_end_that_is_further_than_any_calendar_does_not_come(desk: ApiDesk) -> None:
    desk.push(pushed(endsAt="9999-12-31T23:59:59Z"))
    desk.pass_time(30 * 86_400)
    assert names(desk.get("alerts")) == ["Disk"]


def test_empty_labels_are_none_and_do_not_make_it_another_alert(desk: ApiDesk) -> None:
    desk.push(pushed(team=""), pushed(), pushed() | {"labels": {"alertname": "Disk", "job": None}})
    assert [one["labels"] for one in desk.get("alerts")] == [{"alertname": "Disk"}]


def test_what_has_no_name_is_told_by_its_labels(desk: ApiDesk) -> None:
    desk.push({"labels": {"job": "api", "env": "live"}})
    assert desk.told() == [("first", '{env="live", job="api"}')]


def test_valid_alerts_are_taken_and_the_others_are_named_and_kept(desk: ApiDesk) -> None:
    backwards = pushed(startsAt="2026-11-21T01:00:00Z") | {"endsAt": "2020-01-01T00:00:00Z"}
    body = [pushed(), {"labels": {}}, {"labels": {"": "x"}}, backwards, pushed("Net") | {"annotations": {"": ""}}]
    answer = desk.ask("POST", "alerts", body)
    said = (
        'at least one label pair required; invalid label set: invalid name ""; '
        'start time must be before end time; invalid annotations: invalid name ""'
    )
    assert (answer.status, msgspec.json.decode(answer.body)) == (400, said)
    assert "Disk" in names([one for one in desk.get("alerts") if "alertname" in one["labels"]])
    (kept,) = desk.store.read(lambda tx: quarantine.newest(tx, limit=9))
    assert (kept.source, kept.reason) == ("prometheus", f"4 alerts were not taken: {said}")
    assert ("first", "Webhooks of prometheus are refused: unusable body") in desk.told()


def test_a_body_without_the_form_is_not_taken_at_all(desk: ApiDesk) -> None:
    assert desk.ask("POST", "alerts", [pushed(), {"labels": None}]).status == 422
    assert desk.ask("POST", "alerts", [pushed(), {"labels": {"a": "b"}, "startsAt": "soon"}]).status == 400
    assert [one["labels"].get("alertname") for one in desk.get("alerts")] == [None]


def test_more_alerts_than_one_body_may_make_are_refused(store: SqliteStore, clock: FakeClock) -> None:
    few = made.settings().limits
    desk = ApiDesk(store, clock, made.settings(limits=type(few)(events=3)))
    desk.push(*(pushed(f"A{i}") for i in range(3)))
    assert desk.ask("POST", "alerts", [pushed(f"A{i}") for i in range(4)]).status == 413


def test_alarms_of_every_source_are_shown(desk: ApiDesk) -> None:
    desk.intake.events([Event(source="shop", key="k1", title="Till is stuck", text="Bang it.", labels={"till": "7"})])
    (shown,) = desk.get("alerts")
    assert shown["annotations"] == {"summary": "Till is stuck", "description": "Bang it."}
    assert shown["labels"] == {"source": "shop", "severity": "error", "till": "7"}
    assert len(shown["fingerprint"]) == 16
    assert shown["endsAt"] == "2026-11-21T01:05:00.000Z"


def test_a_list_is_narrowed_down_as_alertmanager_does(desk: ApiDesk) -> None:
    desk.push(pushed("A", team="db"), pushed("B", severity="critical"), pushed("B", severity="warning"), pushed("C"))
    silence = desk.silence(matchers=[{"name": "alertname", "value": "C", "isRegex": False}])
    for query, expected in {
        "": ["A", "B", "B", "C"],
        "filter=alertname%3DA": ["A"],
        "filter=alertname%3D~%22A|B%22&filter=team%3D%22%22": ["B", "B"],
        "receiver=d.": ["A"],
        "receiver=ops|db": ["A", "B", "B", "C"],
        "receiver=o": [],
        "silenced=false": ["A", "B", "B"],
        "inhibited=false": ["A", "B", "C"],
        "active=false": ["B", "C"],
        "active=false&inhibited=false": ["C"],
        "active=maybe&silenced=no&inhibited=0": [],
        "active=false&active=true": ["A", "B", "B", "C"],
        "unknown=1&%zz=2": ["A", "B", "B", "C"],
    }.items():
        assert names(desk.get(f"alerts?{query}")) == expected, query
    found = {(one["labels"]["alertname"], one["labels"].get("severity")): one for one in desk.get("alerts")}
    assert found["C", None]["status"] == {
        "state": "suppressed", "silencedBy": [silence], "inhibitedBy": [], "mutedBy": [],
    }  # fmt: skip
    assert found["B", "warning"]["status"]["inhibitedBy"] == [found["B", "critical"]["fingerprint"]]


def test_groups_are_those_of_the_routes(store: SqliteStore, clock: FakeClock) -> None:
    db = Route(receiver="db", matchers=parse('team="db"'), continue_=True)
    root = Route(receiver="ops", group_by=("team",), group_wait=Seconds(30), routes=(db, Route(receiver="all")))
    receivers = {name: Receiver(name=name, notify=(Leg(by=("room",)),)) for name in ("ops", "db", "all")}
    desk = ApiDesk(store, clock, made.settings(route=root, receivers=receivers))
    desk.push(pushed("A", team="db"), pushed("B", team="db"), pushed("C"))
    assert [(one["labels"], one["receiver"]["name"], names(one["alerts"])) for one in desk.get("alerts/groups")] == [
        ({}, "all", ["C"]),
        ({"team": "db"}, "all", ["A", "B"]),
        ({"team": "db"}, "db", ["A", "B"]),
    ]
    (alert,) = desk.get("alerts?filter=alertname%3DA")
    assert alert["receivers"] == [{"name": "db"}, {"name": "all"}]
    assert [one["receiver"]["name"] for one in desk.get("alerts/groups?receiver=db")] == ["db"]
    assert [names(one["alerts"]) for one in desk.get("alerts/groups?filter=alertname%3DC")] == [["C"]]
    desk.push(pushed("C", endsAt="2026-11-21T01:00:00Z"))
    assert len(desk.get("alerts/groups")) == 2


def test_many_alerts_are_read_page_by_page_and_come_in_order(desk: ApiDesk) -> None:
    desk.push(*(pushed(f"A{i}") for i in range(450)))
    found = desk.get("alerts")
    assert len(found) == 450
    assert [one["fingerprint"] for one in found] == sorted(one["fingerprint"] for one in found)
    assert sum(len(one["alerts"]) for one in desk.get("alerts/groups")) == 450


@settings(max_examples=30, deadline=None)
@given(labels=some.dictionaries(some.text(max_size=8), some.text(max_size=8), max_size=4))
def test_whatever_labels_are_pushed_they_are_taken_or_named(
    tmp_path_factory: pytest.TempPathFactory, labels: dict[str, str]
) -> None:
    store = SqliteStore(Path(tmp_path_factory.mktemp("api")) / "tocsin.db")
    try:
        desk = ApiDesk(store, FakeClock(), made.settings())
        answer = desk.ask("POST", "alerts", [{"labels": labels}])
        named = {name: value for name, value in labels.items() if value}
        wrong = not named or "" in named
        assert answer.status == (400 if wrong else 200)
        found = store.read(lambda tx: alerts.newest(tx, source="prometheus"))
        assert len(found) == (0 if wrong else 1)
    finally:
        store.close()
