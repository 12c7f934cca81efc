"""What a Nagios plug-in measured: `'label'=value[unit];[warn];[crit];[min];[max]`, behind the bar of its output."""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

MOST = 200  # measurements of one look that are kept
MOST_LABEL = 100
MOST_READ = 16 * 1024  # characters

# A label in quotes may hold anything, a quote doubled; a bare one anything but blanks, quotes and `=`.
_ONE = re.compile(r"(?:'((?:[^']|'')*)'|([^\s='][^\s=']*))=([^\s;]*)((?:;[^\s;]*)*)(?!\S)")
_NUMBER = re.compile(r"([-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?)([^\d\s]*)", re.ASCII)
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_BYTES = {f"{prefix}{unit}": 1024.0**power for power, prefix in enumerate(["", *"kmgtpe"]) for unit in ("b", "ib")}


class Metric(NamedTuple):
    """One measurement; `value` is in seconds or bytes where the plug-in's unit was one of those."""

    label: str
    value: float
    unit: str  # "s", "B", or what the plug-in wrote: %, c, or something of its own
    warn: str = ""  # ranges, as the plug-in wrote them
    crit: str = ""
    least: str = ""
    most: str = ""


def perfdata(text: str) -> dict[str, Metric]:
    """The measurements in it, by label; what is no measurement, or has no value (`U`), is left out."""
    found: dict[str, Metric] = {}
    for metric in _metrics(text[:MOST_READ]):
        found[metric.label] = metric
        if len(found) >= MOST:
            break
    return found


def _metrics(text: str) -> Iterator[Metric]:
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _ONE.match(text, place)
        if match is None:
            place = _next(text, place)
            continue
        place = match.end()
        quoted, bare, written, ranges = match.groups()
        label = (bare if quoted is None else quoted.replace("''", "'")).strip()[:MOST_LABEL]
        measured = _measured(written)
        if label and measured is not None:
            yield Metric(label, *measured, *ranges.split(";")[1:5])


def _next(text: str, place: int) -> int:
    """Where the next word begins, behind one that means nothing."""
    while place < len(text) and not text[place].isspace():
        place += 1
    return place


def _measured(written: str) -> tuple[float, str] | None:
    match = _NUMBER.fullmatch(written)
    if match is None:
        return None
    value, unit = float(match[1]), match[2]
    if unit in _SECONDS:
        value, unit = value * _SECONDS[unit], "s"
    elif unit.lower() in _BYTES:
        value, unit = value * _BYTES[unit.lower()], "B"
    return (value, unit) if math.isfinite(value) else None
