"""The traps of Alertmanager's webhook."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Severity, State
from handlers.alertmanager import alertmanager


def body(**changes: Any) -> dict[str, Any]:
    """The firing sample with other values in its one alert."""
    whole: dict[str, Any] = json.loads(alertmanager.samples["firing"].body)
    whole["alerts"][0] |= changes
    return whole


def test_the_sample_is_read_field_by_field() -> None:
    [event] = read(alertmanager, alertmanager.samples["firing"].body)
    assert event.key == "bafaf1f2a64a6f67"
    assert (event.state, event.severity) == (State.FIRING, Severity.CRITICAL)
    assert event.title == "/ is 97% full on db-1"
    assert event.text == "3 GB are left; at this rate it is full in two hours."
    assert event.labels == {"alertname": "DiskFull", "instance": "db-1:9100", "severity": "critical"}
    assert event.links == {
        "graph": "http://prom.example.com/graph?g0.expr=disk",
        "runbook": "https://wiki.example.com/disk",
        "alertmanager": "http://am.example.com:9093",
    }
    assert event.started_at == pytest.approx(1_795_222_800.123, abs=1e-3)
    assert event.ended_at is None


def test_a_group_mixes_what_fires_and_what_is_over() -> None:
    events = read(alertmanager, alertmanager.samples["mixed"].body)
    assert [event.state for event in events] == [State.FIRING, State.RESOLVED]
    assert events[1].ended_at == 1_795_223_040.0


def test_the_zero_time_and_an_end_in_the_future_are_no_end_while_it_fires() -> None:
    for end in ("0001-01-01T00:00:00Z", "2026-11-21T01:04:15Z"):
        assert read(alertmanager, body(endsAt=end))[0].ended_at is None


def test_alerts_that_max_alerts_cut_off_are_told_of() -> None:
    assert "2 more alerts" in read(alertmanager, alertmanager.samples["mixed"].body)[0].text
    assert "more alerts" not in read(alertmanager, alertmanager.samples["firing"].body)[0].text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("critical", Severity.CRITICAL), ("crit", Severity.CRITICAL), ("page", Severity.CRITICAL),
        ("PAGE", Severity.CRITICAL), ("emergency", Severity.CRITICAL), ("P1", Severity.CRITICAL),
        ("high", Severity.ERROR), ("error", Severity.ERROR), ("major", Severity.ERROR), ("P2", Severity.ERROR),
        ("warn", Severity.WARNING), (" Warning ", Severity.WARNING), ("medium", Severity.WARNING),
        ("none", Severity.INFO), ("info", Severity.INFO), ("low", Severity.INFO),
        ("whatever", Severity.ERROR), ("", Severity.ERROR),
    ],
)  # fmt: skip
def test_severity_labels_are_read_in_everybodys_words(written: str, meant: Severity) -> None:
    [event] = read(alertmanager, body(labels={"alertname": "X", "severity": written}))
    assert event.severity is meant
    assert event.labels["severity"] == written


def test_without_a_severity_it_is_an_error() -> None:
    assert read(alertmanager, body(labels={"alertname": "X"}))[0].severity is Severity.ERROR


def test_without_a_summary_the_title_is_the_alert_s_name() -> None:
    [event] = read(alertmanager, body(annotations={"message": "look"}))
    assert (event.title, event.text) == ("DiskFull", "look")


@pytest.mark.parametrize("annotations", [None, {}])
def test_annotations_may_be_none(annotations: Any) -> None:
    assert read(alertmanager, body(annotations=annotations))[0].title == "DiskFull"


def test_annotations_are_not_identity() -> None:
    one, other = (read(alertmanager, body(annotations={"summary": text}))[0] for text in ("91%", "97%"))
    assert one.fingerprint() == other.fingerprint()


def test_without_a_fingerprint_the_labels_are_the_identity() -> None:
    one, other = (read(alertmanager, body(fingerprint=nothing))[0] for nothing in ("", None))
    assert one.key == other.key == ""
    assert one.fingerprint() == other.fingerprint()
    changed = read(alertmanager, body(fingerprint="", labels={"alertname": "DiskFull", "instance": "db-2:9100"}))[0]
    assert changed.fingerprint() != one.fingerprint()


def test_label_values_that_are_no_texts_become_texts() -> None:
    [event] = read(
        alertmanager, body(labels={"a": 1, "b": 1.5, "c": 3.0, "d": True, "e": None, "f": {"g": [1]}, "h": ""})
    )
    assert event.labels == {"a": "1", "b": "1.5", "c": "3", "d": "true", "f": '{"g":[1]}', "h": ""}


def test_links_that_are_no_addresses_are_left_out() -> None:
    assert "graph" not in read(alertmanager, body(generatorURL="javascript:alert(1)"))[0].links


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"labels": None}, "alerts[0].labels must be an object, not null"),
        ({"labels": ["a"]}, "alerts[0].labels must be an object, not a list"),
        ({"annotations": "text"}, "alerts[0].annotations must be an object, not a text"),
        ({"status": "burning"}, "alerts[0].status must be firing or resolved, not 'burning'"),
        ({"status": None}, "alerts[0].status must be firing or resolved, not ''"),
        ({"status": ["firing"]}, "alerts[0].status must be firing or resolved"),
        ({"fingerprint": "", "labels": {}}, "alerts[0] has neither a fingerprint nor labels"),
    ],
)
def test_a_wrong_shape_is_named_by_its_place(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        read(alertmanager, body(**change))
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("whole", "sentence"),
    [
        ([], "the body must be an object, not a list"),
        ({"alerts": 5}, "alerts must be a list, not a number"),
        ({"alerts": {}}, "alerts must be a list, not an object"),
        ({"alerts": []}, "alerts is empty"),
        ({"alerts": [None]}, "alerts[0] must be an object, not null"),
        ({"alerts": [{"status": "firing"}]}, "alerts[0].labels is missing; there are status"),
        ({"text": "a custom template"}, "alerts is missing; there are text"),
        ({}, "alerts is missing; there is nothing in it"),
    ],
)
def test_a_wrong_body_is_refused_with_what_is_there(whole: Any, sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        read(alertmanager, whole)
    assert sentence in str(caught.value)


def test_a_bad_alert_in_the_middle_refuses_the_whole_body() -> None:
    whole = body()
    whole["alerts"] += [{"status": "resolved"}, whole["alerts"][0]]
    with pytest.raises(HandlerError, match=r"alerts\[1\]\.labels is missing"):
        read(alertmanager, whole)


@pytest.mark.slow
def test_a_hundred_thousand_alerts_are_read_one_by_one() -> None:
    whole = body()
    whole["alerts"] *= 100_000
    from daemon.hook import Hook  # noqa: PLC0415 - only this test holds the request itself

    events = iter(alertmanager.handle(Hook(source="am", body=json.dumps(whole).encode())))
    assert next(events).key == next(events).key  # whoever stops here has not paid for the rest
