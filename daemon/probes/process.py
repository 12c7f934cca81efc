"""Does this process run, and what does it use?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, NamedTuple

import msgspec

from daemon.clock import SystemClock
from daemon.matcher import check_pattern, pattern
from daemon.probes.base import Fact, Health, OfThisMachine, Past, Reading, Rules, probe
from daemon.probes.machine.apart import Apart, CrowdedError, HungError
from daemon.probes.machine.capacity import sized
from daemon.probes.machine.processes import Listed, Measured, Seen, Table, listed, measured, noted
from daemon.reading import unpacked
from daemon.units import spoken

MOST_SHOWN = 10  # processes that the evidence names
_LATER = 2.0  # seconds that a process may seem to have started after the pid file was written that it wrote itself
_SAME = 5.0  # seconds that the start of a process may seem to have moved: the kernel's clock is set now and then

_TABLE = Table()
_LOOKS = Apart(2)  # they only compute, and each takes its share of time from the event loop


class Notes(msgspec.Struct, frozen=True):
    """What the next look must know to tell how busy the processes were meanwhile."""

    at: float = 0.0  # monotonic, which goes on over a restart of tocsin
    cpu: dict[int, tuple[int, int]] = {}


class Missed(Exception):
    """There is no such process, for this reason."""


class Found(NamedTuple):
    """The processes that are meant, and what they use."""

    processes: tuple[Seen, ...] = ()
    used: Measured | None = None
    why: str = ""  # there are none
    hides: bool = False  # there may be more


@probe("process")
@dataclass(frozen=True, kw_only=True)
class Process(OfThisMachine):
    """Look for processes of this machine by name, command line or pid file, and count them."""

    GIVES: ClassVar[Mapping[str, Fact]] = {
        "count": Fact("how many there are"),
        "memory": Fact("the memory that all of them hold (RSS)", "bytes"),
        "cpu": Fact("how busy they were since the last look, of one processor; absent at the first look", "percent"),
        "threads": Fact("the threads of all of them"),
        "files": Fact("the files that they have open; absent where tocsin's user may not know"),
        "age": Fact("how long the youngest has been running, so that a restart shows", "seconds"),
        "user": Fact("whose they are; several users are separated by commas", "text"),
    }  # fmt: skip
    RULES: ClassVar[Rules] = {"count": ("least", 0)}

    name: str = field(default="", metadata={"doc": "the name of the program, as `ps -C` takes it"})
    pattern: str = field(default="", metadata={"doc": "an RE2 pattern that is found in the command line"})
    pidfile: str = field(default="", metadata={"doc": "a file with the number of the process"})
    least: int | None = field(
        default=None, metadata={"doc": "down when there are fewer; 1 when left out, unless `most` is 0", "least": 0}
    )
    most: int | None = field(default=None, metadata={"doc": "down when there are more", "least": 0})

    def __post_init__(self) -> None:
        """Refuse what names no process."""
        if not (self.name or self.pattern or self.pidfile):
            raise ValueError("says of no process which: write name, pattern or pidfile")
        if self.pidfile and (not self.pidfile.startswith("/") or "\0" in self.pidfile):
            raise ValueError("pidfile is no full path: write for example /run/nginx.pid")
        if self.most is not None and self.most < self.fewest:
            raise ValueError(
                f"most ({self.most}) is less than least ({self.fewest}): no number of processes would be well"
            )
        if self.pattern:
            check_pattern("pattern", self.pattern)

    @property
    def fewest(self) -> int:
        """How many there must be."""
        if self.least is not None:
            return self.least
        return 1 if self.most is None else min(1, self.most)

    def look_on(self, past: Past) -> Reading:
        """Look once; what the processes had used by then is remembered."""
        clock = SystemClock()
        until = clock.monotonic() + self.timeout
        try:
            all_of_them = None if self.pidfile else _TABLE.listed(self.timeout)
            found = _LOOKS.call(self, partial(self._find, all_of_them), until - clock.monotonic())
        except (HungError, CrowdedError) as error:
            return Reading(health=Health.UNKNOWN, detail=f"the list of processes cannot be read: {error}")
        except PermissionError as error:
            detail = f"tocsin's user may not read {self.pidfile} ({error.strerror}): chmod o+r it"
            return Reading(health=Health.UNKNOWN, detail=detail)
        return self._read(found, past, clock.monotonic())

    def target(self) -> str:
        """How they are named."""
        return ", ".join(one for one in (self.name, self.pattern and f"~ {self.pattern}", self.pidfile) if one)

    def _find(self, all_of_them: Listed | None) -> Found:
        """Choose the processes that are meant; in a thread."""
        try:
            seen = self._of_the_file() if all_of_them is None else all_of_them
        except Missed as missed:
            return Found(why=str(missed))
        meant = tuple(one for one in seen.processes if self._is_meant(one))
        why = ""
        if self.pidfile and seen.processes and not meant:
            why = f"{self.pidfile} names somebody else's: {seen.processes[0].pid} is {seen.processes[0].name}"
        return Found(meant, measured(meant), why, seen.hides)

    def _of_the_file(self) -> Listed:
        try:
            written = noted(self.pidfile)
        except PermissionError:
            raise
        except (OSError, ValueError) as error:
            words = error.strerror if isinstance(error, OSError) else str(error)
            raise Missed(f"{self.pidfile}: {str(words).lower()}") from error
        seen = listed([written.pid])
        if not seen.processes:
            if seen.hides:
                return seen
            raise Missed(f"{self.pidfile} names {written.pid}, which does not run")
        later = seen.processes[0].started - written.at
        if later > _LATER and not (self.name or self.pattern):
            raise Missed(
                f"{self.pidfile} names somebody else's: {written.pid} is {seen.processes[0].name},"
                f" which began {spoken(later)} after the file was written"
            )
        return seen

    def _is_meant(self, one: Seen) -> bool:
        if self.name and one.name != self.name:
            return False
        return not self.pattern or pattern(self.pattern).search(one.line) is not None

    def _read(self, found: Found, past: Past, now: float) -> Reading:
        count = len(found.processes)
        values: dict[str, object] = {"count": count}
        notes = Notes(at=now)
        if count:
            values["age"] = max(0.0, past.now - max(one.started for one in found.processes))
        if count and found.used is not None:
            values |= _used(found.used)
            notes = Notes(at=now, cpu=found.used.cpu)
            busy = _busy(unpacked(past.notes, Notes) or Notes(), notes, past.now)
            values |= {} if busy is None else {"cpu": busy}
        health, detail = self._judged(count, found)
        return Reading(
            health=health,
            detail=detail or _said(count, values),
            values=values,
            evidence={"processes": _shown(found.processes, past.now)} if count else {},
            notes=msgspec.msgpack.encode(notes),
        )

    def _judged(self, count: int, found: Found) -> tuple[Health, str]:
        if count < self.fewest and found.hides:
            what = f"{count} found, but tocsin's user may not see all processes: mount /proc without hidepid"
            return Health.UNKNOWN, what
        if count < self.fewest:
            few = f"{count} run, at least {self.fewest} wanted" if count else "does not run"
            return Health.DOWN, found.why or few
        if self.most is not None and count > self.most:
            return Health.DOWN, f"{count} run, at most {self.most} wanted"
        return Health.UP, ""


def _used(used: Measured) -> dict[str, object]:
    values: dict[str, object] = {"memory": used.memory, "threads": used.threads, "user": ", ".join(used.users)}
    return values if used.files is None else values | {"files": used.files}


def _busy(before: Notes, now: Notes, wall: float) -> float | None:
    """Per cent of one processor since the look before; a process that began meanwhile counts from its start."""
    passed = now.at - before.at
    if not before.at or not passed > 0:
        return None
    spent = 0
    for pid, (started, used) in now.cpu.items():
        earlier = before.cpu.get(pid)
        if earlier is not None and abs(earlier[0] - started) < _SAME:
            spent += max(0, used - earlier[1])
        elif started > wall - passed - _SAME:
            spent += used
    return spent / 10 / passed


def _said(count: int, values: Mapping[str, object]) -> str:
    memory, age = values.get("memory"), values.get("age")
    words = [f"{count} running" if count else "none runs, as it should be"]
    words += [sized(memory)] if isinstance(memory, int) else []
    words += [f"the youngest for {spoken(age)}"] if isinstance(age, float) else []
    return ", ".join(words)


def _shown(processes: tuple[Seen, ...], now: float) -> str:
    """Some of them, without their command lines, in which passwords may stand."""
    lines = [f"{one.pid} {one.name}, for {spoken(max(0.0, now - one.started))}" for one in processes[:MOST_SHOWN]]
    more = len(processes) - len(lines)
    return "\n".join([*lines, f"and {more} more"] if more else lines)
