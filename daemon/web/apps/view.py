"""What is shown of applications, as values."""

import datetime as dt

import msgspec

from daemon.faults.event import ErrorEvent
from daemon.store.fault_counts import Value
from daemon.store.fault_news import News
from daemon.store.faults import Fault

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

    requests: float = 0.0  # views, uses
    time: float = 0.0  # seconds of all that was timed
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    errors: float = 0.0

    @property
    def error_share(self) -> float | None:
        """The part of all that failed."""
        return min(1.0, self.errors / self.requests) if self.requests else None


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a chart. `length` is shorter than a step where it is not over yet."""

    begin: float
    length: float
    figures: Figures
    reported: float = 0.0  # errors that the application told by an SDK

    @property
    def rate(self) -> float:
        """Views in a minute."""
        return self.figures.requests * 60 / self.length


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A route, or a resource with its type as `kind`."""

    name: str
    kind: str = ""
    other: bool = False  # many that were too many to be told apart
    figures: Figures


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """A table: the first of them, and how many there are in all."""

    lines: tuple[Line, ...] = ()
    all: int = 0


NO_LINES = Lines()


class At(msgspec.Struct, frozen=True, kw_only=True):
    """When a page was made."""

    at: float
    zone: dt.tzinfo


class AppLine(msgspec.Struct, frozen=True, kw_only=True):
    """An application: a line of the overview, or what its own page begins with."""

    name: str
    figures: Figures
    reported: float
    points: tuple[Point, ...]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How a threshold stands."""

    name: str
    state: str  # firing, clearing, pending, ok, unknown
    value: str = ""
    since: float | None = None


class Story(At, frozen=True, kw_only=True):
    """One error, with all that is kept of it."""

    fault: Fault
    hours: tuple[tuple[float, int], ...] = ()  # when each began, and how many there were
    values: tuple[Value, ...] = ()
    news: tuple[News, ...] = ()
    samples: tuple[ErrorEvent, ...] = ()  # newest first
    kept: int = 0  # of samples in all


class Faults(At, frozen=True, kw_only=True):
    """The list of errors."""

    faults: tuple[Fault, ...]
    apps: tuple[str, ...]  # of which there are any


class Overview(At, frozen=True, kw_only=True):
    """All applications."""

    span: str  # one of RANGES
    lines: tuple[AppLine, ...]
    all: int  # of them
    rules: tuple[Rule, ...] = ()
    faults: tuple[Fault, ...] = ()  # the newest


class App(At, frozen=True, kw_only=True):
    """One application, or one route of it."""

    span: str
    name: str
    route: str | None
    figures: Figures
    reported: float
    points: tuple[Point, ...]
    routes: Lines
    resources: Lines
    faults: tuple[Fault, ...] = ()
