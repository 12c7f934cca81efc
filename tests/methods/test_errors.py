"""Asking for errors of applications, and saying what becomes of them: what is told, and what cannot be asked."""

from typing import Any

import pytest

from daemon.cli import errors as shown
from daemon.methods.table import INVALID_PARAMS, NOT_ALLOWED, NOT_FOUND, Caller
from daemon.store import fault_news
from fake_clock import BEGIN
from fake_parts import Desk, Said
from faulty import ErrorEvent, call, error, message, raised

READER = Caller(name="may", may=("read",))


def come(desk: Desk, *events: ErrorEvent) -> None:
    now = desk.clock.now()
    desk.measured.write(lambda tx: desk.faults.digest(tx, events, now))
    desk.faults.tell()


def codes(desk: Desk, **params: Any) -> list[str]:
    return [one["code"] for one in desk.ask("errors.list", READER, **params)]


@pytest.fixture
def three(desk: Desk) -> Desk:
    """E1 came first and often, E2 in staging, E3 last."""
    come(desk, *[error(at=BEGIN)] * 9)
    desk.clock.advance(3_600)
    come(desk, error("KeyError", "'x'", at=BEGIN + 3_600, environment="staging", level="warning"))
    desk.clock.advance(3_600)
    come(desk, message("the till is stuck", at=BEGIN + 7_200, app="till"))
    return desk


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["E3", "E2", "E1"]),
        ({"sort": "count"}, ["E1", "E3", "E2"]),
        ({"sort": "first"}, ["E3", "E2", "E1"]),
        ({"app": "shop"}, ["E2", "E1"]),
        ({"level": "warning"}, ["E2"]),
        ({"state": "resolved"}, []),
        ({"state": "all"}, ["E3", "E2", "E1"]),
        ({"matchers": ["environment=staging"]}, ["E2"]),
        ({"matchers": ['{app="shop",type!="KeyError"}']}, ["E1"]),
        ({"since": "90m"}, ["E3", "E2"]),
        ({"since": "2026-11-21T02:30:00Z"}, ["E3"]),
        ({"since": BEGIN + 5_000}, ["E3"]),
        ({"limit": 1}, ["E3"]),
        ({"after": "E3", "limit": 1}, ["E2"]),
        ({"after": "E1"}, []),
        ({"sort": "count", "after": 1}, ["E3", "E2"]),
    ],
)
def test_errors_are_listed_as_they_are_asked_for(three: Desk, params: dict[str, Any], expected: list[str]) -> None:
    assert codes(three, **params) == expected


def test_one_error_tells_its_whole_story(three: Desk) -> None:
    desk = three
    trace = (call("route", "flask.app", in_app=False), call("charge", context_line="  raise ValueError(order)"))
    come(desk, error(at=BEGIN, exceptions=(raised("OSError", "the cause"), raised("ValueError", "bad\norder", *trace))))
    found = desk.ask("errors.get", READER, id="E4")
    assert (found["error"]["title"], found["alert"], found["alert_state"]) == ("ValueError: bad", "A3", "open")
    assert found["labels"]["fault"] == "E4"
    assert found["story"]["hours"] == [[BEGIN, 1]]
    text = shown.error(found)
    assert "E4 ValueError: bad\n" in text
    assert "  > shop.cart.py:17 in charge\n        raise ValueError(order)\n" in text
    assert "    flask.app.py:17 in route\n" in text
    assert "  OSError: the cause\n" in text
    assert "  ValueError: bad\n    order\n" in text
    assert "environment  production (1)" in text
    assert "first  " in text


def test_the_alarm_of_an_error_is_named(three: Desk) -> None:
    found = three.ask("errors.get", READER, id="E1")
    assert (found["alert"], found["alert_state"]) == ("A1", "open")
    assert three.ask("alerts.get", id="A1")["alert"]["labels"]["fault"] == "E1"
    assert three.ask("alerts.explain", READER, id="E1")["code"] == "A1"
    three.ask("errors.resolve", id="e1")
    assert three.ask("errors.get", READER, id=1)["alert_state"] == "over"


def test_an_error_that_was_not_told_has_no_alarm_to_explain(three: Desk) -> None:
    with pytest.raises(Said, match="nothing was told of E2"):
        three.ask("alerts.explain", READER, id="E2")


def test_so_many_samples_are_told_as_are_asked_for_and_the_first(desk: Desk) -> None:
    for number in range(10):
        come(desk, error(at=BEGIN + number, event_id=f"{number:032x}"))
        desk.clock.advance(1)
    found = desk.ask("errors.get", READER, id="E1", samples=2)["story"]
    assert [int(one["event_id"], 16) for one in found["samples"]] == [9, 8, 0]
    assert found["kept"] == 10
    assert len(desk.ask("errors.get", READER, id="E1", samples=100)["story"]["samples"]) == 10


def test_what_people_say_of_an_error_is_kept_with_who_said_it(three: Desk) -> None:
    one = three.ask("errors.resolve", id="E1", comment=" mended\nnow ", next_release=True)
    assert (one["state"], one["changed_by"], one["comment"]) == ("resolved", "local", "mended now")
    assert shown.changed(one) == "E1 ValueError: bad order 17: resolved in the next release\n"
    assert " by local: mended now\n" in shown.error(three.ask("errors.get", READER, id="E1"))
    one = three.ask("errors.ignore", id="E2", author="lin")
    assert (one["state"], one["changed_by"], shown.changed(one)[-9:]) == ("ignored", "lin", " ignored\n")
    one = three.ask("errors.ignore", id="E2", duration="2h", count=5)
    assert (one["ignored_until"], one["ignored_above"]) == (three.clock.now() + 7_200, 6)
    assert "ignored until 2026-11-21 05:00:00 or it came 6 times" in shown.changed(one)
    one = three.ask("errors.reopen", id="E2")
    assert (one["state"], one["ignored_until"]) == ("unresolved", None)
    assert "E1" not in codes(three)


@pytest.mark.parametrize("method", ["errors.resolve", "errors.ignore", "errors.reopen"])
def test_who_may_only_read_changes_nothing(three: Desk, method: str) -> None:
    with pytest.raises(Said) as refused:
        three.ask(method, READER, id="E1")
    assert refused.value.code == NOT_ALLOWED
    assert len(codes(three)) == 3


@pytest.mark.parametrize("method", ["errors.get", "errors.resolve", "errors.ignore", "errors.reopen"])
@pytest.mark.parametrize(("given", "code"), [("E99", NOT_FOUND), ("A1", INVALID_PARAMS), ("", INVALID_PARAMS)])
def test_an_error_that_is_not_there_is_said_to_be_so(three: Desk, method: str, given: str, code: int) -> None:
    with pytest.raises(Said) as refused:
        three.ask(method, id=given)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("method", "params", "field"),
    [
        ("errors.ignore", {"id": 1, "duration": "soon"}, "duration"),
        ("errors.ignore", {"id": 1, "duration": "0s"}, "duration"),
        ("errors.ignore", {"id": 1, "duration": "9y"}, "duration"),
        ("errors.ignore", {"id": 1, "until": "yesterday"}, "until"),
        ("errors.ignore", {"id": 1, "until": BEGIN}, "until"),
        ("errors.ignore", {"id": 1, "until": BEGIN + 9_000, "duration": "1h"}, "until"),
        ("errors.ignore", {"id": 1, "count": -1}, "count"),
        ("errors.list", {"since": "soon"}, "since"),
        ("errors.list", {"matchers": ["=x"]}, "matchers"),
        ("errors.list", {"sort": "age"}, "sort"),
        ("errors.list", {"level": "bad"}, "level"),
        ("errors.get", {"id": 1, "samples": 0}, "samples"),
    ],
)
def test_what_makes_no_sense_is_refused(three: Desk, method: str, params: dict[str, Any], field: str) -> None:
    with pytest.raises(Said) as refused:
        three.ask(method, **params)
    assert (refused.value.code, refused.value.data) == (INVALID_PARAMS, {"field": field})


def test_the_list_and_a_long_story_fit_a_terminal(three: Desk) -> None:
    text = shown.error_list(three.ask("errors.list"))
    assert text.startswith("ERROR  STATE")
    assert "the till is stuck" in text
    assert shown.error_list([]) == "(none)\n"
    come(three, message("\x1b[31mred", at=BEGIN))
    assert "\x1b" not in shown.error(three.ask("errors.get", id="E4"))


def test_what_alerting_had_when_tocsin_was_killed_is_only_a_repeat(desk: Desk) -> None:
    """Killed after alerting had the alarm and before that was noted: nobody is told a second time."""
    now = desk.clock.now()
    desk.measured.write(lambda tx: desk.faults.digest(tx, [error(at=now)], now))
    (news,) = desk.measured.read(lambda tx: fault_news.waiting(tx, 10))
    assert news.event is not None
    desk.intake.events([news.event])
    desk.faults.tell()
    (alert,) = desk.ask("alerts.list")
    assert (alert["code"], alert["count"]) == ("A1", 2)
    assert len(desk.ask("alerts.get", id="A1")["notices"]) == 1
    assert desk.measured.read(lambda tx: fault_news.waiting(tx, 10)) == []
