"""What is shown of applications, as values."""

import datetime as dt

import msgspec

from daemon.faults.event import ErrorEvent

# How far back, and how long each step of a chart is (s). All of them are whole steps of the tier they are read from.
RANGES: dict[str, tuple[int, int]] = {
    "1h": (3_600, 60),
    "6h": (6 * 3_600, 300),
    "24h": (86_400, 900),
    "7d": (7 * 86_400, 7_200),
    "30d": (30 * 86_400, 21_600),
}
USUAL = "6h"
MOST = 100  # lines of a table


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What came in a stretch of time. Percentiles are seconds, None where nothing was timed."""

    count: float = 0.0  # views, uses
    total: float = 0.0  # seconds of all that was timed
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    errors: float = 0.0

    @property
    def failed(self) -> float | None:
        """The part of all that failed."""
        return min(1.0, self.errors / self.count) if self.count else None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a chart. `length` is shorter than a step where it is not over yet."""

    begin: float
    length: float
    figures: Figures
    reported: float = 0.0  # errors that the application told by an SDK

    @property
    def rate(self) -> float:
        """Views in a minute."""
        return self.figures.count * 60 / self.length


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A route, a resource, an application. `kind` is the type of a resource."""

    name: str
    kind: str = ""
    figures: Figures


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """A table: the first of them, and how many there are in all."""

    lines: tuple[Line, ...] = ()
    all: int = 0


class AppLine(msgspec.Struct, frozen=True, kw_only=True):
    """An application on the overview."""

    name: str
    figures: Figures
    reported: float
    points: tuple[Point, ...]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How a threshold stands."""

    name: str
    state: str  # firing, pending, ok, unknown
    value: str = ""
    since: float | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Errors that are the same one."""

    code: str  # E12
    app: str
    title: str
    culprit: str
    level: str
    route: str
    state: str  # unresolved, resolved, ignored
    count: int
    first_at: float
    last_at: float
    first_release: str = ""
    last_release: str = ""
    regressions: int = 0


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """How many of an error had a release, an environment, a tag; without a value: all others."""

    name: str
    value: str
    count: int


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What was told of an error, or done with it."""

    at: float
    what: str


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One error, with all that is kept of it."""

    fault: Fault
    hours: tuple[tuple[float, int], ...] = ()  # when each began, and how many there were
    values: tuple[Value, ...] = ()
    news: tuple[News, ...] = ()
    samples: tuple[ErrorEvent, ...] = ()  # newest first
    changed_by: str = ""
    comment: str = ""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All applications."""

    at: float
    zone: dt.tzinfo
    span: str  # one of RANGES
    apps: Lines
    lines: tuple[AppLine, ...]
    rules: tuple[Rule, ...] = ()
    faults: tuple[Fault, ...] = ()  # the newest


class App(msgspec.Struct, frozen=True, kw_only=True):
    """One application, or one route of it."""

    at: float
    zone: dt.tzinfo
    span: str
    name: str
    route: str | None
    figures: Figures
    reported: float
    points: tuple[Point, ...]
    routes: Lines
    resources: Lines
    faults: tuple[Fault, ...] = ()
