"""Making, changing and ending silences, and every way in which one can be wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from daemon.alerting import silencing
from daemon.alerting.silencing import Wanted
from daemon.errors import NoSilence, SilenceError
from daemon.store import silences
from daemon.store.silences import Silence
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN

Put = Callable[..., Silence]
HOUR = 3_600.0


def wanted(**more: Any) -> Wanted:
    defaults: dict[str, Any] = {"matchers": ['team="db"'], "ends_at": BEGIN + 2 * HOUR, "author": "lin"}
    return Wanted(**(defaults | more))


@pytest.fixture
def put(store: SqliteStore) -> Put:
    def put(now: float = BEGIN, **more: Any) -> Silence:
        return store.write(lambda tx: silencing.put(tx, wanted(**more), now))

    return put


def read(store: SqliteStore, silence: Silence) -> Silence:
    found = store.read(lambda tx: silences.get(tx, silence.id))
    assert found is not None
    return found


def test_a_new_silence_begins_now_and_its_matchers_are_written_in_one_form(put: Put, store: SqliteStore) -> None:
    made = put(matchers=['{team=db, host=~"web.*"}', 'team="db"'])
    assert (made.starts_at, made.matchers) == (BEGIN, ['team="db"', 'host=~"web.*"'])
    assert read(store, made) == made
    assert store.read(lambda tx: [silencing.find(tx, name) for name in (made.code, "s1", "1", made.uuid)]) == [made] * 4


def test_a_start_that_has_passed_is_now(put: Put) -> None:
    assert put(starts_at=BEGIN - HOUR).starts_at == BEGIN


def test_the_end_and_the_comment_of_one_that_holds_are_changed_in_place(put: Put, store: SqliteStore) -> None:
    made = put()
    changed = put(BEGIN + 60, change=made.code, ends_at=BEGIN + 9 * HOUR, comment="takes longer")
    assert (changed.id, changed.uuid, changed.starts_at, changed.created_at) == (made.id, made.uuid, BEGIN, BEGIN)
    assert (changed.ends_at, changed.comment, changed.updated_at) == (BEGIN + 9 * HOUR, "takes longer", BEGIN + 60)
    assert read(store, made) == changed


def test_a_client_that_knows_the_start_to_the_second_changes_in_place(put: Put) -> None:
    made = put(BEGIN + 0.75)
    changed = put(BEGIN + 60, change=made.uuid, starts_at=BEGIN, ends_at=BEGIN + HOUR)
    assert (changed.id, changed.starts_at) == (made.id, BEGIN + 0.75)


@pytest.mark.parametrize("other", [{"matchers": ['team="web"']}, {"starts_at": BEGIN + HOUR}])
def test_any_other_change_of_one_that_holds_ends_it_and_makes_a_new_one(
    put: Put, store: SqliteStore, other: dict[str, Any]
) -> None:
    made = put()
    changed = put(BEGIN + 60, change=made.code, **other)
    assert changed.id != made.id
    assert changed.uuid != made.uuid
    assert changed.starts_at == other.get("starts_at", BEGIN + 60)
    old = read(store, made)
    assert (old.ends_at, old.ended_by) == (BEGIN + 60, f"{changed.code}, which lin put in its place")


def test_the_start_of_one_to_come_is_changed_in_place_its_matchers_are_not(put: Put, store: SqliteStore) -> None:
    made = put(starts_at=BEGIN + HOUR)
    moved = put(change=made.code, starts_at=BEGIN + 1.5 * HOUR)
    assert (moved.id, moved.starts_at) == (made.id, BEGIN + 1.5 * HOUR)
    other = put(BEGIN + 60, change=made.code, matchers=['team="web"'], starts_at=BEGIN + HOUR)
    assert other.id != made.id
    old = read(store, made)
    assert (old.starts_at, old.ends_at) == (BEGIN + 60, BEGIN + 60)


def test_a_change_of_one_that_is_over_makes_a_new_one_and_leaves_the_old(put: Put, store: SqliteStore) -> None:
    made = put()
    again = put(BEGIN + 3 * HOUR, change=made.code, ends_at=BEGIN + 4 * HOUR)
    assert (again.id != made.id, again.starts_at) == (True, BEGIN + 3 * HOUR)
    assert read(store, made) == made


def test_the_order_of_matchers_is_no_change(put: Put) -> None:
    made = put(matchers=['team="db"', 'host="a"'])
    assert put(change=made.code, matchers=['host="a"', 'team="db"']).id == made.id


def test_an_ended_silence_keeps_its_start_one_to_come_never_begins(put: Put, store: SqliteStore) -> None:
    now, later = put(), put(starts_at=BEGIN + HOUR)
    ended = [store.write(lambda tx, one=one: silencing.expire(tx, one, BEGIN + 60, "wang")) for one in (now, later)]
    assert [(one.starts_at, one.ends_at, one.ended_by) for one in ended] == [
        (BEGIN, BEGIN + 60, "wang"),
        (BEGIN + 60, BEGIN + 60, "wang"),
    ]
    assert [read(store, one) for one in ended] == ended


def test_what_is_over_cannot_be_ended(put: Put, store: SqliteStore) -> None:
    made = put()
    with pytest.raises(SilenceError, match="S1 is over already"):
        store.write(lambda tx: silencing.expire(tx, made, BEGIN + 2 * HOUR, "lin"))


@pytest.mark.parametrize("name", ["S7", "7", "S", "S1S", "S" + "9" * 30, "S٣", "no-such-uuid", "\0"])
def test_a_silence_that_there_is_not_cannot_be_changed(put: Put, name: str) -> None:
    with pytest.raises(NoSilence, match="there is no silence"):
        put(change=name)


@pytest.mark.parametrize(
    ("field", "more", "says"),
    [
        ("end", {"ends_at": BEGIN - 1}, "the end must be after the start"),
        ("end", {"ends_at": BEGIN - 1, "starts_at": BEGIN - 5}, "the end is in the past"),
        ("end", {"starts_at": BEGIN + 3 * HOUR}, "the end must be after the start"),
        ("end", {"ends_at": BEGIN}, "the end must be after the start"),
        (
            "end",
            {"ends_at": None},
            "needs an end, unless it recurs or holds until its alerts are resolved: say a duration such as 2h",
        ),
        ("end", {"ends_at": float("inf")}, "the end is no instant of the years 1970 to 9999"),
        ("start", {"starts_at": float("nan")}, "the start is no instant of the years 1970 to 9999"),
        ("start", {"starts_at": -1.0}, "the start is no instant of the years 1970 to 9999"),
        ("matchers", {"matchers": []}, "needs at least one matcher, such as"),
        ("matchers", {"matchers": ["team"]}, "'team' is not a matcher: write name="),
        ("matchers", {"matchers": ['team=~"(db"']}, "is not an RE2 pattern: missing \\)"),
        ("matchers", {"matchers": ['team=~".*"', "host!=a"]}, "at least one matcher must not match the empty string"),
        ("matchers", {"matchers": [f"l{n}=x" for n in range(101)]}, "101 matchers; at most 100 are taken"),
        ("author", {"author": " "}, "a silence needs an author"),
        ("author", {"author": "x" * 101}, "the author has 101 characters; at most 100 are taken"),
        ("comment", {"comment": "x" * 2_001}, "the comment has 2001 characters; at most 2000"),
        ("name", {"name": "x" * 101}, "the name has 101 characters"),
        ("annotations", {"annotations": {str(n): "" for n in range(33)}}, "33 annotations; at most 32 are taken"),
        ("annotations", {"annotations": {"a": "x" * 2_001}}, "the text of an annotation has"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    put: Put, store: SqliteStore, field: str, more: dict[str, Any], says: str
) -> None:
    with pytest.raises(SilenceError, match=says) as caught:
        put(**more)
    assert caught.value.field == field
    assert store.read(silences.newest) == []
