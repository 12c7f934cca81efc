"""What is past its time goes, a little at a time; what is needed to know what the rest means stays."""

from dataclasses import replace

import pytest

from daemon.config.history import History
from daemon.history import forget as forgetting
from daemon.history import tiers
from daemon.history.forget import forget, forget_readings
from daemon.reading import Health
from daemon.store import probes, turns
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from watching import BERLIN, HOUR, NAME, Life, at, clock_for

NOON = at("2026-11-21 12:00")
DAY = 24 * HOUR
KEPT = History(
    readings=Seconds(HOUR), minutes=Seconds(3 * HOUR), hours=Seconds(2 * DAY), days=Seconds(5 * DAY), failures=10
)


@pytest.fixture
def life(store: SqliteStore) -> Life:
    life = Life(store, clock_for(NOON, 600), lambda now: Health.DOWN if now % DAY < HOUR else Health.UP, every=600)
    life.to(NOON + 8 * DAY)
    life.roll()
    return life


def starts(life: Life, span: int) -> list[int]:
    return [
        start for (start,) in life.store.read(
            lambda tx: tx.all("SELECT start FROM probe_tiers WHERE span = ? ORDER BY start", (span,))
        )
    ]  # fmt: skip


def test_each_tier_is_kept_as_long_as_it_is_meant_to_be(life: Life) -> None:
    now = life.clock.now()
    before = life.history.uptime(NAME, now - 4 * DAY, now)
    assert forget(life.store, KEPT, now) > 100
    assert min(starts(life, tiers.MINUTE)) >= int(now - 3 * HOUR)
    assert min(starts(life, tiers.HOUR)) >= int(now - 2 * DAY)
    assert now - 5 * DAY <= min(starts(life, tiers.DAY)) < now - 3 * DAY
    (first,) = life.store.read(lambda tx: tx.all("SELECT min(at) FROM probe_readings"))
    assert first[0] >= int(now - HOUR) * 1_000
    assert life.history.uptime(NAME, now - 4 * DAY, now) == before
    assert forget(life.store, KEPT, now) == 0
    life.stop()


def test_what_it_was_when_the_time_that_is_kept_began_is_still_known(life: Life) -> None:
    now = life.clock.now()
    line = life.line(now - 5 * DAY, now)
    forget(life.store, KEPT, now)
    assert life.line(now - 5 * DAY, now) == line
    assert life.history.shares(NAME, [now - 9 * DAY, now - 6 * DAY])[0].judged == 0
    life.stop()


def test_one_that_never_settles_does_not_fill_the_disk(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "MOST_TURNS", 4)
    forget(life.store, KEPT, life.clock.now())
    assert len(life.store.read(lambda tx: turns.between(tx, 1, turns.VERDICT, 0, 2**62))) == 4
    assert life.history.uptime(NAME, life.clock.now() - DAY, life.clock.now()) == 23 / 24
    life.stop()


def test_readings_that_are_not_added_up_yet_stay(store: SqliteStore) -> None:
    life = Life(store, clock_for(NOON), lambda _: Health.UP)
    life.to(NOON + 2 * HOUR)
    life.recorder.flush()
    forget_readings(store, NOON + HOUR)
    made = store.read(lambda tx: tiers.marked(tx, tiers.MINUTE))
    (kept,) = store.read(lambda tx: tx.all("SELECT count(*) FROM probe_readings"))
    assert kept[0] >= (NOON + 2 * HOUR - max(made, NOON + HOUR)) // 60
    life.roll()
    assert sum(life.history.tally(NAME, NOON, NOON + 3 * HOUR).looks) == 120
    life.stop()


def test_a_removed_probe_is_known_until_what_it_was_is_old(life: Life) -> None:
    life.plans.put()
    life.scheduler.reload()
    life.recorder.reload()
    life.recorder.flush()
    removed = life.clock.now()
    forget(life.store, KEPT, removed + 4 * DAY)
    assert life.history.names() == [NAME]
    assert life.history.uptime(NAME, removed - DAY, removed) == 23 / 24
    forget(life.store, KEPT, removed + 6 * DAY)
    assert life.store.read(probes.numbers) == {}
    for table in ("probe_turns", "probe_incidents", "probe_failures", "probe_tiers", "probe_standings"):
        assert life.store.read(lambda tx, name=table: tx.all(f"SELECT * FROM {name}")) == [], table  # type: ignore[misc]
    life.stop()


def test_old_charts_are_made_of_days_when_nothing_smaller_is_kept(life: Life) -> None:
    now = life.clock.now()
    whole = life.history.tally(NAME, now - 4 * DAY, now)
    life.plans._settings = replace(life.plans(), history=KEPT)
    forget(life.store, KEPT, now)
    days = life.history.chart(NAME, now - 4 * DAY, now, "day", BERLIN)
    looks = sum(sum(one.looks.values()) for one in days)
    # The day on which what is kept in hours begins is a whole one: in Berlin's days its edges are others by an hour.
    assert abs(looks - sum(whole.looks)) <= 144
    life.stop()
