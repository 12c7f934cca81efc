"""Healthchecks' webhook integration: the body that docs/sources/healthchecks.md gives to paste.

Who knows a check's UUID can ping it, so it is in no event: a digest of it is the key.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, mapping, member, text_of
from daemon.payload.stamps import instant
from daemon.payload.tags import labels_of
from daemon.payload.words import severity
from daemon.registry import Sample, handler

_FIRING = b"""{"src": "healthchecks", "status": "down", "now": "2026-11-21T01:00:00+00:00",
 "check": {"name": "backup", "slug": "backup", "tags": "db env:it", "desc": "Nightly dump of the shop's database",
  "grace": 3600, "n_pings": 312, "status": "down", "started": false, "last_ping": "2026-11-19T23:00:00+00:00",
  "next_ping": null, "manual_resume": false, "methods": "", "uuid": "7f0c3d52-9b1e-4c55-8a6f-2d1b90e4a7c3",
  "ping_url": "https://hc-ping.com/7f0c3d52-9b1e-4c55-8a6f-2d1b90e4a7c3",
  "update_url": "https://healthchecks.io/api/v3/checks/7f0c3d52-9b1e-4c55-8a6f-2d1b90e4a7c3",
  "pause_url": "https://healthchecks.io/api/v3/checks/7f0c3d52-9b1e-4c55-8a6f-2d1b90e4a7c3/pause",
  "resume_url": "https://healthchecks.io/api/v3/checks/7f0c3d52-9b1e-4c55-8a6f-2d1b90e4a7c3/resume",
  "channels": "", "timeout": 86400},
 "exit": -1, "body": ""}"""
_RESOLVED = (
    _FIRING.replace(b'"down"', b'"up"')
    .replace(b"2026-11-21T01:00:00", b"2026-11-21T01:20:00")
    .replace(b"2026-11-19T23:00:00", b"2026-11-21T01:20:00")
    .replace(b'"n_pings": 312', b'"n_pings": 313')
    .replace(b'"exit": -1, "body": ""', b'"exit": 0, "body": "412 MB"')
)
_FAILED = _FIRING.replace(b'"exit": -1, "body": ""', b'"exit": 1, "body": "pg_dump: error: connection refused"')

_STATES = {"down": State.FIRING, "up": State.RESOLVED}
_NO_EXIT = "-1"  # no ping came, or one without an exit status
_MOST_BODY = 1_000  # characters of a ping's body that are told


@handler(
    "healthchecks",
    hides=("uuid", "ping_url", "update_url", "pause_url", "resume_url"),
    samples={
        "firing": Sample(body=_FIRING),
        "resolved": Sample(body=_RESOLVED),
        "firing, the job failed": Sample(body=_FAILED),
        "resolved, the job failed": Sample(body=_RESOLVED),
    },
)
def healthchecks(hook: Hook) -> Iterator[Event]:
    """A check that is down fires, one that is up is resolved; the key stands for the check's UUID."""
    body = mapping(body_of(hook), "the body")
    check = mapping(member(body, "check"), "check")
    word = text_of(member(body, "status"))
    state = _STATES.get(word)
    if state is None:
        raise HandlerError(f"status must be down or up, not {word[:80]!r}")
    name = text_of(check.get("name")) or text_of(check.get("slug")) or "a check without a name"
    labels = _labels(check, name)
    now = instant(body.get("now"))
    yield Event(
        source=hook.source,
        key=_key(check),
        state=state,
        severity=severity((labels.get("severity"),), Severity.ERROR),
        title=f"{name} is down",
        text=_text(body, check, state),
        labels=labels,
        started_at=now if state is State.FIRING else None,
        ended_at=now if state is State.RESOLVED else None,
    )


def _key(check: dict[str, Any]) -> str:
    """A digest of the UUID; a body made with a read-only key has Healthchecks' own, `unique_key`."""
    if uuid := text_of(check.get("uuid")):
        return "check|" + hashlib.blake2b(uuid.lower().encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    if public := text_of(check.get("unique_key")):
        return f"check|{public}"
    raise HandlerError("check.uuid is missing: nothing tells which check it is")


def _labels(check: dict[str, Any], name: str) -> dict[str, str]:
    """Tags are separated by spaces: `env:it` is a label, `db` a bare tag."""
    split = (tag.partition(":") for tag in text_of(check.get("tags")).split())
    labels = labels_of((key, value) for key, _, value in split)
    own = {"alertname": name, "check": text_of(check.get("slug"))}
    return labels | {label: value for label, value in own.items() if value}


def _text(body: dict[str, Any], check: dict[str, Any], state: State) -> str:
    """Why: the exit status and what the job said last, or how long nothing was heard of it."""
    lines = [text_of(check.get("desc"))]
    code = text_of(body.get("exit"))
    if code not in ("", _NO_EXIT):
        lines.append(f"The job ended with exit status {code}.")
    elif state is State.FIRING:
        last = text_of(check.get("last_ping"))
        lines.append(f"No ping in time; the last one came {last}." if last else "No ping ever came.")
    lines.append(text_of(body.get("body"))[:_MOST_BODY])
    return "\n".join(filter(None, lines))
