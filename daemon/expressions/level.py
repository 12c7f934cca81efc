"""A threshold as people write it (800ms, 50%, 10MB/s), whether it fits what is watched, and numbers for people."""

import math
import re

import msgspec

from daemon.errors import ExpressionError
from daemon.expressions.expression import ABSENT, Expression
from daemon.units import seconds, size, spoken

TIME, SIZE, SHARE = "s", "B", "%"

_NUMBER = re.compile(r"([+-]?)(\d{1,18}(?:\.\d{1,12})?)(.*)", re.ASCII | re.DOTALL)
_PER = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0}
_EXAMPLE = "write for example 800ms, 50%, 10MB, 5/s or a plain number"
_UNITS_SAID = {TIME: "a time", SIZE: "a size", SHARE: "a share"}
_SCALES = (("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12))
_SIZES = (("B", 1), ("KB", 2**10), ("MB", 2**20), ("GB", 2**30), ("TB", 2**40))
_LARGE = 10_000  # from here on a number is told in thousands
_MINUTES = 120  # seconds, from which on a time is told in minutes


class Level(msgspec.Struct, frozen=True):
    """A number in its base unit, and the unit it was written in."""

    value: float
    unit: str = ""
    is_rate: bool = False  # so many in a second

    @classmethod
    def parse(cls, text: str) -> "Level":
        """Read it. Raises ValueError."""
        amount, slash, per = (one.strip() for one in text.strip().partition("/"))
        match = _NUMBER.fullmatch(amount)
        if match is None or (slash and per not in _PER):
            raise ValueError(f"is no threshold; {_EXAMPLE}")
        value, unit = _read(match[2], match[3].strip())
        value = -value if match[1] == "-" else value
        return cls(value / _PER[per] if slash else value, unit, is_rate=bool(slash))

    def check(self, about: Expression) -> None:
        """Refuse what does not fit. Raises ExpressionError."""
        if self.value == 0:
            return
        watched = about.value
        is_share = bool(about.divisor or about.versus)
        if self.is_rate and (watched.function != "rate" or is_share):
            raise ExpressionError(f"so many in a second is what rate gives, and {about} does not")
        if self.unit == SHARE and not is_share:
            raise ExpressionError(
                f"{self.value * 100:g}% of what? a share is what a ratio or a comparison gives;"
                f" write {self.value:g}, or {self.value * 100:g} where the series tells percent"
            )
        if about.versus and self.unit not in ("", SHARE):
            raise ExpressionError(f"a comparison gives a share of what it was: 150%, or 1.5; not {self}")
        if self.unit and not about.divisor and watched.function in ("count", "different"):
            raise ExpressionError(f"{watched.function} gives how many; {_UNITS_SAID[self.unit]} is no such number")
        if self.unit == TIME and watched.function == "rate" and not about.divisor:
            raise ExpressionError("rate gives how many in a second; write for example 5/s")

    def __str__(self) -> str:
        return shown(self.value, self.unit) + ("/s" if self.is_rate else "")


def _read(digits: str, unit: str) -> tuple[float, str]:
    if not unit:
        return float(digits), ""
    if unit == "%":
        return float(digits) / 100, SHARE
    try:
        return seconds(digits + unit), TIME
    except ValueError:
        pass
    try:
        return size(f"1 {unit}") * float(digits), SIZE
    except ValueError:
        raise ValueError(f"has no unit that is known; {_EXAMPLE}") from None


def unit_of(about: Expression, level: Level | None, series: str = "") -> str:
    """The unit in which people are told its values; `series` is that of the series."""
    if level is not None and level.unit:
        return level.unit
    if about.versus:
        return SHARE
    if about.divisor is not None or about.value.function in ("rate", "count", "different", ABSENT):
        return ""
    return series if series in (TIME, SIZE) else ""


def shown(value: float, unit: str) -> str:
    """Write it for people, short: `1.2s`, `340ms`, `12.5%`, `3.4MB`, `12.3k`."""
    if not math.isfinite(value):
        return "no number"
    if value < 0:
        return f"-{shown(-value, unit)}"
    match unit:
        case "s":
            return _time(value)
        case "%":
            return f"{_digits(value * 100)}%"
        case "B":
            return _scaled(value, _SIZES)
    return _digits(value) if value < _LARGE else _scaled(value, _SCALES)


def _time(value: float) -> str:
    if value >= _MINUTES:
        return spoken(value)
    if value >= 1 or value == 0:
        return f"{_digits(value)}s"
    return f"{_digits(value * 1_000)}ms" if value >= 1e-3 else f"{_digits(value * 1e6)}µs"  # noqa: PLR2004 - a thousandth


def _scaled(value: float, scales: tuple[tuple[str, float], ...]) -> str:
    name, scale = next((one for one in reversed(scales) if value >= one[1]), scales[0])
    return f"{_digits(value / scale)}{name}"


def _digits(value: float) -> str:
    """Three digits that count, and no fraction where there are more before the point."""
    if value >= 1_000:  # noqa: PLR2004 - four digits and no fraction
        return f"{value:.0f}"
    return f"{value:.3g}"
