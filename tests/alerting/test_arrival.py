"""What is kept of the requests that made alerts: whole enough to explain, without secrets, within bounds."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from daemon import log
from daemon.alerting import arrival
from daemon.alerting.arrival import Arrival
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.retention import Retention
from daemon.config.settings import Settings
from daemon.event import Severity, State
from daemon.hook import Hook
from daemon.store import alerts, quarantine, requests
from daemon.store.quarantine import Kind
from daemon.store.requests import Carried, Door, Request
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import FakeClock
from kept import rows, touches
from made import event, settings

SECRET = 'hidden/9"秘' + "x" * 20


@pytest.fixture(autouse=True, scope="module")
def _known() -> None:
    log.hide([SECRET])


def door(store: SqliteStore, clock: FakeClock, **retention: Bytes) -> Intake:
    config = settings(retention=Retention(**retention))  # type: ignore[arg-type]
    return Intake(store, clock, lambda: Rules(config))


def hook(*events: dict[str, str], **more: object) -> Hook:
    body = json.dumps({"events": events or [{"key": "k1"}]}).encode()
    return Hook(**{"source": "shop", "body": body, "remote": "192.0.2.7"} | more)  # type: ignore[arg-type]


def shop(config: Settings | None = None) -> object:
    return (config or settings()).sources["shop"]


def take(intake: Intake, sent: Hook) -> None:
    intake.take(settings().sources["shop"], sent)


def test_the_request_is_kept_with_the_alerts_it_changed_and_how(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock)
    take(intake, hook({"key": "k1"}, {"key": "k2", "severity": "info"}))
    take(intake, hook({"key": "k2", "severity": "critical"}))
    take(intake, hook({"key": "k1"}, {"key": "k2", "state": "resolved"}))
    assert [touch.change for touch in touches(store, 1)] == ["new"]
    first, worse, over = touches(store, 2)
    assert [first.change, worse.change, over.change] == ["new", "worse", "resolved"]
    assert (first.request.door, first.request.handler, first.request.remote) == (Door.WEBHOOK, "made", "192.0.2.7")
    assert json.loads(over.request.carried.body)["events"][1] == {"key": "k2", "state": "resolved"}


def test_a_repeat_and_an_end_of_nothing_keep_nothing(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock)
    take(intake, hook())
    take(intake, hook())
    take(intake, hook({"key": "never", "state": "resolved"}))
    assert rows(store) == 1


def test_one_request_that_begins_and_ends_an_alert_did_both(store: SqliteStore, clock: FakeClock) -> None:
    take(door(store, clock), hook({"key": "k1"}, {"key": "k1", "state": "resolved"}))
    assert [touch.change for touch in touches(store)] == ["new, resolved"]


def test_zero_keeps_none(store: SqliteStore, clock: FakeClock) -> None:
    take(door(store, clock, requests=Bytes(0)), hook())
    assert (rows(store), touches(store)) == (0, [])


def test_credentials_and_known_secrets_are_not_kept(store: SqliteStore, clock: FakeClock) -> None:
    sent = hook(
        {"key": "k1", "title": SECRET},
        headers={"authorization": "Bearer abc", "x-other": f"see {SECRET}", "host": "h"},
        query={"token": "abc", "q": SECRET},
    )
    take(door(store, clock), sent)
    carried = touches(store)[0].request.carried
    assert carried.headers == {"authorization": "***", "x-other": "see ***", "host": "h"}
    assert carried.query == {"token": "***", "q": "***"}
    assert json.loads(carried.body)["events"][0]["title"] == "***"


@tried(max_examples=60, deadline=None)
@given(before=st.text(max_size=40), after=st.text(max_size=40), most=st.integers(0, 60), twice=st.booleans())
def test_no_part_of_a_secret_shows_wherever_the_body_is_cut(before: str, after: str, most: int, twice: bool) -> None:
    text = before + SECRET * (1 + twice) + after + SECRET
    kept = arrival.body(text.encode("utf-8", "replace"), most)
    assert len(kept) <= most + 9  # three masks may each be longer than what is left of a secret
    assert not any(SECRET[i : i + 6] in kept for i in range(len(SECRET) - 5))


def test_events_without_a_request_say_where_they_came_from(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock)
    intake.events([event(source="cli")], Arrival(door=Door.COMMAND))
    intake.events([event(source="probe")])
    intake.events([event(source="tocsin")])
    intake.events([event(source="elsewhere")])
    assert [touches(store, number)[0].request.door for number in (1, 2, 3, 4)] == [
        Door.COMMAND, Door.PROBE, Door.TOCSIN, Door.OTHER
    ]  # fmt: skip


def test_what_waited_in_quarantine_says_so_and_from_where_it_once_came(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock)
    intake.refuse(hook(), Kind.UNUSABLE_BODY, "no", "192.0.2.9")
    waiting = store.read(lambda tx: quarantine.get(tx, 1))
    assert waiting is not None
    intake.replay(waiting)
    request = touches(store, 2)[0].request
    assert (request.door, request.remote, request.handler) == (Door.QUARANTINE, "192.0.2.9", "made")


def test_a_body_that_is_no_text_is_kept_as_far_as_it_can_be_read() -> None:
    assert arrival.body(b"\xff\xfe ok \x00", 100) == "�� ok \x00"


def test_the_oldest_go_when_all_weigh_too_much(store: SqliteStore, clock: FakeClock) -> None:
    most = 20 * requests.ROW
    intake = door(store, clock, requests=Bytes(most))
    for number in range(60):
        take(intake, hook({"key": str(number)}))
    weight = store.read(lambda tx: tx.all("SELECT max(upto) - min(upto) FROM requests")[0][0])
    assert 0 < weight <= most
    assert 5 < rows(store) < 20
    assert (touches(store, 1), len(touches(store, 60))) == ([], 1)


def test_one_that_alone_weighs_too_much_is_the_only_one_kept(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock, requests=Bytes(10))
    take(intake, hook({"key": "a"}))
    take(intake, hook({"key": "b"}))
    assert (rows(store), len(touches(store, 2))) == (1, 1)


def test_of_many_the_first_and_the_last_are_told(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock)
    take(intake, hook())
    for number in range(8):
        request = Request(at=clock.now(), door=Door.WEBHOOK, source="shop", carried=Carried(body=str(number)))
        store.write(lambda tx, request=request: requests.keep(tx, request, {1: "worse"}, 10**6))
    assert [touch.request.id for touch in touches(store, limit=3)] == [1, 8, 9]


def test_they_go_with_their_alert_and_with_their_age(store: SqliteStore, clock: FakeClock) -> None:
    intake = door(store, clock)
    take(intake, hook())
    intake.events([event(key="k1", state=State.RESOLVED, severity=Severity.ERROR)])
    store.write(lambda tx: alerts.forget(tx, clock.now() + 1))
    assert touches(store) == []
    assert store.write(lambda tx: requests.forget(tx, clock.now())) == 0
    assert store.write(lambda tx: requests.forget(tx, clock.now() + 1)) == 2


def test_a_long_body_is_deflated_and_read_back(store: SqliteStore, clock: FakeClock) -> None:
    take(door(store, clock), hook({"key": "k1", "text": "long " * 2_000}))
    (size,) = store.read(lambda tx: tx.one("SELECT length(carried) FROM requests")) or (0,)
    assert size < 1_000
    assert "long long" in touches(store)[0].request.carried.body
