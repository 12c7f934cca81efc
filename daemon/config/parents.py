"""Probes that depend on others: on some that exist, and never in a circle."""

from collections.abc import Iterable, Iterator, Mapping

from daemon.config.findings import quoted
from daemon.config.scalars import meant
from daemon.config.settings import Settings
from daemon.config.written import Problem

MOST = 12


def unknown(settings: Settings) -> Iterator[Problem]:
    """Each names probes that exist, and none waits for itself."""
    parents = {name: plan.depends_on for name, plan in settings.probes.items()}
    for name, named in parents.items():
        path = ("probes", name, "depends_on")
        if len(named) > MOST:
            yield path, f"names {len(named)} probes; at most {MOST} are taken, for their names stand in its alarm"
        for parent in named:
            if parent not in parents:
                yield path, no_probe(parent, parents)
        for twice in sorted({parent for parent in named if named.count(parent) > 1}):
            yield path, f"{quoted(twice)} stands twice"
    for circle in _circles(parents):
        yield ("probes", circle[0], "depends_on"), f"goes round in a circle: {' -> '.join([*circle, circle[0]])}"


def no_probe(name: str, known: Iterable[str]) -> str:
    """What is said of a name that no probe has."""
    return f"there is no probe {quoted(name)}{meant(name, known)}"


def _circles(parents: Mapping[str, tuple[str, ...]]) -> Iterator[list[str]]:
    """Walk up from each probe, without a stack that many generations could overflow; each circle comes once."""
    done: set[str] = set()
    for start in parents:
        path: dict[str, None] = {}  # in order
        ahead = [(start, False)]
        while ahead:
            name, is_left = ahead.pop()
            if is_left:
                path.popitem()
                done.add(name)
            elif name in path:
                walked = list(path)
                yield walked[walked.index(name) :]
            elif name not in done and name in parents:
                path[name] = None
                ahead.append((name, True))
                ahead += [(parent, False) for parent in parents[name]]
