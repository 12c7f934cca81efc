"""The spool is worked through: in order, each once, and what is spoilt keeps nobody else."""

import threading
from pathlib import Path

import msgspec
import pytest

from daemon.errors import StoreUnavailable
from daemon.internal import Check
from daemon.reading import SignKind
from daemon.sentry.digest import BATCH, BATCH_PLAIN
from daemon.sentry.intake import SentryIntake
from daemon.sentry.reading import MOST_ERRORS
from daemon.sentry.telling import wanted
from daemon.store import spool
from daemon.store.spool import KEPT_ASIDE, Aside
from fake_clock import BEGIN, FakeClock, settle
from reporting import Reporting, envelope, event, found, item, sent
from until import until

CONFIG = {"schedule": {"type": "crontab", "value": "0 3 * * *"}, "timezone": "Asia/Shanghai", "checkin_margin": 5}


def check_in(slug: str = "nightly", **more: object) -> bytes:
    return envelope(item({"monitor_slug": slug, "status": "ok", "check_in_id": "edd7"} | more, "check_in"))


def aside(reporting: Reporting) -> list[Aside]:
    return reporting.store.read(lambda tx: spool.aside(tx, 1_000))


def left(reporting: Reporting) -> int:
    return sum(one.rows for one in reporting.store.read(spool.waiting).values())


def test_everything_is_worked_through_once_and_in_order(reporting: Reporting) -> None:
    for number in range(BATCH + 20):
        reporting.put(envelope(item(event(message=f"{number}", event_id=f"{number:032x}"))))
    reporting.turn()
    assert [error.message for error in reporting.grouped.errors] == [str(number) for number in range(BATCH + 20)]
    assert left(reporting) == 0
    assert reporting.gate.waiting()["shop"].bytes == 0
    assert reporting.store.read(spool.totals) == {"shop": {"error": BATCH + 20}}
    assert reporting.grouped.told == 2


def test_numbers_come_to_the_series(reporting: Reporting) -> None:
    span = {"op": "db", "description": "SELECT 1", "start_timestamp": BEGIN - 1, "timestamp": BEGIN - 0.5}
    page = {"type": "transaction", "transaction": "/pay", "transaction_info": {"source": "route"}, "spans": [span],
            "start_timestamp": BEGIN - 2, "timestamp": BEGIN - 1, "contexts": {"trace": {"op": "http.server"}},
            "tags": {"http.status_code": "500"}}  # fmt: skip
    reporting.put(envelope(item(page, "transaction"), trace={"sample_rate": "0.1"}))
    reporting.put(envelope(item({"transaction": "/old/7"})))
    reporting.put(envelope(item({"aggregates": [{"exited": 3, "errored": 1}]}, "sessions")))
    reporting.turn()
    assert reporting.sums() == {
        'http.time{app="shop",route="/pay"}': (10.0, pytest.approx(10.0)),
        'http.errors{app="shop",route="/pay"}': (1.0, 10.0),
        'resource.time{app="shop",resource="SELECT ?",type="db"}': (10.0, pytest.approx(5.0)),
        'http.views{app="shop",route="/old/*"}': (1.0, 1.0),
        'sessions{app="shop",status="exited"}': (1.0, 3.0),
        'sessions{app="shop",status="errored"}': (1.0, 1.0),
    }


def test_a_restart_goes_on_where_it_was(tmp_path: Path, clock: FakeClock) -> None:
    before = Reporting(tmp_path, clock)
    before.put(envelope(item(event())))
    before.store.close()
    after = Reporting(tmp_path, clock)
    assert after.gate.waiting()["shop"].rows == 1
    after.turn()
    assert len(after.grouped.errors) == 1
    after.store.close()


def test_what_cannot_be_read_is_set_aside_and_the_others_go_on(reporting: Reporting) -> None:
    reporting.put(b"no envelope")
    reporting.put(envelope(item(event(message="good"))))
    reporting.put(b"{}\n" + b'{"type":"event","length":900}\n{')
    reporting.turn()
    assert [error.message for error in reporting.grouped.errors] == ["good"]
    kept = aside(reporting)
    assert [one.reason.split(":")[0] for one in kept] == ["item 1 is cut short", "this is no envelope"]
    assert all(one.kept for one in kept)
    assert left(reporting) == 0


def test_what_breaks_the_grouping_is_set_aside_alone_and_nothing_is_doubled(reporting: Reporting) -> None:
    reporting.grouped.breaks_at = "poison"
    for message in ("one", "poison", "two"):
        reporting.put(
            envelope(item(event(message=message, event_id=message)), item({"aggregates": [{"exited": 1}]}, "sessions"))
        )
    reporting.turn()
    assert [error.message for error in reporting.grouped.errors] == ["one", "two"]
    assert [one.reason for one in aside(reporting)] == ["tocsin failed at it: ZeroDivisionError: poison"]
    assert reporting.sums() == {'sessions{app="shop",status="exited"}': (2.0, 2.0)}
    assert reporting.store.read(spool.totals) == {"shop": {"error": 2, "sessions": 2}}


def test_of_what_is_set_aside_the_newest_are_kept(reporting: Reporting) -> None:
    for _ in range(KEPT_ASIDE + 5):
        reporting.put(b"spoilt")
    reporting.put(b"x" * 100_000)
    reporting.turn()
    kept = aside(reporting)
    assert len(kept) == KEPT_ASIDE
    assert (kept[0].size, kept[0].kept) == (100_000, False)


def test_a_job_is_heard_by_its_name(reporting: Reporting) -> None:
    reporting.put(check_in())
    reporting.turn()
    ((name, sign),) = reporting.heard
    assert (name, sign.kind, sign.run) == ("nightly", SignKind.SUCCESS, "edd7")
    assert not reporting.alarms


def test_a_job_that_nobody_knows_is_one_alarm_with_the_probe_to_add(reporting: Reporting, clock: FakeClock) -> None:
    for number in range(50):
        reporting.put(check_in(f"job {number}", monitor_config=CONFIG))
    reporting.turn()
    ((check, about, title, text),) = reporting.alarms
    assert (check, about) == (Check.CHECK_IN, ("shop",))
    assert "job 0" in title
    assert 'cron: "0 3 * * *"' in text
    assert 'timezone: "Asia/Shanghai"' in text
    assert "grace: 5m" in text
    clock.advance(61)
    reporting.put(check_in("job 7"))
    reporting.turn()
    assert len(reporting.alarms) == 2


@pytest.mark.parametrize(
    ("schedule", "every"),
    [
        ({"type": "interval", "value": 10, "unit": "minute"}, "10m"),
        ({"type": "interval", "value": 2, "unit": "week"}, "14d"),
        ({"type": "interval", "value": 10**300, "unit": "hour"}, "10000h"),
        ({"type": "interval", "value": "x", "unit": "aeon"}, "1d"),
        ("", "1d"),
    ],
)
def test_the_probe_to_add_says_how_often(schedule: object, every: str) -> None:
    payload = {"monitor_slug": "a: b", "monitor_config": {"schedule": schedule, "max_runtime": 30}}
    text = wanted(found(payload, "check_in").calls[0])
    assert f"every: {every}" in text
    assert '"a: b":' in text
    assert "longest: 30m" in text


def test_while_the_alarms_store_is_away_calls_wait_and_are_heard_once(reporting: Reporting) -> None:
    reporting.hear_raises = StoreUnavailable("the disk is full")
    reporting.put(envelope(item(event())))
    reporting.put(check_in())
    with pytest.raises(StoreUnavailable):
        reporting.digest.turn()
    assert left(reporting) == 2
    reporting.hear_raises = None
    reporting.turn()
    assert (len(reporting.heard), len(reporting.grouped.errors)) == (1, 1)


def test_while_its_own_store_is_away_it_waits_and_hears_no_call_twice(
    reporting: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    reporting.put(check_in())

    def full(_work: object) -> None:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(reporting.store, "write", full)
        with pytest.raises(StoreUnavailable):
            reporting.digest.turn()
    reporting.turn()
    assert len(reporting.heard) == 1
    assert left(reporting) == 0


def test_refused_errors_are_an_alarm(reporting: Reporting) -> None:
    reporting.gate.refused["shop"] = 12
    reporting.digest.start()
    settle()
    until(lambda: reporting.alarms)
    reporting.digest.stop()
    assert reporting.alarms[0][:3] == (Check.REPORTS, ("shop",), "12 error reports of shop were refused")


def test_it_begins_with_what_was_left_and_hears_of_what_comes(tmp_path: Path, clock: FakeClock) -> None:
    before = Reporting(tmp_path, clock)
    before.put(check_in())
    heard = threading.Event()
    intake = SentryIntake(
        before.store, clock, lambda: before.settings, before.table, before.grouped,
        lambda _name, _sign: heard.set(), before._alarm,
    )  # fmt: skip
    intake.start()
    assert heard.wait(3)
    heard.clear()
    settle()
    intake.gate.put(sent(check_in(), at=clock.now()))
    assert heard.wait(3)
    intake.stop()
    before.store.close()


def test_refused_errors_are_an_alarm_while_there_is_more_to_do_than_can_be_done(
    reporting: Reporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of the spool is never seen here: each batch is followed by another."""
    reporting.gate.refused["shop"] = 12

    def turn() -> int:
        reporting.clock.breathe()
        return 1

    monkeypatch.setattr(reporting.digest, "turn", turn)
    reporting.digest.start()
    until(lambda: reporting.alarms)
    reporting.digest.stop()


def test_what_comes_while_the_store_is_away_does_not_end_the_pause(
    reporting: Reporting, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def away() -> int:
        tries.append(1)
        raise StoreUnavailable("the disk is full")

    monkeypatch.setattr(reporting.digest, "turn", away)
    reporting.digest.start()
    for _ in range(5):
        until(lambda: clock.has_waiting)
        reporting.digest.ring()
        settle()
    assert len(tries) == 1
    clock.advance(1)
    until(lambda: len(tries) == 2)
    reporting.digest.stop()


def test_a_call_that_cannot_be_heard_is_set_aside_and_keeps_nobody(reporting: Reporting) -> None:
    reporting.hear_raises = ZeroDivisionError("hm")
    reporting.put(check_in())
    reporting.put(envelope(item(event(message="good"))))
    reporting.turn()
    assert [error.message for error in reporting.grouped.errors] == ["good"]
    assert [one.reason for one in aside(reporting)] == ["tocsin failed at it: ZeroDivisionError: hm"]


def test_a_batch_has_an_end_in_what_it_is_expanded(reporting: Reporting) -> None:
    """Small as they come: what a hundred bombs hold would not be in memory at once."""
    for _ in range(5):
        reporting.gate.put(msgspec.structs.replace(sent(envelope(item(event()))), plain=BATCH_PLAIN // 2))
    assert [reporting.digest.turn() for _ in range(4)] == [2, 2, 1, 0]


def test_few_errors_are_written_at_once_however_many_one_request_has(reporting: Reporting) -> None:
    for _ in range(3):
        reporting.put(envelope(*[item(event(event_id=""))] * 60))
    reporting.put(envelope(*[item(event(event_id=""))] * (MOST_ERRORS + 50)))
    assert reporting.digest.turn() == 4
    assert reporting.grouped.batches == [60, 60, 60, MOST_ERRORS]
    assert reporting.store.read(spool.totals)["shop"] == {"error": 180 + MOST_ERRORS, "flaw": 1}


def test_an_event_that_is_sent_again_is_counted_once(reporting: Reporting) -> None:
    """Also within one batch, one request, and where the first try was not written."""

    def full(_work: object) -> None:
        raise StoreUnavailable("the disk is full")

    reporting.put(envelope(*[item(event())] * 2))
    reporting.put(envelope(item(event())))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reporting.store, "write", full)
        with pytest.raises(StoreUnavailable):
            reporting.digest.turn()
    reporting.turn()
    reporting.put(envelope(item(event())))
    reporting.put(envelope(item(event())), app="till")
    reporting.turn()
    assert len(reporting.grouped.errors) == 2
    totals = reporting.store.read(spool.totals)
    assert totals == {"shop": {"error": 1, "repeated": 3}, "till": {"error": 1}}


def test_what_was_set_aside_can_be_worked_through_again(reporting: Reporting) -> None:
    reporting.grouped.breaks_at = "poison"
    reporting.put(envelope(item(event(message="poison"))))
    reporting.put(b"x" * 100_000)
    reporting.turn()
    reporting.grouped.breaks_at = ""
    assert reporting.gate.put_back() == 1
    reporting.turn()
    assert [error.message for error in reporting.grouped.errors] == ["poison"]
    assert [one.size for one in aside(reporting)] == [100_000]
    assert reporting.gate.put_back() == 0
    assert reporting.gate.waiting()["shop"].rows == 0
