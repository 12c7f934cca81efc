"""The series of applications for /metrics: as Prometheus names them, and only those that live."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

from daemon import telemetry
from daemon.clock import Clock, unhurried
from daemon.config.exposing import Expose
from daemon.exposition import Form, escaped, label_name, metric_name, number
from daemon.series.key import Key, Kind
from daemon.series.selector import Selector
from daemon.series.table import Exposed, Table

QUANTILES = (0.5, 0.95, 0.99)
UNITS = {"s": "seconds", "B": "bytes"}

_OWN = ("tocsin_", "scrape_")  # tocsin's own names begin so, and what Prometheus says of a scrape
_UP = "up"  # and so does Prometheus call whether there was one
_TYPES = {Kind.COUNTER: "counter", Kind.GAUGE: "gauge", Kind.SPREAD: "summary", Kind.SET: "gauge"}
# What the samples of a family are called beside its own name; a family that is read back by that name takes it, too.
_ENDS = {
    Kind.COUNTER: ("", "_total", "_created"),
    Kind.GAUGE: ("",),
    Kind.SPREAD: ("", "_sum", "_count", "_created"),
    Kind.SET: ("",),
}

Of = tuple[str, Kind, str]  # a family: name, kind, unit


def exposition(series: Iterable[Exposed], clock: Clock, form: Form) -> bytes:
    """All lines of these series."""
    families: dict[Of, list[Exposed]] = {}
    for one in unhurried(clock, series):
        families.setdefault((one.key.name, one.key.kind, one.key.unit), []).append(one)
    called = names(families)
    return "".join(unhurried(clock, _lines(families, called, form))).encode("utf-8", "replace")


class Showing:
    """Writes those series that the settings name, and no more than they allow."""

    def __init__(self, table: Table, clock: Clock, expose: Callable[[], Expose]) -> None:
        self._table = table
        self._clock = clock
        self._expose = expose
        self._read: Expose | None = None
        self._selectors: tuple[Selector, ...] = ()

    def __call__(self, form: Form) -> bytes:
        """All lines of them; the number of those for which there was no room is one of tocsin's own."""
        expose = self._expose()
        if expose is not self._read:
            self._read, self._selectors = expose, tuple(map(Selector.parse, expose.select))
        shown: list[Exposed] = []
        left = 0
        if expose.is_on:
            for one in unhurried(self._clock, self._table.exposed(self._named())):
                if not (expose.everything or any(selector.matches(one.key) for selector in self._selectors)):
                    continue
                if len(shown) < expose.most:
                    shown.append(one)
                else:
                    left += 1
        telemetry.unexposed.set(left)
        return exposition(shown, self._clock, form)

    def _named(self) -> Callable[[Key], bool]:
        """Whether series of a name may be wanted: asked of all that live at once, so it is found out once a name."""
        found: dict[str, bool] = {}

        def is_named(key: Key) -> bool:
            known = found.get(key.name)
            if known is None:
                known = self._read is not None and self._read.everything
                known = found[key.name] = known or any(one.names(key.name) for one in self._selectors)
            return known

        return is_named


def names(families: Iterable[Of]) -> dict[Of, str]:
    """What each family is called. No two have a sample of one name; who is called so already keeps his name."""
    taken: set[str] = set()
    found: dict[Of, str] = {}
    for one in sorted(families, key=lambda one: (_family(*one) != one[0], one)):
        made, kind = _family(*one), one[1]
        for again in count(2):
            wanted = {made + end for end in _ENDS[kind]}
            if not wanted & taken:
                break
            made = f"{_family(*one)}_{kind}" if again == 2 else f"{_family(*one)}_{kind}_{again}"  # noqa: PLR2004
        taken |= wanted
        found[one] = made
    return found


def _family(name: str, kind: Kind, unit: str) -> str:
    """The name as Prometheus likes it: with its unit, and `_total` only where a sample of a counter has it."""
    made = metric_name(name)
    if kind is Kind.COUNTER:
        made = made.removesuffix("_total") or "_total"
    end = UNITS.get(unit, "")
    if end and not made.endswith(f"_{end}"):
        made = f"{made}_{end}"
    return f"app_{made}" if made == _UP or made.startswith(_OWN) else made


def _lines(families: dict[Of, list[Exposed]], called: dict[Of, str], form: Form) -> Iterator[str]:
    for family, members in families.items():
        name, kind = called[family], family[1]
        shown = f"{name}_total" if kind is Kind.COUNTER else name
        yield form.heading(shown, _TYPES[kind], f"{family[0]}, as applications tell it.")
        seen: set[str] = set()
        for one in members:
            labels = _labels(one.key, seen)
            for line in _SAMPLES[kind](name, labels, one):
                yield f"{line}\n"


def _labels(key: Key, seen: set[str]) -> str:
    """The labels between their braces. What would be said twice once names are plain has one label more."""
    pairs: dict[str, str] = {}
    for name, value in key.labels:
        plain = label_name(name)
        if plain in ("quantile", "le"):  # what Prometheus itself calls the parts of one series
            plain = f"label_{plain}"
        while plain in pairs:
            plain = f"{plain}2"
        pairs[plain] = escaped(value)
    made = ",".join(f'{name}="{value}"' for name, value in pairs.items())
    if made in seen:
        made = ",".join(filter(None, (made, f'told_as="{escaped(str(key))}"')))
    seen.add(made)
    return made


def _counter(name: str, labels: str, one: Exposed) -> Iterator[str]:
    yield from _sample(f"{name}_total", labels, one.total)


def _gauge(name: str, labels: str, one: Exposed) -> Iterator[str]:
    yield from _sample(name, labels, one.last)


def _set(name: str, labels: str, one: Exposed) -> Iterator[str]:
    if one.tally is not None:
        yield from _sample(name, labels, one.tally.different)


def _summary(name: str, labels: str, one: Exposed) -> Iterator[str]:
    for part in QUANTILES:
        value = one.tally.quantile(part) if one.tally is not None else None
        if value is not None:
            yield from _sample(name, f'{labels}{"," if labels else ""}quantile="{part:g}"', value)
    yield from _sample(f"{name}_sum", labels, one.total)
    yield from _sample(f"{name}_count", labels, one.count)


def _sample(name: str, labels: str, value: float) -> Sequence[str]:
    """One line, or none: what is no number would spoil every sum that it is in."""
    if not math.isfinite(value):
        return ()
    return (f"{name}{{{labels}}} {number(value)}" if labels else f"{name} {number(value)}",)


_SAMPLES: dict[Kind, Callable[[str, str, Exposed], Iterator[str]]] = {
    Kind.COUNTER: _counter,
    Kind.GAUGE: _gauge,
    Kind.SPREAD: _summary,
    Kind.SET: _set,
}
