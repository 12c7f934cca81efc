"""Maintenance: from the opening of a window to its end, exactly, for the probes whose alarm it matches."""

import pytest

from daemon.alerting import silencing
from daemon.alerting.silencing import Wanted
from daemon.config import recurring
from daemon.history import covers
from daemon.history.stretches import Time, Turn
from daemon.reading import Health
from daemon.store import silences
from daemon.store.silences import Kind, Silence
from daemon.store.sqlite import SqliteStore
from probes_by_hand import plan
from watching import HOUR, NAME, Life, at, clock_for

NOON = at("2026-11-21 12:00")


@pytest.fixture
def life(store: SqliteStore) -> Life:
    life = Life(store, clock_for(NOON - 300, 10), lambda _: Health.DOWN, every=10, labels={"team": "web"})
    life.to(NOON)
    return life


@pytest.mark.parametrize(
    "matcher",
    ['probe="shop"', 'team=~"web|db"', "source=probe", "severity=critical", 'type="scripted"', "verdict=down"],
)
def test_a_window_covers_the_probes_whose_alarm_it_matches(life: Life, matcher: str) -> None:
    life.maintain([matcher], 600)
    life.to(NOON + 300)
    life.recorder.flush()
    assert life.seconds(NOON - 60, NOON + 300) == {"down": 60.0, "maintenance": 300.0}
    life.to(NOON + 900)
    life.recorder.flush()
    assert life.seconds(NOON - 60, NOON + 900) == {"down": 360.0, "maintenance": 600.0}
    life.stop()


@pytest.mark.parametrize("matcher", ['probe="till"', "team=db", "source=tocsin", "verdict=degraded"])
def test_a_window_that_does_not_match_excuses_nothing(life: Life, matcher: str) -> None:
    life.maintain([matcher], 600)
    life.to(NOON + 300)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 300) == {"down": 300.0}
    life.stop()


def test_a_window_that_is_closed_early_ends_then(life: Life) -> None:
    life.maintain(["probe=shop"], HOUR)
    life.to(NOON + 100)
    life.recorder.flush()
    life.to(NOON + 217)
    life.close()
    life.to(NOON + 400)
    life.recorder.flush()
    assert life.line(NOON - 1, NOON + 400) == [
        ("Sat 11:59:59", "down"),
        ("Sat 12:00:00", "maintenance"),
        ("Sat 12:03:37", "down"),
    ]
    life.stop()


def test_a_window_over_a_stop_covers_what_nobody_saw(life: Life) -> None:
    """Opened, tocsin stopped for the upgrade that it was for, and over before tocsin was back."""
    life.maintain(["probe=shop"], 1_800)
    life.to(NOON + 60)
    life.stop()
    life.clock.advance(HOUR)
    life.start()
    life.to(NOON + 2 * HOUR)
    life.recorder.flush()
    assert life.line(NOON, NOON + 2 * HOUR) == [
        ("Sat 12:00:00", "maintenance"),
        ("Sat 12:30:00", "unknown"),
        ("Sat 13:01:10", "down"),
    ]
    life.stop()


def test_two_windows_that_overlap_cover_once(life: Life) -> None:
    life.maintain(["probe=shop"], 600, "one")
    life.to(NOON + 300)
    life.maintain(["team=web"], 600, "two")
    life.to(NOON + 1_200)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 1_200) == {"maintenance": 900.0, "down": 300.0}
    life.stop()


def test_a_silence_is_no_maintenance(life: Life) -> None:
    wanted = Wanted(matchers=["probe=shop"], author="lin", ends_at=NOON + HOUR)
    life.store.write(lambda tx: silencing.put(tx, wanted, life.clock.now()))
    life.to(NOON + 300)
    life.recorder.flush()
    assert life.seconds(NOON, NOON + 300) == {"down": 300.0}
    life.stop()


def test_labels_that_change_count_from_then_on(life: Life) -> None:
    life.maintain(["team=db"], HOUR)
    life.to(NOON + 100)
    life.recorder.flush()
    life.plans.put(plan(NAME, life.look, every=10, labels={"team": "db"}))
    life.scheduler.reload()
    life.recorder.reload()
    life.to(NOON + 300)
    life.recorder.flush()
    assert life.line(NOON, NOON + 300)[-1] == ("Sat 12:01:40", "maintenance")
    life.stop()


def window(during: str = "", starts_at: float = NOON, ends_at: float | None = None) -> Silence:
    return Silence(
        kind=Kind.MAINTENANCE,
        matchers=["probe=shop"],
        starts_at=starts_at,
        ends_at=ends_at,
        during=during,
        author="lin",
        comment="",
        created_at=NOON,
        updated_at=NOON,
    )


NIGHTS = recurring.written(
    recurring.read(
        "{weekdays: [saturday, sunday], times: [{start_time: '02:00', end_time: '04:00'}], location: Europe/Berlin}"
    )
)


def test_one_that_recurs_is_open_in_its_intervals_only_also_over_the_end_of_summer() -> None:
    """02:00 to 04:00 on the night on which 02:00 to 03:00 comes twice: three hours of time."""
    begin, end = at("2026-10-24"), at("2026-10-26")
    pieces = list(covers.in_force(window(NIGHTS, begin - HOUR), round(begin * 1_000), round(end * 1_000)))
    assert pieces == [
        (round(at("2026-10-24 02:00") * 1_000), round(at("2026-10-24 04:00") * 1_000)),
        (round(at("2026-10-25 02:00") * 1_000), round(at("2026-10-25 04:00") * 1_000)),
    ]
    assert [(end - begin) / 3_600_000 for begin, end in pieces] == [2.0, 3.0]


def test_one_that_nobody_can_read_excuses_nothing() -> None:
    assert list(covers.in_force(window("{weekdays: [someday]}"), 0, round(NOON * 2_000))) == []
    broken = Silence(**{name: getattr(window(), name) for name in window().__struct_fields__} | {"matchers": ["(("]})
    assert covers.matched([broken], [(NAME, plan(NAME))]) == {}


def test_rest_goes_before_maintenance_and_both_end() -> None:
    assert covers.turns([(10, 50)], [(20, 30)], 0, 100, None) == [
        Turn(10, Time.MAINTENANCE),
        Turn(20, Time.PAUSED),
        Turn(30, Time.MAINTENANCE),
        Turn(50, None),
    ]
    assert covers.turns([(0, 100)], [], 0, 100, Time.MAINTENANCE) == []
    assert covers.turns([], [], 0, 100, Time.MAINTENANCE) == [Turn(0, None)]


def test_it_is_not_asked_when_windows_are_forgotten_what_they_covered(life: Life) -> None:
    life.maintain(["probe=shop"], 600)
    life.to(NOON + 900)
    life.recorder.flush()
    life.store.write(lambda tx: silences.forget(tx, NOON + HOUR))
    assert life.seconds(NOON, NOON + 900) == {"maintenance": 600.0, "down": 300.0}
    life.stop()
