"""A Datadog monitor, as far as this story needs one: a threshold over a window, for each value of one tag.

`monitor.json` is in the form of Datadog's own API (`POST /api/v1/monitor`), so the same file works there.
"""

import collections
import re
import statistics
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from dogstatsd import Point

QUERY = re.compile(
    r"(?P<over>avg|max|min|sum)\(last_(?P<length>\d+)(?P<unit>[mh])\):(?P<space>avg|max|min|sum):(?P<metric>[\w.]+)"
    r"\{(?P<scope>[^}]*)\} by \{(?P<group>\w+)\} > (?P<threshold>[\d.]+)"
)
SECONDS = {"m": 60.0, "h": 3_600.0}
TOGETHER: dict[str, Callable[[list[float]], float]] = {"avg": statistics.fmean, "max": max, "min": min, "sum": sum}


@dataclass(frozen=True)
class Monitor:
    """What is watched, and when it is too much."""

    name: str
    message: str
    priority: int
    tags: tuple[str, ...]
    query: str
    metric: str
    scope: tuple[str, ...]  # tags that a series must have; none for `*`
    group: str  # the tag whose values are watched one by one
    over: str  # how the window's values become one
    space: str  # how series of one group become one
    window: float  # seconds
    threshold: float
    recovery: float  # it is over once the value is no more than this

    @classmethod
    def read(cls, written: dict[str, Any]) -> "Monitor":
        """Take a monitor as Datadog's API takes it; ValueError for a query that this stand-in does not know."""
        match = QUERY.fullmatch(written["query"])
        if match is None:
            raise ValueError(f"this stand-in knows queries like `{QUERY.pattern}`, not `{written['query']}`")
        threshold = float(match["threshold"])
        return cls(
            name=written["name"],
            message=written["message"],
            priority=written["priority"],
            tags=tuple(written["tags"]),
            query=written["query"],
            metric=match["metric"],
            scope=tuple(tag for tag in match["scope"].split(",") if tag not in {"", "*"}),
            group=match["group"],
            over=match["over"],
            space=match["space"],
            window=int(match["length"]) * SECONDS[match["unit"]],
            threshold=threshold,
            recovery=written["options"]["thresholds"].get("critical_recovery", threshold),
        )

    def filled(self, text: str, group: str, value: float) -> str:
        """Its name or message with the template variables that this story uses: `{{venue.name}}` and `{{value}}`."""
        return text.replace("{{" + self.group + ".name}}", group).replace("{{value}}", f"{value:.1f}")


@dataclass(frozen=True)
class Change:
    """The problem of one group began or is over; `cycle` is the same for both."""

    transition: str  # Triggered or Recovered
    group: str  # the value of the tag
    value: float
    cycle: str


@dataclass
class Watch:
    """One monitor at work: its window, and which groups are alarming."""

    monitor: Monitor
    _flushes: collections.deque[tuple[float, dict[str, float]]] = field(default_factory=collections.deque)
    _cycles: dict[str, str] = field(default_factory=dict)

    def look(self, points: Iterable[Point], now: float) -> list[Change]:
        """Add one flush; return what changed. `now` is in seconds, of any clock that runs evenly."""
        self._flushes.append((now, self._by_group(points)))
        while self._flushes[0][0] <= now - self.monitor.window:
            self._flushes.popleft()
        window: dict[str, list[float]] = collections.defaultdict(list)
        for _, values in self._flushes:
            for group, value in values.items():
                window[group].append(value)
        judged = (self._judge(group, TOGETHER[self.monitor.over](values)) for group, values in window.items())
        return [change for change in judged if change is not None]

    def _by_group(self, points: Iterable[Point]) -> dict[str, float]:
        found: dict[str, list[float]] = collections.defaultdict(list)
        for point in points:
            tags = dict(tag.partition(":")[::2] for tag in point.tags)
            if point.name == self.monitor.metric and set(self.monitor.scope) <= set(point.tags):
                found[tags.get(self.monitor.group, "")].append(point.value)
        return {group: TOGETHER[self.monitor.space](values) for group, values in found.items() if group}

    def _judge(self, group: str, value: float) -> Change | None:
        if group not in self._cycles and value > self.monitor.threshold:
            self._cycles[group] = str(uuid.uuid4().int >> 65)
            return Change("Triggered", group, value, self._cycles[group])
        if group in self._cycles and value <= self.monitor.recovery:
            return Change("Recovered", group, value, self._cycles.pop(group))
        return None
