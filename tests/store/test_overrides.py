"""Overrides that were said by method: kept, found by their time, forgotten."""

from daemon import housekeeping
from daemon.config.retention import Retention
from daemon.oncall.schedule import Cover
from daemon.store import overrides
from daemon.store.overrides import StoredOverride
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds


def add(store: SqliteStore, begin: float, end: float, *who: str, schedule: str = "night") -> StoredOverride:
    people = who or ("lin",)
    return store.write(lambda tx: overrides.add(tx, schedule, people, begin, end, "may", "swap", 1.0))


def test_what_is_added_is_found_as_it_was(store: SqliteStore) -> None:
    made = add(store, 10.0, 20.0, "lin", "team:dba")
    assert (made.code, made.who) == ("O1", ("lin", "team:dba"))
    assert store.read(lambda tx: overrides.between(tx, 0.0)) == [made]


def test_only_what_holds_in_a_time_is_found(store: SqliteStore) -> None:
    late, early = add(store, 20.0, 30.0), add(store, 10.0, 20.0)
    add(store, 10.0, 20.0, schedule="day")

    def found(begin: float, end: float) -> list[StoredOverride]:
        return store.read(lambda tx: overrides.between(tx, begin, end, "night"))

    assert found(0.0, 10.0) == []
    assert found(19.0, 21.0) == [early, late]
    assert found(20.0, 21.0) == [late]
    assert found(30.0, 99.0) == []


def test_those_of_an_instant_stand_by_their_schedule(store: SqliteStore) -> None:
    add(store, 10.0, 20.0)
    add(store, 20.0, 30.0)
    add(store, 15.0, 30.0, "wang", schedule="day")
    held = store.read(lambda tx: overrides.covers_at(tx, 20.0))
    assert held == {
        "night": (Cover(who=("lin",), begin=20.0, end=30.0, id=2),),
        "day": (Cover(who=("wang",), begin=15.0, end=30.0, id=3),),
    }


def test_what_is_removed_is_gone_and_told_once(store: SqliteStore) -> None:
    made = add(store, 10.0, 20.0)
    assert store.write(lambda tx: overrides.remove(tx, made.id)) == made
    assert store.write(lambda tx: overrides.remove(tx, made.id)) is None


def test_what_is_long_over_is_forgotten(store: SqliteStore) -> None:
    add(store, 10.0, 20.0)
    add(store, 10.0, 30.0)
    assert store.write(lambda tx: overrides.forget(tx, 25.0)) == 1
    assert [one.id for one in store.read(lambda tx: overrides.between(tx, 0.0))] == [2]


def test_they_are_kept_as_long_as_the_alerts_of_their_time(store: SqliteStore) -> None:
    add(store, 10.0, 20.0)
    keep = Retention(alerts=Seconds(100.0))
    housekeeping.forget_old(store, keep, 120.0)
    assert len(store.read(lambda tx: overrides.between(tx, 0.0))) == 1
    housekeeping.forget_old(store, keep, 121.0)
    assert store.read(lambda tx: overrides.between(tx, 0.0)) == []
