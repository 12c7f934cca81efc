"""Who sends: the project that an address names, and the key that opens it. Every comparison takes the same time."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import msgspec

from daemon.config.sentry import Project, Sentry

_ADDRESS = re.compile(r"/api/([0-9]{1,17})/(envelope|store)/?")
_PART = re.compile(r"[,\s]*(\w+)\s*=\s*([^,\s]+)")
_MOST = 2_048  # characters of a header or query that are looked at
NO_KEY = "this project wants its key: X-Sentry-Auth, sentry_key in the query, or dsn in the envelope's header"
WRONG_KEY = "no project has this number and this key"
NOT_ONE_KEY = "the header, the query and the envelope name different keys"


class Target(msgspec.Struct, frozen=True):
    """What an address asks for."""

    project: int
    is_store: bool  # one bare event, as SDKs sent it before there were envelopes


class Told(msgspec.Struct, frozen=True):
    """Why the door stays shut."""

    status: int
    why: str


def target(path: str) -> Target | None:
    """Read a path, whatever prefix stands before it; None for that of something else."""
    at = path.rfind("/api/")
    found = _ADDRESS.fullmatch(path, at) if at >= 0 else None
    return Target(int(found[1]), found[2] == "store") if found else None


def given(headers: Mapping[str, str], query: Mapping[str, str]) -> set[str]:
    """The keys that a request names before its body is read; more than one is none."""
    return {key for key in _keys(headers, query) if key}


def dsn(value: object, project: int) -> str | None:
    """The key of a DSN; None where it is none, or another project's."""
    if not isinstance(value, str):
        return None
    try:
        parts = urlsplit(value[:_MOST])
        name = parts.username or ""
    except ValueError:
        return None
    return name if parts.path.rpartition("/")[2] == str(project) else None


def opens(sentry: Sentry, project: int, keys: set[str]) -> tuple[str, Project] | Told:
    """Find the project that this one key opens, or say why there is none; nobody learns which numbers exist."""
    if len(keys) > 1:
        return Told(403, NOT_ONE_KEY)
    if not keys:
        return Told(401, NO_KEY)
    (key,) = keys
    found = None
    for name, one in sentry.projects.items():
        fits = False
        for own in one.keys:
            fits = own.matches(key) or fits
        if fits and one.id == project:
            found = name, one
    return found or Told(403, WRONG_KEY)


def _keys(headers: Mapping[str, str], query: Mapping[str, str]) -> Iterator[str]:
    for name in ("x-sentry-auth", "authorization"):
        scheme, _, rest = headers.get(name, "")[:_MOST].strip().partition(" ")
        if scheme.lower() == "sentry":
            yield dict(_PART.findall(rest)).get("sentry_key", "")
    yield query.get("sentry_key", "")
