"""What becomes of what was seen when things go wrong: a store that cannot write, a clock that is set, odd readings."""

from collections.abc import Iterator

import pytest

from daemon import telemetry
from daemon.errors import StoreError, StoreUnavailable
from daemon.history import batch as batches
from daemon.history import story
from daemon.history.recorder import Recorder
from daemon.probes.base import Reading
from daemon.probing.verdict import Course
from daemon.probing.watched import Watched
from daemon.reading import Health
from daemon.store import readings
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from probes_by_hand import Plans, plan
from until import until
from watching import BERLIN, HOUR, NAME, Life, at, clock_for

NOON = at("2026-11-21 12:00")


@pytest.fixture
def life(store: SqliteStore) -> Iterator[Life]:
    life = Life(store, clock_for(NOON - 300, 10), lambda _: Health.UP, every=10, steady=0)
    life.to(NOON)
    yield life
    life.stop()


def dropped() -> float:
    return float(telemetry.record_dropped._value.get())


def test_on_a_full_disk_nothing_is_lost_and_looking_goes_on(
    life: Life, store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    life.recorder.flush()
    pages = store._writer.execute("PRAGMA page_count").fetchone()[0]
    store._writer.execute(f"PRAGMA max_page_count = {pages}")  # not a byte is left, and SQLite says so itself
    life.sees = lambda now: Health.DOWN if NOON + 100 <= now < NOON + 3 * HOUR else Health.UP
    life.to(NOON + 3 * HOUR)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        life.recorder.flush()
    life.recorder._flush()
    assert "what probes saw is written down later" in caplog.text
    assert life.seconds(NOON, NOON + 3 * HOUR) == {"up": 100.0, "down": 3 * HOUR - 100}
    store._writer.execute("PRAGMA max_page_count = 1073741823")
    life.to(NOON + 4 * HOUR)
    life.roll()
    assert life.seconds(NOON, NOON + 4 * HOUR) == {"up": HOUR + 100, "down": 3 * HOUR - 100}
    assert sum(life.history.tally(NAME, NOON, NOON + 4 * HOUR).looks) == 4 * 360
    (incident,) = life.history.incidents(NAME, NOON, NOON + 4 * HOUR)
    assert (incident.began, incident.ended) == ((NOON + 100) * 1_000, (NOON + 3 * HOUR) * 1_000)


def test_what_waits_for_a_store_is_bounded_and_what_goes_is_counted(
    life: Life, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_READINGS", 100)
    life.recorder.flush()
    before = dropped()
    store._writer.execute("PRAGMA query_only = ON")
    for hour in range(1, 4):
        life.clock.advance(NOON + hour * HOUR + 0.001 - life.clock.now())
        with pytest.raises(StoreUnavailable):
            life.recorder.flush()
    store._writer.execute("PRAGMA query_only = OFF")
    life.recorder.flush()
    assert dropped() - before == 3 * 360 - 100
    kept = life.history.readings(NAME, NOON + 1, NOON + 4 * HOUR, 1_000)
    assert len(kept) == 100
    assert kept[0].at == NOON + 3 * HOUR
    assert life.seconds(NOON, NOON + 3 * HOUR) == {"up": 3 * HOUR}


def test_what_cannot_be_written_at_all_holds_nothing_else_up(life: Life, caplog: pytest.LogCaptureFixture) -> None:
    life.recorder.flush()
    life.sees = lambda now: Health.DOWN if NOON + 20 <= now < NOON + 60 else Health.UP
    life.to(NOON + 35)
    life.recorder._batch.readings.append(("not a row",))  # type: ignore[arg-type]
    before = dropped()
    life.recorder._flush()
    assert "written down later" in caplog.text or "could not be written down" in caplog.text
    assert dropped() - before == 4
    life.to(NOON + 100)
    life.recorder.flush()
    assert [one.at - NOON for one in life.history.readings(NAME, NOON + 1, NOON + 101, 100)][-1] == 40
    assert life.seconds(NOON, NOON + 100) == {"up": 60.0, "down": 40.0}
    assert [one.began for one in life.history.incidents(NAME, NOON, NOON + 100)] == [(NOON + 20) * 1_000]


def test_a_clock_that_is_set_forward_leaves_a_time_of_which_nothing_is_known(life: Life) -> None:
    life.to(NOON + 35)
    life.clock.jump(HOUR)
    life.to(NOON + HOUR + 100)
    life.roll()
    assert life.line(NOON, NOON + HOUR + 100) == [
        ("Sat 12:00:00", "up"),
        ("Sat 12:00:50", "unknown"),
        ("Sat 13:00:40", "up"),
    ]
    assert sum(life.history.tally(NAME, NOON, NOON + HOUR + 101).looks) == 11


def test_a_clock_that_is_set_back_counts_no_minute_twice(life: Life) -> None:
    """Set forward by an hour in error, and back again: what was written of the hour that comes again is not so."""
    life.to(NOON + 35)
    life.clock.jump(HOUR)
    life.to(NOON + HOUR + 600)
    life.roll()
    life.clock.jump(-HOUR)
    life.to(NOON + 2 * HOUR)
    life.roll()
    line = life.line(NOON, NOON + 2 * HOUR)
    assert line == [
        ("Sat 12:00:00", "up"),
        ("Sat 12:00:50", "unknown"),
        ("Sat 12:10:10", "up"),
    ]
    assert sum(life.seconds(NOON, NOON + 2 * HOUR).values()) == 2 * HOUR
    minutes = life.history.chart(NAME, NOON, NOON + 2 * HOUR, "minute", BERLIN)
    assert {sum(one.looks.values()) for one in minutes[12:]} == {6}
    assert len(minutes) == 120


def test_set_back_while_it_was_down_it_is_one_incident(life: Life) -> None:
    life.sees = lambda _: Health.DOWN
    life.clock.jump(HOUR)
    life.to(NOON + HOUR + 100)
    life.clock.jump(-2 * HOUR)
    life.to(NOON - HOUR + 200)
    life.recorder.flush()
    (incident,) = life.history.incidents(NAME, NOON - 2 * HOUR, NOON + 2 * HOUR)
    assert incident.ended is None
    assert incident.began <= life.clock.now() * 1_000
    assert life.store.read(lambda tx: tx.all("SELECT max(at) FROM probe_turns"))[0][0] <= life.clock.now() * 1_000


def test_a_clock_that_is_put_right_by_a_second_changes_nothing(life: Life) -> None:
    for _ in range(20):
        life.clock.jump(-0.7)
        life.clock.advance(25)
        life.clock.jump(0.4)
        life.clock.advance(25)
    life.recorder.flush()
    assert life.seconds(NOON, life.clock.now() - 1) == {"up": pytest.approx(life.clock.now() - 1 - NOON, abs=0.002)}


def test_a_window_is_evaluated_again_after_the_clock_was_set_back(life: Life) -> None:
    life.maintain(["probe=shop"], 600)
    life.to(NOON + 900)
    life.recorder.flush()
    life.clock.jump(-700)
    life.recorder.flush()
    life.to(NOON + 1_000)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 1_000)["maintenance"] == 600.0


def fed(store: SqliteStore, clock: FakeClock) -> tuple[Recorder, Watched]:
    plans = Plans(plan(NAME, every=10))
    recorder = Recorder(store, clock, plans)
    recorder.start()
    return recorder, Watched(plans().probes[NAME], 0.0, recorder.kept(plans().probes[NAME]))


ODD = [
    Reading(health=Health.DOWN, detail="\ud800\x00\x1b[31m" + "x" * 10_000),
    Reading(health=Health.DOWN, detail="d", phases={"connect": float("nan"), "tls": float("inf"), "": -1.0}),
    Reading(health=Health.DOWN, detail="d", values={"json": {1: {2: object()}}, "big": 10**400}),
    Reading(health=Health.DOWN, detail="d", values={"text": "\ud800" * 10}),
    Reading(health=Health.DOWN, detail="d", values={"much": "x" * 10**6}),
    Reading(health=Health.DOWN, detail="d", evidence={f"e\ud800{n}": "y" * 10**5 for n in range(100)}),
    Reading(health=Health.DOWN, detail="d", failed=tuple("z" * 10_000 for _ in range(1_000))),
    Reading(health=Health.DOWN, detail="d", body=b"\xff\x00" * 10**5),
    Reading(health=Health.DEGRADED, detail="", phases={"\ud800" * 100: 1.0}),
]


@pytest.mark.parametrize("reading", ODD, ids=range(len(ODD)))
def test_whatever_a_reading_holds_it_is_written_down(store: SqliteStore, clock: FakeClock, reading: Reading) -> None:
    recorder, watched = fed(store, clock)
    watched.read_at, watched.course = clock.now(), Course(verdict=Health.DOWN, since=clock.now())
    recorder.saw(watched, reading, 0.1)
    recorder.flush()
    (row,) = store.read(lambda tx: readings.failures(tx, 1, 10))
    assert len(row[2]) < 128 * 1024
    assert story.unpacked(row[2]).health is reading.health
    recorder.stop()


def test_a_story_tells_all_that_a_kind_shows_and_keeps_no_body(store: SqliteStore, clock: FakeClock) -> None:
    recorder, watched = fed(store, clock)
    watched.read_at, watched.course = clock.now(), Course(verdict=Health.DOWN, since=clock.now())
    reading = Reading(
        health=Health.DOWN,
        detail="500, expected 200",
        phases={"resolve": 0.001, "connect": 0.02},
        values={"status": 500},
        evidence={"address": "192.0.2.7:443", "body": "no stock"},
        failed=("status == 200: it was 500",),
        body=b'{"error": "no stock", "access_token": "canary-77"}',
    )
    recorder.saw(watched, reading, 0.25)
    recorder.flush()
    (row,) = store.read(lambda tx: readings.failures(tx, 1, 10))
    told = story.unpacked(row[2])
    assert (told.detail, told.took, told.target, told.verdict) == (
        "500, expected 200", 0.25, "scripted://here", Health.DOWN,
    )  # fmt: skip
    assert (told.phases, told.values, told.failed) == (reading.phases, {"status": 500}, reading.failed)
    assert told.evidence == reading.evidence
    assert b"canary-77" not in row[2]
    recorder.stop()


def test_a_long_outage_does_not_push_out_the_stories_of_those_before_it(life: Life) -> None:
    """Of a row of bad looks the first three are kept, then one in five minutes."""
    life.sees = lambda now: Health.DOWN if NOON + 100 <= now < NOON + 130 or now >= NOON + HOUR else Health.UP
    life.to(NOON + 3 * HOUR)
    life.recorder.flush()
    kept = [one.at - NOON for one in reversed(life.history.failures(NAME, 100))]
    assert kept[:6] == [100, 110, 120, HOUR, HOUR + 10, HOUR + 20]
    assert kept[6:] == [HOUR + 20 + 300 * number for number in range(1, 24)]


def test_only_so_many_failures_are_kept_of_each(store: SqliteStore) -> None:
    life = Life(store, clock_for(NOON, 10), lambda now: Health.DOWN if now % 20 < 10 else Health.UP, every=10)
    life.to(NOON + 2 * HOUR)
    life.recorder.flush()
    newest = life.history.failures(NAME, 1_000)
    assert len(newest) == 50
    assert newest[0].at == NOON + 2 * HOUR
    older = life.history.failures(NAME, 10, before=newest[9].id)
    assert [one.id for one in older] == [one.id for one in newest[10:20]]
    life.stop()


def test_what_is_usual_is_the_median_of_the_last_day(store: SqliteStore) -> None:
    life = Life(store, clock_for(NOON - 8 * HOUR), lambda _: Health.UP)
    life.to(NOON)
    life.recorder.flush()
    until(lambda: life.recorder.usual(NAME))
    usual = life.recorder.usual(NAME)
    assert usual["connect"] == pytest.approx(0.02, rel=0.02)
    assert set(usual) == {"resolve", "connect", "total"}
    life.stop()


def test_a_store_that_does_not_answer_at_the_start_is_said(store: SqliteStore, clock: FakeClock) -> None:
    store.close()
    with pytest.raises(StoreError):
        Recorder(store, clock, Plans()).start()
