"""A value that never shows: passwords, tokens and keys travel as `Secret`."""

import functools
import hmac
import re
from collections.abc import Mapping

HIDDEN = "***"


class Secret:
    """Holds a secret text; only `reveal()` gives it out, everything else prints `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself; call it where it is used and keep the result nowhere."""
        return self._value

    def matches(self, candidate: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(_bytes(self._value), _bytes(candidate))

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.matches(other._value)

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)


def _bytes(text: str) -> bytes:
    """Texts from headers and the environment may carry bytes that are not UTF-8."""
    return text.encode("utf-8", "surrogatepass")


# Names are compared word by word (X-Api-Key, accessKeySecret, access_token), so that `monkey` stays visible.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_TELLING = frozenset(
    (
        "auth",
        "authentication",
        "bearer",
        "cookie",
        "csrf",
        "jwt",
        "key",
        "pass",
        "passphrase",
        "passcode",
        "pwd",
        "session",
        "sid",
        "sig",
        "sign",
        "xsrf",
    )
)
_PARTS = (
    "passw", "secret", "token", "apikey", "signature", "credential", "authorisation", "authorization", "accesskey",
    "api_key", "api-key", "access_key",
)  # fmt: skip
_TELLING_PART = re.compile("|".join(_PARTS), re.IGNORECASE)
# In bodies only these names count, not `key` or `session`, which are words of alarms: "name": "value", name=value. What
# stands before the telling part of a name does not matter, so there is nothing to go back over.
_VALUE = r"""
    (?: ("\s{0,20}:\s{0,20}")(?:[^"\\]|\\.)++
      | (\\"\s{0,20}:\s{0,20}\\")(?:[^"\\]|\\[^"])++
      | (\\?"\s{0,20}:\s{0,20})[\w.+-]++
      | (=)[^&\s"'<>\\]++ )"""
_FLAGS = re.IGNORECASE | re.VERBOSE | re.DOTALL
_FIELD = re.compile(rf"((?:{'|'.join(_PARTS)})[\w.-]{{0,64}}+){_VALUE}", _FLAGS)
_SCHEME = re.compile(r"\s*(?:basic|bearer|digest|negotiate|token|apikey|aws4-|acs3-|tc3-)[\w-]*\s", re.IGNORECASE)
_ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:)?//(?P<rest>.*)", re.DOTALL)


@functools.lru_cache(maxsize=1_024)
def is_telling(name: str) -> bool:
    """Whether a header, parameter or setting of this name carries credentials."""
    words = {word.lower() for word in _WORD.findall(name)}
    return not words.isdisjoint(_TELLING) or _TELLING_PART.search(name) is not None


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Hide the values of headers that carry credentials; the others stay as they are."""
    return {name: _redacted(name, value) for name, value in headers.items()}


def redact_query(query: Mapping[str, str]) -> dict[str, str]:
    """Hide the values of query parameters that carry credentials."""
    return redact_headers(query)


def redact_text(text: str, also: tuple[str, ...] = ()) -> str:
    """Hide the values of fields in a body, JSON or form, whose names say that they are secret, or are among `also`."""
    if also:
        text = _hidden(_named(also), text)
    low = text.lower()
    for part in _PARTS:  # most bodies have none, which is much faster to see so
        if part in low:
            break
    else:
        return text
    return _hidden(_FIELD, text)


def _hidden(field: re.Pattern[str], text: str) -> str:
    return field.sub(lambda found: "".join(filter(None, found.groups())) + HIDDEN, text)


@functools.lru_cache(maxsize=64)
def _named(names: tuple[str, ...]) -> re.Pattern[str]:
    """Find fields of exactly these names."""
    return re.compile(rf"(\b(?:{'|'.join(map(re.escape, names))})){_VALUE}", _FLAGS)


def redact_url(url: str) -> str:
    """Hide what may be secret in a URL: user info, every query value, and the fragment."""
    before, question, query = url.partition("?")
    before, sharp, _ = before.partition("#")
    query = query.partition("#")[0]
    address = _without_user(before)
    if not question:
        return f"{address}#{HIDDEN}" if sharp else address
    names = [pair.partition("=") for pair in query.split("&")]
    return address + "?" + "&".join(f"{name}={HIDDEN}" if equals else HIDDEN for name, equals, _ in names)


def _without_user(address: str) -> str:
    """Hide `user:password@`, up to the last @: a password may hold a slash or an @ itself."""
    match = _ADDRESS.fullmatch(address)
    if not match or "@" not in match["rest"]:
        return address
    authority = match["rest"].partition("/")[0]
    _, colon, port = authority.rpartition(":")
    if "@" not in authority and (not colon or port.isdigit()):
        return address  # a host, and an @ in the path
    return f"{match['scheme'] or ''}//{HIDDEN}@{match['rest'].rpartition('@')[2]}"


def _redacted(name: str, value: str) -> str:
    if is_telling(name) or _SCHEME.match(value):
        return HIDDEN
    return redact_url(value) if "://" in value else value
