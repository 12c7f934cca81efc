"""What a request can have: methods, headers and their values."""

import re
from collections.abc import Mapping

from daemon.secret import Secret

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_COUNTED = frozenset(("connection", "content-length", "proxy-authorization", "transfer-encoding"))


def check_method(method: str) -> None:
    """Refuse what is no method."""
    if not is_token(method):
        raise ValueError(f"method {method!r} is not an HTTP method: write for example GET or HEAD")


def check_headers(headers: Mapping[str, Secret]) -> None:
    """Refuse what cannot be sent, without showing values."""
    for name, value in headers.items():
        if not is_token(name):
            raise ValueError(f"headers: {name!r} is not a header name")
        if name.lower() in _COUNTED:
            raise ValueError(f"headers: {name} is set by tocsin itself")
        if not is_value(value.reveal()):
            raise ValueError(f"headers: the value of {name} holds a line break or a character beyond Latin-1")


def is_token(text: str) -> bool:
    """Whether it can be a method, or the name of a header."""
    return _TOKEN.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Whether it can be the value of a header."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return not any(character in text for character in "\r\n\0")
