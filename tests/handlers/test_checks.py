"""Nagios' and Icinga's notifications, whatever their types and macros are."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.loading import built_in_handlers

NAGIOS = built_in_handlers()["nagios"]
HANDLERS = built_in_handlers()


def one(handler: str = "nagios", **fields: Any) -> Event:
    body = {"type": "PROBLEM", "host": "web-3", "service": "HTTP", "state": "CRITICAL", "output": "no answer"} | fields
    [found] = read(HANDLERS[handler], body)
    return found


@pytest.mark.parametrize(
    ("state", "severity"),
    [
        ("WARNING", Severity.WARNING),
        ("CRITICAL", Severity.CRITICAL),
        ("UNKNOWN", Severity.ERROR),
        ("DOWN", Severity.CRITICAL),
        ("UNREACHABLE", Severity.ERROR),
        ("2", Severity.CRITICAL),
        ("Critical", Severity.CRITICAL),
    ],
)
def test_a_state_tells_how_bad_it_is(state: str, severity: Severity) -> None:
    assert (one(state=state).state, one(state=state).severity) == (State.FIRING, severity)


@pytest.mark.parametrize("state", ["OK", "UP", "0", "Ok"])
def test_ok_and_up_are_over(state: str) -> None:
    found = one(type="RECOVERY", state=state)
    assert found.state is State.RESOLVED
    assert found.fingerprint() == one().fingerprint()


def test_a_recovery_is_one_even_where_the_state_was_not_handed_on() -> None:
    assert one(type="RECOVERY", state="$SERVICESTATE$").state is State.RESOLVED
    with pytest.raises(HandlerError, match="state '' is not one of OK, UP, WARNING"):
        one(state="")


def test_problem_numbers_do_not_name_the_problem() -> None:
    assert one(problem="118", last_problem="97").key == one(problem="0", last_problem="118").key == "web-3!HTTP"
    assert one(service="").key == "web-3"


def test_macros_that_were_not_filled_in_are_left_out() -> None:
    found = one(
        service="$SERVICEDESC$",
        state="DOWN",
        output="$SERVICEOUTPUT$",
        address="$HOSTADDRESS$",
        labels={"team": "$_HOSTTEAM$"},
    )
    assert (found.key, found.title, found.text) == ("web-3", "host web-3 is DOWN", "")
    assert found.labels == {"alertname": "host", "host": "web-3", "state": "DOWN"}
    # A price or a shell variable in the output is no macro.
    assert one(output="$5 and $HOME").text == "$5 and $HOME"
    with pytest.raises(HandlerError, match="host is missing or empty"):
        one(host="$HOSTNAME$")


@pytest.mark.parametrize(
    "kind",
    [
        "FLAPPINGSTOP", "FLAPPINGEND", "FlappingEnd", "FLAPPINGDISABLED", "DOWNTIMEEND", "DOWNTIMECANCELLED",
        "DowntimeRemoved", "CUSTOM",
    ],
)  # fmt: skip
def test_when_a_quiet_time_ends_the_state_tells(kind: str) -> None:
    assert one(type=kind).state is State.FIRING
    assert one(type=kind, state="OK").state is State.RESOLVED


def test_flapping_is_an_alarm_under_the_same_name_whatever_the_state_is() -> None:
    found = one(type="FLAPPINGSTART", state="OK")
    assert (found.state, found.severity, found.title) == (
        State.FIRING, Severity.WARNING, "HTTP on web-3 is flapping (OK)",
    )  # fmt: skip
    assert found.fingerprint() == one().fingerprint()
    assert one(type="FLAPPINGSTART").severity is Severity.CRITICAL


@pytest.mark.parametrize("kind", ["ACKNOWLEDGEMENT", "Acknowledgement", "DOWNTIMESTART", "DowntimeStart"])
def test_an_acknowledgement_or_a_downtime_changes_nothing_while_it_is_not_well(kind: str) -> None:
    with pytest.raises(NothingToTell, match=kind.upper()):
        one(type=kind)
    assert one(type=kind, state="OK").state is State.RESOLVED


def test_a_type_that_nobody_knows_is_refused_and_none_goes_by_the_state() -> None:
    with pytest.raises(HandlerError, match="the notification type 'PARTY' is not known"):
        one(type="PARTY")
    assert one(type="", state="OK").state is State.RESOLVED


def test_the_text_is_what_the_check_said_and_what_somebody_added() -> None:
    found = one(long="first\\nsecond", author="lin", comment="on it")
    assert found.text == "no answer\nfirst\nsecond\nlin: on it"


def test_labels_and_links_of_one_s_own_are_added() -> None:
    found = one(
        "icinga", labels={"team": "db", "service": "other"}, links={"wiki": "https://w.example.com", "bad": "x"}
    )
    assert (found.labels["team"], found.labels["service"]) == ("db", "other")
    assert found.links == {"wiki": "https://w.example.com"}
    assert found.key == "web-3!HTTP"


def test_the_time_is_when_it_began_or_ended() -> None:
    assert one(time="1795222800").started_at == 1_795_222_800.0
    over = one(time="2026-11-21 09:00:00 +0800", state="OK")
    assert (over.started_at, over.ended_at) == (None, 1_795_222_800.0)


def test_a_form_says_the_same() -> None:
    [found] = read(NAGIOS, {"type": "PROBLEM", "host": "web-3", "state": "DOWN"}, form=True)
    assert found.key == "web-3"
    assert json.loads(NAGIOS.samples["firing"].body)["host"] == "web-3"
