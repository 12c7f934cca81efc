"""Events (`_e`) and service checks (`_sc`) of DogStatsD, as events of the alarm path."""

import re

import msgspec

from daemon.event import Event, Severity, State
from daemon.intakes.statsd.grammar import Reason, Refused, tags

SOURCE = "statsd"
EVENT, CHECK = b"_e{", b"_sc|"
LONGEST = 16_384  # bytes of such a line; clients send half of that at most

_HEAD = re.compile(rb"_e\{(\d{1,5}),(\d{1,5})\}:")
_TYPES = {
    b"error": (State.FIRING, Severity.ERROR),
    b"warning": (State.FIRING, Severity.WARNING),
    b"info": (State.FIRING, Severity.INFO),
    b"success": (State.RESOLVED, Severity.INFO),
}
_STATUS = {
    b"0": (State.RESOLVED, Severity.INFO, "ok"),
    b"1": (State.FIRING, Severity.WARNING, "warning"),
    b"2": (State.FIRING, Severity.CRITICAL, "critical"),
    b"3": (State.FIRING, Severity.WARNING, "unknown"),
}


class Told(msgspec.Struct, frozen=True):
    """An event, and what is the same in another that says nothing new."""

    event: Event
    same: object


def read(line: bytes, now: float, lasts: float) -> Told:
    """Read either of them; an event is over by itself after `lasts` seconds. Raises Refused."""
    if len(line) > LONGEST:
        raise Refused(Reason.LONG)
    return _event(line, now, lasts) if line.startswith(EVENT) else _check(line)


def _event(line: bytes, now: float, lasts: float) -> Told:
    """`_e{title bytes,text bytes}:title|text|sections`: the title may have a bar in it."""
    head = _HEAD.match(line)
    if head is None:
        raise Refused(Reason.EVENT)
    middle = head.end() + int(head[1])
    end = middle + 1 + int(head[2])
    if line[middle : middle + 1] != b"|" or len(line) < end or line[end : end + 1] not in {b"", b"|"}:
        raise Refused(Reason.EVENT)
    title, text = _text(line[head.end() : middle]), _text(line[middle + 1 : end])
    if not title.strip():
        raise Refused(Reason.EVENT)
    said = _sections(line[end + 1 :].split(b"|"))
    state, severity = _TYPES.get(said.get(b"t", b"info"), (None, None))
    if state is None or severity is None:
        raise Refused(Reason.EVENT)
    labels, at = _labels(said), _time(said, Reason.EVENT)
    named, host = _text(said.get(b"k", b"")), labels.get("host", "")
    labels |= {name: _text(said[one]) for one, name in ((b"s", "source_type"), (b"p", "priority")) if said.get(one)}
    is_over = state is State.RESOLVED
    event = Event(
        source=SOURCE,
        key=f"event|{named}" if named else f"event|{host}|{title}",
        state=state,
        severity=severity,
        title=title,
        text=text,
        labels=labels,
        started_at=None if is_over else at,
        ended_at=at if is_over else None,
        fires_until=None if is_over else now + lasts,
    )
    return Told(event, (state, severity, title, text))


def _check(line: bytes) -> Told:
    """`_sc|name|status|sections|m:message`: the message stands last, and may have bars in it."""
    before, _, message = line.partition(b"|m:")
    parts = before.split(b"|")
    if len(parts) < 3 or parts[2] not in _STATUS:  # noqa: PLR2004 - the sign, the name, the status
        raise Refused(Reason.CHECK)
    name = _text(parts[1]).strip()
    if not name:
        raise Refused(Reason.CHECK)
    state, severity, word = _STATUS[parts[2]]
    said = _sections(parts[3:])
    labels, at = _labels(said), _time(said, Reason.CHECK)
    host = labels.get("host", "")
    is_over = state is State.RESOLVED
    event = Event(
        source=SOURCE,
        key="|".join(("check", name, *(f"{one}={labels[one]}" for one in sorted(labels)))),
        state=state,
        severity=severity,
        title=f"{name} is {word}" + (f" on {host}" if host else ""),
        text=_text(message.replace(b"m\\:", b"m:")),
        labels=labels | {"check": name},
        started_at=None if is_over else at,
        ended_at=at if is_over else None,
    )
    return Told(event, word)


def _sections(parts: list[bytes]) -> dict[bytes, bytes]:
    """What stands behind the letter of each section; those that nobody knows are there, too."""
    found: dict[bytes, bytes] = {}
    for part in parts:
        if part.startswith(b"#"):
            found[b"#"] = part[1:]
        else:
            letter, _, rest = part.partition(b":")
            found[letter] = rest
    return found


def _labels(said: dict[bytes, bytes]) -> dict[str, str]:
    """The tags, and the host as one of them."""
    labels = {name.strip(): value for name, value in tags(said.get(b"#", b"")) if name.strip() and value}
    if host := said.get(b"h"):
        labels["host"] = host.decode("utf-8", "replace")
    return labels


def _time(said: dict[bytes, bytes], reason: Reason) -> float | None:
    """When it was; impossible ones are dropped where events are cleaned."""
    digits = said.get(b"d", b"")
    if not digits:
        return None
    if not digits.isdigit() or len(digits) > 12:  # noqa: PLR2004 - 30,000 years
        raise Refused(reason)
    return float(digits)


def _text(raw: bytes) -> str:
    """Line breaks travel as a backslash and an n."""
    return raw.decode("utf-8", "replace").replace("\\n", "\n")
