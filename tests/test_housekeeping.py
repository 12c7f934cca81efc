"""What is forgotten, and when."""

from dataclasses import replace

from daemon import housekeeping
from daemon.alerting import silencing
from daemon.config.flapping import Flapping
from daemon.config.retention import Retention
from daemon.store import silences
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hushed import HOUR, Hushed
from made import settings

DAY = 24 * HOUR


def codes(store: SqliteStore) -> list[str]:
    return [one.code for one in store.read(silences.newest)]


def known(store: SqliteStore) -> list[str]:
    """The labels of all groups, empty ones among them."""
    return [labels for (labels,) in store.read(lambda tx: tx.all("SELECT labels FROM groups"))]


def test_a_silence_is_forgotten_as_long_after_its_end_as_alerts_are(store: SqliteStore) -> None:
    story = Hushed(store)
    first = story.hush(end=HOUR)
    story.hush(until_resolved=True)
    story.web("a")
    story.to(60)
    assert story.hidden(first)[1] == [1]
    keep = Retention(alerts=Seconds(DAY))
    story.to(DAY + HOUR)
    housekeeping.forget_old(store, keep, story.now)
    assert codes(store) == ["S2", "S1"]
    housekeeping.forget_old(store, keep, story.now + 1)
    assert codes(store) == ["S2"]
    assert store.read(lambda tx: silencing.find(tx, "S1")) is None


def test_a_problem_that_flapped_is_forgotten_with_its_last_alert(store: SqliteStore) -> None:
    story = Hushed(store, replace(settings(), flapping=Flapping(changes=3, settle=Seconds(60))))
    for _ in range(3):
        story.fires("a")
        story.ends("a")
    story.to(DAY)
    assert store.read(lambda tx: tx.one("SELECT count(*) FROM flaps")) == (1,)
    housekeeping.forget_old(store, Retention(alerts=Seconds(DAY)), story.now + 1)
    assert store.read(lambda tx: tx.one("SELECT count(*) FROM flaps")) == (0,)


def test_a_group_is_forgotten_five_days_after_it_became_empty_also_one_of_many(store: SqliteStore) -> None:
    story = Hushed(store)
    for n in range(housekeeping.BATCH + 1):
        story.fires(f"n{n}", labels={"team": f"t{n}"})
    story.web("stays")
    story.to(60).ends(*(f"n{n}" for n in range(housekeeping.BATCH + 1)))
    story.to(1_000)
    story.to(330 + 5 * DAY)
    housekeeping.forget_old(store, Retention(), story.now)
    assert len(known(store)) == housekeeping.BATCH + 2
    housekeeping.forget_old(store, Retention(), story.now + 1)
    assert known(store) == ['{"team":"web"}']
