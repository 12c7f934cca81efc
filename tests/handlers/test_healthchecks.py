"""The traps of Healthchecks' webhooks: above all that who knows a check's UUID can ping it."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.alerting import arrival
from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from handlers.healthchecks import healthchecks

UUID = "7f0c3d52-9b1e-4c55-8a6f-2d1b90e4a7c3"


def told(top: dict[str, Any] | None = None, **check: Any) -> Event:
    """Read the firing sample with other values."""
    body = json.loads(healthchecks.samples["firing"].body)
    body["check"] |= check
    [event] = read(healthchecks, body | (top or {}))
    return event


def test_the_sample_is_read_field_by_field() -> None:
    event = told()
    assert (event.state, event.severity, event.title) == (State.FIRING, Severity.ERROR, "backup is down")
    assert event.text == (
        "Nightly dump of the shop's database\nNo ping in time; the last one came 2026-11-19T23:00:00+00:00."
    )
    assert event.labels == {"alertname": "backup", "check": "backup", "env": "it", "tag.db": "true"}
    assert event.started_at == 1_795_222_800.0


@pytest.mark.parametrize("sample", healthchecks.samples)
def test_nothing_that_could_ping_the_check_is_in_an_event_or_in_what_is_kept_of_the_request(sample: str) -> None:
    raw = healthchecks.samples[sample].body
    assert UUID in raw.decode()
    for shown in (repr(read(healthchecks, raw)), arrival.body(raw, 64_000, healthchecks.hides)):
        assert UUID not in shown
        assert UUID[:8] not in shown


def test_a_job_that_failed_says_how() -> None:
    [event] = read(healthchecks, healthchecks.samples["firing, the job failed"].body)
    assert event.text.endswith("The job ended with exit status 1.\npg_dump: error: connection refused")


def test_another_name_tag_or_exit_status_is_the_same_problem() -> None:
    changed = told({"exit": 3, "body": "x"}, name="dump", slug="dump", tags="", timeout=60, uuid=UUID.upper())
    assert changed.fingerprint() == told().fingerprint()
    assert told(uuid="00000000-9b1e-4c55-8a6f-2d1b90e4a7c3").fingerprint() != told().fingerprint()


def test_a_tag_may_say_how_bad_it_is() -> None:
    assert told(tags="severity:critical").severity is Severity.CRITICAL


def test_a_check_known_by_its_read_only_key_is_one_too() -> None:
    assert told(uuid=None, unique_key="a6c7").key == "check|a6c7"


def test_a_check_that_was_never_pinged_says_so() -> None:
    assert "No ping ever came." in told(last_ping=None, desc="").text


@pytest.mark.parametrize(
    ("top", "check", "sentence"),
    [
        ({"status": "new"}, {}, "status must be down or up, not 'new'"),
        ({"status": "$STATUS"}, {}, "status must be down or up, not '$STATUS'"),
        ({"check": "backup"}, {}, "check must be an object, not a text"),
        ({}, {"uuid": None}, "check.uuid is missing"),
    ],
)
def test_what_is_no_check_is_refused_with_what_is_wrong(
    top: dict[str, Any], check: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(HandlerError) as caught:
        told(top, **check)
    assert sentence in str(caught.value)
