"""Time zones: those of the time zone database, and the machine's own."""

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Self

_FOLDERS = ("posix/", "right/")  # the same zones once more, the latter with leap seconds, which no clock has
_OFTEN_MEANT = {"utc": "UTC", "local": "Local", "beijing": "Asia/Shanghai", "asia/beijing": "Asia/Shanghai"}
_OFFSET = re.compile(r"[+-]\d")


class _OfThisMachine(dt.tzinfo):
    """The zone that the machine is in, as the C library knows it."""

    def fromutc(self, when: dt.datetime) -> dt.datetime:
        """Turn what is UTC into the machine's time."""
        return dt.datetime.fromtimestamp(when.replace(tzinfo=dt.UTC).timestamp()).replace(tzinfo=self)  # noqa: DTZ006 - that zone is what is wanted

    def utcoffset(self, when: dt.datetime | None) -> dt.timedelta | None:
        """How far the machine's time is ahead then."""
        return when.replace(tzinfo=None).astimezone().utcoffset() if when else None

    def dst(self, when: dt.datetime | None) -> None:
        """Unknown: how much of the offset is summer time."""
        del when

    def tzname(self, when: dt.datetime | None) -> str:
        """What it is called then, such as CST; without an instant, its name in the configuration."""
        return (when.replace(tzinfo=None).astimezone().tzname() if when else None) or "Local"


@dataclass(frozen=True)
class Zone:
    """A time zone by its name; `Local` is the machine's."""

    name: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name such as Asia/Shanghai. Raises ValueError with what would be right."""
        found = cls(text)
        try:
            if text.startswith(_FOLDERS):
                raise ValueError
            _ = found.info
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise ValueError(f"is not a time zone{_meant(text)}") from None
        return found

    @cached_property
    def info(self) -> dt.tzinfo:
        """What turns instants into its time."""
        if self.name == "UTC":
            return dt.UTC
        return _OfThisMachine() if self.name == "Local" else zoneinfo.ZoneInfo(self.name)

    def __str__(self) -> str:
        """Write it as it is read."""
        return self.name


def _meant(text: str) -> str:
    """Name the zone that may have been meant, whatever its case, or with its town alone."""
    wanted = text.casefold().replace(" ", "_")
    by_words = dict(_OFTEN_MEANT)
    for name in sorted(zoneinfo.available_timezones(), key=lambda name: (name.count("/") != 1, name)):
        for words in (name, name.rpartition("/")[2]):
            by_words.setdefault(words.casefold(), name)
    # An offset such as GMT+8 is never taken for the zone Etc/GMT+8, which is sixteen hours away from it.
    near = [] if _OFFSET.search(text) else get_close_matches(wanted, by_words, n=1, cutoff=0.8)
    return f'; did you mean "{by_words[near[0]]}"?' if near else "; write for example Asia/Shanghai, UTC or Local"
