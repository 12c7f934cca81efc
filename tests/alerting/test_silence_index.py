"""The silences as they are asked for every alert: by an index, and read again when one has changed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from daemon.alerting import silencing
from daemon.alerting.silence import Book, Page
from daemon.alerting.silencing import Wanted
from daemon.matcher import Matcher, parse
from daemon.store.base import Tx
from daemon.store.silences import Silence
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN

NIGHT = '[{"times":[{"start_time":"00:00","end_time":"12:00"}]}]'
names = st.sampled_from(["team", "host", "dc"])
values = st.sampled_from(["", "a", "b", 'a"b', "a,b"])
matchers = st.builds(Matcher, names, st.sampled_from(["=", "!=", "=~", "!~"]), values | st.just("a|b"))
instants = st.integers(0, 100).map(float)
silences_made = st.builds(
    Silence,
    id=st.integers(1, 9),
    matchers=st.lists(matchers.map(str), min_size=1, max_size=3),
    starts_at=instants,
    ends_at=st.none() | instants,
    during=st.sampled_from(["", NIGHT, '[{"years":["1999"]}]']),
    author=st.just("lin"),
    comment=st.just(""),
    created_at=st.just(0.0),
    updated_at=st.just(0.0),
)


def naive(silence: Silence, labels: dict[str, str], now: float) -> bool:
    """Word by word: in force, and every matcher matches. 0 to 100 s of 1970 are at night."""
    holds = silence.starts_at <= now and (silence.ends_at is None or now < silence.ends_at)
    return (
        holds
        and silence.during in ("", NIGHT)
        and all(matcher.matches(labels) for text in silence.matchers for matcher in parse(text))
    )


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(silences_made, max_size=12), st.dictionaries(names, values), instants)
def test_the_index_finds_what_asking_every_silence_finds(
    known: list[Silence], labels: dict[str, str], now: float
) -> None:
    found = list(Page(known, {}).in_force(labels, now))
    assert found == [one for one in known if naive(one, labels, now)]


def put(tx: Tx, **more: Any) -> Silence:
    wanted = Wanted(**{"matchers": ['team="a"'], "ends_at": BEGIN + 100, "author": "lin"} | more)
    return silencing.put(tx, wanted, BEGIN)


def muting(store: SqliteStore, book: Book, now: float = BEGIN) -> list[str]:
    return [one.code for one in store.read(lambda tx: list(book.page(tx, now).in_force({"team": "a"}, now)))]


def test_every_change_is_seen_at_once_by_every_book(store: SqliteStore) -> None:
    books = [Book(), Book()]
    assert [muting(store, one) for one in books] == [[], []]
    first = store.write(put)
    second = store.write(put)
    assert [muting(store, one) for one in books] == [["S1", "S2"]] * 2
    store.write(lambda tx: put(tx, change=first.code, matchers=['team="b"']))
    assert [muting(store, one) for one in books] == [["S2"]] * 2
    store.write(lambda tx: silencing.expire(tx, second, BEGIN + 1, "lin"))
    assert [muting(store, one, BEGIN + 1) for one in books] == [[]] * 2


def test_a_change_that_was_undone_was_never_there(store: SqliteStore) -> None:
    """The book looks while the change is made, and must not go on believing what it saw."""
    book = Book()
    seen = []

    def undone(tx: Tx) -> None:
        put(tx)
        seen.append([one.code for one in book.page(tx, BEGIN).in_force({"team": "a"}, BEGIN)])
        raise KeyError

    with pytest.raises(KeyError):
        store.write(undone)
    assert seen[-1] == ["S1"]
    assert muting(store, book) == []


def test_a_silence_that_cannot_be_read_mutes_nothing_and_stops_nobody() -> None:
    def silence(number: int, matcher: str) -> Silence:
        facts = {"starts_at": 0, "ends_at": None, "author": "lin", "comment": "", "created_at": 0, "updated_at": 0}
        return Silence(id=number, matchers=[matcher], **facts)

    page = Page([silence(1, 'a=~"(("'), silence(2, "a=b")], set())
    assert [one.id for one in page.in_force({"a": "b"}, 1.0)] == [2]
