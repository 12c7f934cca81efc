"""What the methods about silences and maintenance windows share: what is shown of one, and how it is asked for."""

from collections.abc import Callable
from itertools import islice
from typing import TypeVar

import msgspec

from daemon.alerting import until
from daemon.alerting.silence import State, matchers_of, state
from daemon.config import recurring
from daemon.errors import MethodError, NoSilence, SilenceError
from daemon.methods.alerts import AlertLine, alert_line
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Caller
from daemon.payload.stamps import instant
from daemon.store import silences
from daemon.store.base import Tx
from daemon.store.silences import Kind, Silence
from daemon.units import seconds

NAMED = 20  # alerts that a line names
SHOWN = 100  # alerts that a preview shows

T = TypeVar("T")


class SilenceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One silence or maintenance window.

    `hidden` counts the alerts that it kept from somebody, as far as they are still known, `firing` those of them that
    are open; `alerts` names the first of them. `during` are the intervals of a recurring one, in words.
    """

    id: int
    code: str
    uuid: str
    kind: Kind
    name: str
    state: State
    matchers: list[str]
    starts_at: float
    ends_at: float | None
    until_resolved: bool
    during: list[str]
    author: str
    comment: str
    created_at: float
    updated_at: float
    ended_by: str
    hidden: int
    firing: int
    alerts: list[str]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """The open alerts that matchers match: how many, and the oldest of them."""

    count: int
    alerts: list[AlertLine]


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A silence as it is now, and the open alerts that it hides, or will."""

    silence: SilenceLine
    hides: Preview


def line(tx: Tx, silence: Silence, now: float) -> SilenceLine:
    """Take what is shown of one."""
    hidden = silences.hidden_by(tx, silence.id)
    return SilenceLine(
        id=silence.id,
        code=silence.code,
        uuid=silence.uuid,
        kind=silence.kind,
        name=silence.name,
        state=state(silence, now),
        matchers=silence.matchers,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        until_resolved=silence.until_resolved,
        during=_in_words(silence.during),
        author=silence.author,
        comment=silence.comment,
        created_at=silence.created_at,
        updated_at=silence.updated_at,
        ended_by=silence.ended_by,
        hidden=hidden.count,
        firing=hidden.firing,
        alerts=[f"A{one}" for one in silences.hidden_alerts(tx, silence.id, NAMED)] if hidden.count else [],
    )


def made(tx: Tx, silence: Silence, now: float) -> Made:
    """Show one that was made or changed."""
    return Made(silence=line(tx, silence, now), hides=preview(tx, silence))


def preview(tx: Tx, silence: Silence) -> Preview:
    """Find the open alerts that it matches."""
    found = until.matching(tx, matchers_of(silence))
    first = [alert_line(alert) for alert in islice(found, SHOWN)]
    return Preview(count=len(first) + sum(1 for _ in found), alerts=first)


def ends(given: str | float, duration: str, start: float, method: str) -> float | None:
    """Read when it ends: at an instant, or so long after its start; None when neither is said. Raises MethodError."""
    if given != "" and duration:
        raise wrong(f"{method} takes either an end or a duration", "end")
    if duration:
        try:
            return start + seconds(duration)
        except ValueError as error:
            raise wrong(f"{method}: duration: {error}", "duration") from error
    return at(given, "end", method)


def at(given: str | float, field: str, method: str) -> float | None:
    """Read an instant; None when none is given. Raises MethodError."""
    if given == "":
        return None
    found = instant(given)
    if found is None:
        example = "2026-10-01T09:00:00+08:00"
        raise wrong(f"{method}: {field}: {str(given)[:100]!r} is not a time; write for example {example}", field)
    return found


def asked(work: Callable[[Tx], T]) -> Callable[[Tx], T]:
    """Turn what cannot be into an answer."""

    def run(tx: Tx) -> T:
        try:
            return work(tx)
        except NoSilence as error:
            raise MethodError(str(error), code=NOT_FOUND, data={"field": error.field}) from error
        except SilenceError as error:
            code = REFUSED if error.field == "id" else INVALID_PARAMS
            raise MethodError(str(error), code=code, data={"field": error.field}) from error

    return run


def author(given: str, caller: Caller) -> str:
    """Who does it: whoever is named, else whoever asks."""
    return given.strip() or caller.name


def wrong(sentence: str, field: str) -> MethodError:
    """Say what a parameter should be."""
    return MethodError(sentence, code=INVALID_PARAMS, data={"field": field})


def _in_words(during: str) -> list[str]:
    try:
        return [str(one) for one in recurring.read(during)] if during else []
    except ValueError:  # written by another version of tocsin
        return [during]
