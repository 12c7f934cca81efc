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
        lines = [(place, f"{dotted(path)}: " if path else "", sentence) for place, path, sentence in in_order]
        hidden = self._showing("\n".join(f"{about}\n{sentence}" for _, about, sentence in lines))
        return list(dict.fromkeys(_line(*one, hidden) for one in lines))

    def _showing(self, text: str) -> list[str]:
        """Those that must be taken out of it. Nearly always there is none, and there may be thousands of both."""
        hidden = [one for one in self.secrets | self.private if len(one) >= SHORTEST_SECRET and one in text]
        return sorted(hidden, key=len, reverse=True)


def _line(place: Place, about: str, sentence: str, hidden: list[str]) -> str:
    for secret in hidden:
        about, sentence = about.replace(secret, "***"), sentence.replace(secret, "***")
    return f"{printable(str(place))}: {about}{printable(sentence)}"
