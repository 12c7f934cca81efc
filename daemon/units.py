"""Durations and sizes as people write them: `90s`, `5m`, `1h30m`, `2d`; `64KB`, `50MB`."""

import math
import re
from dataclasses import dataclass
from typing import NewType, Self

Seconds = NewType("Seconds", float)
Bytes = NewType("Bytes", int)

MOST_OF = 100  # readings that are counted

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_BYTES = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
# Digits are ASCII and few, so that no text can make a number that is none or takes long to read.
_DURATION = re.compile(r"(?:\d{1,12}(?:\.\d{1,12})?(?:ms|[smhdwy]))+", re.ASCII)
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])", re.ASCII)
_SHARE = re.compile(r"(?:(\d{1,3}(?:\.\d{1,6})?) ?%|(\d{1,12}))", re.ASCII)
_QUORUM = re.compile(r"(\d{1,4})(?: ?(?:of|/) ?(\d{1,4}))?", re.ASCII)
_SIZE = re.compile(r"(\d{1,15}) ?(?:([KMGT])(?:i?B)?|B)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part of something that is counted: a fraction of it, or so many."""

    fraction: float = 0.0
    number: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `10%` or `200`. Raises ValueError with what would be right."""
        match = _SHARE.fullmatch(text)
        if match is None or (match[1] and float(match[1]) > 100):  # noqa: PLR2004 - per cent
            raise ValueError("is not a share; write for example 10%, or a number such as 200")
        return cls(fraction=float(match[1]) / 100) if match[1] else cls(number=int(match[2]))

    def of(self, whole: int) -> int:
        """How many that is of so many, rounded down."""
        return int(whole * self.fraction + 1e-9) if self.fraction else self.number

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.fraction * 100:g}%" if self.fraction else str(self.number)


@dataclass(frozen=True)
class Quorum:
    """So many of so many: `3 of 5`; a bare number means all of so many."""

    count: int
    of: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2` or `3 of 5`. Raises ValueError with what would be right."""
        match = _QUORUM.fullmatch(text.strip())
        count, of = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= count <= of <= MOST_OF:
            raise ValueError(f"is not so many of so many; write for example 2, or 3 of 5; at most of {MOST_OF}")
        return cls(count, of)

    def times(self, factor: int) -> "Quorum":
        """So many times as much, as far as there may be so many."""
        factor = max(1, min(factor, MOST_OF // self.of))
        return Quorum(self.count * factor, self.of * factor)

    def __str__(self) -> str:
        """Write it as it is read."""
        return str(self.count) if self.count == self.of else f"{self.count} of {self.of}"


def seconds(text: str | float) -> Seconds:
    """Read a duration; a bare number is seconds. Raises ValueError with a sentence."""
    if isinstance(text, int | float) and not isinstance(text, bool) and text >= 0 and math.isfinite(text):
        return Seconds(float(text))
    if isinstance(text, str) and _DURATION.fullmatch(text):
        return Seconds(sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text)))
    raise ValueError(f"{text!r} is not a duration: write for example 30s, 5m, 4h or 1h30m")


def size(text: str | int) -> Bytes:
    """Read a size; a bare number is bytes. Raises ValueError with a sentence."""
    if isinstance(text, int) and not isinstance(text, bool) and text >= 0:
        return Bytes(text)
    if isinstance(text, str) and (match := _SIZE.fullmatch(text.strip())):
        return Bytes(int(match[1]) * _BYTES[(match[2] or "").upper()])
    raise ValueError(f"{text!r} is not a size: write for example 64KB, 50MB or 1GB")


def spoken(duration: float) -> str:
    """Write a duration the short way people read it: `45s`, `12m`, `3h20m`, `2d4h`."""
    whole = round(duration)
    for big, small, name_big, name_small in ((86400, 3600, "d", "h"), (3600, 60, "h", "m")):
        if whole >= big:
            rest = whole % big // small
            return f"{whole // big}{name_big}{rest}{name_small}" if rest else f"{whole // big}{name_big}"
    return f"{whole // 60}m" if whole >= _SECONDS["m"] else f"{whole}s"
