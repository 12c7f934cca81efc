"""Who may come in: pure decisions over what a request carries, every comparison in constant time."""

import base64
import binascii
import hmac
import ipaddress
import types
from collections.abc import Iterable, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

from daemon.config.settings import Auth, Hmac, Source
from daemon.methods.table import Caller
from daemon.secret import Secret

TOKEN = "x-tocsin-token"  # noqa: S105 - a header's name
GITLAB = "x-gitlab-token"
SIGNATURES = (
    "x-hub-signature-256",
    "x-grafana-alerting-signature",
    "x-tocsin-signature",
    "sentry-hook-signature",
)

NO_QUERY: Mapping[str, str] = types.MappingProxyType({})
LOCAL = Caller(name="local", may=("read", "look", "act", "admin"))


class Problem(StrEnum):
    """Why a source stays shut; the text is for whoever sent the request."""

    MISSING = "this source wants credentials and the request carries none that it takes"
    WRONG = "the credentials are not those of this source"
    STRANGE_PAGE = "web pages of other sites may not send to a source without credentials; give it a token"
    STALE = "the signed timestamp is missing, no number, or too far from now"


def opens(
    source: Source,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    bodies: Iterable[bytes],
    now: float,
) -> Problem | None:
    """Say why these credentials do not open the source; None when they do.

    Any one of those configured opens it. A source that has none is open to all but web pages of other sites.
    `bodies` are the forms of the body that its sender may have signed: as expanded, and as sent.
    """
    if source.token is None and source.basic is None and source.hmac is None:
        return Problem.STRANGE_PAGE if from_strange_page(headers) else None
    user, password = _basic(headers)
    if source.token is not None:
        own = (_text(headers.get(TOKEN)), _text(headers.get(GITLAB)))
        given = (_bearer(headers), *own, query.get("token"), query.get("access_token"), password)
        if _any_matches(source.token, given):
            return None
    if source.basic is not None and user and password:
        right_user = Secret(source.basic.user).matches(user)
        if source.basic.password.matches(password) and right_user:
            return None
    if source.hmac is not None and any(name in headers for name in _names(source.hmac)):
        return _signed(source.hmac, headers, bodies, now)
    tried = not {"authorization", TOKEN, GITLAB}.isdisjoint(headers) or not {"token", "access_token"}.isdisjoint(query)
    return Problem.WRONG if tried else Problem.MISSING


def caller(
    auth: Auth, headers: Mapping[str, str], query: Mapping[str, str] = NO_QUERY, *, basic: bool = False
) -> Caller | None:
    """Find who asks by the token; None for a stranger. With no tokens configured it is whoever gets here.

    `query` is given for what is asked for by programs that can send no header; `basic` says that the token may also be
    the password of basic credentials.
    """
    if not auth.tokens:
        return LOCAL
    password = _basic(headers)[1] if basic else None
    given = (_bearer(headers), _text(headers.get(TOKEN)), query.get("token"), password)
    found = None
    for token in auth.tokens:  # all of them: the time must not tell which one nearly fit
        if _any_matches(token.token, given):
            found = Caller(name=token.name, may=token.may, identity=f"http:{token.name}")
    return found


def holds(token: Secret, headers: Mapping[str, str], query: Mapping[str, str], step: str) -> bool:
    """Whether a request carries this token: in a header, in the query, or as a step of its path."""
    given = (_bearer(headers), _text(headers.get(TOKEN)), query.get("token"), _basic(headers)[1], step or None)
    return _any_matches(token, given)


def has_token(auth: Auth, headers: Mapping[str, str]) -> bool:
    """Whether a request carries a token that no browser adds by itself, as it does with basic credentials."""
    return bool(auth.tokens) and _basic(headers) == (None, None)


def from_strange_page(headers: Mapping[str, str]) -> bool:
    """Whether a web page of somebody else's makes the browser of somebody here ask.

    Matters where no token is asked for: a page from anywhere may send to loopback. Browsers say in Origin
    whose page it is; a page of ours has the address under which it asks, and that is a number or
    localhost, since a name could have been pointed here by anyone.
    """
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        page = urlsplit(origin)
        return page.netloc != headers.get("host") or not _numeric_or_localhost(page.hostname or "")
    except ValueError:
        return True


def _signed(settings: Hmac, headers: Mapping[str, str], bodies: Iterable[bytes], now: float) -> Problem | None:
    """Check the signature, then the age of what it signs. An empty secret signs nothing."""
    prefix = b""
    stamp = ""
    if settings.timestamp_header:
        stamp = headers.get(settings.timestamp_header.lower(), "")
        prefix = stamp.encode("latin-1") + b":"
    given = [_hex(headers.get(name, ""), settings.algorithm) for name in _names(settings)]
    key = settings.secret.reveal().encode()
    fits = False
    for body in bodies:
        expected = hmac.new(key, prefix + body if prefix else body, settings.algorithm).hexdigest().encode()
        for one in given:
            fits = hmac.compare_digest(expected, one) or fits
    if not (fits and settings.secret):
        return Problem.WRONG
    if settings.timestamp_header and not _fresh(stamp, now, settings.tolerance):
        return Problem.STALE
    return None


def _names(settings: Hmac) -> tuple[str, ...]:
    return (settings.header.lower(),) if settings.header else SIGNATURES


def _hex(value: str, algorithm: str) -> bytes:
    """Take the digits from `sha256=<hex>` or bare hex."""
    return value.strip().lower().removeprefix(f"{algorithm}=").encode("latin-1", "replace")


def _fresh(stamp: str, now: float, tolerance: float) -> bool:
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):  # noqa: PLR2004 - seconds until year 33658
        return False
    return abs(now - int(stamp)) <= tolerance


def _any_matches(secret: Secret, candidates: Iterable[str | None]) -> bool:
    """Compare with all of them, so that the time does not tell which was sent. Nothing matches an empty one."""
    found = False
    for candidate in candidates:
        if candidate:
            found = secret.matches(candidate) or found
    return found


def _bearer(headers: Mapping[str, str]) -> str | None:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    return _text(value.strip()) if scheme.lower() == "bearer" else None


def _basic(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        pair = base64.b64decode(value.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return None, None
    user, colon, password = pair.partition(":")
    return (user, password) if colon else (None, None)


def _text(value: str | None) -> str | None:
    """Read a header's bytes as UTF-8, which is what a secret with other than ASCII letters was sent in."""
    return None if value is None else value.encode("latin-1").decode("utf-8", "surrogateescape")


def _numeric_or_localhost(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
