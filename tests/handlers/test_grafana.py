"""The traps of Grafana's unified alerting."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Severity, State
from handlers.grafana import grafana


def body(top: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """The firing sample with other values in its one alert."""
    whole: dict[str, Any] = json.loads(grafana.samples["firing"].body)
    whole["alerts"][0] |= changes
    return whole | (top or {})


def test_the_sample_is_read_field_by_field() -> None:
    [event] = read(grafana, grafana.samples["firing"].body)
    assert event.key == "1|57c6d9296de2ad39"
    assert (event.state, event.severity) == (State.FIRING, Severity.WARNING)
    assert event.title == "CPU of web-3 is at 95%"
    assert event.text == "B = 95.1, C = 1"
    assert set(event.links) == {"rule", "silence", "dashboard", "panel", "image", "grafana"}


def test_a_time_with_an_offset_is_that_instant() -> None:
    [event] = read(grafana, grafana.samples["resolved"].body)
    assert (event.started_at, event.ended_at) == (1_795_222_800.0, 1_795_224_000.0)


def test_grafana_s_own_labels_and_annotations_are_stripped() -> None:
    [event] = read(grafana, body(labels={"__a__": "x", "__b": "kept", "host": "h"}, annotations={"__summary__": "no"}))
    assert event.labels == {"__b": "kept", "host": "h"}
    assert event.title == ""


def test_two_organisations_do_not_share_a_problem() -> None:
    one, other = (read(grafana, body(orgId=number))[0].fingerprint() for number in (1, 2))
    assert one != other


def test_the_organisation_of_the_body_counts_where_the_alert_has_none() -> None:
    whole = body({"orgId": 7})
    del whole["alerts"][0]["orgId"]
    assert read(grafana, whole)[0].key == "7|57c6d9296de2ad39"


def test_the_alert_s_own_status_counts_not_the_group_s() -> None:
    [event] = read(grafana, body({"status": "resolved", "state": "ok"}, status="firing"))
    assert event.state is State.FIRING


def test_a_rule_without_data_is_named_instead_of_its_empty_summary() -> None:
    [event] = read(grafana, grafana.samples["no data"].body)
    assert event.title == "No data: CPU"
    assert event.text == ""


def test_a_failed_query_says_why() -> None:
    labels = {"alertname": "DatasourceError", "rulename": "CPU", "severity": "critical"}
    [event] = read(
        grafana, body(labels=labels, annotations={"Error": "connection refused"}, values=None, valueString="")
    )
    assert (event.title, event.text, event.severity) == ("Query failed: CPU", "connection refused", Severity.CRITICAL)


@pytest.mark.parametrize("values", [None, {}, 5, []])
def test_without_values_the_value_string_is_shown(values: Any) -> None:
    assert read(grafana, body(values=values))[0].text.startswith("[ var='B'")


def test_a_value_that_is_not_a_number_is_shown_as_nothing() -> None:
    assert read(grafana, body(values={"A": None, "B": 2.0}))[0].text == "A = , B = 2"


def test_empty_addresses_are_no_links() -> None:
    assert "dashboard" not in read(grafana, body(dashboardURL="", panelURL=None))[0].links


def test_a_contact_point_s_test_is_marked_and_ends_by_itself() -> None:
    """Grafana never resolves it: it would be open, and repeated, for ever."""
    [drill] = read(grafana, grafana.samples["test of the contact point"].body)
    assert (drill.title, drill.labels["test"], drill.fires_until) == ("Notification test", "true", 3_600.0)
    [real] = read(grafana, body(labels={"alertname": "TestAlert", "instance": "db-1"}))
    assert (real.fires_until, real.labels.get("test")) == (None, None)


def test_annotations_are_kept_as_they_are_but_grafana_s_own() -> None:
    [event] = read(grafana, grafana.samples["firing"].body)
    assert event.annotations == {"summary": "CPU of web-3 is at 95%"}


def test_what_the_contact_point_cut_off_is_told_of() -> None:
    assert "12 more alerts" in read(grafana, body({"truncatedAlerts": 12}))[0].text


def test_the_body_of_legacy_alerting_is_refused_with_what_is_there() -> None:
    with pytest.raises(HandlerError, match="alerts is missing; there are ruleId, state, evalMatches"):
        read(grafana, {"ruleId": 1, "state": "alerting", "evalMatches": []})
