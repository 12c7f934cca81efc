"""Sentry: the webhooks of an internal integration, and those of the old project plugin."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import links_of, mapping, member, text_of, those
from daemon.payload.stamps import instant
from daemon.payload.words import severity
from daemon.registry import Sample, handler

_METRIC = b"""{"action": "critical", "installation": {"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"},
 "data": {"description_title": "Critical: 5xx", "description_text": "120 events in the last 10 minutes",
  "web_url": "https://sentry.example.com/organizations/acme/alerts/9/",
  "metric_alert": {"id": "44", "identifier": "9", "title": "5xx", "status": 20, "date_created": "2026-11-21T01:00:00Z",
   "date_started": "2026-11-21T00:58:00Z", "date_detected": "2026-11-21T01:00:00Z", "date_closed": null,
   "projects": ["shop"], "alert_rule": {"id": "7", "name": "5xx", "aggregate": "count()", "query": "level:error",
    "time_window": 10, "environment": "production", "triggers": [{"label": "critical", "alert_threshold": 100}]}}},
 "actor": {"id": "sentry", "name": "Sentry", "type": "application"}}"""
_METRIC_OVER = (
    _METRIC.replace(b'"critical", "inst', b'"resolved", "inst')
    .replace(b"Critical: 5xx", b"Resolved: 5xx")
    .replace(b'"date_closed": null', b'"date_closed": "2026-11-21T01:20:00Z"')
)
_ISSUE_ALERT = b"""{"action": "triggered", "installation": {"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"},
 "data": {"triggered_rule": "page us", "issue_alert": {"title": "page us", "settings": []},
  "event": {"event_id": "e4874d664c3540c1a32eab185f12c5ab", "issue_id": "1170820242", "title": "KeyError: 'x'",
   "culprit": "shop.pay in charge", "level": "error", "platform": "python", "project": 1, "release": "shop@1.4.2",
   "environment": "production", "datetime": "2026-11-21T01:00:00.431000Z", "timestamp": 1795222800.431,
   "tags": [["environment", "production"], ["server_name", "web-3"]],
   "web_url": "https://sentry.example.com/organizations/acme/issues/1170820242/events/e4874d664c3540c1a32eab185f12c5ab/",
   "issue_url": "https://sentry.example.com/api/0/issues/1170820242/"}},
 "actor": {"id": "sentry", "name": "Sentry", "type": "application"}}"""
_ISSUE = b"""{"action": "resolved", "installation": {"uuid": "7a485448-a9e2-4c85-8a3c-4f44175783c9"},
 "data": {"resolution_type": "resolved_in_next_release",
  "issue": {"id": "1170820242", "shortId": "SHOP-1A", "title": "KeyError: 'x'", "culprit": "shop.pay in charge",
   "level": "error", "status": "resolved", "substatus": null, "platform": "python",
   "project": {"id": "1", "name": "Shop", "slug": "shop"}, "count": "17", "userCount": 3,
   "firstSeen": "2026-11-21T01:00:00.431000Z", "lastSeen": "2026-11-21T01:10:00Z",
   "web_url": "https://sentry.example.com/organizations/acme/issues/1170820242/"}},
 "actor": {"type": "user", "id": 789, "name": "Lin"}}"""
_ISSUE_NEW = (
    _ISSUE.replace(b'"action": "resolved"', b'"action": "created"')
    .replace(b'"status": "resolved"', b'"status": "unresolved"')
    .replace(b'"resolution_type": "resolved_in_next_release",', b"")
)
_PLUGIN = b"""{"id": "1170820242", "project": "shop", "project_name": "Shop", "project_slug": "shop", "logger": null,
 "level": "error", "culprit": "shop.pay in charge", "message": "KeyError: 'x'",
 "url": "https://sentry.example.com/organizations/acme/issues/1170820242/?referrer=webhooks_plugin",
 "triggering_rules": ["page us"],
 "event": {"event_id": "e4874d664c3540c1a32eab185f12c5ab", "title": "KeyError: 'x'", "level": "error",
  "tags": [["environment", "production"], ["server_name", "web-3"]], "timestamp": 1795222800.431}}"""

_FIRES = frozenset(("created", "unresolved", "triggered", "critical", "warning", "open"))
_ENDS = frozenset(("resolved", "archived", "ignored"))
_QUIET = frozenset(("assigned",))
_MOST_TAGS = 40


@dataclass(frozen=True, kw_only=True)
class Options:
    """What an issue's own webhooks are for."""

    issues: bool = field(
        default=True,
        metadata={"doc": "each new issue is an alarm; no: only alert rules raise alarms, issues just end them"},
    )


def delivery(hook: Hook) -> str:
    """Sentry gives each request a name, and keeps it when it sends it again."""
    return hook.headers.get("request-id", "")


def _sample(body: bytes, resource: str) -> Sample:
    return Sample(body=body, headers={"sentry-hook-resource": resource, "sentry-hook-timestamp": "1795222800"})


@handler(
    "sentry",
    options=Options,
    delivery=delivery,
    samples={
        "firing": _sample(_METRIC, "metric_alert"),
        "resolved": _sample(_METRIC_OVER, "metric_alert"),
        "firing, an issue alert": _sample(_ISSUE_ALERT, "event_alert"),
        "resolved, an issue alert": _sample(_ISSUE, "issue"),
        "firing, an issue": _sample(_ISSUE_NEW, "issue"),
        "resolved, an issue": _sample(_ISSUE, "issue"),
        "firing, the old plugin": Sample(body=_PLUGIN, headers={"user-agent": "sentry-webhooks/25.11.0"}),
        "resolved, the old plugin": _sample(_ISSUE, "issue"),
    },
)
def sentry(hook: Hook) -> Iterator[Event]:
    """A metric alert is a problem under its incident, everything else under its issue."""
    body = mapping(hook.json(), "the body")
    if "data" not in body and "triggering_rules" in body:
        yield _plugin(hook, body)
        return
    resource = hook.headers.get("sentry-hook-resource") or _guessed(body)
    if resource not in ("metric_alert", "event_alert", "issue"):
        raise NothingToTell(f"Sentry's {resource[:80]!r} is no alarm")
    action, data = text_of(member(body, "action")), mapping(member(body, "data"), "data")
    if action in _QUIET:
        raise NothingToTell(f"{resource} {action!r} neither raises an alarm nor ends one")
    if action not in _FIRES | _ENDS:
        raise HandlerError(f"{resource}: the action {action[:80]!r} is not one of Sentry's")
    state = State.RESOLVED if action in _ENDS else State.FIRING
    if resource == "metric_alert":
        yield _metric(hook, data, action, state)
    elif resource == "event_alert":
        yield _issue_alert(hook, data)
    elif state is State.FIRING and isinstance(hook.options, Options) and not hook.options.issues:
        raise NothingToTell("an issue by itself is no alarm in this source: `issues` is off")
    else:
        yield _issue(hook, data, state)


def _guessed(body: dict[str, Any]) -> str:
    """Name the resource of a body that came without its header, as in a trial."""
    data = mapping(member(body, "data"), "data")
    for sign, resource in (("metric_alert", "metric_alert"), ("event", "event_alert"), ("issue", "issue")):
        if sign in data:
            return resource
    if "installation" in data:
        return "installation"
    raise HandlerError(f"the header Sentry-Hook-Resource is missing, and data does not tell what it is: {those(data)}")


def _metric(hook: Hook, data: dict[str, Any], action: str, state: State) -> Event:
    alert = mapping(member(data, "metric_alert", "data."), "data.metric_alert")
    rule = alert.get("alert_rule")
    rule = rule if isinstance(rule, dict) else {}
    name = text_of(rule.get("name") or alert.get("title"))
    projects = alert.get("projects")
    labels = {
        "alertname": name,
        "project": ",".join(map(text_of, projects[:_MOST_TAGS])) if isinstance(projects, list) else "",
        "environment": text_of(rule.get("environment")),
    }
    return Event(
        source=hook.source,
        key=f"incident|{_named(alert, 'id', 'data.metric_alert.')}",
        state=state,
        severity=Severity.CRITICAL if action == "critical" else severity([action], Severity.WARNING),
        title=text_of(alert.get("title")) or name,
        text="\n".join(filter(None, (text_of(data.get("description_text")), text_of(rule.get("query"))))),
        labels={label: value for label, value in labels.items() if value},
        links=links_of(alert=data.get("web_url")),
        started_at=instant(alert.get("date_started")),
        ended_at=instant(alert.get("date_closed")) if state is State.RESOLVED else None,
    )


def _issue_alert(hook: Hook, data: dict[str, Any]) -> Event:
    """A rule has picked an event: its issue is the problem, and ends when the issue is resolved."""
    event = mapping(member(data, "event", "data."), "data.event")
    return _problem(
        hook,
        _named(event, "issue_id", "data.event."),
        event,
        State.FIRING,
        _tags(event) | {"rule": text_of(data.get("triggered_rule")), "release": text_of(event.get("release"))},
        text=f"rule: {text_of(data.get('triggered_rule'))}",
        issue=event.get("web_url"),
        started_at=instant(event.get("datetime") or event.get("timestamp")),
    )


def _issue(hook: Hook, data: dict[str, Any], state: State) -> Event:
    issue = mapping(member(data, "issue", "data."), "data.issue")
    project = issue.get("project")
    slug = text_of(project.get("slug")) if isinstance(project, dict) else ""
    return _problem(
        hook,
        _named(issue, "id", "data.issue."),
        issue,
        state,
        {"project": slug, "issue": text_of(issue.get("shortId"))},
        text=f"{text_of(issue.get('count'))} events, {text_of(issue.get('userCount'))} users",
        issue=issue.get("web_url") or issue.get("permalink"),
        started_at=instant(issue.get("lastSeen")),
    )


def _plugin(hook: Hook, body: dict[str, Any]) -> Event:
    """The old plugin: a rule has picked an event; it never says that anything is over."""
    event = body.get("event")
    event = event if isinstance(event, dict) else {}
    rules = body.get("triggering_rules")
    rule = ", ".join(map(text_of, rules)) if isinstance(rules, list) else ""
    said = body | {"title": text_of(event.get("title")) or text_of(body.get("message"))}
    return _problem(
        hook,
        _named(body, "id", ""),
        said,
        State.FIRING,
        _tags(event) | {"project": text_of(body.get("project_slug") or body.get("project")), "rule": rule},
        text=f"rule: {rule}",
        issue=body.get("url"),
        started_at=instant(event.get("timestamp")),
    )


def _problem(
    hook: Hook,
    number: str,
    said: dict[str, Any],
    state: State,
    labels: dict[str, str],
    *,
    text: str,
    issue: object,
    started_at: float | None,
) -> Event:
    title = text_of(said.get("title"))
    labels = {"alertname": title, "level": text_of(said.get("level"))} | labels
    return Event(
        source=hook.source,
        key=f"issue|{number}",
        state=state,
        severity=severity([text_of(said.get("level"))]),
        title=title or f"Issue {number}",
        text="\n".join(filter(None, (text_of(said.get("culprit")), text))),
        labels={name: value for name, value in labels.items() if value},
        links=links_of(issue=issue),
        started_at=started_at if state is State.FIRING else None,
    )


def _named(part: dict[str, Any], name: str, where: str) -> str:
    """Take what identifies the problem: without it, all of them would be one."""
    number = text_of(member(part, name, where))
    if not number:
        raise HandlerError(f"{where}{name} is empty, and nothing else tells which problem it is")
    return number


def _tags(event: dict[str, Any]) -> dict[str, str]:
    """Sentry writes tags as pairs."""
    tags = event.get("tags")
    found = {}
    for pair in tags[:_MOST_TAGS] if isinstance(tags, list) else []:
        if isinstance(pair, list) and len(pair) == 2:  # noqa: PLR2004 - a name and a value
            found[text_of(pair[0])] = text_of(pair[1])
    return {name: value for name, value in found.items() if name and value}
