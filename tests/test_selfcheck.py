"""tocsin's looks at itself: each one provoked."""

import threading
from collections.abc import Iterator

import gevent
import pytest
from gevent import monkey
from prometheus_client import generate_latest

import made
from daemon import housekeeping, telemetry
from daemon.alert import Alert
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.retention import Retention
from daemon.config.selfchecks import SelfChecks
from daemon.config.settings import Settings
from daemon.disk import free_beside
from daemon.errors import StoreUnavailable
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.internal import Check
from daemon.pulse import TICK, high
from daemon.selfcheck import SelfCheck
from daemon.store import alerts, quarantine
from daemon.store.quarantine import Kind, Quarantined
from daemon.store.sqlite import SqliteStore
from daemon.units import Bytes, Seconds
from fake_clock import FakeClock, settle
from probes_by_hand import plan
from until import until

DAY = 86_400.0
GB = 1024**3

native_lock = monkey.get_original("_thread", "allocate_lock")


class Box:
    """What a self-check is given, and what came of it."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.settings = Settings()
        self.emergencies: list[tuple[str, str]] = []
        self.intake = Intake(store, clock, lambda: Rules(self.settings))
        self.checks = SelfCheck(
            lambda: self.settings,
            clock,
            store,
            self.intake,
            lambda title, text: self.emergencies.append((title, text)),
        )

    def alerts(self, state: State | None = None) -> list[Alert]:
        return self.store.read(lambda tx: alerts.newest(tx, state=state))

    def keys(self, state: State = State.FIRING) -> list[str]:
        return [alert.key for alert in self.alerts(state)]


@pytest.fixture
def box(store: SqliteStore, clock: FakeClock) -> Iterator[Box]:
    made = Box(store, clock)
    yield made
    made.checks.stop()


def pass_time(checks: SelfCheck, clock: FakeClock, seconds: int) -> None:
    """Turn the clock on no faster than the store's own thread answers, which no clock turns."""
    for _ in range(seconds):
        clock.advance(1)
        until(lambda: checks._trial is None or checks._trial.dead)


def refuse_writes(store: SqliteStore, *, refuse: bool = True) -> None:
    """Make the database read-only, as a file system does that found an error; or writable again."""
    store._writer.execute(f"PRAGMA query_only = {int(refuse)}")


def write(store: SqliteStore, size: int = 10) -> None:
    store.write(
        lambda tx: tx.insert(
            "INSERT INTO quarantine (at, kind, source, reason, remote, content_type, headers, query, body, size)"
            " VALUES (0, '', '', '', '', '', '{}', '{}', ?, 0)",
            (b"x" * size,),
        )
    )


def test_a_quiet_event_loop_is_no_alarm(box: Box, clock: FakeClock) -> None:
    box.checks.start()
    pass_time(box.checks, clock, 65)
    assert box.alerts() == []


def test_an_event_loop_that_is_held_up_is_one_alarm(box: Box) -> None:
    for lag in [0.0] * 500 + [3.0]:
        box.checks._pulse.note(lag)
    box.checks.check_lag()
    box.checks.check_lag()
    (alert,) = box.alerts()
    assert (alert.source, alert.key, alert.count) == ("tocsin", "hub_lag", 1)
    assert "3.00 s" in alert.title


def test_the_pulse_notes_how_late_it_is(box: Box, clock: FakeClock) -> None:
    def felt() -> float:
        return telemetry.REGISTRY.get_sample_value("tocsin_hub_lag_seconds_sum") or 0

    before = felt()
    box.checks.start()
    settle()
    clock._go_to(clock.monotonic() + 2)  # two seconds pass in which nothing could run
    clock.advance(0)
    assert box.checks._pulse.worst(0.0) == pytest.approx(2 - TICK)
    assert felt() - before == pytest.approx(2 - TICK)


@pytest.mark.parametrize(
    ("lags", "felt"),
    [
        ([], 0.0),
        ([0.01] * 600, 0.01),
        ([0.0] * 599 + [0.2], 0.0),
        ([0.0] * 590 + [0.3] * 10, 0.2),
        ([0.0] * 300 + [30.0], 29.4),
        ([86_400.0], 86_399.4),
    ],
)
def test_what_is_felt_counts_all_that_wanted_to_run_meanwhile(lags: list[float], felt: float) -> None:
    assert high(lags) == pytest.approx(felt, abs=0.2)


def test_a_disk_that_fills_up_is_an_alarm_until_there_is_room(box: Box) -> None:
    free = free_beside(box.store.path.parent)
    box.settings = Settings(self_checks=SelfChecks(disk_free=Bytes(free * 2)))
    box.checks.check_disk()
    box.checks.check_disk()
    (alert,) = box.alerts()
    assert (alert.key, alert.state, alert.count) == ("disk_free", State.FIRING, 2)
    box.settings = Settings(self_checks=SelfChecks(disk_free=Bytes(free * 19 // 20)))
    box.checks.check_disk()
    assert box.keys() == ["disk_free"]  # a little above the limit is not enough
    box.settings = Settings(self_checks=SelfChecks(disk_free=Bytes(free // 2)))
    box.checks.check_disk()
    assert box.keys(State.RESOLVED) == ["disk_free"]
    box.checks.check_disk()
    assert len(box.alerts()) == 1


def test_a_disk_that_will_soon_be_full_is_an_alarm_until_it_fills_no_more(
    box: Box, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = 10 * GB
    monkeypatch.setattr("daemon.selfcheck.free_beside", lambda _: left)
    for _ in range(20):
        box.checks.check_disk()
        clock.advance(60)
        left -= GB // 10
    (alert,) = box.alerts()
    assert (alert.key, alert.severity) == ("disk_filling", Severity.WARNING)
    assert "full in 1h" in alert.title
    for _ in range(90):
        box.checks.check_disk()
        clock.advance(60)
    assert box.keys(State.RESOLVED) == ["disk_filling"]
    assert len(box.alerts()) == 1


def test_a_disk_that_is_nearly_full_says_when_it_will_be_and_is_one_alarm(
    box: Box, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = GB // 5
    monkeypatch.setattr("daemon.selfcheck.free_beside", lambda _: left)
    box.settings = Settings(self_checks=SelfChecks(disk_full_within=Seconds(0)))
    for _ in range(20):
        box.checks.check_disk()
        clock.advance(60)
        left -= GB // 200
    assert box.keys() == ["disk_free"]
    box.settings = Settings()
    box.intake.alarm_over(Check.DISK_FREE)
    box.checks.check_disk()
    assert box.keys() == ["disk_free"], "the nearer of two alarms about one thing"
    assert "At the present rate it is full in " in box.alerts(State.FIRING)[0].text


def test_what_was_open_before_the_start_ends_with_the_first_look_that_finds_all_well(box: Box) -> None:
    for check in (Check.DISK_FREE, Check.DISK_FILLING, Check.QUARANTINE):
        box.intake.alarm(check, title="from before", text="")
    box.settings = Settings(self_checks=SelfChecks(disk_free=Bytes(1)))
    box.checks.check_disk()
    box.checks.check_quarantine()
    assert box.keys() == []


def test_a_quarantine_that_nobody_looks_after_is_one_alarm_until_it_is_handled(box: Box) -> None:
    box.settings = Settings(self_checks=SelfChecks(quarantine=10))
    for _ in range(9):
        box.store.write(lambda tx: quarantine.add(tx, refused(0.0, Kind.UNUSABLE_BODY), 100, 10_000))
    for _ in range(200):  # strangers at the door are counted elsewhere
        box.store.write(lambda tx: quarantine.add(tx, refused(0.0), 1_000, 10_000))
    box.checks.check_quarantine()
    assert box.alerts() == []
    box.store.write(lambda tx: quarantine.add(tx, refused(0.0, Kind.BROKEN_HANDLER), 100, 10_000))
    for _ in range(3):
        box.checks.check_quarantine()
    (alert,) = box.alerts()
    assert (alert.key, alert.count, alert.state) == ("quarantine", 3, State.FIRING)
    assert alert.title.startswith("10 requests")
    box.store.write(lambda tx: [quarantine.replayed(tx, number, 0.0) for number in range(1, 6)])
    box.checks.check_quarantine()
    assert box.keys() == ["quarantine"], "half of what is too much is still to be handled"
    box.store.write(lambda tx: quarantine.replayed(tx, 6, 0.0))
    box.checks.check_quarantine()
    assert box.keys() == []


def test_a_flood_of_refused_requests_that_pushes_out_older_ones_is_one_alarm(box: Box) -> None:
    box.settings = Settings(retention=Retention(quarantine_rows=3), sources={"shop": made.source("shop")})
    for _ in range(5):
        for _ in range(20):
            box.intake.refuse(Hook(source="shop", body=b"{"), Kind.UNUSABLE_BODY, "no", "192.0.2.7")
        box.checks.check_quarantine()
    assert sorted(box.keys()) == ["quarantine", "refused:unusable_body:shop"]
    (alert,) = [one for one in box.alerts() if one.key == "quarantine"]
    assert "17 older ones were deleted" in alert.text
    assert alert.count == 5
    box.checks.check_quarantine()
    assert box.keys() == ["refused:unusable_body:shop"]


@pytest.mark.parametrize("jump", [3_600.0, -3_600.0, 5.5])
def test_a_clock_that_jumps_is_one_alarm(box: Box, clock: FakeClock, jump: float) -> None:
    box.checks.check_clock()
    clock.advance(10)
    clock.jump(jump)
    box.checks.check_clock()
    box.checks.check_clock()
    (alert,) = box.alerts()
    assert alert.key == "clock"
    assert f"{jump:+.0f} s" in alert.title


def test_time_that_passes_is_no_jump(box: Box, clock: FakeClock) -> None:
    for _ in range(10):
        clock.advance(1_000)
        clock.jump(0.1)
        box.checks.check_clock()
    assert box.alerts() == []


def test_a_store_that_can_write_is_left_alone(box: Box) -> None:
    before = box.store.path.with_name("tocsin.db-wal").stat().st_size
    for _ in range(5):
        box.checks.check_store()
    assert box.emergencies == []
    assert box.alerts() == []
    assert box.store.path.with_name("tocsin.db-wal").stat().st_size == before


def test_a_store_that_cannot_write_is_told_past_it_and_recorded_when_it_is_over(box: Box, clock: FakeClock) -> None:
    refuse_writes(box.store)
    with pytest.raises(StoreUnavailable):
        write(box.store)
    since = clock.now()
    for _ in range(3):
        box.checks.check_store()
        clock.advance(10)
    assert len(box.emergencies) == 3  # the courier tells people of them once a window
    assert box.emergencies[0][0] == "tocsin cannot write its store"
    assert "read-only" in box.emergencies[0][1]
    refuse_writes(box.store, refuse=False)
    assert box.alerts() == []
    box.checks.check_store()
    (alert,) = box.alerts()
    assert (alert.key, alert.state, alert.severity) == ("store", State.FIRING, Severity.CRITICAL)
    assert alert.started_at == since
    for _ in range(10):
        clock.advance(10)
        box.checks.check_store()
    (alert,) = box.alerts()
    assert (alert.state, alert.count) == (State.RESOLVED, 1)
    assert len(box.emergencies) == 3


def test_a_disk_with_room_for_small_writes_only_is_one_alarm(box: Box, clock: FakeClock) -> None:
    pages = box.store._writer.execute("PRAGMA page_count").fetchone()[0]
    box.store._writer.execute(f"PRAGMA max_page_count = {pages}")
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            write(box.store, 10**6)
        box.checks.check_store()
        clock.advance(10)
    (alert,) = box.alerts()
    assert (alert.key, alert.state, alert.count) == ("store", State.FIRING, 20)
    assert box.emergencies == []


def test_a_store_that_does_not_answer_is_an_emergency_and_gets_no_second_question(box: Box, clock: FakeClock) -> None:
    stuck = native_lock()
    stuck.acquire()
    writing = gevent.spawn(box.store.write, lambda _: stuck.acquire())
    settle()
    try:
        check = gevent.spawn(box.checks.check_store)
        clock.advance(31)
        check.get(timeout=2)
        box.checks.check_store()
        assert "has not answered for 30 s" in box.emergencies[0][1]
        assert "still does not answer" in box.emergencies[1][1]
        assert len(box.store._queue) == 1
    finally:
        stuck.release()
    writing.get(timeout=2)
    box.store.write(lambda tx: tx.one("SELECT 1"))
    settle()
    box.checks.check_store()
    assert box.keys() == ["store"]
    assert len(box.emergencies) == 2


def test_own_alarms_that_stay_quiet_for_a_window_are_closed(box: Box, clock: FakeClock) -> None:
    box.intake.alarm(Check.CLOCK, title="old", text="")
    clock.advance(1_800)
    box.intake.alarm(Check.HUB_LAG, title="again", text="")
    box.intake.events([Event(source="shop", key="not ours", title="x")])
    clock.advance(1_801)
    box.checks.close()
    assert box.keys(State.RESOLVED) == ["clock"]
    assert sorted(box.keys()) == ["hub_lag", "not ours"]
    (closed,) = box.alerts(State.RESOLVED)
    assert closed.ended_at == closed.last_seen - 3_601
    clock.advance(3_600)
    box.checks.close()
    assert box.keys() == ["not ours"]


def test_alarms_of_probes_that_are_gone_are_closed(box: Box) -> None:
    for name in ("kept", "gone"):
        box.intake.events([Event(source="probe", key=name, title=f"{name} is down")])
    box.settings = Settings(probes={"kept": plan("kept")})
    box.checks.close()
    assert box.keys(State.RESOLVED) == ["gone"]
    assert box.alerts(State.RESOLVED)[0].text == "probe removed"


def test_what_is_past_its_time_is_forgotten_in_batches(box: Box, clock: FakeClock) -> None:
    names = [str(number) for number in range(housekeeping.BATCH + 20)]
    box.intake.events([Event(source="shop", key=name, title="x") for name in [*names, "open"]])
    box.intake.events([Event(source="shop", key=name, title="x", state=State.RESOLVED) for name in names])
    box.store.write(lambda tx: quarantine.add(tx, refused(clock.now()), 100, 10_000))
    clock.advance(60 * DAY)
    box.intake.events([Event(source="shop", key="young", title="x")])
    box.intake.events([Event(source="shop", key="young", title="x", state=State.RESOLVED)])
    box.checks.forget()
    assert box.store.read(quarantine.count) == 0
    assert len(box.store.read(lambda tx: alerts.newest(tx, limit=1_000))) == len(names) + 2
    clock.advance(31 * DAY)
    box.checks.forget()
    assert sorted(alert.key for alert in box.alerts()) == ["open", "young"]


def refused(at: float, kind: Kind = Kind.UNKNOWN_SOURCE) -> Quarantined:
    return Quarantined(
        at=at, kind=kind, source="x", reason="", remote="", content_type="", headers={}, query={},
        body=b"", size=0,
    )  # fmt: skip


def test_gauges_show_what_is_open_and_forget_what_is_gone(box: Box) -> None:
    telemetry.outbox.labels("a channel of long ago", "dead").set(3)
    box.settings = made.settings()
    box.intake.events([Event(source="shop", key=str(n), title="x", severity=Severity.CRITICAL) for n in range(3)])
    box.checks.count()
    assert telemetry.open_alerts.labels("critical")._value.get() == 3
    assert telemetry.open_alerts.labels("info")._value.get() == 0
    assert "a channel of long ago" not in generate_latest(telemetry.REGISTRY).decode()
    assert telemetry.outbox.labels("room", "waiting")._value.get() == 3
    box.intake.events([Event(source="shop", key=str(n), title="x", state=State.RESOLVED) for n in range(3)])
    box.checks.count()
    assert telemetry.open_alerts.labels("critical")._value.get() == 0


def test_one_check_that_breaks_keeps_no_other_from_running(
    box: Box, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Settings:
        raise ZeroDivisionError

    told = threading.Event()
    checks = SelfCheck(broken, clock, box.store, box.intake, lambda *_: told.set())
    checks.start()
    pass_time(checks, clock, 65)  # those that read the settings have had their turn, and break
    assert any(record.exc_info for record in caplog.records)
    until(lambda: {"self_check:check_lag", "self_check:check_disk"} <= set(box.keys()))
    refuse_writes(box.store)
    with pytest.raises(StoreUnavailable):
        write(box.store)
    clock.advance(10)
    assert told.wait(timeout=2)
    checks.stop()


def test_a_stopped_self_check_does_nothing_more(box: Box, clock: FakeClock) -> None:
    box.checks.start()
    clock.advance(1)
    box.checks.stop()
    felt = len(box.checks._pulse._felt)
    clock.advance(100)
    assert len(box.checks._pulse._felt) == felt


def test_an_alarm_that_stays_is_counted_and_told_once(box: Box, clock: FakeClock) -> None:
    box.settings = Settings(self_checks=SelfChecks(disk_free=Bytes(2**62), window=Seconds(600)))
    for _ in range(30):
        box.checks.check_disk()
        box.checks.close()
        clock.advance(60)
    (alert,) = box.alerts()
    assert (alert.state, alert.count) == (State.FIRING, 30)
