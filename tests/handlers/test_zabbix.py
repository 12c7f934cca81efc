"""The traps of Zabbix: macros that stay as they are, updates, recoveries, events that nobody will resolve."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from handlers.zabbix import zabbix


def told(sample: str = "firing", **changes: Any) -> Event:
    """Read a sample with other values."""
    [event] = read(zabbix, json.loads(zabbix.samples[sample].body) | changes)
    return event


def test_the_sample_is_read_field_by_field() -> None:
    event = told()
    assert (event.key, event.state, event.severity) == ("4711", State.FIRING, Severity.ERROR)
    assert event.title == "Disk space is critically low on /data (used > 90%) on db-1"
    assert event.text == "Space used: 96.1 GB of 100 GB (96.1 %)\nTwo conditions should match."
    assert event.labels == {
        "alertname": "Disk space is critically low on /data (used > 90%)", "host": "db-1", "ip": "10.0.0.7",
        "trigger": "16203", "scope": "capacity", "team": "db",
    }  # fmt: skip
    assert event.links == {"zabbix": "https://zabbix.example.com/tr_events.php?triggerid=16203&eventid=4711"}
    assert event.started_at == 1_795_222_803.0


def test_the_recovery_carries_the_problem_s_own_id_and_both_times() -> None:
    over = told("resolved")
    assert (over.state, over.fingerprint()) == (State.RESOLVED, told().fingerprint())
    assert (over.started_at, over.ended_at) == (1_795_222_803.0, 1_795_224_003.0)


def test_another_severity_name_host_or_measurement_is_the_same_problem() -> None:
    changed = told(nseverity="5", name="Disk is full", host="db-1.it", opdata="99 %", tags="[]", subject="x")
    assert changed.fingerprint() == told().fingerprint()
    assert changed.severity is Severity.CRITICAL


def test_an_update_still_fires_and_says_who_did_what() -> None:
    event = told("update")
    assert (event.state, event.fingerprint()) == (State.FIRING, told().fingerprint())
    assert event.text.startswith("Li Na acknowledged, commented: I am deleting old backups\n")


def test_a_comment_on_a_problem_that_is_over_does_not_open_it_again() -> None:
    assert told("update", value="0").state is State.RESOLVED


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        ("5", Severity.CRITICAL), ("4", Severity.ERROR), ("3", Severity.ERROR), ("2", Severity.WARNING),
        ("1", Severity.INFO), ("0", Severity.INFO), ("{EVENT.NSEVERITY}", Severity.ERROR), ("", Severity.ERROR),
    ],
)  # fmt: skip
def test_severities_are_zabbix_s_numbers(number: str, meant: Severity) -> None:
    assert told(nseverity=number).severity is meant


@pytest.mark.parametrize("macro", ["{TRIGGER.ID}", "*UNKNOWN*", "", "{$TRIGGER}", "{{TRIGGER.ID}.regsub(a, b)}", None])
def test_a_macro_that_was_not_filled_in_is_missing(macro: Any) -> None:
    event = told(triggerid=macro, zurl=macro, opdata=macro, triggerdesc=macro, tags=macro)
    assert "trigger" not in event.labels
    assert (event.links, event.text) == ({}, "")


def test_a_text_that_only_holds_a_macro_s_name_is_kept() -> None:
    assert told(opdata="{ITEM.VALUE} is not a number").text.startswith("{ITEM.VALUE} is not")


def test_the_action_s_own_message_stands_in_place_of_the_measured() -> None:
    assert told(message="Call the DBA").text == "Call the DBA"


def test_without_a_name_the_subject_s_own_words_are_the_title() -> None:
    assert told(name="{EVENT.NAME}", subject="Problem: Disk: full", host="").title == "Disk: full"
    assert told(name="{EVENT.NAME}", subject="Look: at this", host="").title == "Look: at this"


@pytest.mark.parametrize("sample", ["autoregistration", "test from the media type's page"])
def test_what_zabbix_never_resolves_is_told_once_and_ends_by_itself(sample: str) -> None:
    hook = Hook(source="zabbix", body=zabbix.samples[sample].body, received_at=1_795_222_800.0)
    [event] = zabbix.handle(hook)
    assert (event.state, event.severity, event.fires_until) == (State.FIRING, Severity.INFO, 1_795_226_400.0)
    assert ("test" in event.labels) == sample.startswith("test")


def test_a_discovery_s_id_is_not_taken_for_a_problem_s() -> None:
    assert told("autoregistration", eventid="4711").fingerprint() != told().fingerprint()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"value": "{EVENT.VALUE}"}, "value must be 1 (problem) or 0 (OK), not ''"),
        ({"value": "2"}, "value must be 1 (problem) or 0 (OK), not '2'"),
        ({"eventid": "{EVENT.ID}"}, "eventid is missing or was not filled in"),
        ({"name": "", "subject": "{ALERT.SUBJECT}"}, "neither name nor subject is filled in"),
    ],
)
def test_what_could_mean_either_is_refused_with_what_is_wrong(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        told(**changes)
    assert sentence in str(caught.value)
