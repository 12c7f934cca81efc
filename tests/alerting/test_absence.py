"""A source that was to be heard of again, and was not: the alarm of its silence."""

import pytest

from daemon.errors import HandlerError
from daemon.event import Event, State
from daemon.hook import Hook
from daemon.notice import Reason
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from handlers.sign_of_life import sign_of_life
from hearing import Hearing
from made import settings


def sign(now: float, body: bytes = b'{"name": "office", "every": 60}') -> list[Event]:
    return list(sign_of_life.handle(Hook(source="life", body=body, content_type="application/json", received_at=now)))


@pytest.fixture
def hearing(store: SqliteStore) -> Hearing:
    return Hearing(store, settings())


def test_signs_that_stay_away_are_an_alarm_and_the_next_one_ends_it(hearing: Hearing) -> None:
    for minute in range(5):
        hearing.to(60 * minute).take(*sign(hearing.now))
    assert not hearing.said()
    hearing.to(240 + 179)
    assert not hearing.said()
    hearing.to(600)
    assert [(said.at, said.reason, said.firing) for said in hearing.said()] == [(420.0, Reason.FIRST, ("life|office",))]
    hearing.take(*sign(hearing.now))
    assert hearing.said()[-1].resolved == ("life|office",)
    hearing.to(600 + 179)
    assert len(hearing.said()) == 2
    hearing.to(900)
    assert len(hearing.said()) == 3


def test_one_that_says_itself_that_it_fails_is_an_alarm_at_once(hearing: Hearing) -> None:
    hearing.take(*sign(hearing.now, b'{"name": "office", "every": 60, "status": "fail"}'))
    assert hearing.said()[0].firing == ("life|office",)


def test_the_alarm_says_for_how_long_nothing_was_heard(hearing: Hearing, store: SqliteStore) -> None:
    hearing.take(*sign(hearing.now))
    hearing.to(300)
    ((title, text),) = store.read(lambda tx: tx.all("SELECT title, text FROM alerts"))
    assert title == "office gives no sign of life"
    assert text in {"Nothing was heard of it for 3 min.", "Nothing was heard of it for 3m."}


def test_several_give_signs_over_one_source(hearing: Hearing) -> None:
    hearing.take(*sign(hearing.now), *sign(hearing.now, b'{"name": "home", "every": 600}'))
    hearing.to(400)
    assert [said.firing for said in hearing.said()] == [("life|office",)]


@pytest.mark.parametrize("body", [b"{}", b'{"every": 0}', b'{"every": -5}', b'{"every": "often"}', b'{"every": 1e99}'])
def test_one_that_does_not_say_how_often_it_comes_is_refused(body: bytes) -> None:
    with pytest.raises(HandlerError, match="does not say how often"):
        sign(BEGIN, body)


def test_a_sign_is_the_end_of_nothing_where_nothing_is_open() -> None:
    (event,) = sign(BEGIN)
    assert event.state is State.RESOLVED
    assert event.unless_heard_by == BEGIN + 180.0
