"""What an interval is made of: times of day, and ranges of weekdays, days, months and years, as they are written."""

import re
from dataclasses import dataclass
from typing import ClassVar, Self

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LONGEST_MONTH = 31
MIDNIGHT = 24 * 60

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00", re.ASCII)
_DAY = re.compile(r"-?\d{1,2}", re.ASCII)
_MONTH = re.compile(r"\d{1,2}", re.ASCII)
_YEAR = re.compile(r"[1-9]\d{3}", re.ASCII)


@dataclass(frozen=True, order=True)
class TimeOfDay:
    """A minute of the day; 24:00 is the end of it."""

    minute: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 09:00. Raises ValueError with what would be right."""
        found = _TIME.fullmatch(text)
        if not found:
            raise ValueError("is not a time of day; write for example 09:00, or 24:00 for its end")
        return cls(int(found[1]) * 60 + int(found[2]) if found[1] else MIDNIGHT)

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.minute // 60:02}:{self.minute % 60:02}"


@dataclass(frozen=True)
class Span:
    """From one to another, both included: `monday:friday`, or one alone."""

    first: int
    last: int

    _example: ClassVar[str] = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a range. Raises ValueError with what would be right."""
        words = [word.strip() for word in text.lower().split(":")]
        if len(words) > 2:  # noqa: PLR2004 - the two ends
            raise ValueError(f"is not a range; write for example {cls._example}")
        numbers = [cls._number(word) for word in words]
        found = cls(numbers[0], numbers[-1])
        found._refuse_reversed()
        return found

    @classmethod
    def _number(cls, word: str) -> int:
        raise NotImplementedError

    def _refuse_reversed(self) -> None:
        raise NotImplementedError

    def __contains__(self, number: int) -> bool:
        """Whether it lies between both ends."""
        return self.first <= number <= self.last

    def __str__(self) -> str:
        """Write it as it is read."""
        first, last = self._word(self.first), self._word(self.last)
        return first if first == last else f"{first}:{last}"

    def _word(self, number: int) -> str:
        return str(number)


class Weekdays(Span):
    """Days of the week, which begins on Sunday (0)."""

    _example = "monday:friday"

    @classmethod
    def _number(cls, word: str) -> int:
        if word not in WEEKDAYS:
            raise ValueError(f"names no day of the week; they are {', '.join(WEEKDAYS)}")
        return WEEKDAYS.index(word)

    def _refuse_reversed(self) -> None:
        if self.first > self.last:
            begin, end = Weekdays(self.first, len(WEEKDAYS) - 1), Weekdays(0, self.last)
            raise ValueError(f"ends before it begins, for the week begins on sunday; write two: {begin} and {end}")

    def _word(self, number: int) -> str:
        return WEEKDAYS[number]


class MonthDays(Span):
    """Days of the month; -1 is the last one, -2 the one before it."""

    _example = "1:5, or -3:-1 for the last three days"

    @classmethod
    def _number(cls, word: str) -> int:
        if not _DAY.fullmatch(word) or not 1 <= abs(int(word)) <= LONGEST_MONTH:
            raise ValueError("is not a day of the month; they are 1 to 31, or -1 for the last one to -31")
        return int(word)

    def _refuse_reversed(self) -> None:
        if self.first < 0 < self.last:
            raise ValueError(
                f"goes beyond the month; write two: {MonthDays(self.first, -1)} and {MonthDays(1, self.last)}"
            )
        begin, end = self.in_month(LONGEST_MONTH)
        if begin > end:
            if self.last > 0:
                instead = f"two: {MonthDays(self.first, -1)} and {MonthDays(1, self.last)}"
            else:
                instead = f"{self.last}:{self.first}" if self.first < 0 else f"for example {self.first}:-1"
            raise ValueError(f"ends before it begins; write {instead}")

    def in_month(self, length: int) -> tuple[int, int]:
        """Count from the beginning of a month that has so many days; what lies beyond it is no day of it."""
        begin = self.first if self.first > 0 else length + 1 + self.first
        end = self.last if self.last > 0 else length + 1 + self.last
        return begin, end


class Months(Span):
    """Months of the year."""

    _example = "january:march"

    @classmethod
    def _number(cls, word: str) -> int:
        if word in MONTHS:
            return MONTHS.index(word) + 1
        if not _MONTH.fullmatch(word) or not 1 <= int(word) <= len(MONTHS):
            raise ValueError(f"is not a month; they are {', '.join(MONTHS)}, or 1 to 12")
        return int(word)

    def _refuse_reversed(self) -> None:
        if self.first > self.last:
            begin, end = Months(self.first, len(MONTHS)), Months(1, self.last)
            raise ValueError(f"ends before it begins; write two: {begin} and {end}")

    def _word(self, number: int) -> str:
        return MONTHS[number - 1]


class Years(Span):
    """Calendar years."""

    _example = "2025:2027"

    @classmethod
    def _number(cls, word: str) -> int:
        if not _YEAR.fullmatch(word):
            raise ValueError("is not a year; write four digits, for example 2026 or 2025:2027")
        return int(word)

    def _refuse_reversed(self) -> None:
        if self.first > self.last:
            raise ValueError(f"ends before it begins; write {self.last}:{self.first}")
