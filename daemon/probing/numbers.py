"""What is counted of probes, in Prometheus' text formats.

Not among the series of `daemon.telemetry`: with ten thousand probes each family has ten thousand lines, which
nobody should keep in memory between two scrapes, and everybody else has a turn while they are written.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from daemon.clock import Clock, unhurried
from daemon.exposition import TEXT, Form, escaped
from daemon.probing.watched import Watched
from daemon.reading import Health

Lines = Callable[[Watched], Iterable[str]]


def exposition(watched: Sequence[Watched], clock: Clock, form: Form = TEXT) -> bytes:
    """All lines of these probes; none when there are no probes."""
    if not watched:
        return b""
    return "".join(unhurried(clock, _lines(watched, form))).encode("utf-8", "replace")


def _lines(watched: Sequence[Watched], form: Form) -> Iterator[str]:
    for name, kind, text, lines in _FAMILIES:
        yield form.heading(name, kind, text)
        for one in watched:
            for line in lines(one):
                yield f"{line}\n"


def _up(one: Watched) -> Iterable[str]:
    if one.health is not Health.UNKNOWN:
        yield f"tocsin_probe_up{{{_probe(one)}}} {int(one.health is not Health.DOWN)}"


def _degraded(one: Watched) -> Iterable[str]:
    if one.health is not Health.UNKNOWN:
        yield f"tocsin_probe_degraded{{{_probe(one)}}} {int(one.health is Health.DEGRADED)}"


def _looks(one: Watched) -> Iterable[str]:
    for result, count in (("ok", one.well), ("failed", one.amiss), ("skipped", one.skipped)):
        yield f'tocsin_probe_looks_total{{{_probe(one)},result="{result}"}} {count}'


def _seconds(one: Watched) -> Iterable[str]:
    yield f"tocsin_probe_seconds_sum{{{_probe(one)}}} {one.seconds:.6f}"
    yield f"tocsin_probe_seconds_count{{{_probe(one)}}} {one.well + one.amiss}"


def _phases(one: Watched) -> Iterable[str]:
    for name, took in (one.reading.phases if one.reading else {}).items():
        yield f'tocsin_probe_phase_seconds{{{_probe(one)},phase="{escaped(name)}"}} {took:.6f}'


def _values(one: Watched) -> Iterable[str]:
    for name, value in _numbers(one.reading.values if one.reading else {}):
        yield f'tocsin_probe_value{{{_probe(one)},value="{escaped(name)}"}} {value:.10g}'


def _numbers(values: Mapping[str, object]) -> Iterator[tuple[str, float]]:
    """Everything that is a number, those under a key as `name.key`."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _numbers({f"{name}.{key}": one for key, one in value.items()})
        elif isinstance(value, int | float) and math.isfinite(value):
            yield name, float(value)


def _probe(one: Watched) -> str:
    return f'probe="{escaped(one.plan.name)}"'


_FAMILIES: tuple[tuple[str, str, str, Lines], ...] = (
    ("tocsin_probe_up", "gauge", "0 while a probe is down, 1 while it is not; absent while that is not known.", _up),
    ("tocsin_probe_degraded", "gauge", "1 while a probe works, and not as it should.", _degraded),
    ("tocsin_probe_looks_total", "counter", "Looks by result.", _looks),
    ("tocsin_probe_seconds", "summary", "Time of one look.", _seconds),
    ("tocsin_probe_phase_seconds", "gauge", "The phases of the last look.", _phases),
    ("tocsin_probe_value", "gauge", "The numbers that the last look found.", _values),
)
