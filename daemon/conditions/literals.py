"""What a condition compares with: numbers with their units, ranges of them, texts, true, false and null."""

import re
from collections.abc import Callable

from daemon.conditions.condition import Span, Subject, Value
from daemon.conditions.tokens import Token
from daemon.errors import ConditionError
from daemon.reading import Unit
from daemon.units import seconds, size

DAY = 86_400

_BARE = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?", re.ASCII)
_RANGE = re.compile(r"([+-]?[0-9][0-9A-Za-z.%]*)-([+-]?[0-9][0-9A-Za-z.%]*)")
_LOOKS = re.compile(r"[+-]?\.?[0-9]")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}

SAYS: dict[Unit | None, str] = {
    "number": "a number, such as 4 or 0.5",
    "text": 'a text in quotes, such as "ok"',
    "flag": "true or false",
    "seconds": "a time with its unit, such as 300ms or 2s",
    "days": "days, such as 14 or 14d",
    "percent": "a share, such as 20%",
    "bytes": "a size, such as 10KB",
    "list": 'a text in quotes or a number, such as "1.2.3.4"',
    None: 'a number, a text in quotes such as "ok", true, false or null',
}


def number(text: str) -> float | None:
    """Read a number without a unit; None where it is none."""
    if not _BARE.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def read(token: Token, subject: Subject) -> Value:
    """Read what the subject is compared with."""
    if token.kind == "text":
        if subject.unit in (None, "text", "list"):
            return token.text
        raise ConditionError(f"{subject.name} is compared with {SAYS[subject.unit]}, not with a text in quotes")
    word = token.text.lower()
    if word in _WORDS:
        if subject.unit is None or (subject.unit == "flag" and word != "null"):
            return _WORDS[word]
        raise ConditionError(f"{subject.name} is compared with {SAYS[subject.unit]}, not with {word}")
    if not _LOOKS.match(token.text):
        raise ConditionError(f"{_short(token.text)} is not {SAYS[subject.unit]}{_quotes(token.text, subject)}")
    if span := _RANGE.fullmatch(token.text):
        raise ConditionError(f"a range is asked for with in: {subject.name} in {span[0]}")
    return amount(token.text, subject)


def within(token: Token, subject: Subject) -> Value:
    """Read one of those that `in` lists, which may be a range."""
    span = _RANGE.fullmatch(token.text) if token.kind == "word" else None
    if span is None:
        return read(token, subject)
    low, high = (amount(text, subject) for text in span.groups())
    if low > high:
        raise ConditionError(f"the range {token.text} begins after its end")
    return Span(low, high)


def amount(text: str, subject: Subject) -> float:
    """Read a number in the subject's unit."""
    reader = _READERS.get(subject.unit) or _plain
    return reader(text, subject)


def _plain(text: str, subject: Subject) -> float:
    value = number(text)
    if value is None:
        more = "; its values have no unit" if text[-1:].isalpha() or text[-1:] == "%" else ""
        raise ConditionError(f"{_short(text)} is not {SAYS[subject.unit]}{more}{_quotes(text, subject)}")
    return value


def _time(text: str, subject: Subject) -> float:
    value = number(text)
    if value is not None and value:
        raise ConditionError(f"{text} of what? write {text}ms or {text}s")
    return 0.0 if value is not None else _duration(text, subject)


def _days(text: str, subject: Subject) -> float:
    value = number(text)
    return _duration(text, subject) / DAY if value is None else value


def _duration(text: str, subject: Subject) -> float:
    try:
        return seconds(text.removeprefix("+"))
    except ValueError:
        raise ConditionError(f"{_short(text)} is not {SAYS[subject.unit]}") from None


def _share(text: str, subject: Subject) -> float:
    value = number(text.removesuffix("%"))
    if value is None:
        raise ConditionError(f"{_short(text)} is not {SAYS[subject.unit]}")
    if 0 < abs(value) < 1 and not text.endswith("%"):
        raise ConditionError(
            f"{text} of what? write {float(f'{value * 100:.12g}'):g}%, or {text}% if so little is meant"
        )
    return value


def _bytes(text: str, subject: Subject) -> float:
    value = number(text)
    if value is not None:
        return value
    try:
        return size(text)
    except ValueError:
        raise ConditionError(f"{_short(text)} is not {SAYS[subject.unit]}") from None


_READERS: dict[Unit | None, Callable[[str, Subject], float]] = {
    "seconds": _time,
    "days": _days,
    "percent": _share,
    "bytes": _bytes,
}


def _quotes(text: str, subject: Subject) -> str:
    return f'; a text is written in quotes: "{_short(text)}"' if subject.unit in (None, "text", "list") else ""


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004 - enough to see which one
