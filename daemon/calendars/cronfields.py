"""A cron line taken apart: what each field names, and what is wrong with one that cannot be read."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
WEEK = 7
MOST_OF_A_WEEKDAY = 5  # in one month
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST = 1_000  # characters of a line
_COUNTS = "it has 5 (minute hour day month weekday), 6 (second first) or 7 (second first, year last)"
_ITEM = re.compile(r"(?:(\*)|(H)(?:\((\w+)-(\w+)\))?|(\w+?)(?:-(\w+))?)(?:/(\w+))?", re.ASCII)
_NEAREST = re.compile(r"(\d{1,2})W", re.ASCII)
_NTH = re.compile(r"(\w+)#(\w+)", re.ASCII)
_LAST = re.compile(r"(\d|[A-Z]{3})L|L(\d)", re.ASCII)


@dataclass(frozen=True)
class Part:
    """One of the fields: its name, and which numbers and words it takes."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    hashed_most: int = 0  # the largest that H may become, where not every month has the others

    def number(self, word: str) -> int:
        """Read a number or a name. Raises ValueError."""
        if word in self.words:
            return self.words.index(word) + self.least
        # Sunday is both ends of the week.
        if not word.isdigit() or len(word) > 4 or not self.least <= int(word) <= self.most + (self.words == _WEEKDAYS):  # noqa: PLR2004 - the digits of a year
            words = f", or {self.words[0]} to {self.words[-1]}" if self.words else ""
            raise ValueError(f"is not a cron line: {self.name} {word!r} is none; {self.least} to {self.most}{words}")
        return int(word)


_SECOND = Part("second", 0, 59)
_MINUTE = Part("minute", 0, 59)
_HOUR = Part("hour", 0, 23)
_DAY = Part("day", 1, 31, hashed_most=28)
_MONTH = Part("month", 1, 12, _MONTHS)
_WEEKDAY = Part("weekday", 0, 6, _WEEKDAYS)
_YEAR = Part("year", 1970, 2099)


class Month(NamedTuple):
    """What decides which days of a month are meant."""

    first: int  # the weekday of its first day; 0 is Sunday
    length: int

    def weekday(self, day: int) -> int:
        """Which one a day is."""
        return (self.first + day - 1) % WEEK

    def on(self, weekday: int) -> list[int]:
        """Its days that are this one."""
        return [day for day in range(1, self.length + 1) if self.weekday(day) == weekday]

    def workday(self, day: int) -> int:
        """The day from Monday to Friday that is nearest to this one, in the same month."""
        match self.weekday(day):
            case 0:
                return day + 1 if day < self.length else day - 2
            case 6:
                return day - 1 if day > 1 else day + 2
        return day


Pick = Callable[[Month], Iterable[int]]


@dataclass(frozen=True)
class Fields:
    """What a line names, in order. No `years` are all years."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: tuple[int, ...]
    picks: tuple[Pick, ...] = ()  # each names days of a month; all together count, and without any it is every day
    years: tuple[int, ...] = ()
    by_elapsed: bool = (
        False  # it has a wildcard for minute or hour: it goes by time that passes, not by what clocks show
    )


def read(text: str, seed: str = "") -> Fields:
    """Read a line; what is `H` is chosen by the seed. Raises ValueError with what would be right."""
    line = text.strip()
    if line.startswith("@"):
        line = _macro(line)
    words = line.upper().split()
    if len(line) > _LONGEST or not 5 <= len(words) <= WEEK:  # noqa: PLR2004 - as many as are meant
        raise ValueError(f"is not a cron line: {_COUNTS}")
    second = words.pop(0) if len(words) > 5 else "0"  # noqa: PLR2004
    year = words.pop() if len(words) > 5 else "*"  # noqa: PLR2004
    minute, hour, day, month, weekday = words
    minutes, hours = _numbers(_MINUTE, minute, seed), _numbers(_HOUR, hour, seed)
    return Fields(
        seconds=_numbers(_SECOND, second, seed),
        minutes=minutes,
        hours=hours,
        months=_numbers(_MONTH, month, seed),
        picks=(*_each(day, seed, _of_month), *_each(weekday, seed, _of_week)),
        years=() if year == "*" else _numbers(_YEAR, year, seed),
        by_elapsed=_is_wild(_MINUTE, minute, minutes) or _is_wild(_HOUR, hour, hours),
    )


def _macro(line: str) -> str:
    word = line.lower()
    if word in MACROS:
        return MACROS[word]
    if word == "@reboot":
        raise ValueError("is not a time; a probe looks soon after every start by itself")
    if word.startswith("@every"):
        raise ValueError("is not a cron line: write every: 5m in place of cron:")
    raise ValueError(f"is not a cron line: the words are {', '.join(MACROS)}")


def _is_wild(part: Part, written: str, found: tuple[int, ...]) -> bool:
    return written.startswith("*") or len(found) == part.most - part.least + 1


def _numbers(part: Part, written: str, seed: str) -> tuple[int, ...]:
    """Read a list of numbers and ranges."""
    return tuple(sorted({number for item in written.split(",") for number in _range(part, item, seed)}))


def _range(part: Part, item: str, seed: str) -> list[int]:
    """Read `*`, `5`, `1-5`, `1/10`, `H`, `H(0-29)`, each with a step or without. A range may go round: `22-2`."""
    match = _ITEM.fullmatch(item)
    if match is None:
        raise ValueError(_cannot(part, item))
    star, hashed, low, high, first, last, steps = match.groups()
    step = _step(part, steps) if steps is not None else 0
    if hashed:
        return _hashed(part, low, high, step, seed)
    if star:
        return list(range(part.least, part.most + 1, step or 1))
    begin = part.number(first)
    if last is None:
        found = range(begin, part.most + 1, step) if step else (begin,)
    else:
        found = _round(part, begin, part.number(last), step or 1)
    size = part.most - part.least + 1
    return [part.least + (number - part.least) % size for number in found]


def _cannot(part: Part, item: str) -> str:
    if item == "?" or not {"L", "W", "#"}.isdisjoint(item):
        where = "day and weekday" if part in (_DAY, _WEEKDAY) else "those of day and weekday"
        return f"is not a cron line: {part.name} {item!r}: `?`, `L`, `W` and `#` have their places in {where} only"
    return f"is not a cron line: {part.name} {item!r} cannot be read; write for example *, 5, 1-5, */10 or 1,15"


def _round(part: Part, begin: int, end: int, step: int) -> range:
    if part is _WEEKDAY and begin == WEEK != end:
        begin = 0
    if begin > end:
        if part is _YEAR:
            raise ValueError(f"is not a cron line: year {begin}-{end} ends before it begins")
        end += part.most - part.least + 1
    return range(begin, end + 1, step)


def _step(part: Part, written: str) -> int:
    size = part.most - part.least + 1
    if not written.isdigit() or len(written) > 4 or not 1 <= int(written) <= size:  # noqa: PLR2004 - the digits of a year
        raise ValueError(f"is not a cron line: {part.name}: a step goes from 1 to {size}, not {written!r}")
    return int(written)


def _hashed(part: Part, low: str | None, high: str | None, step: int, seed: str) -> list[int]:
    """One number of the range, or where its steps begin: another for every name, always the same for one."""
    if part is _YEAR:
        raise ValueError("is not a cron line: a year cannot be `H`")
    begin, end = part.least, part.hashed_most or part.most
    if low is not None and high is not None:
        begin, end = part.number(low), part.number(high)
    if begin > end:
        raise ValueError(f"is not a cron line: {part.name} H({low}-{high}) ends before it begins")
    digest = hashlib.blake2b(f"{part.name} {seed}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    chosen = begin + int.from_bytes(digest) % min(step or end - begin + 1, end - begin + 1)
    return [number % WEEK if part is _WEEKDAY else number for number in range(chosen, end + 1, step or end + 1)]


def _each(written: str, seed: str, read_one: Callable[[str, str], Pick]) -> tuple[Pick, ...]:
    """Read a list of days; one that is left open names none, so that the other one alone decides."""
    return () if written in ("*", "?", "*/1") else tuple(read_one(item, seed) for item in written.split(","))


def _of_month(item: str, seed: str) -> Pick:
    """Read days of the month: numbers, the last one, the working day nearest to one."""
    if item == "L":
        return lambda month: (month.length,)
    if item == "LW":
        return lambda month: (month.workday(month.length),)
    if match := _NEAREST.fullmatch(item):
        day = _DAY.number(match[1])
        return lambda month: (month.workday(day),) if day <= month.length else ()
    numbers = _range(_DAY, item, seed)
    return lambda month: [day for day in numbers if day <= month.length]


def _of_week(item: str, seed: str) -> Pick:
    """Read days of the week: all of them in a month, the second one, the last one."""
    if item == "L":
        raise ValueError("is not a cron line: weekday 'L': write 5L for the last Friday of the month, or SAT")
    if match := _LAST.fullmatch(item):
        last = _WEEKDAY.number(match[1] or match[2]) % WEEK
        return lambda month: month.on(last)[-1:]
    if match := _NTH.fullmatch(item):
        weekday, which = _WEEKDAY.number(match[1]) % WEEK, match[2]
        if not which.isdigit() or not 1 <= int(which) <= MOST_OF_A_WEEKDAY:
            raise ValueError(f"is not a cron line: weekday {item!r}: a month has 1 to {MOST_OF_A_WEEKDAY} of each")
        return lambda month: month.on(weekday)[int(which) - 1 : int(which)]
    weekdays = _range(_WEEKDAY, item, seed)
    return lambda month: [day for weekday in weekdays for day in month.on(weekday)]
