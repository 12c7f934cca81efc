"""The Sentry intake: which applications may report, and how much of it is kept until it is worked through."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from daemon.config.keys import doc
from daemon.config.written import Problem
from daemon.secret import Secret
from daemon.units import Bytes

_MB = 1024**2
_NAME = re.compile(r"[\w.-]{1,64}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,200}")


@dataclass(frozen=True, kw_only=True)
class Project:
    """An application: its SDK is given `http://<key>@<host>:<port>/<id>` as its DSN."""

    id: int = field(metadata=doc("the number at the end of the DSN", least=1, most=2**53))
    key: Secret = field(metadata=doc("what stands before the @ of the DSN; letters and digits"))
    old_keys: tuple[Secret, ...] = field(
        default=(), metadata=doc("keys that are taken as well, until every copy of the application has the new one")
    )
    rate: int = field(
        default=500,
        metadata=doc("requests a second that are taken, on average over 10 s; beyond it 429", least=1, most=100_000),
    )

    @property
    def keys(self) -> tuple[Secret, ...]:
        """Every key that opens it."""
        return (self.key, *self.old_keys)


@dataclass(frozen=True, kw_only=True)
class Sentry:
    """What sentry-sdk and its like send to `/api/<id>/envelope/`; without projects nothing is taken."""

    projects: dict[str, Project] = field(default_factory=dict, metadata=doc("the applications that report, by name"))
    spool: Bytes = field(
        default=Bytes(200 * _MB),
        metadata=doc("most that waits on disk to be worked through; each project may fill its part", least=_MB),
    )
    body: Bytes = field(
        default=Bytes(20 * _MB), metadata=doc("largest request as it comes", least=1_024, most=256 * _MB)
    )
    expanded: Bytes = field(
        default=Bytes(100 * _MB), metadata=doc("largest request once it is expanded", least=1_024, most=512 * _MB)
    )
    event: Bytes = field(
        default=Bytes(_MB),
        metadata=doc("largest event, transaction or list of items in it", least=1_024, most=64 * _MB),
    )


def problems(sentry: Sentry) -> Iterator[Problem]:
    """A project is known by its number, and its keys stand in an address."""
    seen: dict[int, str] = {}
    for name, project in sentry.projects.items():
        path = ("sentry", "projects", name)
        if not _NAME.fullmatch(name):
            yield path, "a name has 1 to 64 letters, digits, and . _ -"
        if (other := seen.setdefault(project.id, name)) != name:
            yield (*path, "id"), f"is that of {other} already"
        if not _KEY.fullmatch(project.key.reveal()):
            yield (*path, "key"), "stands in an address: 1 to 200 letters, digits, _ and -"
        if not all(_KEY.fullmatch(key.reveal()) for key in project.old_keys):
            yield (*path, "old_keys"), "stand in an address: 1 to 200 letters, digits, _ and -"
    if sentry.event > sentry.expanded or sentry.body > sentry.spool:
        yield ("sentry",), "event must fit into expanded, and body into spool"


def unknown(sentry: Sentry, apps: Iterable[str]) -> Iterator[Problem]:
    """Settings about errors of applications that report none."""
    for name in apps:
        if name not in sentry.projects:
            yield ("errors", "apps", name), "no project of sentry.projects has this name: it holds for none"
