"""What does this plug-in say? Any program that keeps to the contract of Nagios plug-ins."""

import errno
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import filterfalse
from pathlib import Path
from typing import ClassVar, NamedTuple

from daemon import fitting
from daemon.blotted import TELLING, blotted, longest_first
from daemon.clock import SystemClock
from daemon.probes.base import Fact, Health, OfThisMachine, Reading, probe
from daemon.probes.machine.perfdata import Metric, perfdata
from daemon.programs import BASIC, Ended, check_environment, run
from daemon.secret import HIDDEN, Secret

MOST_SHOWN = 2_000  # characters of its output, and of its errors, that people are shown
MOST_MERCY = 1.0  # seconds from the signal that it may heed to the one that it cannot

_HEALTH = {0: Health.UP, 1: Health.DEGRADED, 2: Health.DOWN, 3: Health.UNKNOWN}
_NOT_RUN = {126: "it cannot be run", 127: "it was not found, or something that it runs"}  # as shells say it
_CANNOT_START = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "tocsin's user may not run it: chmod +x it, and let that user into its folder",
    errno.ENOEXEC: "it is no program; a script begins with #! and its interpreter",
}
# A shell only to change the folder, which posix_spawn cannot; it reads no argument, and becomes the program.
_IN_FOLDER = ("/bin/sh", "-c", 'cd -- "$1" || exit 126; shift; exec "$@"', "sh")


@probe("command")
@dataclass(frozen=True, kw_only=True)
class Command(OfThisMachine):
    """Run a program without a shell; its exit code says how things are, its first line why.

    It is of this machine although what it looks at may be far: only its own words count.
    """

    PHASES: ClassVar[tuple[str, ...]] = ("run",)
    GIVES: ClassVar[Mapping[str, Fact]] = {
        "exit": Fact("its exit code", ideal=0),
        "perfdata": Fact("what it measured, by label; times are seconds, sizes bytes", keyed=True),
    }

    command: tuple[str, ...] = field(
        repr=False,  # an argument may well be a password
        metadata={"doc": "the program with its full path, then its arguments, as a list; no shell reads them"},
    )
    env: dict[str, Secret] = field(
        default_factory=dict, metadata={"doc": "further variables of its environment; their values are secrets"}
    )
    cwd: str = field(default="", metadata={"doc": "the folder that it runs in; tocsin's own when it is left out"})

    def __post_init__(self) -> None:
        """Refuse what could never be run. A program that is not there may come: the look says so."""
        if not self.command or not self.command[0]:
            raise ValueError("command is empty: write the program with its full path, then its arguments")
        if any("\0" in one for one in (*self.command, self.cwd)):
            raise ValueError("command or cwd holds a zero byte")
        if not self.command[0].startswith("/"):
            raise ValueError(
                "command: its first item is no full path: write for example /usr/lib/nagios/plugins/check_disk"
            )
        if self.cwd and not self.cwd.startswith("/"):
            raise ValueError("cwd is no full path: write for example /srv/shop")
        check_environment({name: value.reveal() for name, value in self.env.items()})

    def look(self) -> Reading:
        """Run it once."""
        clock = SystemClock()
        began = clock.monotonic()
        environment = BASIC | {name: value.reveal() for name, value in self.env.items()}
        argv = (*_IN_FOLDER, self.cwd, *self.command) if self.cwd else self.command
        mercy = min(MOST_MERCY, self.timeout / 5)
        try:
            ended = run(argv, b"", environment, self.timeout, mercy=mercy, may_leave=False)
        except (OSError, ValueError) as error:
            return Reading(health=Health.UNKNOWN, detail=f"{self.target()} cannot be started: {_why(error, argv[0])}")
        return self._reading(ended, clock.monotonic() - began)

    def target(self) -> str:
        """The program; its arguments may tell too much."""
        return self.command[0]

    def _reading(self, ended: Ended, took: float) -> Reading:
        """What its end and its words mean."""
        hidden = self._hidden()
        out, errors = (one.decode("utf-8", "replace") for one in (ended.out, ended.err))
        # A figure is read as it stands: of 85000, with 5000 hidden, 8 would be left.
        metrics = perfdata(_parts(_hid(out, filterfalse(_is_number, hidden))).measured)
        said, errors = _parts(_hid(out, hidden)), _hid(errors, hidden)
        words = blotted(said.first or errors.strip().partition("\n")[0], ())
        health, detail = _judged(ended.code, words, self.timeout)
        values: dict[str, object] = {"perfdata": {label: metric.value for label, metric in metrics.items()}}
        if ended.code is not None and ended.code >= 0:
            values["exit"] = ended.code
        return Reading(
            health=health,
            detail=detail,
            phases={} if ended.code is None else {"run": took},
            values=values,
            evidence={
                name: fitting.cut(fitting.lines(text.strip()), MOST_SHOWN)
                for name, text in {
                    "output": said.rest,
                    "errors": errors,
                    "perfdata": _hid("\n".join(map(_shown, metrics.values())), hidden),
                }.items()
                if text.strip()
            },
        )

    def _hidden(self) -> list[str]:
        """What of its environment nobody may see."""
        values = (value.reveal() for value in self.env.values())
        return longest_first(value for value in values if len(value) >= TELLING)


class _Said(NamedTuple):
    """The output of a plug-in, taken apart."""

    first: str
    rest: str
    measured: str


def _parts(out: str) -> _Said:
    """A first line, perhaps with measurements behind a bar; then more, and behind a bar there only measurements."""
    first, _, more = out.lstrip().partition("\n")
    first, _, measured = first.partition("|")
    rest, _, further = more.partition("|")
    return _Said(first.strip(), rest, f"{measured}\n{further}")


def _judged(code: int | None, words: str, timeout: float) -> tuple[Health, str]:
    if code is None:
        return Health.DOWN, _told(f"killed after {timeout:g}s", words)
    if code < 0:
        return Health.DOWN, _told(f"ended by {_signal(-code)}", words)
    if code in _NOT_RUN:
        return Health.UNKNOWN, _told(f"exit {code}: {_NOT_RUN[code]}", words)
    if code not in _HEALTH:
        return Health.DOWN, _told(f"exit {code}, which no plug-in should have", words)
    return _HEALTH[code], words or f"exit {code}, and it said nothing"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _why(error: OSError | ValueError, program: str) -> str:
    if not isinstance(error, OSError):
        return str(error)
    if error.errno == errno.ENOENT and Path(program).exists():
        return "what its first line names behind #! is not there"
    return _CANNOT_START.get(error.errno or 0, error.strerror or str(error))


def _hid(text: str, hidden: Iterable[str]) -> str:
    for secret in hidden:
        text = text.replace(secret, HIDDEN)
    return text


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


def _shown(metric: Metric) -> str:
    named = zip(("warn", "crit", "least", "most"), metric[3:], strict=True)
    bounds = ", ".join(f"{name} {bound}" for name, bound in named if bound)
    unit = metric.unit if metric.unit == "%" else f" {metric.unit}".rstrip()
    return f"{metric.label} {metric.value:g}{unit}" + (f" ({bounds})" if bounds else "")


def _told(what: str, said: str) -> str:
    return f"{what}: {said}" if said else what
