"""What GitHub's events say: which of them raise alarms, which end them, and what names the problem."""

import fnmatch
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from daemon.errors import HandlerError, NothingToTell
from daemon.event import Severity, State
from daemon.payload.fields import links_of, mapping, member, text_of
from daemon.payload.stamps import instant
from daemon.payload.words import severity

_ENDS = {
    "failure": State.FIRING,
    "timed_out": State.FIRING,
    "startup_failure": State.FIRING,
    "error": State.FIRING,
    "success": State.RESOLVED,
    # neither a failure nor the end of one: what was open stays so
    "action_required": None,
    "cancelled": None,
    "inactive": None,
    "in_progress": None,
    "neutral": None,
    "pending": None,
    "queued": None,
    "skipped": None,
    "stale": None,
    "waiting": None,
}
_OPENS = frozenset(
    (
        "created",
        "reopened",
        "reopened_by_user",
        "appeared_in_branch",
        "auto_reopened",
        "reintroduced",
        "publicly_leaked",
    )
)
_CLOSES = frozenset(("fixed", "dismissed", "auto_dismissed", "closed_by_user", "resolved"))

_SHOWN = 12  # digits of a commit


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one event says. `{repository}` in the title stands for the repository's full name."""

    state: State
    key: tuple[str, ...]  # within the repository
    title: str
    when: float | None
    text: str = ""
    severity: Severity = Severity.ERROR
    branch: str | None = None  # empty where GitHub does not say which; None of what has none
    labels: dict[str, str] = {}
    links: dict[str, str] = {}


def read(event: str, body: dict[str, Any], only: Sequence[str] = ()) -> Said:
    """Read one event's body; `only` are patterns of the branches that count.

    Raises HandlerError, and NothingToTell where it neither raises nor ends an alarm, or is of another branch.
    """
    reads = _READS.get(event)
    if reads is None:
        raise NothingToTell(f"GitHub's event {event[:80]!r} is no alarm")
    branches = body.get("branches")
    if only and isinstance(branches, list):  # of a commit that is on several, one that counts is taken
        body = body | {
            "branches": [one for one in branches if isinstance(one, dict) and _counts(one.get("name"), only)]
        }
    said = reads(body)
    if only and said.branch is not None and not _counts(said.branch, only):
        raise NothingToTell(f"the branch {said.branch[:200]!r} is not among the source's branches")
    return said


def _counts(branch: object, only: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(text_of(branch), one) for one in only)


def guessed(body: dict[str, Any]) -> str:
    """Name the event of a body that came without its header, as in a trial."""
    for name in ("workflow_run", "check_run", "check_suite", "deployment_status"):
        if name in body:
            return name
    if "zen" in body:
        return "ping"
    if "context" in body and "state" in body:
        return "status"
    alert = body.get("alert")
    if isinstance(alert, dict):
        for sign, name in (
            ("security_advisory", "dependabot_alert"),
            ("rule", "code_scanning_alert"),
            ("secret_type", "secret_scanning_alert"),
        ):
            if sign in alert:
                return name
    raise HandlerError("the header X-GitHub-Event is missing, and the body does not tell what it is")


def _ended(word: str, where: str) -> State:
    if word not in _ENDS:
        raise HandlerError(f"{where} {word[:80]!r} is not one of GitHub's")
    return _either(_ENDS[word], where, word)


def _either(state: State | None, where: str, word: str) -> State:
    if state is None:
        raise NothingToTell(f"{where} {word[:80]!r} neither raises an alarm nor ends one")
    return state


def _part(body: dict[str, Any], name: str) -> dict[str, Any]:
    return mapping(member(body, name), name)


def _inner(part: dict[str, Any], name: str) -> dict[str, Any]:
    """Take an object that may be missing."""
    value = part.get(name)
    return value if isinstance(value, dict) else {}


def _workflow_run(body: dict[str, Any]) -> Said:
    run = _part(body, "workflow_run")
    word = text_of(run.get("conclusion")) or "in_progress"  # requested and in_progress have none yet
    name = text_of(run.get("name") or _inner(body, "workflow").get("name"))
    branch = text_of(run.get("head_branch"))
    # The branch `main` of a fork is another branch: its pull request must neither open nor close ours.
    home = text_of(_inner(run, "head_repository").get("full_name"))
    if home and home != text_of(_inner(body, "repository").get("full_name")):
        branch = f"{home}:{branch}"
    return Said(
        state=_ended(word, "workflow_run.conclusion"),
        key=(text_of(run.get("workflow_id")) or name, branch),
        title=f"{name} failed on {branch} of {{repository}}",
        text=f"Run {text_of(run.get('run_number'))}: {text_of(run.get('display_title'))} ({word})",
        branch=branch,
        labels={"alertname": name, "trigger": text_of(run.get("event"))},
        links=links_of(run=run.get("html_url")),
        when=instant(run.get("updated_at")),
    )


def _check(body: dict[str, Any], name: str, of: dict[str, Any], title: str) -> Said:
    """Of a fork's commit GitHub names no branch: the commit stands for it, so that two of them are not one problem."""
    check = _part(body, name)
    word = text_of(check.get("conclusion")) or "in_progress"
    app = text_of(_inner(check, "app").get("slug"))
    output = _inner(check, "output")
    branch, commit = text_of(of.get("head_branch")), text_of(check.get("head_sha") or of.get("head_sha"))
    return Said(
        state=_ended(word, f"{name}.conclusion"),
        key=(app, title, branch or commit),
        title=f"{title or app} failed on {branch or commit[:_SHOWN]} of {{repository}}",
        text="\n".join(filter(None, (text_of(output.get("title")), text_of(output.get("summary"))))),
        branch=branch,
        labels={"alertname": title or app, "app": app},
        links=links_of(check=check.get("html_url"), details=check.get("details_url")),
        when=instant(check.get("completed_at") or check.get("updated_at")),
    )


def _check_run(body: dict[str, Any]) -> Said:
    check = _part(body, "check_run")
    return _check(body, "check_run", _inner(check, "check_suite"), text_of(check.get("name")))


def _check_suite(body: dict[str, Any]) -> Said:
    return _check(body, "check_suite", _part(body, "check_suite"), "")


def _deployment(body: dict[str, Any]) -> Said:
    status = _part(body, "deployment_status")
    word = text_of(member(status, "state", "deployment_status."))
    deployment = _inner(body, "deployment")
    environment = text_of(status.get("environment") or deployment.get("environment"))
    return Said(
        state=_ended(word, "deployment_status.state"),
        key=(environment, text_of(deployment.get("task"))),
        title=f"Deployment of {{repository}} to {environment} failed",
        text="\n".join(filter(None, (text_of(status.get("description")), f"ref {text_of(deployment.get('ref'))}"))),
        labels={"alertname": "deployment", "environment": environment, "ref": text_of(deployment.get("ref"))},
        links=links_of(log=status.get("log_url"), target=status.get("target_url")),
        when=instant(status.get("updated_at") or status.get("created_at")),
    )


def _status(body: dict[str, Any]) -> Said:
    word = text_of(member(body, "state"))
    branch, commit = _branch(body), text_of(body.get("sha"))
    context = text_of(body.get("context"))
    return Said(
        state=_ended(word, "state"),
        key=(context, branch or commit),
        title=f"{context} failed on {branch or commit[:_SHOWN]} of {{repository}}",
        text=text_of(body.get("description")),
        branch=branch,
        labels={"alertname": context},
        links=links_of(target=body.get("target_url")),
        when=instant(body.get("updated_at")),
    )


def _branch(body: dict[str, Any]) -> str:
    """A commit may be on several branches, in any order: the default one counts before the others."""
    branches = body.get("branches")
    names = (
        [text_of(one.get("name")) for one in branches if isinstance(one, dict)] if isinstance(branches, list) else []
    )
    default = text_of(_inner(body, "repository").get("default_branch"))
    return default if default in names else next(iter(names), "")


def _alert(body: dict[str, Any], title: str, text: str, words: list[str], **labels: str) -> Said:
    alert = _part(body, "alert")
    action = text_of(member(body, "action"))
    opens = State.FIRING if action in _OPENS else None
    state = _either(State.RESOLVED if action in _CLOSES else opens, "action", action)
    ended = alert.get("fixed_at") or alert.get("dismissed_at") or alert.get("resolved_at")
    return Said(
        state=state,
        key=(text_of(member(alert, "number", "alert.")),),
        title=f"{title} in {{repository}}",
        text=text,
        severity=severity(words),
        labels=labels,
        links=links_of(alert=alert.get("html_url")),
        when=instant(ended) if action in _CLOSES else instant(alert.get("updated_at") or alert.get("created_at")),
    )


def _dependabot(body: dict[str, Any]) -> Said:
    alert = _part(body, "alert")
    advisory, dependency = _inner(alert, "security_advisory"), _inner(alert, "dependency")
    package = text_of(_inner(dependency, "package").get("name"))
    numbers = (advisory.get("ghsa_id"), advisory.get("cve_id"), dependency.get("manifest_path"))
    return _alert(
        body,
        f"Vulnerable dependency {package}",
        "\n".join(filter(None, map(text_of, (advisory.get("summary"), *numbers)))),
        [text_of(advisory.get("severity"))],
        alertname="dependabot",
        package=package,
    )


def _code_scanning(body: dict[str, Any]) -> Said:
    alert = _part(body, "alert")
    rule, where = _inner(alert, "rule"), _inner(_inner(alert, "most_recent_instance"), "location")
    return _alert(
        body,
        text_of(rule.get("description") or rule.get("id")),
        f"{text_of(rule.get('id'))} at {text_of(where.get('path'))}:{text_of(where.get('start_line'))}",
        [text_of(rule.get("security_severity_level")), text_of(rule.get("severity"))],
        alertname="code scanning",
        rule=text_of(rule.get("id")),
        tool=text_of(_inner(alert, "tool").get("name")),
    )


def _secret_scanning(body: dict[str, Any]) -> Said:
    alert = _part(body, "alert")
    secret = text_of(alert.get("secret_type_display_name") or alert.get("secret_type"))
    leaked = "It is public." if alert.get("publicly_leaked") is True else ""
    return _alert(body, f"Secret ({secret})", leaked, ["critical"], alertname="secret scanning", secret_type=secret)


_READS: dict[str, Callable[[dict[str, Any]], Said]] = {
    "workflow_run": _workflow_run,
    "check_run": _check_run,
    "check_suite": _check_suite,
    "deployment_status": _deployment,
    "status": _status,
    "dependabot_alert": _dependabot,
    "code_scanning_alert": _code_scanning,
    "secret_scanning_alert": _secret_scanning,
}
