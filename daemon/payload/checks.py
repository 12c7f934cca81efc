"""Notifications of Nagios, Icinga and their kin: what `tocsinctl send --type …` hands on, as an event."""

import re
from typing import Any

from daemon.errors import HandlerError, NothingToTell
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.fields import body_of, links_of, mapping, text_of, texts, those
from daemon.payload.stamps import instant

# What a host's or service's state means. None: over.
_STATES = {
    "OK": None,
    "UP": None,
    "WARNING": Severity.WARNING,
    "CRITICAL": Severity.CRITICAL,
    "UNKNOWN": Severity.ERROR,
    "DOWN": Severity.CRITICAL,
    "UNREACHABLE": Severity.ERROR,
}
# Notifications that begin or end a time in which the monitor itself keeps quiet. What came about meanwhile is told by
# the state that stands in them, and by nothing else.
_BY_STATE = frozenset(
    (
        "PROBLEM", "CUSTOM", "FLAPPINGSTOP", "FLAPPINGEND", "FLAPPINGDISABLED", "DOWNTIMEEND", "DOWNTIMECANCELLED",
        "DOWNTIMEREMOVED", "",
    )
)  # fmt: skip
_QUIET = frozenset(("ACKNOWLEDGEMENT", "DOWNTIMESTART"))
_MACRO = re.compile(r"\$[A-Za-z_][^$\s]*\$")  # one that the monitor did not fill in
_NAMES = {"0": "OK", "1": "WARNING", "2": "CRITICAL", "3": "UNKNOWN"}  # a plugin's exit code


def notified(hook: Hook) -> Event:
    """Read one notification. Raises HandlerError, and NothingToTell for what changes nothing.

    Fields: `host`, `service` (none: the host itself), `type`, `state`, `output`, `long`, `time`, `address`, `author`,
    `comment`, `state_type`, `problem`, `last_problem`, and `labels` and `links` of one's own.
    """
    body = mapping(body_of(hook), "the body")
    said = {name: _given(value) for name, value in body.items() if name not in ("labels", "links")}
    host, service = said.get("host", ""), said.get("service", "")
    if not host:
        raise HandlerError(f"host is missing or empty; {those(body)}")
    word = _word(said)
    flaps = said.get("type", "").upper() == "FLAPPINGSTART"
    severity = _STATES[word]
    state = _state(said, severity, flaps=flaps)
    name = f"{service} on {host}" if service else f"host {host}"
    when = instant(said.get("time"))
    return Event(
        source=hook.source,
        key=f"{host}!{service}" if service else host,
        state=state,
        severity=severity or Severity.WARNING,
        title=f"{name} is flapping ({word})" if flaps else f"{name} is {word}",
        text=_text(said),
        labels=_labels(said, word) | _own(body, "labels"),
        links=links_of(**_own(body, "links")),
        started_at=when if state is State.FIRING else None,
        ended_at=when if state is State.RESOLVED else None,
    )


def _given(value: object) -> str:
    """Take a field's text; a macro that stayed as it is (`$SERVICEDESC$` of a host's notification) is none."""
    text = text_of(value).strip()
    return "" if _MACRO.fullmatch(text) else text


def _word(said: dict[str, str]) -> str:
    """The state's own word; a recovery is over whatever the state says, for some forget to hand it on."""
    word = said.get("state", "").upper()
    word = _NAMES.get(word, word)
    if said.get("type", "").upper() == "RECOVERY":
        return word if word in ("OK", "UP") else "OK"
    if word not in _STATES:
        known = ", ".join(_STATES)
        raise HandlerError(f"state {word[:80]!r} is not one of {known}")
    return word


def _state(said: dict[str, str], severity: Severity | None, *, flaps: bool) -> State:
    kind = said.get("type", "").upper()
    if flaps:
        return State.FIRING
    if kind not in _BY_STATE | _QUIET | {"RECOVERY"}:
        raise HandlerError(f"the notification type {kind[:80]!r} is not known")
    if severity is None:
        return State.RESOLVED
    if kind in _QUIET:
        raise NothingToTell(f"{kind} raises no alarm and ends none")
    return State.FIRING


def _text(said: dict[str, str]) -> str:
    r"""What the check said, then what a person added. Nagios writes line breaks of the long output as `\n`."""
    comment = said.get("comment", "")
    author = said.get("author", "")
    lines = (
        said.get("output", ""),
        said.get("long", "").replace("\\n", "\n"),
        f"{author}: {comment}" if author and comment else comment,
    )
    return "\n".join(filter(None, lines))


def _labels(said: dict[str, str], word: str) -> dict[str, str]:
    service = said.get("service", "")
    found = {
        "alertname": service or "host",
        "host": said["host"],
        "service": service,
        "state": word,
        "address": said.get("address", ""),
    }
    return {name: value for name, value in found.items() if value}


def _own(body: dict[str, Any], name: str) -> dict[str, str]:
    """Labels or links of one's own; macros that were not filled in are left out."""
    found = texts(body.get(name) or {}, name)
    return {key: text for key, value in found.items() if (text := _given(value))}
