"""A restart leaves no hole and the verdict survives; a kill loses what was not written, and that time is unknown."""

from dataclasses import replace

import pytest

from daemon.history.recorder import Recorder
from daemon.history.stretches import Time
from daemon.probes.base import Reading
from daemon.reading import Health, Past
from daemon.store import probes
from daemon.store.sqlite import SqliteStore
from probes_by_hand import Plans, plan
from watching import NAME, SEEN, Life, Story, at, clock_for

NOON = at("2026-11-21 12:00")


def well(now: float) -> Health:
    del now
    return Health.UP


def down_from(begin: float) -> Story:
    return lambda now: Health.DOWN if begin <= now else Health.UP


@pytest.fixture
def life(store: SqliteStore) -> Life:
    life = Life(store, clock_for(NOON - 300, 10), well, every=10, steady=0)
    life.to(NOON)
    return life


def test_a_quick_restart_leaves_no_hole_and_the_verdict_survives(life: Life) -> None:
    before = next(life.scheduler.statuses())
    life.stop()
    life.clock.advance(8)
    life.start()
    assert next(life.scheduler.statuses()).verdict is Health.UP
    assert next(life.scheduler.statuses()).since == before.since
    life.to(NOON + 60)
    assert life.seconds(NOON - 200, NOON + 60) == {"up": 260.0}
    life.stop()


def test_what_was_down_before_a_restart_is_the_same_incident_after_it(life: Life) -> None:
    life.sees = down_from(NOON + 10)
    life.to(NOON + 35)
    life.stop()
    life.clock.advance(8)
    life.start()
    life.to(NOON + 100)
    (incident,) = life.history.incidents(NAME, NOON - 300, NOON + 100)
    assert (incident.began, incident.ended) == ((NOON + 10) * 1_000, None)
    life.sees = well
    life.to(NOON + 200)
    life.recorder.flush()
    (incident,) = life.history.incidents(NAME, NOON - 300, NOON + 200)
    assert incident.ended == (NOON + 110) * 1_000
    assert life.seconds(NOON - 100, NOON + 200) == {"up": 200.0, "down": 100.0}
    life.stop()


def test_a_row_of_bad_looks_goes_on_over_a_quick_restart_and_not_over_a_long_one(life: Life) -> None:
    """The first bad look at 12:00:10; a restart lets one beat out, and the next look is the second bad one."""
    life.sees = down_from(NOON + 10)
    life.to(NOON + 15)
    life.stop()
    life.clock.advance(7)
    life.start()
    life.to(NOON + 31)
    assert life.line(NOON, NOON + 31)[-1] == ("Sat 12:00:10", "down")
    life.stop()
    life.clock.advance(100)
    life.sees = well
    life.start()
    life.to(NOON + 145)  # one good look at 140: the row before it is broken off
    assert life.line(NOON, NOON + 145)[-2:] == [("Sat 12:00:50", "unknown"), ("Sat 12:02:20", "down")]
    life.to(NOON + 155)
    assert life.line(NOON, NOON + 155)[-2:] == [("Sat 12:00:50", "unknown"), ("Sat 12:02:20", "up")]
    life.stop()


def test_after_a_long_stop_nothing_is_known_until_readings_agree(life: Life) -> None:
    life.stop()
    life.clock.advance(3_600)
    life.start()
    assert next(life.scheduler.statuses()).verdict is Health.UNKNOWN
    life.to(NOON + 3_700)
    assert life.line(NOON - 60, NOON + 3_700) == [
        ("Sat 11:59:00", "up"),
        ("Sat 12:00:20", "unknown"),
        ("Sat 13:00:10", "up"),
    ]
    life.stop()


def test_killed_it_loses_what_was_not_written_and_knows_that_it_does(life: Life) -> None:
    """Looks on each ten seconds; written down at 12:00:05; one at 12:00:20 went bad, and nobody wrote that down."""
    life.to(NOON + 5)
    life.recorder.flush()
    life.sees = down_from(NOON + 20)
    life.to(NOON + 45)
    assert life.seconds(NOON, NOON + 40) == {"up": 20.0, "down": 20.0}
    life.kill()
    life.to(NOON + 65)
    life.start()
    life.to(NOON + 100)
    assert life.line(NOON, NOON + 100) == [
        ("Sat 12:00:00", "up"),
        ("Sat 12:00:20", "unknown"),
        ("Sat 12:01:10", "down"),
    ]
    life.stop()


@pytest.mark.parametrize("end", [240, 250, 260, 270, 280, 290])
def test_killed_in_good_times_it_knows_when_it_was_read(life: Life, end: int) -> None:
    """How a probe stands is written once a minute while nothing changes; its readings say that nothing did."""
    for second in range(5, end + 10, 10):
        life.to(NOON + second)
        life.recorder.flush()
    life.kill()
    life.to(NOON + end + 15)
    life.start()
    status = next(life.scheduler.statuses())
    assert (status.verdict, status.read_at) == (Health.UP, NOON + end)
    life.to(NOON + end + 40)
    assert life.seconds(NOON, NOON + end + 40) == {"up": end + 40.0}
    life.stop()


def test_what_a_kind_remembers_survives_also_a_long_stop_and_other_settings(store: SqliteStore) -> None:
    clock = clock_for(NOON, 10)
    plans = Plans(plan(NAME, every=10))
    seen: list[bytes] = []

    def remembering(past: Past) -> Reading:
        seen.append(past.notes)
        return Reading(health=Health.UP, detail="", notes=b"line %d" % len(seen))

    def run(seconds: float) -> None:
        life = Life.__new__(Life)
        life.store, life.clock, life.plans = store, clock, plans
        life.start()
        for watched in life.scheduler._watched.values():
            object.__setattr__(watched.plan.probe, "look_on", remembering)
        life.to(clock.now() + seconds)
        life.stop()

    run(25)
    clock.advance(86_400)
    plans.put(plan(NAME, every=10, fail_after=3))
    run(15)
    assert seen[0] == b""
    assert seen[1:4] == [b"line 1", b"line 2", b"line 3"]


def test_what_has_other_settings_starts_anew(life: Life) -> None:
    life.stop()
    life.plans.put(plan(NAME, life.look, every=10, fail_after=3))
    life.start()
    assert next(life.scheduler.statuses()).verdict is Health.UNKNOWN
    life.to(NOON + 55)
    assert life.line(NOON - 10, NOON + 55) == [
        ("Sat 11:59:50", "up"),
        ("Sat 12:00:00", "unknown"),
        ("Sat 12:00:10", "up"),
    ]
    life.stop()


def test_a_reload_that_changes_a_probe_starts_it_anew_and_one_that_does_not_changes_nothing(life: Life) -> None:
    life.recorder.reload()
    life.scheduler.reload()
    life.to(NOON + 25)
    life.plans.put(plan(NAME, life.look, every=10, labels={"team": "web"}))
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 65)
    assert life.line(NOON - 100, NOON + 65) == [
        ("Sat 11:58:20", "up"),
        ("Sat 12:00:25", "unknown"),
        ("Sat 12:00:30", "up"),
    ]
    life.stop()


def test_what_is_removed_is_not_watched_any_more_and_its_incident_is_over(life: Life) -> None:
    life.sees = down_from(NOON + 10)
    life.to(NOON + 35)
    life.plans.put()
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 100)
    life.recorder.flush()
    assert life.line(NOON, NOON + 100) == [
        ("Sat 12:00:00", "up"),
        ("Sat 12:00:10", "down"),
        ("Sat 12:00:35", "unwatched"),
    ]
    (incident,) = life.history.incidents(NAME, NOON, NOON + 100)
    assert (incident.ended, incident.ending) == ((NOON + 35) * 1_000, "the probe was removed")
    assert life.history.names() == [NAME]
    life.plans.put(plan(NAME, life.look, every=10))
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 155)
    assert [time for _, time in life.line(NOON + 50, NOON + 155)] == ["unwatched", "unknown", "down"]
    life.stop()


def test_what_was_removed_while_nobody_ran_was_watched_as_long_as_its_last_reading_speaks(life: Life) -> None:
    life.stop()
    life.plans.put(plan("other", every=10))
    life.clock.advance(600)
    life.start()
    life.recorder.flush()
    assert life.line(NOON - 10, NOON + 600) == [("Sat 11:59:50", "up"), ("Sat 12:00:20", "unwatched")]
    assert life.store.read(probes.standings) == []
    life.stop()


def test_a_probe_that_was_removed_before_anything_was_seen_of_it_is_not_watched(store: SqliteStore) -> None:
    life = Life(store, clock_for(NOON, 3_600), well, every=3_600)
    life.to(NOON + 5)
    life.recorder.flush()
    life.kill()
    life.plans.put()
    life.start()
    life.to(NOON + 60)
    life.recorder.flush()
    assert life.line(NOON + 10, NOON + 60) == [("Sat 12:00:10", "unwatched")]
    life.stop()


def test_a_store_that_holds_rubbish_is_a_store_that_holds_nothing(life: Life) -> None:
    life.stop()
    life.store.write(lambda tx: tx.run("UPDATE probe_standings SET kept = x'00', account = x'c1ff'"))
    life.store.write(lambda tx: tx.run("UPDATE probe_readings SET phases = x'ff'"))
    life.start()
    life.to(NOON + 55)
    life.roll()
    assert next(life.scheduler.statuses()).verdict is Health.UP
    assert life.history.tally(NAME, NOON - 200, NOON + 55).looks[1] > 20
    life.stop()


def test_thousands_are_taken_over_in_one_read(store: SqliteStore) -> None:
    clock = clock_for(NOON, 10)
    plans = Plans(*(plan(f"p{number}", every=10) for number in range(1_000)))
    first = Recorder(store, clock, plans)
    first.start()
    for one in plans().probes.values():
        assert first.kept(one) is None
    first.stop()
    second = Recorder(store, clock, plans)
    second.start()
    assert len(store.read(probes.numbers)) == 1_000
    assert second.kept(plans().probes["p7"]) is None
    second.stop()


def test_each_health_and_each_time_has_a_story_here() -> None:
    assert set(SEEN) == set(Health)
    assert len(Time) == 7


def test_what_is_removed_and_comes_back_goes_on_with_a_hole(life: Life) -> None:
    again = life.plans().probes[NAME]
    life.to(NOON + 100)
    life.plans.put()
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 300)
    life.plans.put(again)
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 400)
    life.recorder.flush()
    found = life.seconds(NOON, NOON + 400)
    assert found["unwatched"] == pytest.approx(200, abs=1)
    assert found["up"] == pytest.approx(200, abs=21)
    assert life.history.tally(NAME, NOON, NOON + 400).looks[1] == 20
    life.stop()


def test_under_another_name_it_is_another_probe(life: Life) -> None:
    life.to(NOON + 100)
    life.plans.put(replace(life.plans().probes[NAME], name="till"))
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 300)
    life.recorder.flush()
    assert sorted(life.history.names()) == ["shop", "till"]
    assert life.seconds(NOON, NOON + 300) == {"up": 100.0, "unwatched": 200.0}
    assert life.history.tally("till", NOON, NOON + 300).looks[1] == 20
    life.stop()
