"""Names that tocsin can have, for things that Alertmanager calls otherwise."""

import re

from daemon.config.findings import printable

LONGEST = 64
# What the names of tocsin's receivers and channels cannot have; a dollar sign would begin a reference.
_REFUSED = re.compile(r"[\s/,:$\\]+")
_REFUSED_BY_ALL = re.compile(r"[$\\]+")


class Names:
    """Hands out names, each once. Those of hours may have spaces and signs."""

    def __init__(self, *, lenient: bool = False) -> None:
        self._refused = _REFUSED_BY_ALL if lenient else _REFUSED
        self._taken: set[str] = set()

    def take(self, wanted: str, otherwise: str = "unnamed") -> str:
        """Return a name as near to the wanted one as possible."""
        base = self._refused.sub("-", printable(wanted).strip()).strip("-")[:LONGEST] or otherwise
        name, count = base, 1
        while name in self._taken:
            count += 1
            end = f"-{count}"
            name = base[: LONGEST - len(end)] + end
        self._taken.add(name)
        return name

    def all(self, wanted: list[str], otherwise: str) -> dict[str, str]:
        """Name all of them; what can keep its name is served first."""
        fitting = [name for name in wanted if self._fits(name)]
        others = [name for name in wanted if not self._fits(name)]
        return {name: self.take(name, otherwise) for name in (*fitting, *others)}

    def _fits(self, name: str) -> bool:
        return 0 < len(name.strip()) <= len(name) <= LONGEST and name.isprintable() and not self._refused.search(name)
