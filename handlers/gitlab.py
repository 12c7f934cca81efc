"""GitLab: pipelines, jobs and deployments that fail, incidents, and vulnerabilities."""

import fnmatch
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, links_of, mapping, member, text_of
from daemon.payload.stamps import instant
from daemon.payload.words import severity
from daemon.registry import Sample, handler

_PIPELINE = b"""{"object_kind": "pipeline",
 "object_attributes": {"id": 31, "iid": 3, "name": "nightly", "ref": "main", "tag": false, "source": "push",
  "sha": "bcbb5ec396a2c0f828686f14fac9b80b780504f2", "status": "failed", "detailed_status": "failed",
  "stages": ["build", "test"], "created_at": "2026-11-21 00:55:00 UTC", "finished_at": "2026-11-21 01:00:00 UTC",
  "duration": 300, "url": "https://gitlab.example.com/acme/shop/-/pipelines/31"},
 "merge_request": null, "user": {"id": 1, "name": "Lin", "username": "lin"},
 "project": {"id": 1, "name": "Shop", "web_url": "https://gitlab.example.com/acme/shop",
  "path_with_namespace": "acme/shop", "default_branch": "main"},
 "commit": {"id": "bcbb5ec396a2c0f828686f14fac9b80b780504f2", "title": "Count stock", "message": "Count stock"},
 "builds": [{"id": 380, "stage": "test", "name": "unit", "status": "failed", "allow_failure": false,
   "failure_reason": "script_failure"},
  {"id": 379, "stage": "build", "name": "image", "status": "success", "allow_failure": false}]}"""
_PIPELINE_OVER = (
    _PIPELINE.replace(b'"failed"', b'"success"').replace(b": 31,", b": 32,").replace(b" 01:00:00", b" 01:20:00")
)
_JOB = b"""{"object_kind": "build", "ref": "main", "tag": false, "sha": "95d49d1efbd941908580e79d65e4b5ecaf4a8305",
 "build_id": 1977, "build_name": "unit", "build_stage": "test", "build_status": "failed",
 "build_created_at": "2026-11-21 00:50:00 UTC", "build_started_at": "2026-11-21 00:55:00 UTC",
 "build_finished_at": "2026-11-21 01:00:00 UTC", "build_duration": 300.1, "build_allow_failure": false,
 "build_failure_reason": "script_failure", "retries_count": 0, "pipeline_id": 31, "project_id": 1,
 "project_name": "Acme / Shop", "user": {"id": 1, "name": "Lin", "username": "lin"},
 "repository": {"name": "Shop", "homepage": "https://gitlab.example.com/acme/shop"},
 "project": {"id": 1, "name": "Shop", "web_url": "https://gitlab.example.com/acme/shop",
  "path_with_namespace": "acme/shop", "default_branch": "main"}}"""
_JOB_OVER = _JOB.replace(b'"failed"', b'"success"').replace(b"1977", b"1990").replace(b" 01:00:00", b" 01:20:00")
_DEPLOYMENT = b"""{"object_kind": "deployment", "status": "failed", "status_changed_at": "2026-11-21 09:00:00 +0800",
 "deployment_id": 15, "deployable_id": 796, "deployable_url": "https://gitlab.example.com/acme/shop/-/jobs/796",
 "environment": "production", "environment_tier": "production", "environment_slug": "production",
 "environment_external_url": "https://shop.example.com",
 "project": {"id": 30, "name": "Shop", "web_url": "https://gitlab.example.com/acme/shop",
  "path_with_namespace": "acme/shop", "default_branch": "main"},
 "ref": "main", "short_sha": "279484c0", "user": {"id": 1, "name": "Lin", "username": "lin"},
 "commit_title": "Count stock"}"""
_DEPLOYMENT_OVER = _DEPLOYMENT.replace(b'"failed"', b'"success"').replace(b": 15,", b": 16,")
_INCIDENT = b"""{"object_kind": "issue", "event_type": "incident",
 "project": {"id": 1, "name": "Shop", "web_url": "https://gitlab.example.com/acme/shop",
  "path_with_namespace": "acme/shop", "default_branch": "main"},
 "object_attributes": {"id": 301, "iid": 23, "title": "Checkout is down", "description": "No order for 10 minutes",
  "type": "Incident", "state": "opened", "action": "open", "severity": "high",
  "created_at": "2026-11-21 01:00:00 UTC", "updated_at": "2026-11-21 01:00:00 UTC",
  "url": "https://gitlab.example.com/acme/shop/-/issues/incident/23"}}"""
_INCIDENT_OVER = _INCIDENT.replace(b'"opened"', b'"closed"').replace(b'"open"', b'"close"')
_VULNERABILITY = b"""{"object_kind": "vulnerability",
 "object_attributes": {"url": "https://gitlab.example.com/acme/shop/-/security/vulnerabilities/1",
  "title": "REXML DoS vulnerability", "state": "detected", "project_id": 1, "severity": "high",
  "report_type": "dependency_scanning", "identifiers": [{"name": "CVE-2024-41123", "external_type": "cve"}],
  "location": {"file": "Gemfile.lock", "dependency": {"package": {"name": "rexml"}, "version": "3.3.1"}},
  "created_at": "2026-11-21T01:00:00Z", "updated_at": "2026-11-21T01:00:00Z", "resolved_at": null}}"""
_VULNERABILITY_OVER = _VULNERABILITY.replace(b'"detected"', b'"resolved"')

# Of pipelines, jobs and deployments. None: neither a failure nor the end of one.
_NEITHER = (
    "created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running", "manual", "scheduled",
    "canceling", "canceled", "skipped", "blocked",
)  # fmt: skip
_STATUSES: dict[str, State | None] = {
    **dict.fromkeys(_NEITHER),
    "failed": State.FIRING,
    "success": State.RESOLVED,
}
_STATES = {
    "opened": State.FIRING,
    "reopened": State.FIRING,
    "detected": State.FIRING,
    "confirmed": State.FIRING,
    "closed": State.RESOLVED,
    "resolved": State.RESOLVED,
    "dismissed": State.RESOLVED,
}
_SHOWN = 10  # failed jobs in a text


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which branches and tags matter."""

    branches: tuple[str, ...] = field(
        default=(), metadata={"doc": "only what happens on these, such as main or release/*; without any, on all"}
    )


class _Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says. `key` names the problem within its project."""

    state: State
    key: tuple[str, ...]
    title: str
    text: str = ""
    severity: Severity = Severity.ERROR
    ref: str = ""
    labels: dict[str, str] = {}
    links: dict[str, str] = {}
    when: float | None = None


def delivery(hook: Hook) -> str:
    """GitLab keeps this one when it sends a webhook again."""
    return hook.headers.get("idempotency-key", "")


def _sample(body: bytes, event: str) -> Sample:
    return Sample(body=body, headers={"x-gitlab-event": event, "user-agent": "GitLab/18.5.0"})


@handler(
    "gitlab",
    options=Options,
    delivery=delivery,
    samples={
        "firing": _sample(_PIPELINE, "Pipeline Hook"),
        "resolved": _sample(_PIPELINE_OVER, "Pipeline Hook"),
        "firing, a job": _sample(_JOB, "Job Hook"),
        "resolved, a job": _sample(_JOB_OVER, "Job Hook"),
        "firing, a deployment": _sample(_DEPLOYMENT, "Deployment Hook"),
        "resolved, a deployment": _sample(_DEPLOYMENT_OVER, "Deployment Hook"),
        "firing, an incident": _sample(_INCIDENT, "Issue Hook"),
        "resolved, an incident": _sample(_INCIDENT_OVER, "Issue Hook"),
        "firing, a vulnerability": _sample(_VULNERABILITY, "Vulnerability Hook"),
        "resolved, a vulnerability": _sample(_VULNERABILITY_OVER, "Vulnerability Hook"),
    },
)
def gitlab(hook: Hook) -> Iterator[Event]:
    """What failed fires, the next success of the same thing on the same branch resolves it."""
    body = mapping(body_of(hook), "the body")
    what = text_of(member(body, "object_kind"))
    read = _READS.get(what)
    if read is None:
        raise NothingToTell(f"GitLab's {what[:80]!r} is no alarm")
    said = read(body)
    only = hook.options.branches if isinstance(hook.options, Options) else ()
    if only and said.ref and not any(fnmatch.fnmatchcase(said.ref, one) for one in only):
        raise NothingToTell(f"{said.ref[:200]!r} is not among the source's branches")
    project = _project(body)
    labels = {"project": project, "event": what, "branch": said.ref} | said.labels
    yield Event(
        source=hook.source,
        key="|".join((project, what, *said.key)),
        state=said.state,
        severity=said.severity,
        title=said.title.replace("{project}", project),
        text=said.text,
        labels={name: value for name, value in labels.items() if value},
        links=said.links,
        started_at=said.when if said.state is State.FIRING else None,
        ended_at=said.when if said.state is State.RESOLVED else None,
    )


def _inner(part: dict[str, Any], name: str) -> dict[str, Any]:
    """Take an object that may be missing or null."""
    value = part.get(name)
    return value if isinstance(value, dict) else {}


def _project(body: dict[str, Any]) -> str:
    """Name the project: by its path, which no other has; where it is missing, by name or number."""
    project = _inner(body, "project")
    attributes = _inner(body, "object_attributes")
    names = (project.get("path_with_namespace"), body.get("project_name"), attributes.get("project_id"))
    return next(filter(None, map(text_of, names)), "")


def _status(part: dict[str, Any], name: str) -> State:
    word = text_of(member(part, name))
    if word not in _STATUSES:
        raise HandlerError(f"{name} {word[:80]!r} is not one of GitLab's")
    state = _STATUSES[word]
    if state is None:
        raise NothingToTell(f"{name} {word!r} neither raises an alarm nor ends one")
    return state


def _pipeline(body: dict[str, Any]) -> _Said:
    """A pipeline of a merge request is that request's, not its branch's: it must not close what is open on main."""
    one = mapping(member(body, "object_attributes"), "object_attributes")
    state = _status(one, "status")
    request = _inner(body, "merge_request") if one.get("source") == "merge_request_event" else {}
    number = text_of(request.get("iid"))
    ref = f"!{number}" if number else text_of(one.get("ref"))
    name = text_of(one.get("name"))
    builds = body.get("builds")
    failed = [
        f"{text_of(build.get('stage'))}/{text_of(build.get('name'))}: {text_of(build.get('failure_reason', 'failed'))}"
        for build in (builds if isinstance(builds, list) else [])
        if isinstance(build, dict) and build.get("status") == "failed" and build.get("allow_failure") is not True
    ]
    return _Said(
        state=state,
        key=(ref, text_of(one.get("source")) if one.get("source") == "schedule" else ""),
        title=f"Pipeline{f' {name}' if name else ''} failed on {ref} of {{project}}",
        text="\n".join(failed[:_SHOWN]),
        ref=ref,
        labels={"alertname": "pipeline", "trigger": text_of(one.get("source"))},
        links=links_of(pipeline=one.get("url")),
        when=instant(one.get("finished_at")),
    )


def _job(body: dict[str, Any]) -> _Said:
    state = _status(body, "build_status")
    stage, name, ref = (text_of(body.get(field)) for field in ("build_stage", "build_name", "ref"))
    home = _inner(body, "project").get("web_url") or _inner(body, "repository").get("homepage")
    return _Said(
        state=state,
        key=(ref, stage, name),
        title=f"Job {stage}/{name} failed on {ref} of {{project}}",
        text=text_of(body.get("build_failure_reason")),
        severity=Severity.WARNING if body.get("build_allow_failure") is True else Severity.ERROR,
        ref=ref,
        labels={"alertname": name, "stage": stage},
        links=links_of(job=f"{text_of(home)}/-/jobs/{text_of(body.get('build_id'))}"),
        when=instant(body.get("build_finished_at")),
    )


def _deployment(body: dict[str, Any]) -> _Said:
    state = _status(body, "status")
    environment = text_of(body.get("environment"))
    return _Said(
        state=state,
        key=(environment,),
        title=f"Deployment of {{project}} to {environment} failed",
        text=" ".join(filter(None, (text_of(body.get("short_sha")), text_of(body.get("commit_title"))))),
        labels={"alertname": "deployment", "environment": environment, "ref": text_of(body.get("ref"))},
        links=links_of(job=body.get("deployable_url"), environment=body.get("environment_external_url")),
        when=instant(body.get("status_changed_at")),
    )


def _noted(one: dict[str, Any], number: object, alertname: str) -> _Said:
    """What people or scanners opened, and closed again."""
    word = text_of(member(one, "state", "object_attributes."))
    if word not in _STATES:
        raise HandlerError(f"object_attributes.state {word[:80]!r} is not one of GitLab's")
    return _Said(
        state=_STATES[word],
        key=(text_of(number),),
        title=f"{text_of(one.get('title'))} ({{project}})",
        text=text_of(one.get("description")),
        severity=severity([text_of(one.get("severity"))]),
        labels={"alertname": alertname},
        links=links_of(**{alertname: one.get("url")}),
        when=instant(one.get("updated_at") or one.get("created_at")),
    )


def _issue(body: dict[str, Any]) -> _Said:
    one = mapping(member(body, "object_attributes"), "object_attributes")
    if text_of(body.get("event_type")) != "incident" and text_of(one.get("type")).lower() != "incident":
        raise NothingToTell("an issue that is no incident is no alarm")
    return _noted(one, member(one, "iid", "object_attributes."), "incident")


def _vulnerability(body: dict[str, Any]) -> _Said:
    one = mapping(member(body, "object_attributes"), "object_attributes")
    return _noted(one, member(one, "url", "object_attributes."), "vulnerability")


_READS: dict[str, Callable[[dict[str, Any]], _Said]] = {
    "pipeline": _pipeline,
    "build": _job,
    "deployment": _deployment,
    "issue": _issue,
    "work_item": _issue,
    "vulnerability": _vulnerability,
}
