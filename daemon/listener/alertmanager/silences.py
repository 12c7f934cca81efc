"""Silences over this API: asked for, made, changed and ended; an id is the silence's uuid."""

import re
from functools import partial

import msgspec

from daemon.alerting import silencing
from daemon.alerting.silence import State, matchers_of, state
from daemon.alerting.silencing import Wanted
from daemon.errors import NoSilence, SilenceError
from daemon.listener.alertmanager.answers import (
    NO_SUCH_TYPE,
    TOO_FEW,
    UNPROCESSABLE,
    done,
    given,
    missing,
    nowhere,
    refuse,
    sentence,
    whole,
)
from daemon.listener.alertmanager.bodies import LATEST, decoded, moment, stamp
from daemon.listener.alertmanager.parts import ApiParts
from daemon.listener.alertmanager.query import matchers, parameters
from daemon.listener.exchange import Answer, Request
from daemon.matcher import Matcher
from daemon.methods.table import Caller
from daemon.store import silences
from daemon.store.base import Tx
from daemon.store.silences import Silence

AT_ONCE = 500  # silences that are read in one go
_UUID = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_STATES = {"active": 0, "pending": 1, "expired": 2}
_OPERATORS = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}

_encode = msgspec.json.Encoder().encode


class WireMatcher(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One matcher. What must be said and is not is None."""

    name: str | None = None
    value: str | None = None
    is_regex: bool | None = None
    is_equal: bool | None = True


class Postable(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as it stands in a body."""

    id: str | None = None
    matchers: list[WireMatcher | None] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    created_by: str | None = None
    comment: str | None = None
    annotations: dict[str, str | None] | None = None


class Status(msgspec.Struct, frozen=True):
    """Whether it mutes."""

    state: str


class Gettable(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as it is shown."""

    id: str
    status: Status
    updated_at: str
    comment: str
    created_by: str
    ends_at: str
    matchers: list[WireMatcher]
    starts_at: str
    annotations: dict[str, str]


_DECODER = msgspec.json.Decoder(Postable | None)


def post(parts: ApiParts, request: Request, _caller: Caller) -> Answer:
    """Make a silence, or change the one whose id is given."""
    limit = parts.rules().settings.limits.body
    wanted = _wanted(decoded(request, limit, _DECODER, "silence") or Postable())
    now = parts.clock.now()
    try:
        made = parts.store.write(lambda tx: _put(tx, wanted, now))
    except NoSilence:
        return sentence(404, "silence not found")
    except SilenceError as error:
        return sentence(400, f"silence invalid: {error}")
    return given({"silenceID": made.uuid})


def show_all(parts: ApiParts, request: Request, _caller: Caller) -> Answer:
    """List those that are kept: active, pending, expired; each kind by what comes next."""
    asked = matchers(parameters(request.query))
    now = parts.clock.now()
    found: list[tuple[tuple[int, float], bytes]] = []
    last = 0
    while page := parts.store.read(partial(silences.newest, limit=AT_ONCE, before=last)):
        last = page[-1].id
        found += [(_order(one, now), _encode(_shown(one, now))) for one in page if _has(one, asked)]
        parts.clock.breathe()
    found.sort()
    return whole(b"[" + b",".join(encoded for _, encoded in found) + b"]")


def show(parts: ApiParts, name: str) -> Answer:
    """Show one."""
    _refuse_other_than_uuid(name)
    found = parts.store.read(lambda tx: silences.called(tx, name.lower()))
    return nowhere() if found is None else given(_shown(found, parts.clock.now()))


def expire(parts: ApiParts, name: str, caller: Caller) -> Answer:
    """End one now."""
    _refuse_other_than_uuid(name)
    now = parts.clock.now()
    try:
        parts.store.write(
            lambda tx: silencing.expire(tx, silencing.known(tx, name.lower()), now, f"{caller.name}, over the API")
        )
    except NoSilence:
        return nowhere()
    except SilenceError as error:
        return sentence(400, str(error))
    return done()


def _wanted(body: Postable) -> Wanted:
    """Read a body whose form is right; raise Refused for the first thing that it does not say."""
    for name in ("comment", "created_by", "ends_at", "matchers", "starts_at"):
        if getattr(body, name) is None:
            missing(f"{msgspec.structs.fields(Postable)[_PLACES[name]].encode_name} in body is required")
    if not body.matchers:
        refuse(UNPROCESSABLE, "matchers in body should have at least 1 items", code=TOO_FEW)
    return Wanted(
        change=body.id or "",
        matchers=[str(_matcher(one, position)) for position, one in enumerate(body.matchers)],
        starts_at=moment(body.starts_at, "silence"),
        ends_at=moment(body.ends_at, "silence") or 0.0,
        author=body.created_by or "",
        comment=body.comment or "",
        annotations={name: text or "" for name, text in (body.annotations or {}).items()},
    )


_PLACES = {field.name: place for place, field in enumerate(msgspec.structs.fields(Postable))}


def _matcher(wire: WireMatcher | None, position: int) -> Matcher:
    wire = wire or WireMatcher()
    for name, value in (("isRegex", wire.is_regex), ("name", wire.name), ("value", wire.value)):
        if value is None:
            missing(f"matchers.{position}.{name} in body is required")
    operator = _OPERATORS[bool(wire.is_regex), wire.is_equal is not False]
    return Matcher(wire.name or "", operator, wire.value or "")


def _put(tx: Tx, wanted: Wanted, now: float) -> Silence:
    """What this API does not know of a silence stays as it is when that is changed."""
    if wanted.change:
        before = silencing.known(tx, wanted.change.lower())
        wanted = msgspec.structs.replace(
            wanted,
            change=before.uuid,
            kind=before.kind,
            name=before.name,
            during=before.during,
            until_resolved=before.until_resolved,
            ends_at=None if before.ends_at is None and (wanted.ends_at or 0.0) >= LATEST else wanted.ends_at,
        )
    return silencing.put(tx, wanted, now)


def _shown(silence: Silence, now: float) -> Gettable:
    return Gettable(
        id=silence.uuid,
        status=Status(_state(silence, now)),
        updated_at=stamp(silence.updated_at),
        comment=silence.comment or silence.name,
        created_by=silence.author,
        ends_at=stamp(LATEST if silence.ends_at is None else silence.ends_at),
        matchers=[_wire(one) for one in matchers_of(silence)],
        starts_at=stamp(silence.starts_at),
        annotations=silence.annotations,
    )


def _wire(matcher: Matcher) -> WireMatcher:
    operator = matcher.operator
    return WireMatcher(
        name=matcher.name, value=matcher.value, is_regex="~" in operator, is_equal=not operator.startswith("!")
    )


def _state(silence: Silence, now: float) -> str:
    """Alertmanager knows none that recur: outside of its intervals such a one is to come."""
    found = state(silence, now)
    return State.PENDING.value if found is State.RESTING else found.value


def _order(silence: Silence, now: float) -> tuple[int, float]:
    """Active ones by their end, pending ones by their start, expired ones with the last one first."""
    state = _state(silence, now)
    ends_at = LATEST if silence.ends_at is None else silence.ends_at
    return _STATES[state], {"active": ends_at, "pending": silence.starts_at, "expired": -ends_at}[state]


def _has(silence: Silence, asked: tuple[Matcher, ...]) -> bool:
    """Whether each of these is one of its matchers, word for word."""
    return not asked or set(asked) <= set(matchers_of(silence))


def _refuse_other_than_uuid(name: str) -> None:
    if not _UUID.fullmatch(name):
        message = f"silenceID in path must be of type uuid: {name[:100]!r}"
        refuse(UNPROCESSABLE, message, code=NO_SUCH_TYPE)
