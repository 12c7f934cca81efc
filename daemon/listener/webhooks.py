"""`POST /webhook/<source>`: from a request to a durable alarm, or to quarantine."""

import logging

import msgspec

from daemon.config.settings import Source
from daemon.errors import HandlerBroken, HandlerError, StoreError
from daemon.hook import Hook
from daemon.listener import credentials
from daemon.listener.bodies import expanded
from daemon.listener.exchange import Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.payload import coding
from daemon.store.quarantine import Kind

PATH = "/webhook/"
DOOR = "webhook"
LONGEST_NAME = 128  # of a source that nobody configured
LONGEST_REASON = 1_000

log = logging.getLogger("tocsin.listener")

_encode = msgspec.json.Encoder().encode
_KINDS = {404: Kind.UNKNOWN_SOURCE, 401: Kind.BAD_CREDENTIALS, 403: Kind.BAD_CREDENTIALS}

_METHOD = refused(
    Refusal(405, "method_not_allowed", "send webhooks with POST"), door=DOOR, headers=(("Allow", "POST"),)
)
_STORE = Refusal(503, "unavailable", "this could not be written to disk; send it again")
_AGAIN = (("Retry-After", "5"),)
_BASIC = (("WWW-Authenticate", 'Basic realm="tocsin"'),)
_BEARER = (("WWW-Authenticate", 'Bearer realm="tocsin"'),)
_CODINGS = (("Accept-Encoding", "gzip, deflate"),)


class Webhooks:
    """The hot path of the HTTP door."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def __call__(self, request: Request) -> Answer:
        """Answer 200 once the alarms are on disk; whatever makes no alarm is kept in quarantine."""
        if request.method != "POST":
            return _METHOD
        try:
            return self._taken(request)
        except StoreError as error:
            log.debug("a webhook was answered 503: %s", error)  # counted; one line each would fill a full disk
            return refused(_STORE, door=DOOR, headers=_AGAIN)

    def _taken(self, request: Request) -> Answer:
        settings = self._parts.settings()
        name = request.path[len(PATH) :].rstrip("/")
        source = settings.sources.get(name)
        plain = expanded(request.body, request.headers.get(coding.HEADER, ""), settings.limits.body)
        hook = self._hook(request, source, name, plain)
        if source is None:
            return self._kept(hook, request, Refusal(404, "unknown_source", f"no source is called {hook.source!r}"))
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
            accepted = self._parts.intake.take(source, hook)
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
        codes = list(dict.fromkeys(one.code for one in accepted if one.code))
        return Answer(body=_encode({"accepted": len(accepted), "alerts": codes}), door=DOOR)

    def _hook(self, request: Request, source: Source | None, name: str, plain: bytes | Refusal) -> Hook:
        """Make what the handler sees. What cannot be expanded stays as it was sent; only that is still called coded."""
        body = request.body if isinstance(plain, Refusal) else plain
        headers = request.headers if body is request.body else coding.without(request.headers)
        return Hook(
            source=source.name if source else name[:LONGEST_NAME],
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


def _bodies(request: Request, hook: Hook) -> tuple[bytes, ...]:
    """The forms that may have been signed: as expanded, and as sent where that is another."""
    return (hook.body,) if hook.body is request.body else (hook.body, request.body)
