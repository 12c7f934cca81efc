"""Silences are made, changed and ended here, by Alertmanager's rules (prometheus/alertmanager silence/silence.go).

Everything runs inside the caller's transaction. Nobody need be woken: a group with a muted member looks again at
each of its ticks.
"""

import math
import re

import msgspec

from daemon.config import recurring
from daemon.errors import MatcherError, NoSilence, SilenceError
from daemon.matcher import Matcher, parse
from daemon.store import silences, timers
from daemon.store.base import Tx
from daemon.store.silences import Kind, Silence

MOST_MATCHERS = 100  # an alert has fewer labels, so that one for exactly it can be made
MOST_MATCHED = 150_000  # characters of all matchers: as many as the labels of one alert can take
MOST_TEXT = 2_000  # characters of a comment
MOST_NAME = 100  # characters of an author, or of a window's name
MOST_ANNOTATIONS = 32
LATEST = 253_402_300_799.0  # the end of the year 9999: no calendar goes on behind it
_CODE = re.compile(r"[Ss]?(\d{1,18})", re.ASCII)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A silence as somebody asks for it. Times are seconds since the epoch."""

    change: str = ""  # `S17` or the uuid of the one to change; empty for a new one
    kind: Kind = Kind.SILENCE
    name: str = ""  # of a maintenance window
    matchers: list[str]
    starts_at: float | None = None  # now, or as it was
    ends_at: float | None = None  # only what recurs, or ends with its alerts, may do without
    until_resolved: bool = False
    during: str = ""  # of a recurring one: `daemon.config.recurring` reads it
    author: str
    comment: str = ""
    annotations: dict[str, str] = {}


def put(tx: Tx, wanted: Wanted, now: float) -> Silence:
    """Make a silence or change one; return it as it is now.

    Only its end, its author and what is said about it are changed in place, and the start while that is to come. Any
    other change ends the old one and makes a new one, so that it stays known what was hidden by what. Raises
    SilenceError, and NoSilence when there is none to change.
    """
    before = known(tx, wanted.change) if wanted.change else None
    silence = checked(wanted, before, now)
    if before is not None and _in_place(before, silence, now):
        starts_at = silence.starts_at if before.is_pending(now) else before.starts_at
        silence = msgspec.structs.replace(
            silence, id=before.id, uuid=before.uuid, starts_at=starts_at, created_at=before.created_at
        )
        silences.replace(tx, silence)
    else:
        silence = silences.add(tx, msgspec.structs.replace(silence, starts_at=max(silence.starts_at, now)))
        if before is not None and not before.is_over(now):
            expire(tx, before, now, f"{silence.code}, which {silence.author} put in its place")
    _look_again(tx, silence, now)
    return silence


def expire(tx: Tx, silence: Silence, now: float, by: str) -> Silence:
    """End a silence now; one that has not begun never does. Raises SilenceError when it is over already."""
    if silence.is_over(now):
        raise SilenceError(f"{silence.code} is over already", field="id")
    starts_at = now if silence.is_pending(now) else silence.starts_at
    ended = msgspec.structs.replace(silence, starts_at=starts_at, ends_at=now, updated_at=now, ended_by=by)
    silences.replace(tx, ended)
    _look_again(tx, ended, now)
    return ended


def find(tx: Tx, name: str) -> Silence | None:
    """Find a silence by its code (`S17`), its number or its uuid."""
    code = _CODE.fullmatch(name)
    return silences.get(tx, int(code[1])) if code else silences.called(tx, name)


def known(tx: Tx, name: str) -> Silence:
    """Find it, or raise NoSilence."""
    silence = find(tx, name)
    if silence is None:
        raise NoSilence(f"there is no silence {name!r}; `silences.list` names them", field="id")
    return silence


def checked(wanted: Wanted, before: Silence | None, now: float) -> Silence:
    """Make a silence of what is wanted, still without an id; raise SilenceError with what would be right."""
    matchers = _matchers(wanted.matchers)  # first: whoever mistypes one has usually not come to the end yet
    starts_at, ends_at = _times(wanted, before, now)
    return Silence(
        kind=wanted.kind,
        name=_short(wanted.name, "name", MOST_NAME),
        matchers=matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        until_resolved=wanted.until_resolved,
        during=_during(wanted.during),
        author=_author(wanted.author),
        comment=_short(wanted.comment, "comment", MOST_TEXT),
        annotations=_annotations(wanted.annotations),
        created_at=now,
        updated_at=now,
    )


def _times(wanted: Wanted, before: Silence | None, now: float) -> tuple[float, float | None]:
    earlier = before.starts_at if before is not None and not before.is_over(now) else now
    starts_at = earlier if wanted.starts_at is None else wanted.starts_at
    ends_at = wanted.ends_at
    _possible(starts_at, "start")
    if ends_at is None:
        if not (wanted.until_resolved or wanted.during):
            raise SilenceError(
                "a silence needs an end, unless it recurs or holds until its alerts are resolved: "
                "say a duration such as 2h, or an instant",
                field="end",
            )
        return starts_at, None
    _possible(ends_at, "end")
    if ends_at <= starts_at:
        raise SilenceError("the end must be after the start", field="end")
    if ends_at <= now:
        raise SilenceError("the end is in the past", field="end")
    return starts_at, ends_at


def _possible(instant: float, field: str) -> None:
    if not (math.isfinite(instant) and 0 <= instant <= LATEST):
        raise SilenceError(f"the {field} is no instant of the years 1970 to 9999", field=field)


def _matchers(texts: list[str]) -> list[str]:
    """Write each by itself, in one form. What matches everything is refused: one slip would hide all there is."""
    if (length := sum(map(len, texts))) > MOST_MATCHED:
        raise SilenceError(f"the matchers have {length} characters; at most {MOST_MATCHED} are taken", field="matchers")
    try:
        found = list(dict.fromkeys(matcher for text in texts for matcher in parse(text)))
        written = [_again(matcher) for matcher in found]
    except MatcherError as error:
        raise SilenceError(str(error), field="matchers") from error
    if not found:
        raise SilenceError('a silence needs at least one matcher, such as team="db"', field="matchers")
    if len(found) > MOST_MATCHERS:
        raise SilenceError(f"{len(found)} matchers; at most {MOST_MATCHERS} are taken", field="matchers")
    if all(matcher.matches({}) for matcher in found):
        raise SilenceError(
            "at least one matcher must not match the empty string: these would hide alerts without any such label",
            field="matchers",
        )
    return written


def _again(matcher: Matcher) -> str:
    """Write it so that it reads the same again. Raises MatcherError where that is not possible."""
    text = str(matcher)
    if parse(text) != (matcher,):
        raise MatcherError(f"{text!r} cannot be read again as one matcher")
    return text


def _during(text: str) -> str:
    try:
        return recurring.written(recurring.read(text)) if text else ""
    except ValueError as error:
        raise SilenceError(str(error), field="during") from error


def _author(author: str) -> str:
    if not author.strip():
        raise SilenceError("a silence needs an author: somebody will want to ask why", field="author")
    return _short(author.strip(), "author", MOST_NAME)


def _short(text: str, field: str, most: int, what: str = "") -> str:
    if len(text) > most:
        raise SilenceError(f"the {what or field} has {len(text)} characters; at most {most} are taken", field=field)
    return text


def _annotations(annotations: dict[str, str]) -> dict[str, str]:
    if len(annotations) > MOST_ANNOTATIONS:
        raise SilenceError(f"{len(annotations)} annotations; at most {MOST_ANNOTATIONS} are taken", field="annotations")
    for name, text in annotations.items():
        _short(name, "annotations", MOST_NAME, "name of an annotation")
        _short(text, "annotations", MOST_TEXT, "text of an annotation")
    return annotations


def _in_place(before: Silence, after: Silence, now: float) -> bool:
    """Whether the change leaves alone what it hides and since when."""
    if before.is_over(now) or _what(before) != _what(after):
        return False
    if before.is_pending(now):
        return after.starts_at >= now
    return int(after.starts_at) == int(before.starts_at)  # a client may know it to the second only


def _what(silence: Silence) -> tuple[object, ...]:
    return (silence.kind, silence.name, sorted(silence.matchers), silence.during)


def _look_again(tx: Tx, silence: Silence, now: float) -> None:
    """Whatever is to be said of it, and when, is worked out when the timer goes off, by the settings of then."""
    timers.put(tx, timers.Kind.SILENCE, silence.id, now)
