"""Sentry: incidents and issues, whoever tells of them."""

import json
from typing import Any

import pytest

from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from handlers.sentry import Options

SENTRY = built_in_handlers()["sentry"]


def sample(name: str, **fields: Any) -> dict[str, Any]:
    return dict(json.loads(SENTRY.samples[name].body)) | fields


def one(body: dict[str, Any], resource: str = "", **options: Any) -> Event:
    headers = {"sentry-hook-resource": resource} if resource else {}
    hook = Hook(source="sentry", body=json.dumps(body).encode(), headers=headers, options=Options(**options))
    [found] = SENTRY.handle(hook)
    return found


def test_rule_plugin_and_issue_speak_of_one_problem_which_the_issue_ends() -> None:
    names = ("firing, an issue alert", "firing, the old plugin", "firing, an issue", "resolved, an issue")
    found = [one(sample(name)) for name in names]
    assert {event.key for event in found} == {"issue|1170820242"}
    assert [event.state for event in found] == [State.FIRING] * 3 + [State.RESOLVED]
    assert [event.title for event in found] == ["KeyError: 'x'"] * 4


@pytest.mark.parametrize("action", ["resolved", "archived", "ignored"])
def test_an_issue_ends_in_three_ways(action: str) -> None:
    assert one(sample("firing, an issue", action=action)).state is State.RESOLVED


def test_with_issues_off_only_rules_raise_alarms_and_issues_end_them() -> None:
    for action in ("created", "unresolved"):
        with pytest.raises(NothingToTell, match="`issues` is off"):
            one(sample("firing, an issue", action=action), issues=False)
    assert one(sample("resolved, an issue"), issues=False).state is State.RESOLVED
    assert one(sample("firing, an issue alert"), issues=False).state is State.FIRING


@pytest.mark.parametrize(("action", "severity"), [("critical", Severity.CRITICAL), ("warning", Severity.WARNING)])
def test_a_metric_alert_is_as_bad_as_its_action(action: str, severity: Severity) -> None:
    assert one(sample("firing", action=action)).severity is severity
    assert one(sample("firing", action=action)).key == one(sample("resolved")).key == "incident|44"


@pytest.mark.parametrize(("level", "severity"), [("fatal", Severity.CRITICAL), ("info", Severity.INFO)])
def test_an_issue_is_as_bad_as_its_level(level: str, severity: Severity) -> None:
    body = sample("firing, an issue")
    body["data"]["issue"]["level"] = level
    assert one(body).severity is severity


@pytest.mark.parametrize("resource", ["installation", "comment", "error"])
def test_other_resources_are_no_alarms(resource: str) -> None:
    with pytest.raises(NothingToTell, match=f"'{resource}' is no alarm"):
        one({"action": "created", "data": {"installation": {}}}, resource)


def test_an_installation_without_its_header_is_recognised_and_anything_else_refused() -> None:
    with pytest.raises(NothingToTell):
        one({"action": "created", "data": {"installation": {}}})
    with pytest.raises(HandlerError, match="the header Sentry-Hook-Resource is missing"):
        one({"action": "created", "data": {"news": {}}})


def test_an_assignment_changes_nothing_and_an_unknown_action_is_refused() -> None:
    with pytest.raises(NothingToTell):
        one(sample("firing, an issue", action="assigned"))
    with pytest.raises(HandlerError, match="the action 'exploded' is not one of Sentry's"):
        one(sample("firing, an issue", action="exploded"))


def test_what_names_no_issue_is_refused_for_all_would_be_one() -> None:
    with pytest.raises(HandlerError, match="id is empty"):
        one(sample("firing, the old plugin", id=""))


def test_tags_become_labels() -> None:
    labels = one(sample("firing, an issue alert")).labels
    assert (labels["environment"], labels["server_name"], labels["rule"]) == ("production", "web-3", "page us")
