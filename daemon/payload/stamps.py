"""Times as other programs write them: RFC 3339 with any fraction and offset, or seconds since the epoch."""

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<clock>\d\d:\d\d):(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,20}))?"
    r"\s?(?:(?P<utc>[Zz]|UTC)|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))?",
    re.ASCII,
)
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,20})?", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000  # outside of it stands a zero value or "never", not a time
_ABSURD = 1e20
_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # at least this much: nanoseconds, microseconds, milliseconds


def instant(value: object, offset: str = "Z") -> float | None:
    """Read a time as seconds since the epoch. What is not one, or is a stand-in for none, is None. Never raises.

    Numbers and numeric texts are seconds, or by their size milli-, micro- or nanoseconds; other texts are
    RFC 3339, with this `offset` (`+08:00`) where they name none.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _epoch(value)
    if not isinstance(value, str):
        return None
    text = value.strip()
    return _epoch(float(text)) if _NUMBER.fullmatch(text) else _rfc3339(text, offset)


def _epoch(number: float) -> float | None:
    """Tell seconds from their fractions by size; zero, negative, endless and absurd are no time."""
    if not 0 < number < _ABSURD:
        return None
    for least, per_second in _UNITS:
        if number >= least:
            return number / per_second
    return float(number)


def _rfc3339(text: str, without: str) -> float | None:
    match = _RFC3339.fullmatch(text)
    if match and not match["utc"] and not match["sign"]:
        match = _RFC3339.fullmatch(text + without)
    if not match:
        return None
    leap = match["second"] == "60"  # datetime knows no leap second: the one before it, and one more
    try:
        whole = datetime.fromisoformat(f"{match['date']}T{match['clock']}:{'59' if leap else match['second']}")
    except ValueError:
        return None
    if not _FIRST_YEAR <= whole.year < _LAST_YEAR:
        return None
    offset = 0
    if match["sign"]:
        offset = int(f"{match['sign']}1") * (int(match["hours"]) * 3600 + int(match["minutes"]) * 60)
    fraction = float(f"0.{match['fraction'] or 0}")
    return whole.replace(tzinfo=UTC).timestamp() - offset + leap + fraction
