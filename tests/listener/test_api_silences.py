"""Silences over Alertmanager's API."""

from typing import Any

import msgspec
import pytest

import made
from api_desk import SILENCE, ApiDesk, pushed
from daemon.alerting import silencing
from daemon.alerting.silencing import Wanted
from daemon.store import silences
from daemon.store.silences import Kind, Silence
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN, FakeClock

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def desk(store: SqliteStore, clock: FakeClock) -> ApiDesk:
    return ApiDesk(store, clock, made.settings())


def states(desk: ApiDesk, query: str = "") -> list[str]:
    return [f"{one['comment']} {one['status']['state']}" for one in desk.get(f"silences{query}")]


def test_a_silence_is_shown_as_it_was_made(desk: ApiDesk) -> None:
    name = desk.silence(matchers=[
        {"name": "alertname", "value": "Disk", "isRegex": False},
        {"name": "team", "value": 'd"b|web', "isRegex": True, "isEqual": True},
        {"name": "env", "value": "te\\st", "isRegex": False, "isEqual": False},
        {"name": "env", "value": "x.*", "isRegex": True, "isEqual": False},
    ])  # fmt: skip
    shown = desk.get(f"silence/{name}")
    assert shown == {
        "id": name,
        "status": {"state": "active"},
        "updatedAt": "2026-11-21T01:00:00.000Z",
        "comment": "new disk",
        "createdBy": "lin",
        "endsAt": "2026-11-21T02:00:00.000Z",
        "matchers": [
            {"name": "alertname", "value": "Disk", "isRegex": False, "isEqual": True},
            {"name": "team", "value": 'd"b|web', "isRegex": True, "isEqual": True},
            {"name": "env", "value": "te\\st", "isRegex": False, "isEqual": False},
            {"name": "env", "value": "x.*", "isRegex": True, "isEqual": False},
        ],
        "startsAt": "2026-11-21T01:00:00.000Z",
        "annotations": {},
    }
    assert desk.get("silences") == [shown]


def test_it_hides_what_it_matches_until_it_is_ended(desk: ApiDesk) -> None:
    name = desk.silence()
    desk.push(pushed(), pushed("Net"))
    assert desk.told() == [("first", "Net is wrong")]
    assert desk.ask("DELETE", f"silence/{name}").status == 200
    desk.pass_time(1)
    assert desk.told()[1:] == [("first", "Disk is wrong")]
    assert states(desk) == ["new disk expired"]
    (kept,) = desk.store.read(silences.newest)
    assert kept.ended_by == "local, over the API"


def test_an_alert_names_every_silence_and_window_that_hides_it(desk: ApiDesk) -> None:
    first = desk.silence()
    desk.silence(matchers=[{"name": "alertname", "value": "Net", "isRegex": False}])
    window = Silence(
        kind=Kind.MAINTENANCE, name="move", matchers=['alertname=~"D.*"'], starts_at=BEGIN, ends_at=BEGIN + 60,
        author="wang", comment="", created_at=BEGIN, updated_at=BEGIN,
    )  # fmt: skip
    second = desk.store.write(lambda tx: silences.add(tx, window)).uuid
    desk.push(pushed())
    (shown,) = desk.get("alerts")
    assert shown["status"] == {
        "state": "suppressed", "silencedBy": [first, second], "inhibitedBy": [], "mutedBy": [],
    }  # fmt: skip


def test_one_that_recurs_is_pending_outside_of_its_hours(desk: ApiDesk) -> None:
    nightly = Wanted(
        matchers=['alertname="Disk"'], author="wang", comment="backup",
        during='[{"times":[{"start_time":"22:00","end_time":"24:00"}]}]',
    )  # fmt: skip
    desk.store.write(lambda tx: silencing.put(tx, nightly, BEGIN))
    assert states(desk) == ["backup pending"]
    desk.clock.jump(21.5 * 3_600)
    assert states(desk) == ["backup active"]


def test_a_change_keeps_the_name_or_gives_a_new_one_as_alertmanager_does(desk: ApiDesk) -> None:
    name = desk.silence()
    assert desk.silence(id=name, endsAt="2026-11-21T05:00:00Z", comment="longer") == name
    other = desk.silence(id=name, matchers=[{"name": "team", "value": "db", "isRegex": False}], comment="other")
    assert other != name
    assert states(desk) == ["other active", "longer expired"]


def test_what_the_api_does_not_know_of_a_silence_stays_with_it(desk: ApiDesk) -> None:
    window = Silence(
        kind=Kind.MAINTENANCE, name="move", matchers=['team="db"'], starts_at=BEGIN, ends_at=None, until_resolved=True,
        author="wang", comment="", created_at=BEGIN, updated_at=BEGIN,
    )  # fmt: skip
    name = desk.store.write(lambda tx: silences.add(tx, window)).uuid
    shown = desk.get(f"silence/{name}")
    assert (shown["endsAt"], shown["comment"]) == ("9999-01-01T00:00:00.000Z", "move")
    known = {key: shown[key] for key in ("matchers", "startsAt", "endsAt", "createdBy")}
    assert desk.silence(**known, id=name, comment="moving") == name
    kept = desk.store.read(lambda tx: silences.called(tx, name))
    assert kept is not None
    assert (kept.kind, kept.name, kept.ends_at, kept.until_resolved, kept.comment) == (
        Kind.MAINTENANCE, "move", None, True, "moving",
    )  # fmt: skip


def test_the_list_has_active_ones_by_their_end_then_pending_ones_then_expired_ones(desk: ApiDesk) -> None:
    desk.silence(comment="c", endsAt="2026-11-21T03:00:00Z")
    desk.silence(comment="p2", startsAt="2026-11-21T01:50:00Z")
    desk.silence(comment="p1", startsAt="2026-11-21T01:40:00Z")
    desk.ask("DELETE", f"silence/{desk.silence(comment='e1')}")
    desk.pass_time(10)
    desk.ask("DELETE", f"silence/{desk.silence(comment='e2')}")
    desk.silence(comment="a", endsAt="2026-11-21T01:30:00Z")
    assert states(desk) == ["a active", "c active", "p1 pending", "p2 pending", "e2 expired", "e1 expired"]


def test_a_filter_names_a_silence_s_own_matchers(desk: ApiDesk) -> None:
    desk.silence(comment="disk")
    matchers = [{"name": "team", "value": "db|web", "isRegex": True}, *SILENCE["matchers"]]  # type: ignore[misc]
    desk.silence(comment="team", matchers=matchers)
    assert states(desk, "?filter=team%3D~%22db|web%22") == ["team active"]
    assert sorted(states(desk, "?filter=alertname%3DDisk")) == ["disk active", "team active"]
    assert states(desk, "?filter=alertname%3DDisk&filter=team%3D~%22db%22") == []


@pytest.mark.parametrize(
    ("change", "status", "sentence"),
    [
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, 400, "silence invalid: '(' is not an RE2"),
        ({"matchers": [{"name": "a", "value": ".*", "isRegex": True}]}, 400, "silence invalid: at least one matcher"),
        ({"matchers": [{"name": "a b", "value": "c", "isRegex": False}]}, 400, "silence invalid: 'a b="),
        ({"createdBy": " "}, 400, "silence invalid: a silence needs an author"),
        ({"endsAt": "2026-11-21T01:00:00Z"}, 400, "silence invalid: the end must be after the start"),
        ({"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2020-01-02T00:00:00Z"}, 400, "silence invalid: the end is in"),
        ({"endsAt": "0001-01-01T00:00:00Z"}, 400, "silence invalid: the end must be after the start"),
        ({"id": NOBODY}, 404, "silence not found"),
    ],
)
def test_a_silence_that_cannot_be_is_refused_with_the_reason(
    desk: ApiDesk, change: dict[str, Any], status: int, sentence: str
) -> None:
    answer = desk.ask("POST", "silences", SILENCE | change)
    said = msgspec.json.decode(answer.body)
    assert (answer.status, said[: len(sentence)]) == (status, sentence)
    assert desk.get("silences") == []


def test_one_that_is_over_or_was_never_there_cannot_be_ended(desk: ApiDesk) -> None:
    name = desk.silence()
    assert desk.ask("DELETE", f"silence/{name.upper()}").status == 200
    assert desk.ask("DELETE", f"silence/{name}").status == 400
    assert (desk.ask("DELETE", f"silence/{NOBODY}").status, desk.ask("GET", f"silence/{NOBODY}").status) == (404, 404)
