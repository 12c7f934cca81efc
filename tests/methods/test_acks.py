"""alerts.ack, alerts.unack, alerts.resolve: what an operator does by hand."""

from dataclasses import replace

import pytest

from daemon.config.audience import Escalation, Leg, Receiver
from daemon.errors import MethodError
from daemon.event import OWN, PROBE, Event, State
from daemon.methods.table import INVALID_PARAMS, NOT_ALLOWED, NOT_FOUND, REFUSED, UNAVAILABLE, Caller, Table
from daemon.units import Seconds
from fake_parts import Desk, Said

READER = Caller(name="reader", may=("read",), identity="http:reader")
OPS = Caller(name="ops", may=("read", "act"), identity="http:ops")
LAPTOP = Caller(name="laptop", may=("read", "act"), identity="curve:abc")


def test_whoever_asks_is_the_author(desk: Desk) -> None:
    desk.send()
    done = desk.ask("alerts.ack", LAPTOP, id="A1", duration="2h", comment="restarting it")
    now = desk.clock.now()
    expected = {
        "alert_id": 1, "author": "laptop", "comment": "restarting it", "via": "zmq", "at": now, "until": now + 7_200,
        "remind_at": now + 6_300,
    }  # fmt: skip
    assert done == {"alert": "A1", "title": "disk full", "ack": expected}
    assert desk.ask("alerts.list")[0]["ack"] == expected
    assert desk.ask("alerts.get", id=1)["ack"] == expected


def test_who_speaks_for_another_is_named_too(desk: Desk) -> None:
    desk.send()
    done = desk.ask("alerts.ack", OPS, id="A1", author="lin")
    assert (done["ack"]["author"], done["ack"]["via"]) == ("lin", "http of ops")


def test_without_a_time_it_lasts_as_long_as_is_configured(desk: Desk) -> None:
    desk.send()
    done = desk.ask("alerts.ack", id=1)
    assert done["ack"]["until"] - desk.clock.now() == 4 * 3_600


def test_it_is_taken_back(desk: Desk) -> None:
    desk.send()
    desk.ask("alerts.ack", id=1)
    assert desk.ask("alerts.unack", id=1) == {"alert": "A1", "title": "disk full", "ack": None}
    assert desk.ask("alerts.list")[0]["ack"] is None
    with pytest.raises(Said, match="A1 is not acknowledged") as said:
        desk.ask("alerts.unack", id=1)
    assert said.value.code == REFUSED


@pytest.mark.parametrize("method", ["alerts.ack", "alerts.unack", "alerts.resolve"])
def test_what_is_not_there_is_not_found(desk: Desk, method: str) -> None:
    with pytest.raises(Said, match="there is no alert A7") as said:
        desk.ask(method, id="A7")
    assert said.value.code == NOT_FOUND


@pytest.mark.parametrize("method", ["alerts.ack", "alerts.resolve"])
def test_what_is_over_stays_over(desk: Desk, method: str) -> None:
    desk.send()
    desk.ask("alerts.resolve", id="A1", comment="disk was replaced")
    with pytest.raises(Said, match="A1 is over") as said:
        desk.ask(method, id="A1")
    assert said.value.code == REFUSED


def test_whoever_may_only_read_does_nothing_to_an_alert(desk: Desk) -> None:
    desk.send()
    for method in ("alerts.ack", "alerts.unack", "alerts.resolve"):
        with pytest.raises(Said) as said:
            desk.ask(method, READER, id="A1")
        assert said.value.code == NOT_ALLOWED
    assert desk.ask("alerts.list", state="firing")[0]["ack"] is None


@pytest.mark.parametrize("wrong", ["soon", "", "0s", "30s", "2d", -1, 1e300, "9" * 400 + "h", [], {}, None, True])
def test_a_time_that_is_none_is_refused(desk: Desk, wrong: object) -> None:
    desk.send()
    if wrong == "":
        assert desk.ask("alerts.ack", id=1, duration=wrong)["ack"] is not None
        return
    with pytest.raises(Said, match="duration") as said:
        desk.ask("alerts.ack", id=1, duration=wrong)
    assert (said.value.code, said.value.data) == (INVALID_PARAMS, {"field": "duration"})
    assert len(str(said.value)) < 200
    assert desk.ask("alerts.list")[0]["ack"] is None


def test_names_and_comments_are_one_printable_line_within_bounds(desk: Desk) -> None:
    desk.send()
    ack = desk.ask("alerts.ack", id=1, author=" \x1b[31mlin\n\n" + "x" * 900, comment="a\r\nb" + "y" * 9_000)["ack"]
    assert ack["author"].startswith("[31mlin x")
    assert (len(ack["author"]), len(ack["comment"])) == (64, 500)
    assert (ack["author"] + ack["comment"]).isprintable()


def test_nobody_can_pretend_to_be_the_caller(desk: Desk) -> None:
    desk.send()
    with pytest.raises(MethodError, match=r"alerts\.ack has no parameter 'caller'"):
        desk.table.call("alerts.ack", {"id": 1, "caller": {"name": "root", "may": ["admin"]}}, OPS)
    assert "caller" not in str(desk.ask("methods.list")[0]["params"])


def test_a_parameter_for_the_caller_is_none_of_the_others() -> None:
    table = Table()

    @table.method("who", "read")
    def _who(caller: Caller, greeting: str = "hello") -> str:
        return f"{greeting} {caller.name}"

    assert table.call("who", {}, OPS) == "hello ops"
    assert table.call("who", ["good day"], OPS) == "good day ops"


def test_one_is_ended_by_hand_with_its_reason(desk: Desk) -> None:
    desk.send()
    desk.ask("alerts.ack", id=1)
    assert desk.ask("alerts.resolve", OPS, id="A1", comment="replaced") == {"alert": "A1", "change": "resolved"}
    story = desk.ask("alerts.get", id=1)
    assert (story["alert"]["state"], story["alert"]["text"], story["ack"]) == (
        State.RESOLVED, "ended by ops: replaced", None,
    )  # fmt: skip


@pytest.mark.parametrize(("source", "words"), [(PROBE, "the probes' alarms"), (OWN, "tocsin's alarms about itself")])
def test_what_ends_by_itself_is_not_ended_by_hand(desk: Desk, source: str, words: str) -> None:
    desk.intake.events([Event(source=source, key="front", title="down")])
    with pytest.raises(Said, match=f"A1 is one of {words}: it ends when its cause does"):
        desk.ask("alerts.resolve", id=1)


def test_nothing_is_acknowledged_while_the_store_cannot_write(desk_of_closed_store: Desk) -> None:
    with pytest.raises(Said) as said:
        desk_of_closed_store.ask("alerts.ack", id=1)
    assert said.value.code == UNAVAILABLE


def test_an_alert_tells_how_far_its_escalation_has_come(desk: Desk) -> None:
    steps = (Escalation(after=Seconds(300), by=("room",)),)
    oncall = Receiver(name="oncall", notify=(Leg(by=("sms",), to=("lin",)),), escalate=steps)
    desk.settings = replace(desk.settings, receivers={"oncall": oncall})
    desk.send()
    now = desk.clock.now()
    assert desk.ask("alerts.get", id=1)["escalations"] == [
        {
            "receiver": "oncall",
            "state": "running",
            "step": 0,
            "steps": [{"after": 300.0, "by": ["room"], "to": []}],
            "since": now,
            "next_at": now + 300,
            "muted": "",
        }
    ]
