"""An expression that was read: which series, what is made of them, over how long, and what it is held against."""

import re

import msgspec

from daemon.matcher import Matcher, quoted

ABSENT = "absent"
PERCENTILE = "percentile"
FUNCTIONS = {
    "rate": "how many in a second",
    "sum": "what the values add up to",
    "avg": "the average",
    "min": "the lowest",
    "max": "the highest",
    "count": "how many",
    "last": "the newest",
    "different": "how many different ones",
    ABSENT: "whether nothing came",
}
AMOUNTS = ("rate", "sum", "count")  # which a gap makes smaller

LONG = 3_600.0  # windows up to here have pieces of a slot, longer ones of a minute
LONGEST = 86_400.0
LONGEST_COMPARED = 7 * 86_400.0  # pieces of an hour
VERSUS = {"yesterday": 86_400.0, "last week": 7 * 86_400.0}

# As daemon/series/key.py says; a test holds the two together. The names are those that all applications share
# (daemon/series/standard.py), so that what cannot be asked of them is told at load.
LONGEST_NAME = 200
COUNTER, GAUGE, SPREAD, SET = "counter", "gauge", "spread", "set"
KNOWN = {
    "http.time": SPREAD,
    "http.views": COUNTER,
    "http.errors": COUNTER,
    "resource.time": SPREAD,
    "resource.errors": COUNTER,
    "sessions": COUNTER,
    "errors": COUNTER,
}
TAKES = {
    "rate": (COUNTER, SPREAD),
    "sum": (COUNTER, SPREAD),
    "avg": (GAUGE, SPREAD),
    "min": (GAUGE, SPREAD),
    "max": (GAUGE, SPREAD),
    "count": (COUNTER, SPREAD, SET),
    "last": (GAUGE, SPREAD),
    "different": (SET,),
    ABSENT: (COUNTER, GAUGE, SPREAD, SET),
    PERCENTILE: (SPREAD,),
}
_ASK = {
    COUNTER: "of a counter can be asked rate, sum and count",
    GAUGE: "of a gauge can be asked avg, min, max and last",
    SPREAD: "of values such as times can be asked percentiles, avg, min, max, sum, count and rate",
    SET: "of a set can be asked different and count",
}

_BARE = re.compile(r"[^\s(){}\[\]\"',]+")

Group = tuple[tuple[str, str], ...]  # the labels that one alarm is about


class Value(msgspec.Struct, frozen=True):
    """One number: a function of the series of a name, as far as their labels match."""

    function: str
    name: str
    matchers: tuple[Matcher, ...] = ()
    part: float = 0.0  # of a percentile: 0.95

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.called}({self.selector})"

    @property
    def called(self) -> str:
        """The function as it is written."""
        return f"p{round(self.part * 100, 3):g}" if self.function == PERCENTILE else self.function

    @property
    def selector(self) -> str:
        """The series as they are written."""
        inside = ",".join(map(str, self.matchers))
        name = self.name if _BARE.fullmatch(self.name) else quoted(self.name)
        return f"{name}{{{inside}}}" if inside else name

    @property
    def takes(self) -> tuple[str, ...]:
        """The kinds of series of which this can be asked."""
        return TAKES[self.function]

    def refusal(self, kind: str) -> str:
        """Say that this cannot be asked of series of that kind; empty when it can."""
        return "" if kind in self.takes else f"{self.name} is a {kind}: {_ASK[kind]}, not {self.called}"


class Expression(msgspec.Struct, frozen=True):
    """A value, or one divided by another; for all series together, for groups of them, or for each."""

    value: Value
    over: float  # seconds
    divisor: Value | None = None
    by: tuple[str, ...] | None = ()  # None: each series alone
    versus: str = ""  # what the present is divided by: the same a day or a week ago

    def __str__(self) -> str:
        """Write it as it is read."""
        divided = f" / {self.divisor}" if self.divisor else ""
        by = " each" if self.by is None else f" by ({', '.join(self.by)})" if self.by else ""
        versus = f" vs {self.versus}" if self.versus else ""
        return f"{self.value}{divided}{by} over {written(self.over)}{versus}"

    @property
    def values(self) -> tuple[Value, ...]:
        """The one or two numbers that it is made of."""
        return (self.value,) if self.divisor is None else (self.value, self.divisor)

    @property
    def shift(self) -> float:
        """How long ago that was with which the present is compared; 0 where it is not."""
        return VERSUS.get(self.versus, 0.0)

    @property
    def piece(self) -> int:
        """The seconds in which its window goes on, and in which it is evaluated."""
        return 10 if self.over <= LONG else 60 if self.over <= LONGEST else 3_600


def written(duration: float) -> str:
    """Write a duration as it is read, exactly."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if duration >= size and duration % size == 0:
            return f"{duration / size:g}{unit}"
    return f"{duration:g}s"
