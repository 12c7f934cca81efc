"""`POST /api/<project>/envelope/` and `/store/`: what a Sentry SDK sends is on disk before it has its 200."""

import logging
from collections.abc import Iterable, Mapping
from functools import partial

import msgspec

from daemon import telemetry
from daemon.aside import LARGE
from daemon.config.sentry import Project, Sentry
from daemon.errors import StoreError
from daemon.listener.exchange import Answer, Request, fields_of
from daemon.listener.parts import Parts
from daemon.payload import coding
from daemon.payload.coding import PIECE, CodingError, Why
from daemon.sentry import access
from daemon.sentry.access import Target, Told
from daemon.sentry.envelope import NoEnvelope, first_type, header, text
from daemon.sentry.gate import LONG, URGENT, Gate, Verdict
from daemon.sentry.reading import Unreadable, decoded
from daemon.store.spool import Sent

DOOR = "sentry"
AT_ONCE = 1024**2  # bytes of a body that are expanded on the event loop: a small body may be a bomb
PART = 4  # of the requests in work, one in so many may be of this door: a slow disk here keeps no alarm out
BUSY = 5  # seconds that an SDK is to hold back while too many reports are in work
STORE_WAIT = 30  # seconds that an SDK is to hold back while the disk does not take what it sends
LONGEST = 200

log = logging.getLogger("tocsin.listener")

_encode = msgspec.json.Encoder().encode
_CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "X-Sentry-Error, X-Sentry-Rate-Limits, Retry-After"),
)
_HEADERS = (
    "Content-Type, X-Sentry-Auth, X-Requested-With, Origin, Accept, Authentication, Authorization, Content-Encoding,"
    " Transfer-Encoding, sentry-trace, baggage"
)
_PREFLIGHT = Answer(
    headers=(
        *_CORS,
        ("Access-Control-Allow-Methods", "POST, OPTIONS"),
        ("Access-Control-Allow-Headers", _HEADERS),
        ("Access-Control-Max-Age", "3600"),
    ),
    door=DOOR,
)
_STATUS = {Why.TOO_LARGE: 413, Why.DAMAGED: 400, Why.STRANGE: 415}
_LIMITS = "X-Sentry-Rate-Limits"


class _Refused(Exception):
    """Stops where it is known that a request is not taken."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class SentryDoor:
    """Answers as an SDK understands it: what is refused it drops, what it is asked to hold back it holds back."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts = parts
        self._gate = gate
        self._in_work = 0

    def largest(self, path: str, query: str, headers: Mapping[str, str]) -> int:
        """How large a body this address takes from whoever has these headers; 0 where that is not for us to say."""
        target = access.target(path)
        if target is None:
            return 0
        settings = self._parts.settings().sentry
        keys = access.given(headers, fields_of(query) if query else {})
        return 0 if isinstance(access.opens(settings, target.project, keys), Told) else settings.body

    def __call__(self, request: Request, target: Target) -> Answer:
        """Take a request."""
        if request.method == "OPTIONS":
            return _PREFLIGHT
        if request.method != "POST":
            return _no(405, "send it with POST", ("Allow", "POST, OPTIONS"))
        self._in_work += 1
        try:
            return self._taken(request, target)
        except _Refused as refused:
            return refused.answer
        except (CodingError, NoEnvelope, Unreadable) as error:
            status = _STATUS[error.why] if isinstance(error, CodingError) else 400
            return _no(status, str(error), ("Accept-Encoding", coding.TAKEN))
        finally:
            self._in_work -= 1

    def _taken(self, request: Request, target: Target) -> Answer:
        """From the head inwards: nothing is read of a body for whom the head does not open."""
        settings = self._parts.settings().sentry
        if not settings.projects:
            raise _Refused(_no(404, "nothing is configured to report here; see sentry.projects"))
        keys = access.given(request.headers, fields_of(request.query) if request.query else {})
        if keys or target.is_store:
            _opened(settings, target, keys)
        if request.refusal is not None:
            raise _Refused(_no(request.refusal.status, request.refusal.detail))
        pieces = coding.pieces(request.body, request.headers.get(coding.HEADER, ""))
        beginning = _beginning(pieces)
        told = {} if target.is_store else header(beginning.partition(b"\n")[0])
        if "dsn" in told:
            keys.add(access.dsn(told["dsn"], target.project) or "of another project")
        app, project = _opened(settings, target, keys)
        urgent = target.is_store or first_type(beginning) in URGENT
        if self._in_work > max(1, self._parts.settings().limits.concurrent // PART):
            verdict, why = self._gate.refuse(app, BUSY, urgent=urgent), "too many reports are in work"
        else:
            verdict = self._gate.judge(app, project, len(request.body), urgent=urgent)
            why = "there is too much to work through"
        if not verdict.is_in:
            return _refused(app, verdict, why)
        at_once = AT_ONCE if len(request.body) <= LARGE else 0
        size = self._measured(beginning, pieces, settings.expanded, at_once)
        event_id = self._event_id(request, settings.event, size) if target.is_store else text(told.get("event_id"))
        sent = Sent(
            at=self._parts.clock.now(),
            app=app,
            is_store=target.is_store,
            coding=request.headers.get(coding.HEADER, ""),
            sdk=request.headers.get("user-agent", "")[:LONGEST],
            plain=size,
            body=request.body,
        )
        if not self._gate.has_room(sent):  # others came while this one was measured
            return _refused(app, self._gate.refuse(app, LONG, urgent=urgent), "there is too much to work through")
        return self._put(sent, verdict, event_id)

    def _put(self, sent: Sent, verdict: Verdict, event_id: str) -> Answer:
        try:
            self._gate.put(sent)
        except StoreError as error:
            log.debug("a report was answered 503: %s", error)
            telemetry.sentry_requests.labels(sent.app, "unavailable").inc()
            return _held_back(Verdict(is_in=False, seconds=STORE_WAIT), 503, "this could not be written to disk")
        telemetry.sentry_requests.labels(sent.app, "taken").inc()
        more = ((_LIMITS, verdict.header),) if verdict.header else ()
        said = {"id": event_id[:64]} if event_id else {}
        return Answer(body=_encode(said), headers=(*_CORS, *more), door=DOOR)

    def _measured(self, beginning: bytes, pieces: Iterable[bytes], limit: int, at_once: int) -> int:
        """How large it is, expanded; nothing of it is kept. Raises CodingError."""
        size, rest = len(beginning), iter(pieces)
        while size < min(at_once, limit):
            piece = next(rest, None)
            if piece is None:
                return size
            size += len(piece)
        return self._gate.aside(partial(coding.measured, rest, limit, size))

    def _event_id(self, request: Request, limit: int, size: int) -> str:
        work = partial(_read_id, request.body, request.headers.get(coding.HEADER, ""), limit)
        return self._gate.aside(work) if size > LARGE else work()


def _opened(settings: Sentry, target: Target, keys: set[str]) -> tuple[str, Project]:
    opened = access.opens(settings, target.project, keys)
    if isinstance(opened, Told):
        raise _Refused(_no(opened.status, opened.why))
    return opened


def _read_id(body: bytes, named: str, limit: int) -> str:
    return text(decoded(coding.expanded(body, named, limit), limit).get("event_id"))


def _beginning(pieces: Iterable[bytes]) -> bytes:
    """The first lines, of which one may be cut: the header of an envelope and that of its first item."""
    found = b""
    for piece in pieces:
        found += piece
        if found.count(b"\n") > 1 or len(found) >= PIECE:
            break
    return found


def _no(status: int, why: str, *more: tuple[str, str]) -> Answer:
    """Refuse, in the words that SDKs log."""
    why = "".join(c if c.isascii() and c.isprintable() else "?" for c in why[:LONGEST])
    body = _encode({"detail": why, "causes": []})
    return Answer(status=status, body=body, headers=(*_CORS, ("X-Sentry-Error", why), *more), door=DOOR)


def _refused(app: str, verdict: Verdict, why: str) -> Answer:
    telemetry.sentry_requests.labels(app, "refused").inc()
    return _held_back(verdict, 429, why)


def _held_back(verdict: Verdict, status: int, why: str) -> Answer:
    return _no(status, why, ("Retry-After", str(verdict.seconds)), (_LIMITS, verdict.header))
