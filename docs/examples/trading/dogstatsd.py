"""What a Datadog agent does with the datagrams of instrumented programs.

The grammar is Datadog's "Datagram Format and Shell Usage", up to protocol 1.3: `name:value|type|@rate|#tags`, several
values or several lines in one datagram, and further sections, which are left alone.
"""

import collections
import math
from dataclasses import dataclass, field

COUNT, GAUGE = "c", "g"
SAMPLES = ("h", "d", "ms")  # histogram, distribution, timing: the same to this agent
OWN = "datadog.dogstatsd.client."  # what the client tells of itself
PERCENTILE = 0.95


@dataclass(frozen=True)
class Metric:
    """One line of a datagram."""

    name: str
    kind: str
    values: tuple[float, ...]
    rate: float = 1.0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Point:
    """What one flush makes of a metric: `.avg` and so on of samples, the sum of a count, the last of a gauge."""

    name: str
    tags: tuple[str, ...]
    value: float


def parse(datagram: bytes) -> tuple[list[Metric], int]:
    """Read all lines; return the metrics, and how many lines are something else or nothing that can be read."""
    lines = [line for line in datagram.decode("utf-8", "replace").split("\n") if line and not line.startswith(OWN)]
    read = [_metric(line) for line in lines]
    metrics = [metric for metric in read if metric is not None]
    return metrics, len(read) - len(metrics)


def _metric(line: str) -> Metric | None:
    """Read one line; None for events, service checks, sets and what is no metric at all."""
    name, colon, rest = line.partition(":")
    values, _, sections = rest.partition("|")
    kind, *extensions = sections.split("|")
    if not name or not colon or kind not in {COUNT, GAUGE, *SAMPLES}:
        return None
    rate, tags = "1", ""
    for extension in extensions:
        if extension.startswith("@"):
            rate = extension[1:]
        elif extension.startswith("#"):
            tags = extension[1:]
    try:
        numbers = tuple(float(value) for value in values.split(":"))
        sampled = float(rate)
    except ValueError:
        return None
    if not all(math.isfinite(number) for number in numbers) or not 0 < sampled <= 1:
        return None
    return Metric(name, kind, numbers, sampled, tuple(sorted(filter(None, tags.split(",")))))


@dataclass
class _Series:
    """All of one name, kind and set of tags since the last flush: values, each with how many it stands for."""

    values: list[tuple[float, float]] = field(default_factory=list)


class Agent:
    """Gathers metrics between two flushes."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._series: dict[tuple[str, str, tuple[str, ...]], _Series] = collections.defaultdict(_Series)

    def take(self, metrics: list[Metric]) -> None:
        """Add what one datagram said. A value that was sampled at 0.1 stands for ten."""
        for metric in metrics:
            series = self._series[metric.name, metric.kind, metric.tags]
            series.values += [(value, 1 / metric.rate) for value in metric.values]

    def flush(self) -> list[Point]:
        """Return what was gathered, and begin anew."""
        points = []
        for (name, kind, tags), series in self._series.items():
            points += [Point(name + suffix, tags, value) for suffix, value in _flushed(kind, series.values).items()]
        self._series.clear()
        return points


def _flushed(kind: str, values: list[tuple[float, float]]) -> dict[str, float]:
    """Suffix of the name -> value, as an agent reports it that is configured like a new one."""
    if kind == GAUGE:
        return {"": values[-1][0]}
    if kind == COUNT:
        return {"": sum(value * weight for value, weight in values)}
    total = sum(weight for _, weight in values)
    return {
        ".avg": sum(value * weight for value, weight in values) / total,
        ".count": total,
        ".max": max(value for value, _ in values),
        ".median": _percentile(values, total / 2),
        ".95percentile": _percentile(values, total * PERCENTILE),
    }


def _percentile(values: list[tuple[float, float]], rank: float) -> float:
    """The smallest value that at least `rank` of all that was seen do not exceed."""
    seen = 0.0
    for value, weight in sorted(values):
        seen += weight
        if seen >= rank:
            return value
    return max(value for value, _ in values)
