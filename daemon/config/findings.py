"""What is wrong with a configuration: sentences, each with the place it is about."""

from dataclasses import dataclass, field

Path = tuple[str, ...]

LONGEST_QUOTE = 60
SHORTEST_SECRET = 6  # hiding shorter ones would blot out ordinary words


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def dotted(path: Path) -> str:
    """Write a path the way people say it: `auth.tokens[0].name`."""
    return "".join(piece if piece.startswith("[") else f".{printable(piece)}" for piece in path).removeprefix(".")


def quoted(text: str) -> str:
    """Quote what somebody wrote, on one line, cut to a length that can be read."""
    short = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    escaped = short.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'


def printable(text: str) -> str:
    """Make one line of it: what cannot be printed is written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@dataclass(slots=True)
class Findings:
    """Gathers problems and warnings while a configuration is read, and keeps secrets out of their texts."""

    secrets: set[str] = field(default_factory=set)  # values of secret settings
    private: set[str] = field(default_factory=set)  # other values that do not stand in the file itself
    _problems: list[tuple[Place, Path, str]] = field(default_factory=list)
    _warnings: list[tuple[Place, Path, str]] = field(default_factory=list)

    def wrong(self, place: Place, path: Path, sentence: str) -> None:
        """Note something that makes the configuration unusable."""
        self._problems.append((place, path, sentence))

    def doubtful(self, place: Place, path: Path, sentence: str) -> None:
        """Note something that is probably not what was meant."""
        self._warnings.append((place, path, sentence))

    @property
    def problems(self) -> list[str]:
        """One line each, in the order of the file."""
        return self._lines(self._problems)

    @property
    def warnings(self) -> list[str]:
        """One line each, in the order of the file."""
        return self._lines(self._warnings)

    def touches(self, *part: str) -> bool:
        """Whether anything is wrong within a part of the file, such as a top-level section."""
        return any(path[: len(part)] == part for _, path, _ in self._problems)

    def _lines(self, found: list[tuple[Place, Path, str]]) -> list[str]:
        in_order = sorted(found, key=lambda one: (one[0].file != found[0][0].file, one[0].file, one[0].line))
        return list(dict.fromkeys(self._line(*one) for one in in_order))

    def _line(self, place: Place, path: Path, sentence: str) -> str:
        about = f"{dotted(path)}: " if path else ""
        hidden = sorted((self.secrets | self.private), key=len, reverse=True)
        for secret in hidden:
            if len(secret) >= SHORTEST_SECRET:
                about, sentence = about.replace(secret, "***"), sentence.replace(secret, "***")
        return f"{printable(str(place))}: {about}{printable(sentence)}"
