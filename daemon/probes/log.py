"""What does this log say? Lines that match, counted in a window, across rotations and restarts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import msgspec

from daemon.clock import SystemClock
from daemon.matcher import check_pattern
from daemon.probes.base import Fact, Health, OfThisMachine, Past, Reading, Rules, probe
from daemon.probes.files.bookmarks import NoLogError
from daemon.probes.files.following import Followed, Trail, follow
from daemon.probes.files.lines import Reader
from daemon.probes.files.tally import Sieve, Tally
from daemon.probes.machine.apart import Apart, CrowdedError, HungError
from daemon.probes.machine.capacity import sized
from daemon.reading import unpacked
from daemon.units import Bytes, Seconds, spoken

ANY = 2**63 - 1  # lines may match
IN_TIME = 0.8  # of the time-out may be spent reading

_LOOKS = Apart(4)


class Notes(msgspec.Struct, frozen=True, array_like=True):
    """What the next look must know."""

    trail: Trail | None = None
    tally: Tally = Tally()


class Found(NamedTuple):
    """What a look read."""

    followed: Followed
    tally: Tally
    lines: int
    behind: int


@probe("log")
@dataclass(frozen=True, kw_only=True)
class Log(OfThisMachine):
    """Follow a file and count the lines that match."""

    GIVES: ClassVar[Mapping[str, Fact]] = {
        "matches": Fact("lines that matched, within the window", ideal=0),
        "lines": Fact("whole lines read at this look"),
        "last": Fact("the last line that matched within the window; absent when none did", "text"),
        "size": Fact("how large the file is", "bytes"),
        "age": Fact("time since something was last written to it", "seconds", ideal=0),
        "behind": Fact("what there was no time or room to read yet", "bytes", ideal=0),
    }
    RULES: ClassVar[Rules] = {"matches": ("most", ANY)}

    path: str = field(metadata={"doc": "the file"})
    match: tuple[str, ...] = field(
        default=(), metadata={"doc": "RE2 patterns, one of which is found in the lines that count; every line without"}
    )
    ignore: tuple[str, ...] = field(
        default=(), metadata={"doc": "RE2 patterns; a line in which one is found does not count"}
    )
    within: Seconds = field(
        default=Seconds(300.0), metadata={"doc": "the window in which they are counted", "least": 1, "most": 7 * 86_400}
    )
    most: int | None = field(
        default=None,
        metadata={"doc": "down when more lines match; 0 when only `match` is given", "least": 0},
    )
    least: int = field(default=0, metadata={"doc": "down when fewer lines match in a whole window", "least": 0})
    read_from: Literal["end", "start"] = field(default="end", metadata={"doc": "where the first look begins to read"})
    per_look: Bytes = field(
        default=Bytes(16 * 1024**2),
        metadata={"doc": "the most that one look reads", "least": 64 * 1024, "most": 1024**3},
    )

    def __post_init__(self) -> None:
        """Refuse what can never be followed."""
        if not self.path.startswith("/") or "\0" in self.path:
            raise ValueError("path is no full path: write for example /var/log/syslog")
        for name in ("match", "ignore"):
            for one in getattr(self, name):
                check_pattern(name, one)
        if self.most is not None and self.most < self.least:
            raise ValueError(f"most ({self.most}) is less than least ({self.least}): no number of lines would be well")

    def look_on(self, past: Past) -> Reading:
        """Read what is new since the last look."""
        try:
            # What hangs is waited for again at the next look, which has the same notes.
            return self._read(_LOOKS.call((self, past.notes), partial(self._find, past), self.timeout), past.now)
        except HungError as hung:
            health, detail = Health.DOWN, f"the file system has not answered for {spoken(hung.since)}"
        except CrowdedError as crowded:
            health, detail = Health.UNKNOWN, f"could not be read: {crowded}"
        except NoLogError as never:
            health, detail = Health.DOWN, str(never)
        except PermissionError:
            health, detail = (
                Health.UNKNOWN,
                "tocsin's user may not read it: add it to the group adm, or chmod it",
            )
        except OSError as error:
            health, detail = Health.DOWN, (error.strerror or str(error)).lower()
        return Reading(health=health, detail=detail)

    def target(self) -> str:
        """The file."""
        return self.path

    def _find(self, past: Past) -> Found:
        """Read, in a thread."""
        notes, clock = unpacked(past.notes, Notes) or Notes(), SystemClock()
        until = clock.monotonic() + IN_TIME * self.timeout
        sieve = Sieve(self.match, self.ignore)
        reader = Reader(sieve.take, self.per_look, lambda: clock.monotonic() > until)
        followed = follow(self.path, notes.trail, reader, from_start=self.read_from == "start")
        tally = notes.tally.add(sieve.count, sieve.last, past.now, self.within)
        return Found(followed, tally, reader.lines, reader.behind)

    def _read(self, found: Found, now: float) -> Reading:
        """What was found, and whether that is well."""
        followed, tally = found.followed, found.tally
        lines = tally.lines
        values: dict[str, object] = {"matches": tally.matches, "lines": found.lines, "behind": found.behind}
        values |= {"last": lines[-1]} if lines else {}
        if followed.size is not None:
            values |= {"size": followed.size, "age": max(0.0, now - followed.changed)}
        health, detail = self._judged(followed, tally, now)
        if found.behind:
            detail += f"; {sized(found.behind)} are still to be read"
        evidence = {"lines": "\n".join(lines), "rotation": followed.remark}
        return Reading(
            health=health,
            detail=detail,
            values=values,
            evidence={name: text for name, text in evidence.items() if text},
            notes=msgspec.msgpack.encode(Notes(followed.trail, tally)),
        )

    def _judged(self, followed: Followed, tally: Tally, now: float) -> tuple[Health, str]:
        if followed.size is None:
            return Health.DOWN, "there is no such file"
        matches, window = tally.matches, spoken(self.within)
        what = f"{matches} line{'' if matches == 1 else 's'} within {window}"
        most = 0 if self.most is None and self.match and not self.least else self.most
        if most is not None and matches > most:
            last = f": {tally.lines[-1]}" if tally.lines else ""
            return Health.DOWN, f"{what}, at most {most} allowed{last}"
        if matches < self.least and now - (tally.since or now) >= self.within:
            return Health.DOWN, f"{what}, at least {self.least} wanted"
        return Health.UP, what
