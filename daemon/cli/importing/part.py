"""A part of the file that is imported: it knows where it stands, and notes what is wrong with it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from daemon.cli.importing.ledger import Ledger
from daemon.config.findings import Path, Place, quoted
from daemon.config.nodes import Items, Node, Scalar, Table, UnreadableError, compose
from daemon.errors import ConfigError
from daemon.units import Seconds, seconds

_YES = frozenset(("true", "yes", "on", "y"))
_NO = frozenset(("false", "no", "off", "n"))
_DURATION = re.compile(r"0|(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?", re.ASCII)


def document(ledger: Ledger, text: str, file: str) -> "Part | None":
    """Read a whole file; None where there is nothing in it. Raises ConfigError for what is no YAML."""
    try:
        node = compose(text, file, ledger.findings)
    except UnreadableError as error:
        ledger.wrong(error.place, (), error.sentence)
        raise ConfigError(ledger.findings.problems) from error
    return Part(ledger, node, Place(file, 1)) if node is not None else None


@dataclass(frozen=True, slots=True)
class Part:
    """A node with its place and path. What it is not is noted as wrong, and read as empty."""

    ledger: Ledger
    node: Node
    place: Place
    path: Path = ()

    def wrong(self, sentence: str) -> None:
        """Alertmanager itself would refuse this."""
        self.ledger.wrong(self.place, self.path, sentence)

    def left(self, sentence: str) -> None:
        """This is not carried over."""
        self.ledger.left(self.place, self.path, sentence)

    def differs(self, sentence: str) -> None:
        """This is carried over and will not be quite the same."""
        self.ledger.differs(self.place, self.path, sentence)

    @property
    def is_nothing(self) -> bool:
        """Whether nothing was written, or null."""
        return isinstance(self.node, Scalar) and self.node.is_nothing

    def table(self) -> dict[str, "Part"]:
        """Read a mapping."""
        if isinstance(self.node, Table):
            return {
                key: Part(self.ledger, entry.value, entry.place, (*self.path, key))
                for key, entry in self.node.entries.items()
            }
        if not self.is_nothing:
            self.wrong("must be a mapping: lines of `name: value`, indented below it")
        return {}

    def items(self) -> list["Part"]:
        """Read a list."""
        if isinstance(self.node, Items):
            return [
                Part(self.ledger, node, node.place, (*self.path, f"[{i}]")) for i, node in enumerate(self.node.items)
            ]
        if not self.is_nothing:
            self.wrong("must be a list: write [one, two], or lines that begin with `- `")
        return []

    def text(self) -> str:
        """Read a text."""
        if isinstance(self.node, Scalar):
            return "" if self.is_nothing else self.node.text
        self.wrong("must be a single value, not a list or mapping")
        return ""

    def texts(self) -> list[str]:
        """Read a list of texts."""
        return [item.text() for item in self.items()]

    def flag(self) -> bool:
        """Read true or false; nothing is false."""
        if self.is_nothing:
            return False
        text = self.text().lower()
        if text not in _YES | _NO:
            self.wrong("is neither true nor false")
        return text in _YES

    def duration(self) -> Seconds:
        """Read a duration as Prometheus writes it: `1h30m`."""
        text = self.text()
        if not text or not _DURATION.fullmatch(text):
            self.wrong(f"{quoted(text)} is not a duration; write for example 30s, 5m, 4h or 1h30m")
            return Seconds(0.0)
        return seconds("0s" if text == "0" else text)


def leave_unknown(fields: Mapping[str, Part], known: Collection[str]) -> None:
    """Note every key that this does not know; a newer Alertmanager may."""
    for key, part in fields.items():
        if key not in known:
            part.left("tocsin does not know this setting")
