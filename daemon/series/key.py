"""What a series is called: a name, what kind of number it is, and labels."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from daemon.fitting import cut, line
from daemon.matcher import quoted

LONGEST_NAME, LONGEST_LABEL, MOST_LABELS = 200, 200, 20

Labels = tuple[tuple[str, str], ...]  # sorted by name; none twice, none empty


class Kind(StrEnum):
    """What a number of a series means."""

    COUNTER = "counter"  # so many more of something
    GAUGE = "gauge"  # so much of something now
    SPREAD = "spread"  # one of many values whose percentiles are asked for: times, sizes
    SET = "set"  # somebody or something, and how many different ones there were


class Key(msgspec.Struct, frozen=True, gc=False):
    """Tells one series from all others."""

    name: str
    kind: Kind
    labels: Labels = ()
    unit: str = ""  # "s" where the values are seconds, "B" for bytes; else what the name says

    def __str__(self) -> str:
        """Write it as it is asked for: `http.time{app="shop",route="/pay"}`."""
        inside = ",".join(f"{name}={quoted(value)}" for name, value in self.labels)
        return f"{self.name}{{{inside}}}" if inside else self.name


def name(text: str) -> str:
    """Make a name of whatever came: one line, not too long; empty when nothing is left."""
    return cut(line(text), LONGEST_NAME).strip()


def labels(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Make labels of whatever came: one line each, the last of a name counts, empty ones are none."""
    found = {cut(line(one), LONGEST_LABEL): cut(line(value), LONGEST_LABEL) for one, value in pairs}
    return tuple(sorted((one, value) for one, value in found.items() if one and value)[:MOST_LABELS])
