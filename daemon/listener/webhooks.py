"""`POST /webhook/<source>`: from a request to a durable alarm, or to quarantine."""

import logging
from functools import partial

import msgspec

from daemon import telemetry
from daemon.aside import beside
from daemon.config.settings import Source
from daemon.errors import HandlerBroken, HandlerError, NothingToTell, OutsideError, StoreError, Untrusted
from daemon.hook import Hook
from daemon.listener import credentials
from daemon.listener.bodies import expanded
from daemon.listener.exchange import WEBHOOKS, Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.payload import coding
from daemon.payload.repeats import Repeats
from daemon.secret import HIDDEN
from daemon.store.quarantine import Kind

DOOR = "webhook"
LONGEST_NAME = 128  # of a source that nobody configured
LONGEST_REASON = 1_000

log = logging.getLogger("tocsin.listener")

_encode = msgspec.json.Encoder().encode
_KINDS = {
    404: Kind.UNKNOWN_SOURCE,
    401: Kind.BAD_CREDENTIALS,
    403: Kind.BAD_CREDENTIALS,
    503: Kind.UNCHECKED,
}

_HIDDEN_STEPS = f"/{HIDDEN}"
_METHOD = refused(
    Refusal(405, "method_not_allowed", "send webhooks with POST"), door=DOOR, headers=(("Allow", "POST"),)
)
_STORE = Refusal(503, "unavailable", "this could not be written to disk; send it again")
_AGAIN = (("Retry-After", "5"),)
_LATER = (("Retry-After", "20"),)
_ALLOW = ("Allow", "POST")
_BASIC = (("WWW-Authenticate", 'Basic realm="tocsin"'),)
_BEARER = (("WWW-Authenticate", 'Bearer realm="tocsin"'),)
_CODINGS = (("Accept-Encoding", coding.TAKEN),)


class Webhooks:
    """The hot path of the HTTP door."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._repeats = Repeats()

    def __call__(self, request: Request) -> Answer:
        """Answer 200 once the alarms are on disk; whatever makes no alarm is kept in quarantine."""
        if request.method == "OPTIONS":
            return self._asked_before(request)
        if request.method != "POST":
            return _METHOD
        try:
            return self._taken(request)
        except StoreError as error:
            log.debug("a webhook was answered 503: %s", error)  # counted; one line each would fill a full disk
            return refused(_STORE, door=DOOR, headers=_AGAIN)

    def _taken(self, request: Request) -> Answer:
        settings = self._parts.settings()
        name = _name(request)
        source = settings.sources.get(name)
        plain = expanded(request.body, request.headers.get(coding.HEADER, ""), settings.limits.body)
        hook = self._hook(request, source, name, plain)
        if source is None:
            more = "; a token goes into the query (?token=…) or a header" if name.endswith(_HIDDEN_STEPS) else ""
            why = f"no source is called {hook.source!r}{more}"
            return self._kept(hook, request, Refusal(404, "unknown_source", why))
        problem = request.refusal or (plain if isinstance(plain, Refusal) else None)
        if problem:
            return self._kept(hook, request, problem)
        shut = credentials.opens(source, hook.headers, hook.query, _bodies(request, hook), hook.received_at)
        if shut is credentials.Problem.STRANGE_PAGE:
            return self._kept(hook, request, Refusal(403, "forbidden", shut.value))
        if shut:
            challenge = _BASIC if source.basic else _BEARER
            return self._kept(hook, request, Refusal(401, "bad_credentials", shut.value), challenge)
        return self._accepted(source, hook, request)

    def _accepted(self, source: Source, hook: Hook, request: Request) -> Answer:
        try:
            return self._admitted(source, hook)
        except Untrusted as error:
            return self._kept(hook, request, Refusal(401, "not_trusted", str(error)))
        except OutsideError as error:
            why = f"this could not be checked now, send it again: {error}"
            return self._kept(hook, request, Refusal(503, "unchecked", why), _LATER)
        except HandlerBroken as error:
            log.exception("a handler broke at a webhook of %s", source.name)
            return self._kept(hook, request, Refusal(500, "handler_broken", str(error)))
        except HandlerError as error:
            return self._kept(hook, request, Refusal(422, "unusable_body", str(error)))
        except StoreError:
            raise
        except Exception as error:  # the listener's loop: an alarm must not be lost to a fault of ours
            log.exception("a webhook of %s failed", source.name)
            reason = f"tocsin failed at this body: {type(error).__name__}"
            return self._kept(hook, request, Refusal(500, "internal", reason))

    def _admitted(self, source: Source, hook: Hook) -> Answer:
        """Take it, once the source's own check is done; a repeat of what was taken is only said to be one."""
        handler, now = source.handler, self._parts.clock.monotonic()
        named = handler.delivery
        delivery = beside(self._parts.aside, hook.body, partial(named, hook)) if named else ""
        if delivery and self._repeats.knows(source.name, delivery, now):
            return _untold(source, "repeat", "this was taken before; nothing is done twice")
        if handler.admit:
            handler.admit(hook, self._parts.outside)
        try:
            answer = self._taken_in(source, hook)
        except NothingToTell as nothing:
            answer = _untold(source, "nothing", str(nothing))
        if delivery:
            self._repeats.note(source.name, delivery, now)
        return answer

    def _taken_in(self, source: Source, hook: Hook) -> Answer:
        accepted = self._parts.intake.take(source, hook)
        codes = list(dict.fromkeys(one.code for one in accepted if one.code))
        return Answer(body=_encode({"accepted": len(accepted), "alerts": codes}), door=DOOR)

    def _asked_before(self, request: Request) -> Answer:
        """Answer a sender that asks before it sends: no alarm is in that, and no credentials are needed for it."""
        source = self._parts.settings().sources.get(_name(request))
        if source is None or source.handler.handshake is None or request.refusal:
            return _METHOD
        said = source.handler.handshake(self._hook(request, source, source.name, request.body))
        if not said:
            return _METHOD
        telemetry.untold.labels(source.name, "handshake").inc()
        return Answer(headers=(_ALLOW, *said.items()), body=b"{}", door=DOOR)

    def _hook(self, request: Request, source: Source | None, name: str, plain: bytes | Refusal) -> Hook:
        """Make what the handler sees. What cannot be expanded stays as it was sent; only that is still called coded."""
        body = request.body if isinstance(plain, Refusal) else plain
        headers = request.headers if body is request.body else coding.without(request.headers)
        return Hook(
            source=source.name if source else name[: LONGEST_NAME + len(_HIDDEN_STEPS)],
            body=body,
            content_type=request.headers.get("content-type", ""),
            headers=headers,
            query=fields_of(request.query) if request.query else {},
            received_at=self._parts.clock.now(),
            remote=request.remote,
            options=source.options if source else None,
        )

    def _kept(
        self, hook: Hook, request: Request, refusal: Refusal, headers: tuple[tuple[str, str], ...] = ()
    ) -> Answer:
        """Put the request into quarantine and say why."""
        broken = refusal.error == "handler_broken"
        kind = Kind.BROKEN_HANDLER if broken else _KINDS.get(refusal.status, Kind.UNUSABLE_BODY)
        reason = refusal.detail[:LONGEST_REASON].encode("utf-8", "replace").decode()
        code = self._parts.intake.refuse(hook, kind, reason, request.remote, unread=request.unread)
        if refusal.status == 415:  # noqa: PLR2004 - Unsupported Media Type
            headers = _CODINGS
        return refused(refusal, door=DOOR, quarantined=code, headers=headers)


def _name(request: Request) -> str:
    """The source that is asked for. What follows it may be a token that somebody took for a part of the address."""
    name, slash, _ = request.path.removeprefix(WEBHOOKS).rstrip("/").partition("/")
    return name[:LONGEST_NAME] + _HIDDEN_STEPS if slash else name


def _untold(source: Source, why: str, detail: str) -> Answer:
    """All is well, and there is no alarm in it: counted, and said to whoever looks at the sender's log."""
    telemetry.untold.labels(source.name, why).inc()
    detail = detail[:LONGEST_REASON].encode("utf-8", "replace").decode()
    return Answer(body=_encode({"accepted": 0, "alerts": [], "detail": detail}), door=DOOR)


def _bodies(request: Request, hook: Hook) -> tuple[bytes, ...]:
    """The forms that may have been signed: as expanded, and as sent where that is another."""
    return (hook.body,) if hook.body is request.body else (hook.body, request.body)
