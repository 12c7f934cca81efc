"""Says which series are meant: `http.time{route="/pay",app=~"sh.*"}`; in the name `*` stands for anything."""

from dataclasses import dataclass

from daemon import matcher
from daemon.matcher import Matcher
from daemon.series.key import LONGEST_NAME, Key

HOW = 'write for example http.time, http.*, or http.time{route="/pay",app=~"shop.*"}'


@dataclass(frozen=True, slots=True)
class Selector:
    """A name, exactly or with `*` in it, and what the labels are to satisfy."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def __post_init__(self) -> None:
        """A name with too much in it is refused at once. Raises ValueError or MatcherError."""
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise ValueError(f"a name of 1 to {LONGEST_NAME} characters is needed; {HOW}")
        if self.is_glob:
            matcher.pattern(_pattern(self.name))

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """Read one. Raises ValueError or MatcherError with what would be right."""
        name, brace, inside = (part.strip() for part in text.strip().partition("{"))
        if not name:
            raise ValueError(f"{text[:60]!r} names no series; {HOW}")
        if not brace:
            return cls(name)
        if not inside.endswith("}"):
            raise ValueError(f"{text[:60]!r} has no closing brace; {HOW}")
        return cls(name, matcher.parse("{" + inside) if inside != "}" else ())

    @property
    def is_glob(self) -> bool:
        """Whether it may mean series of several names."""
        return "*" in self.name

    def names(self, name: str) -> bool:
        """Whether series of this name may be meant."""
        return matcher.pattern(_pattern(self.name)).fullmatch(name) is not None if self.is_glob else name == self.name

    def matches(self, key: Key) -> bool:
        """Whether this series is meant."""
        if not self.names(key.name):
            return False
        labels = dict(key.labels)
        return all(one.matches(labels) for one in self.matchers)

    def __str__(self) -> str:
        inside = ",".join(str(one) for one in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name


def _pattern(name: str) -> str:
    return "".join(".*" if one == "*" else _escaped(one) for one in name)


def _escaped(one: str) -> str:
    return one if one.isalnum() or one == "_" or not one.isascii() else f"\\{one}"
