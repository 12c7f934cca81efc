"""Makes names, tags and numbers fit for a datagram, whatever the program hands in."""

from __future__ import annotations

import hashlib
from typing import Iterable, Mapping, Union

Tags = Union[Mapping[str, object], Iterable[str], None]

LONGEST = 200  # characters of a name, and of each half of a tag
_MOST = 1e300  # beyond it is nothing that was measured


def _table(forbidden: str) -> dict[int, str]:
    """Everything that has a meaning in a datagram, and everything that cannot be seen, becomes an underscore."""
    return {**dict.fromkeys([*range(32), 127], "_"), **{ord(one): "_" for one in forbidden}}


_NAME, _KEY, _VALUE = _table(":|@# "), _table(":,|"), _table(",|")


def name(given: object) -> str:
    """What a series is called. May raise whatever `str` of it raises."""
    return str(given).strip().translate(_NAME)[:LONGEST]


def tags(given: Tags) -> dict[str, str]:
    """Tags by name: of `{"name": value}`, or of texts such as "name:value"; a bare text is a tag without a value."""
    if given is None:
        return {}
    if isinstance(given, str):
        given = (given,)
    pairs = given.items() if isinstance(given, Mapping) else [str(one).partition(":")[::2] for one in given]
    found: dict[str, str] = {}
    for key, value in pairs:
        text = "" if value is None else str(value).strip().translate(_VALUE)[:LONGEST]
        if left := str(key).strip().translate(_KEY)[:LONGEST]:
            found[left] = text
    return found


def number(given: object) -> str | None:
    """A finite number as it is written; None for everything else."""
    if type(given) is int and -_MOST < given < _MOST:
        return str(given)
    value = float(given)  # type: ignore[arg-type] # whatever it is, it may know how to become a number
    return repr(value) if -_MOST < value < _MOST else None  # which NaN is not


def milliseconds(seconds: object) -> str | None:
    """Seconds as statsd wants its times, to the microsecond."""
    value = float(seconds) * 1000  # type: ignore[arg-type] # the same
    return f"{value:.3f}" if -_MOST < value < _MOST else None


def member(given: object) -> str:
    """Somebody or something to be told from others; what would not fit in a datagram is told by its hash."""
    text = str(given)
    if text and len(text) <= LONGEST and text.isprintable() and not set(text) & set(":|,#@ "):
        return text
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
