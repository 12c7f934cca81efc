"""`POST /ping/<key>`: what calls in itself says that it began, how it went, or something to keep."""

import hashlib
import logging
import secrets

from daemon.config.settings import Settings
from daemon.errors import StoreError
from daemon.listener.bodies import expanded
from daemon.listener.exchange import PING, Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.payload import coding
from daemon.reading import Ear, Sign, SignKind

DOOR = "ping"
KEPT = 10 * 1024  # bytes of a body: its end
LONGEST_RUN = 64  # characters of a run's name
_WORDS = {"": SignKind.SUCCESS, "start": SignKind.START, "fail": SignKind.FAIL, "log": SignKind.LOG}
_MOST = 255  # the largest exit code
_TOO_LARGE = 413
_READING = {"GET", "HEAD"}

log = logging.getLogger("tocsin.listener")

_UNKNOWN = refused(Refusal(404, "not_found", "nobody calls in here"), door=DOOR)
_METHOD = refused(
    Refusal(
        405,
        "method_not_allowed",
        "call with POST: programs that preview links send GET; `get: true` at the heartbeat takes that as well",
    ),
    door=DOOR,
    headers=(("Allow", "POST"),),
)
_WORD = refused(
    Refusal(404, "not_found", f"what may follow the key: nothing, start, fail, log, or an exit code from 0 to {_MOST}"),
    door=DOOR,
)
_STORE = refused(
    Refusal(503, "unavailable", "this could not be written to disk; send it again"),
    door=DOOR,
    headers=(("Retry-After", "5"),),
)


class Pings:
    """Answers 200 once the call is on disk. A key that nobody has is told from no other address that is not there."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._salt = secrets.token_bytes(16)
        self._of: Settings | None = None
        self._ears: dict[bytes, tuple[str, Ear]] = {}

    def __call__(self, request: Request) -> Answer:
        """Take a call."""
        key, _, word = request.path.removeprefix(PING).rstrip("/").partition("/")
        name, ear = self._find(key)
        if request.method != "POST" and not (ear is not None and ear.get and request.method in _READING):
            return _METHOD
        if ear is None:
            return _UNKNOWN
        if request.refusal is not None and request.refusal.status != _TOO_LARGE:
            return refused(request.refusal, door=DOOR)
        said = _said(word)
        return _WORD if said is None else self._heard(name, self._sign(request, *said))

    def _heard(self, name: str, sign: Sign) -> Answer:
        try:
            self._parts.sign(name, sign)
        except KeyError:
            return _UNKNOWN  # it is being removed
        except StoreError as error:
            log.debug("the call of %s was answered 503: %s", name, error)
            return _STORE
        return Answer(body=b'{"heard":"%s"}' % sign.kind.value.encode(), door=DOOR)

    def _find(self, key: str) -> tuple[str, Ear | None]:
        """Find whose key this is; how long that takes tells nothing of the keys that there are."""
        settings = self._parts.settings()
        if settings is not self._of:
            ears = ((name, plan.ear) for name, plan in settings.probes.items())
            self._ears = {self._digest(ear.key.reveal()): (name, ear) for name, ear in ears if ear is not None}
            self._of = settings
        name, ear = self._ears.get(self._digest(key), ("", None))
        return (name, ear) if ear is not None and ear.key.matches(key) else ("", None)

    def _digest(self, key: str) -> bytes:
        return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=16).digest()

    def _sign(self, request: Request, kind: SignKind, code: int | None) -> Sign:
        """Make what is heard. With a body that is too large or cannot be read, the call counts all the same."""
        body = expanded(request.body, request.headers.get(coding.HEADER, ""), self._parts.settings().limits.body)
        plain = b"" if isinstance(body, Refusal) else body
        run = fields_of(request.query).get("rid", "") if request.query else ""
        return Sign(
            kind=kind,
            at=self._parts.clock.now(),
            run="".join(c for c in run[:LONGEST_RUN] if c.isprintable()),
            code=code,
            body=plain[-KEPT:],
            size=len(plain) or request.unread,
        )


def _said(word: str) -> tuple[SignKind, int | None] | None:
    """Read what follows the key; None when it means nothing."""
    if word in _WORDS:
        return _WORDS[word], None
    if not (word.isascii() and word.isdigit() and len(word) <= len(str(_MOST)) and int(word) <= _MOST):
        return None
    return (SignKind.FAIL if int(word) else SignKind.SUCCESS), int(word)
