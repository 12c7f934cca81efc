"""GitHub: workflows, checks, deployments and statuses that fail, and alerts about vulnerable code."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from daemon.errors import HandlerError
from daemon.event import Event, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, mapping, member, text_of
from daemon.payload.github import guessed, read
from daemon.registry import Sample, handler

_RUN = b"""{"action": "completed",
 "workflow_run": {"id": 30433642, "name": "ci", "workflow_id": 159038, "run_number": 562, "run_attempt": 1,
  "event": "push", "status": "completed", "conclusion": "failure", "head_branch": "main",
  "head_sha": "acb5820ced9479c074f688cc328bf03f341a511d", "path": ".github/workflows/ci.yml",
  "display_title": "Update README.md", "run_started_at": "2026-11-21T00:55:00Z", "updated_at": "2026-11-21T01:00:00Z",
  "html_url": "https://github.com/acme/shop/actions/runs/30433642",
  "head_repository": {"full_name": "acme/shop", "fork": false}},
 "workflow": {"id": 159038, "name": "ci", "path": ".github/workflows/ci.yml"},
 "repository": {"id": 1296269, "full_name": "acme/shop", "default_branch": "main",
  "html_url": "https://github.com/acme/shop"},
 "sender": {"login": "octocat"}}"""
_RUN_OVER = (
    _RUN.replace(b'"failure"', b'"success"').replace(b"30433642", b"30433700").replace(b"T01:00:00Z", b"T01:20:00Z")
)
_CHECK = b"""{"action": "completed",
 "check_run": {"id": 128620228, "name": "octo-linter", "status": "completed", "conclusion": "failure",
  "started_at": "2026-11-21T00:55:00Z", "completed_at": "2026-11-21T01:00:00Z",
  "html_url": "https://github.com/acme/shop/runs/128620228", "details_url": "https://lint.example.com/9",
  "output": {"title": "2 problems", "summary": "unused import"},
  "check_suite": {"id": 118578147, "head_branch": "main"}, "app": {"slug": "octo-lint", "name": "Octo Lint"}},
 "repository": {"id": 1296269, "full_name": "acme/shop", "default_branch": "main"}}"""
_DEPLOYMENT = b"""{"action": "created",
 "deployment_status": {"id": 1, "state": "failure", "environment": "production", "description": "health check failed",
  "target_url": "https://deploy.example.com/77", "created_at": "2026-11-21T01:00:00Z",
  "updated_at": "2026-11-21T01:00:00Z"},
 "deployment": {"id": 77, "ref": "main", "task": "deploy", "environment": "production"},
 "repository": {"id": 1296269, "full_name": "acme/shop", "default_branch": "main"}}"""
_STATUS = b"""{"id": 6805126730, "sha": "acb5820ced9479c074f688cc328bf03f341a511d", "name": "acme/shop",
 "target_url": "https://ci.example.com/7", "context": "ci/build", "description": "The build failed", "state": "failure",
 "branches": [{"name": "main", "protected": true}], "created_at": "2026-11-21T01:00:00+00:00",
 "updated_at": "2026-11-21T01:00:00+00:00", "repository": {"id": 1296269, "full_name": "acme/shop"}}"""
_DEPENDABOT = b"""{"action": "created",
 "alert": {"number": 2, "state": "open", "dependency": {"package": {"ecosystem": "pip", "name": "django"},
   "manifest_path": "requirements.txt", "scope": "runtime"},
  "security_advisory": {"ghsa_id": "GHSA-rf4j-j272-fj86", "cve_id": "CVE-2018-6188", "severity": "high",
   "summary": "Django allows remote attackers to obtain sensitive information", "description": "..."},
  "html_url": "https://github.com/acme/shop/security/dependabot/2", "created_at": "2026-11-21T01:00:00Z",
  "fixed_at": null},
 "repository": {"id": 1296269, "full_name": "acme/shop"}}"""
_SCANNING = b"""{"action": "created",
 "alert": {"number": 10, "state": "open", "created_at": "2026-11-21T01:00:00Z", "fixed_at": null,
  "html_url": "https://github.com/acme/shop/security/code-scanning/10",
  "rule": {"id": "py/sql-injection", "severity": "error", "security_severity_level": "critical",
   "description": "SQL query built from user-controlled sources"},
  "tool": {"name": "CodeQL"}, "most_recent_instance": {"ref": "refs/heads/main",
   "location": {"path": "shop/orders.py", "start_line": 91}}},
 "ref": "refs/heads/main", "repository": {"id": 1296269, "full_name": "acme/shop"}}"""
_SECRET = b"""{"action": "created",
 "alert": {"number": 42, "secret_type": "mailchimp_api_key", "secret_type_display_name": "Mailchimp API Key",
  "state": "open", "resolution": null, "html_url": "https://github.com/acme/shop/security/secret-scanning/42",
  "created_at": "2026-11-21T01:00:00Z"},
 "repository": {"id": 1296269, "full_name": "acme/shop"}}"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """Which branches matter."""

    branches: tuple[str, ...] = field(
        default=(), metadata={"doc": "only what happens on these, such as main or release/*; without any, on all"}
    )


def delivery(hook: Hook) -> str:
    """GitHub keeps a delivery's GUID when it is sent again."""
    return hook.headers.get("x-github-delivery", "")


def _headers(event: str) -> dict[str, str]:
    return {"x-github-event": event}


@handler(
    "github",
    options=Options,
    delivery=delivery,
    samples={
        "firing": Sample(body=_RUN, headers=_headers("workflow_run")),
        "resolved": Sample(body=_RUN_OVER, headers=_headers("workflow_run")),
        "firing, a check": Sample(body=_CHECK, headers=_headers("check_run")),
        "resolved, a check": Sample(
            body=_CHECK.replace(b'"failure"', b'"success"').replace(b"2 problems", b"no problem"),
            headers=_headers("check_run"),
        ),
        "firing, a deployment": Sample(body=_DEPLOYMENT, headers=_headers("deployment_status")),
        "resolved, a deployment": Sample(
            body=_DEPLOYMENT.replace(b'"failure"', b'"success"').replace(b": 77", b": 78"),
            headers=_headers("deployment_status"),
        ),
        "firing, a commit status": Sample(body=_STATUS, headers=_headers("status")),
        "resolved, a commit status": Sample(
            body=_STATUS.replace(b'"failure"', b'"success"').replace(b"acb58", b"bcb58"), headers=_headers("status")
        ),
        "firing, Dependabot": Sample(body=_DEPENDABOT, headers=_headers("dependabot_alert")),
        "resolved, Dependabot": Sample(
            body=_DEPENDABOT.replace(b'"created"', b'"fixed"').replace(b'"open"', b'"fixed"'),
            headers=_headers("dependabot_alert"),
        ),
        "firing, code scanning": Sample(body=_SCANNING, headers=_headers("code_scanning_alert")),
        "resolved, code scanning": Sample(
            body=_SCANNING.replace(b'"created"', b'"fixed"').replace(b'"open"', b'"fixed"'),
            headers=_headers("code_scanning_alert"),
        ),
        "firing, secret scanning": Sample(body=_SECRET, headers=_headers("secret_scanning_alert")),
        "resolved, secret scanning": Sample(
            body=_SECRET.replace(b'"created"', b'"resolved"').replace(b'"open"', b'"resolved"'),
            headers=_headers("secret_scanning_alert"),
        ),
    },
)
def github(hook: Hook) -> Iterator[Event]:
    """What failed fires, the next success of the same thing on the same branch resolves it."""
    body = _body(hook)
    event = hook.headers.get("x-github-event") or guessed(body)
    said = read(event, body, hook.options.branches if isinstance(hook.options, Options) else ())
    repository = mapping(member(body, "repository"), "repository")
    name = text_of(member(repository, "full_name", "repository."))
    labels = {"repository": name, "event": event, "branch": said.branch or ""} | said.labels
    yield Event(
        source=hook.source,
        key="|".join((name, event, *said.key)),
        state=said.state,
        severity=said.severity,
        title=said.title.replace("{repository}", name),
        text=said.text,
        labels={label: value for label, value in labels.items() if value},
        links=said.links,
        started_at=said.when if said.state is State.FIRING else None,
        ended_at=said.when if said.state is State.RESOLVED else None,
    )


def _body(hook: Hook) -> dict[str, Any]:
    """Take the JSON, or the field `payload` of a form, which is GitHub's other content type."""
    body = mapping(body_of(hook), "the body")
    if not isinstance(body.get("payload"), str) or "repository" in body:
        return body
    try:
        return mapping(msgspec.json.decode(body["payload"]), "payload")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise HandlerError(f"payload is not valid JSON: {error}") from error
