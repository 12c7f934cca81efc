"""The traps of Datadog's webhooks."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from handlers.datadog import datadog


def custom(**changes: Any) -> Event:
    """Read the documented payload with other values."""
    [event] = read(datadog, json.loads(datadog.samples["firing"].body) | changes)
    return event


def default(title: str, **changes: Any) -> Event:
    """Read Datadog's default payload with this title."""
    [event] = read(datadog, json.loads(datadog.samples["firing, default payload"].body) | {"title": title} | changes)
    return event


def test_the_documented_payload_is_read_field_by_field() -> None:
    event = custom()
    assert event.key == "8812345678901234567"
    assert (event.state, event.severity) == (State.FIRING, Severity.CRITICAL)
    assert event.title == "Disk almost full"
    assert event.text == "min(last_5m) of disk.free was 4.1\nLess than 5% left on /data. @webhook-tocsin"
    assert event.labels == {
        "alertname": "Disk almost full", "env": "it", "host": "web-7", "team": "db,ops", "tag.monitor": "true",
        "monitor": "51234567", "metric": "system.disk.free", "org": "123456",
    }  # fmt: skip
    assert set(event.links) == {"event", "snapshot"}
    assert event.started_at == 1_795_222_800.0


@pytest.mark.parametrize(
    ("transition", "state"),
    [
        ("Triggered", State.FIRING), ("Re-Triggered", State.FIRING), ("Warn", State.FIRING), ("Re-Warn", State.FIRING),
        ("No Data", State.FIRING), ("Re-No Data", State.FIRING), ("Renotify", State.FIRING),
        ("Recovered", State.RESOLVED),
    ],
)  # fmt: skip
def test_every_transition_is_known(transition: str, state: State) -> None:
    assert custom(transition=transition).state is state
    assert default(f"[{transition} on {{host:a}}] X").state is state


@pytest.mark.parametrize(
    ("priority", "alert_type", "transition", "meant"),
    [
        ("P1", "error", "Triggered", Severity.CRITICAL),
        ("P2", "error", "Triggered", Severity.CRITICAL),
        ("p3", "error", "Triggered", Severity.WARNING),
        ("P4", "error", "Triggered", Severity.INFO),
        ("P5", "error", "Triggered", Severity.INFO),
        ("", "error", "Triggered", Severity.ERROR),
        ("$ALERT_PRIORITY", "warning", "Triggered", Severity.WARNING),
        ("normal", "info", "Triggered", Severity.INFO),
        ("", "", "Triggered", Severity.ERROR),
        ("P1", "warning", "Warn", Severity.WARNING),
        ("", "error", "Re-Warn", Severity.WARNING),
        ("P5", "warning", "Warn", Severity.INFO),
        ("", "error", "No Data", Severity.ERROR),
    ],
)
def test_severity_is_the_priority_or_the_alert_type(
    priority: str, alert_type: str, transition: str, meant: Severity
) -> None:
    got = custom(priority=priority, alert_type=alert_type, transition=transition, title="X", event_title="")
    assert got.severity is meant


def test_a_warning_and_its_escalation_are_one_problem() -> None:
    assert custom(transition="Warn").fingerprint() == custom(transition="Triggered").fingerprint()


@pytest.mark.parametrize("cycle", ["", None, "$ALERT_CYCLE_KEY", " "])
def test_without_a_cycle_monitor_and_group_are_the_identity(cycle: Any) -> None:
    assert custom(cycle=cycle).key == "51234567|host:web-7"
    assert custom(cycle=cycle, scope="host:web-8").key == "51234567|host:web-8"
    assert custom(cycle=cycle, scope="$ALERT_SCOPE", title="[Triggered on {host:web-9}] X").key == "51234567|host:web-9"


def test_a_variable_that_was_not_filled_in_is_missing() -> None:
    event = custom(snapshot="$SNAPSHOT", host="$HOSTNAME", metric="", tags="$TAGS[env]", status="$ALERT_STATUS")
    assert "snapshot" not in event.links
    assert event.labels["host"] == "web-7"  # from the scope
    assert "metric" not in event.labels
    assert event.text == "Less than 5% left on /data. @webhook-tocsin"


def test_a_text_that_only_begins_like_a_variable_is_kept() -> None:
    assert custom(title="$5,000 lost").title == "$5,000 lost"
    assert custom(status="$PATH is wrong").text.startswith("$PATH is wrong")


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        ("env:it,env:it", {"env": "it"}),
        ("team:db,team:ops", {"team": "db,ops"}),
        ("monitor, spaced ", {"tag.monitor": "true", "tag.spaced": "true"}),
        ("url:http://a:1/b", {"url": "http://a:1/b"}),
        (",,:,x:", {}),
        ("", {}),
    ],
)
def test_tags_become_labels(tags: str, labels: dict[str, str]) -> None:
    event = custom(tags=tags, scope="*", host="", metric="", alert_id="", org="", title="X")
    assert event.labels == labels | {"alertname": "X"}


@pytest.mark.parametrize("date", ["1795222800000", 1_795_222_800_000, "1795222800", "2026-11-21T01:00:00Z"])
def test_a_date_is_read_in_milliseconds_and_in_seconds(date: Any) -> None:
    assert custom(date=date).started_at == 1_795_222_800.0


@pytest.mark.parametrize("transition", ["Re-Triggered", "Renotify", "Re-No Data"])
def test_a_reminder_s_date_is_not_the_beginning(transition: str) -> None:
    assert custom(transition=transition).started_at is None


def test_a_recovery_s_date_is_the_end() -> None:
    assert custom(transition="Recovered").ended_at == 1_795_222_800.0


@pytest.mark.parametrize(
    ("fired", "recovered"),
    [
        ("[Triggered] Disk", "[Recovered] Disk"),
        ("[Warn] Disk", "[Recovered] Disk"),
        ("[P1] [Triggered on {host:a}] Disk", "[P1] [Recovered on {host:a}] Disk"),
        ("[No data on {host:a,env:[x]}] Disk [prod]", "[Recovered on {host:a,env:[x]}] Disk [prod]"),
        ("[Re-Triggered on {host:a}] Disk", "[Recovered on {host:a}] Disk"),
    ],
)
def test_the_default_payload_tells_a_recovery_by_its_title_only(fired: str, recovered: str) -> None:
    begun, over = default(fired), default(recovered, id="73", date="1795224000000", event_type="query_alert_monitor")
    assert (begun.state, over.state) == (State.FIRING, State.RESOLVED)
    assert begun.fingerprint() == over.fingerprint()
    assert begun.title == over.title


def test_the_default_payload_keeps_groups_titles_and_organisations_apart() -> None:
    events = [
        default("[Triggered on {host:a}] Disk"), default("[Triggered on {host:b}] Disk"),
        default("[Triggered on {host:a}] Memory"), default("[Triggered on {host:a}] Disk", org={"id": 7, "name": "B"}),
    ]  # fmt: skip
    assert len({event.fingerprint() for event in events}) == len(events)


def test_the_default_payload_s_scope_and_priority_are_used() -> None:
    event = default("[P3] [Triggered on {host:web-7,env:it}] Disk")
    assert event.severity is Severity.WARNING
    assert event.labels["host"] == "web-7"
    assert event.labels["env"] == "it"


def test_a_test_notification_does_not_touch_the_real_problem() -> None:
    real, drill = default("[P1] [Triggered] Disk"), default("[TEST] [P1] [Triggered] Disk")
    assert real.fingerprint() != drill.fingerprint()
    assert drill.labels["test"] == "true"
    assert "test" not in real.labels


def test_the_end_of_a_test_does_not_end_the_real_problem_and_a_test_ends_by_itself() -> None:
    over = custom(title="[TEST] [Recovered on {host:web-7}] Disk almost full", transition="Recovered")
    assert over.fingerprint() != custom().fingerprint()
    begun = custom(title="[TEST] [Triggered on {host:web-7}] Disk almost full")
    assert (begun.fingerprint(), begun.fires_until) == (over.fingerprint(), 3_600.0)
    assert custom().fires_until is None


@pytest.mark.parametrize("title", ["Someone wrote a comment", "[prod] Disk", "[] x", "[Triggered", "[Triggered on {a}"])
def test_a_title_without_a_prefix_is_an_alarm_as_it_stands(title: str) -> None:
    event = default(title)
    assert (event.state, event.title) == (State.FIRING, title)


def test_the_markdown_fence_goes_and_percent_signs_stay() -> None:
    assert default("[Triggered] X", body="%%%\nfull to 95%\n%%%").text == "full to 95%"
    assert default("[Triggered] X", body="full to 95%").text == "full to 95%"


def test_the_default_payload_as_a_form_carries_its_organisation_as_json() -> None:
    fields = {"title": "[Triggered] X", "org": '{"id": "123456", "name": "Example"}', "date": "1795222800000"}
    [event] = read(datadog, fields, form=True)
    assert event.labels["org"] == "123456"
    assert event.fingerprint() == default("[Triggered] X").fingerprint()


def test_json_in_a_request_that_calls_itself_a_form_is_read() -> None:
    [event] = read(datadog, b' {"transition": "Recovered", "alert_id": 5, "title": "X"}', form=True)
    assert (event.state, event.key) == (State.RESOLVED, "5|")


@pytest.mark.parametrize("transition", ["", "Null", "$ALERT_TRANSITION", None])
def test_without_a_transition_title_and_alert_type_tell(transition: Any) -> None:
    assert custom(transition=transition, title="[Recovered] X").state is State.RESOLVED
    assert custom(transition=transition, title="X", alert_type="success").state is State.RESOLVED
    assert custom(transition=transition, title="X", alert_type="error").state is State.FIRING


def test_an_unknown_transition_is_refused_rather_than_guessed() -> None:
    with pytest.raises(HandlerError, match="transition 'Muted' is not one of Datadog's"):
        custom(transition="Muted", title="X")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({}, "neither transition, title nor alert_type is given; there is nothing in it"),
        ({"foo": 1, "bar": 2}, "neither transition, title nor alert_type is given; there are foo, bar"),
        ({"transition": "Triggered"}, "neither cycle, alert_id nor title is given; there are transition"),
        ([{"transition": "Triggered"}], "the body must be an object, not a list"),
        (b'{"logs": $LOGS_SAMPLE}', "the body is not valid JSON"),
    ],
)
def test_what_is_no_alarm_is_refused_with_what_is_there(body: Any, sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        read(datadog, body)
    assert sentence in str(caught.value)
