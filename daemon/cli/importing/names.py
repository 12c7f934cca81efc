"""Names that tocsin can have, for things that Alertmanager calls otherwise."""

import re

from daemon.config.findings import printable

LONGEST = 64
# What tocsin's names cannot have; a dollar sign would begin a reference.
_REFUSED = re.compile(r"[\s/,:$\\]+")


class Names:
    """Hands out names, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, wanted: str, otherwise: str = "unnamed") -> str:
        """Return a name as near to the wanted one as possible."""
        base = _REFUSED.sub("-", printable(wanted)).strip("-")[:LONGEST] or otherwise
        name, count = base, 1
        while name in self._taken:
            count += 1
            end = f"-{count}"
            name = base[: LONGEST - len(end)] + end
        self._taken.add(name)
        return name

    def all(self, wanted: list[str], otherwise: str) -> dict[str, str]:
        """Name all of them; what can keep its name is served first."""
        fitting = [name for name in wanted if _fits(name)]
        others = [name for name in wanted if not _fits(name)]
        return {name: self.take(name, otherwise) for name in (*fitting, *others)}


def _fits(name: str) -> bool:
    return 0 < len(name) <= LONGEST and name.isprintable() and not _REFUSED.search(name)
