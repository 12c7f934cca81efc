"""Where events come in: bounds, quarantine and its alarm, replay."""

import logging
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from daemon import housekeeping
from daemon.alerting.dedupe import Change
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.aside import LARGE, AsideThread
from daemon.clock import TURN, SystemClock
from daemon.config.retention import Retention
from daemon.config.settings import Limits, Settings, Source
from daemon.errors import HandlerBroken, HandlerError, StoreUnavailable
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.internal import Check
from daemon.notice import Reason
from daemon.registry import Handler
from daemon.store import alerts, notices, quarantine
from daemon.store.quarantine import Kind
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes
from fake_clock import FakeClock
from made import event, settings, source
from served import waiting_reader

T = TypeVar("T")

PIECES = 10


def intake(store: SqliteStore, clock: FakeClock, config: Settings | None = None) -> Intake:
    live = config or settings()
    return Intake(store, clock, lambda: Rules(live))


def hook(body: bytes = b'{"events": [{"key": "a"}]}', name: str = "shop", **more: object) -> Hook:
    return Hook(source=name, body=body, **more)  # type: ignore[arg-type]


def body(store: SqliteStore, request_id: int) -> bytes:
    kept = store.read(lambda tx: quarantine.get(tx, request_id))
    assert kept is not None
    return kept.body


def test_a_hook_becomes_alerts_named_after_the_source_it_came_through(store: SqliteStore, clock: FakeClock) -> None:
    other = source("shop-eu", labels={"region": "eu"})
    (accepted,) = intake(store, clock).take(other, hook())
    alert = store.read(lambda tx: alerts.get(tx, 1))
    assert alert is not None
    assert (accepted.code, alert.source, alert.labels["region"]) == ("A1", "shop-eu", "eu")


def test_new_labels_of_a_source_do_not_hide_the_ends_of_what_is_open(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock)
    door.take(source("shop"), hook(b'{"events": [{"key": "", "labels": {"host": "a"}}]}'))
    over = hook(b'{"events": [{"key": "", "labels": {"host": "a"}, "state": "resolved"}]}')
    (accepted,) = door.take(source("shop", labels={"region": "eu"}), over)
    assert (accepted.code, accepted.change) == ("A1", Change.RESOLVED)


def test_a_body_without_alarms_is_an_error(store: SqliteStore, clock: FakeClock) -> None:
    with pytest.raises(HandlerError, match="holds no alarm"):
        intake(store, clock).take(source("shop"), hook(b'{"events": []}'))


def test_a_body_with_too_many_alarms_is_refused_whole(store: SqliteStore, clock: FakeClock) -> None:
    few = intake(store, clock, settings(limits=Limits(events=2)))
    with pytest.raises(HandlerError, match="more than 2 alarms"):
        few.take(source("shop"), hook(b'{"events": [{"key":"a"},{"key":"b"},{"key":"c"}]}'))
    assert store.read(alerts.newest) == []


def test_a_refused_request_is_kept_redacted_and_alarmed_once(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock)
    bad = hook(b"hello", headers={"authorization": "Bearer canary", "user-agent": "x"}, query={"token": "canary"})
    codes = [door.refuse(bad, Kind.BAD_CREDENTIALS, "wrong token", "192.0.2.7") for _ in range(3)]
    assert codes == ["Q1", "Q2", "Q3"]
    kept = store.read(lambda tx: quarantine.get(tx, 1))
    assert kept is not None
    assert "canary" not in repr(kept)
    assert kept.body == b"hello"
    (alarm,) = store.read(alerts.newest)
    assert (alarm.source, alarm.count, alarm.severity) == ("tocsin", 3, Severity.WARNING)


def test_strangers_who_invent_source_names_make_one_alarm(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock)
    for number in range(50):
        door.refuse(hook(name=f"guess-{number}"), Kind.UNKNOWN_SOURCE, "no such source", "192.0.2.7")
    assert len(store.read(alerts.newest)) == 1


def test_quarantine_is_bounded_in_rows_and_bytes(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock, settings(retention=Retention(quarantine_rows=5, quarantine_body=Bytes(10))))  # type: ignore[arg-type]
    for _ in range(20):
        door.refuse(hook(b"x" * 1_000), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    kept = store.read(quarantine.newest)
    assert [request.id for request in kept] == [20, 19, 18, 17, 16]
    assert (len(body(store, 20)), kept[0].size, kept[0].whole) == (10, 1_000, False)


def test_strangers_do_not_push_out_what_a_known_source_sent(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock, settings(retention=Retention(quarantine_rows=5)))
    code = door.refuse(hook(b"precious"), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    for number in range(20):
        door.refuse(hook(name=f"guess-{number}"), Kind.UNKNOWN_SOURCE, "no such source", "192.0.2.7")
    kept = store.read(quarantine.newest)
    assert (kept[-1].code, body(store, kept[-1].id), len(kept)) == (code, b"precious", 6)


def test_large_bodies_are_bounded_together(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock, settings(retention=Retention(quarantine_size=Bytes(250_000))))
    for _ in range(5):
        door.refuse(hook(b"x" * 100_000), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    assert [(request.id, request.whole) for request in store.read(quarantine.newest)] == [(5, True), (4, True)]


class Hasty(SystemClock):
    """By this clock every piece of work has taken longer than anybody may keep the event loop."""

    _looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return self._looks * 2 * TURN


def pieces(order: list[str], send: Callable[[], None]) -> Iterator[Event]:
    """A body of several alarms, while the first of which is read something comes over another socket."""
    for number in range(PIECES):
        if not number:
            send()
        order.append(f"piece {number}")
        yield event(key=str(number))


def test_while_a_body_of_many_alarms_is_read_others_are_served(store: SqliteStore) -> None:
    order: list[str] = []
    with waiting_reader(order) as send:
        large = Source(name="shop", handler=Handler(name="made", handle=lambda _: pieces(order, send), samples={}))
        assert len(Intake(store, Hasty(), lambda: Rules(settings())).read(large, hook())) == PIECES
    assert "served" in order[:-1]


class Beside:
    """Another thread: remembers how often something was done there."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, work: Callable[[], T]) -> T:
        self.done += 1
        return work()


@pytest.mark.parametrize(("size", "beside"), [(LARGE, 0), (LARGE + 1, 1)])
def test_a_large_body_is_read_beside_the_event_loop(store: SqliteStore, size: int, beside: int) -> None:
    there = Beside()
    clock = Hasty()
    made = Handler(name="made", handle=lambda _: [event(key="a"), event(key="b")], samples={})
    one = Intake(store, clock, lambda: Rules(settings()), aside=there)
    assert len(one.read(Source(name="shop", handler=made), Hook(source="shop", body=b"x" * size))) == 2
    assert there.done == beside


def test_what_a_handler_raises_of_a_large_body_is_told_as_of_a_small_one(store: SqliteStore) -> None:
    def broken(_: Hook) -> list[Event]:
        raise KeyError("secret")

    thread = AsideThread()
    one = Intake(store, SystemClock(), lambda: Rules(settings()), aside=thread)
    large = Hook(source="shop", body=b"x" * (LARGE + 1))
    try:
        with pytest.raises(HandlerBroken, match=r"^the handler 'made' is broken at test_intake.py:\d+: KeyError$"):
            one.read(Source(name="shop", handler=Handler(name="made", handle=broken, samples={})), large)
        with pytest.raises(HandlerError, match="holds no alarm"):
            one.read(Source(name="shop", handler=Handler(name="made", handle=lambda _: [], samples={})), large)
    finally:
        thread.stop()


def test_while_many_events_are_cleaned_others_are_served(store: SqliteStore) -> None:
    order: list[str] = []
    with waiting_reader(order) as send:
        Intake(store, Hasty(), lambda: Rules(settings())).events(pieces(order, send))
    assert order.index("served") < order.index(f"piece {PIECES - 1}")


def test_while_many_events_are_counted_and_logged_others_are_served(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    order: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not order:
                send()
            order.append(record.getMessage())

    caplog.set_level(logging.INFO)
    log, lines = logging.getLogger("tocsin.alerting"), Lines()
    events = [event(key=str(number)) for number in range(PIECES)]
    with waiting_reader(order) as send:
        log.addHandler(lines)
        try:
            Intake(store, Hasty(), lambda: Rules(settings())).events(events)
        finally:
            log.removeHandler(lines)
    assert len(order) > PIECES
    assert "served" in order[:-1]


def test_a_kept_request_is_replayed_after_the_cause_is_mended(store: SqliteStore, clock: FakeClock) -> None:
    before = intake(store, clock, settings(sources={}))
    before.refuse(hook(), Kind.UNKNOWN_SOURCE, "no such source", "192.0.2.7")
    kept = store.read(lambda tx: quarantine.get(tx, 1))
    assert kept is not None
    with pytest.raises(HandlerError, match="no source is called 'shop'"):
        before.replay(kept)
    (accepted,) = intake(store, clock).replay(kept)
    assert accepted.change is Change.NEW
    after = store.read(lambda tx: quarantine.get(tx, 1))
    assert after is not None
    assert after.replayed_at == clock.now()


def test_a_cut_body_is_not_replayed(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock, settings(retention=Retention(quarantine_body=Bytes(5))))  # type: ignore[arg-type]
    door.refuse(hook(), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    kept = store.read(lambda tx: quarantine.get(tx, 1))
    assert kept is not None
    with pytest.raises(HandlerError, match="only 5 of its"):
        door.replay(kept)


def test_an_own_alarm_counts_while_open_and_ends(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock)
    for _ in range(3):
        door.alarm(Check.DISK_FREE, title="The disk fills up", text="")
    door.alarm_over(Check.DISK_FREE)
    (alarm,) = store.read(alerts.newest)
    assert (alarm.count, alarm.state, alarm.title) == (3, "resolved", "The disk fills up")


def test_alerts_that_nobody_speaks_of_are_ended_and_told_as_ended(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock)
    old = [event(key=""), event(key="k2"), event(source="probe"), event(source="tocsin")]
    door.events(old)
    clock.advance(100)
    door.events([event(key="k3")])
    assert housekeeping.close_silent(store, door.end, 60, clock.now()) == 2
    states = {(one.source, one.key): one.state for one in store.read(alerts.newest)}
    assert states == {
        ("shop", ""): State.RESOLVED,
        ("shop", "k2"): State.RESOLVED,
        ("shop", "k3"): State.FIRING,
        ("probe", "k1"): State.FIRING,
        ("tocsin", "k1"): State.FIRING,
    }
    said = store.read(lambda tx: notices.of_alert(tx, 1))
    assert [notice.reason for notice in said] == [Reason.FIRST, Reason.ALL_RESOLVED]
    assert said[-1].alert.text == "nothing was heard of it for 1m"


def test_a_store_that_cannot_write_is_said_so_and_own_alarms_do_not_raise(store: SqliteStore, clock: FakeClock) -> None:
    door = intake(store, clock)
    store._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreUnavailable):
        door.take(source("shop"), hook())
    with pytest.raises(StoreUnavailable):
        door.refuse(hook(), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
    door.alarm(Check.DISK_FREE, title="The disk fills up", text="")
    store._writer.execute("PRAGMA query_only = OFF")
