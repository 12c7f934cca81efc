"""A value that never shows: passwords, tokens and keys travel as `Secret`."""

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
        return hmac.compare_digest(self._value.encode(), candidate.encode("utf-8", "surrogateescape"))

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


_TELLING = re.compile(r"auth|cookie|token|secret|passw|signature|api-?key|credential|^key$|^sig$", re.IGNORECASE)
_USER_INFO = re.compile(r"(?<=//)[^/@\s]*@")


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Hide the values of headers that carry credentials; the others stay as they are."""
    return {name: HIDDEN if _TELLING.search(name) else value for name, value in headers.items()}


def redact_query(query: Mapping[str, str]) -> dict[str, str]:
    """Hide the values of query parameters that carry credentials."""
    return redact_headers(query)


def redact_url(url: str) -> str:
    """Hide what may be secret in a URL: user info, and every query value."""
    address, _, query = url.partition("?")
    address = _USER_INFO.sub(f"{HIDDEN}@", address)
    return f"{address}?{HIDDEN}" if query else address
