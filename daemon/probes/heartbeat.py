"""Something that calls in itself, such as a cron job: is it still heard of, and how did it go?"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

from daemon import fitting
from daemon.clock import JUMP
from daemon.probes import lifeline
from daemon.probes.base import Fact, Health, Past, Probe, Reading, probe
from daemon.probes.lifeline import Call, Life
from daemon.reading import Ear, Pace, Sign, SignKind
from daemon.secret import Secret
from daemon.units import Quorum, Seconds, spoken

SHORTEST_KEY = 16
LONGEST_KEY = 128
SHOWN = 4_000  # characters of the output that stand in the evidence
MOST_MISSED = 100  # that are counted
_DAY = Seconds(86_400.0)
_KEY = re.compile(r"[A-Za-z0-9._~-]+", re.ASCII)


def _usable(key: Secret) -> None:
    text = key.reveal()
    if not SHORTEST_KEY <= len(text) <= LONGEST_KEY:
        raise ValueError(
            f"a key has {SHORTEST_KEY} to {LONGEST_KEY} characters; `openssl rand -hex 16` makes a good one"
        )
    if not _KEY.fullmatch(text):
        raise ValueError("a key is a step of an address: letters, digits, and . _ ~ - are what it can hold")


class Expected(NamedTuple):
    """When it is to be heard of."""

    due: float
    deadline: float  # from then on it is missed
    again: float  # when it is missed next, if nothing is heard of it
    missed: int  # how many times, by now


class Seen(NamedTuple):
    """What there is to judge. Instants that lie ahead were heard before the clock was set back, and count as fresh."""

    now: float
    zone: dt.tzinfo
    life: Life
    last: float | None  # when it last said how it went
    runs: list[float]  # when those began that are under way
    ends: list[float]  # when they must have ended
    expected: Expected | None

    @property
    def is_late(self) -> bool:
        """Whether it was to be heard of before now. While a run has its time, it was."""
        return (
            self.expected is not None
            and self.now >= self.expected.deadline
            and not any(self.now < end for end in self.ends)
        )


@probe("heartbeat")
@dataclass(frozen=True, kw_only=True)
class Heartbeat(Probe):
    """Others call `/ping/<key>`; it is down when they do not, or say that it went wrong."""

    GIVES: ClassVar[Mapping[str, Fact]] = {
        "age": Fact("since it last said how it went", "seconds"),
        "duration": Fact("how long the last run took, from its start to its end", "seconds"),
        "exit": Fact("the last exit code", ideal=0),
        "late": Fact("how long it is overdue, its grace included; 0 while it is not", "seconds", ideal=0),
        "missed": Fact(f"how many times running it was not heard of, up to {MOST_MISSED}", ideal=0),
    }
    PLAN: ClassVar[Mapping[str, Any]] = {
        "every": _DAY, "fail_after": Quorum(1, 1), "recover_after": Quorum(1, 1), "steady": Seconds(0.0),
    }  # fmt: skip

    key: Secret = field(
        metadata={"doc": "what it calls itself by: `POST /ping/<key>`; a secret of its own", "check": _usable}
    )
    grace: Seconds = field(
        default=Seconds(3600.0), metadata={"doc": "how late it may be", "least": 1, "most": 366 * _DAY}
    )
    longest: Seconds | None = field(
        default=None,
        metadata={"doc": "how long a run may take: without an end by then it is down", "least": 1},
    )
    get: bool = field(
        default=False, metadata={"doc": "take GET and HEAD too, which programs that preview links send as well"}
    )

    def ear(self) -> Ear:
        """Itself."""
        return self

    def heard(self, notes: bytes, sign: Sign) -> bytes:
        """Note a call."""
        return lifeline.heard(notes, sign, self.longest)

    def target(self) -> str:
        """It is nowhere that we know of."""
        return "calls in"

    def look_on(self, past: Past) -> Reading:
        """Judge what was heard by now."""
        seen = self._seen(past)
        health, detail, sure = self._judged(seen)
        instants = [end for end in seen.ends if end > seen.now]
        if seen.expected is not None and not instants:
            instants.append(seen.expected.again)
        return Reading(
            health=health,
            detail=detail,
            values=_values(seen),
            evidence=_evidence(seen),
            body=b"" if seen.life.end is None else seen.life.end.body,
            sure=sure,
            again_at=min(instants, default=None),
        )

    def _seen(self, past: Past) -> Seen:
        life = lifeline.read(past.notes)
        fresh = min(past.heard_since or past.now, past.now)

        def when(at: float) -> float:
            return at if at <= past.now + JUMP else fresh

        last = None if life.end is None else when(life.end.at)
        runs = [when(run.at) for run in life.runs]
        return Seen(
            now=past.now,
            zone=dt.UTC if past.pace is None else past.pace.zone,
            life=life,
            last=last,
            runs=runs,
            ends=[] if self.longest is None else [self._end(at, self.longest, past) for at in runs],
            expected=None if last is None or past.pace is None else self._expected(past.pace, last, past),
        )

    def _end(self, began: float, longest: float, past: Past) -> float:
        """When a run must have ended; its end may have been told while tocsin was not running."""
        return max(began + longest, past.heard_since + self.grace if past.heard_since > began else 0.0)

    def _expected(self, pace: Pace, last: float, past: Past) -> Expected | None:
        """When it is due: after it was last heard of, and not for what fell into a pause.

        Nobody could call in while tocsin was not running: for a grace after a start, a call may be made up for.
        """
        since = max(last, past.awake_since)
        due = at = pace.due(since, since)
        if due is None:
            return None
        following = pace.due(max(since, past.now - self.grace), since)
        deadline = max(due, past.heard_since) + self.grace
        missed = 0
        while at is not None and at + self.grace <= past.now and missed < MOST_MISSED:
            missed, at = missed + 1, pace.due(at, since)
        again = deadline if past.now < deadline or following is None else following + self.grace
        return Expected(due, deadline, again, missed)

    def _judged(self, seen: Seen) -> tuple[Health, str, bool]:
        """How it is, why, and whether it said so itself."""
        life, now, zone = seen.life, seen.now, seen.zone
        if any(now >= end for end in seen.ends):
            said = f"began {_time(min(seen.runs), zone)} and has not ended in {spoken(self.longest or 0.0)}"
            return Health.DOWN, said, False
        if life.lost_at is not None:
            return Health.DOWN, f"the run that began {_time(life.lost_at, zone)} never ended", False
        if life.end is None or seen.last is None:
            begun = f"began {_time(seen.runs[-1], zone)}, and no run has ended yet" if seen.runs else "no sign yet"
            return Health.UNKNOWN, begun, False
        if seen.is_late and seen.expected is not None:
            due = _time(seen.expected.due, zone)
            return Health.DOWN, f"no sign since {_time(seen.last, zone)}, was due {due}", False
        took = "" if life.end.took is None else f", after {spoken(life.end.took)}"
        code = "" if life.end.code is None else f" with exit code {life.end.code}"
        if life.end.kind is SignKind.FAIL:
            return Health.DOWN, f"failed{code} {_time(seen.last, zone)}{took}", True
        return Health.UP, f"succeeded {_time(seen.last, zone)}{took}", True


def _values(seen: Seen) -> dict[str, Any]:
    """What is not known is not there."""
    found: dict[str, Any] = {}
    if seen.last is not None and seen.life.end is not None:
        found["age"] = max(0.0, seen.now - seen.last)
        if seen.life.end.took is not None:
            found["duration"] = seen.life.end.took
        if seen.life.end.code is not None:
            found["exit"] = seen.life.end.code
    if seen.expected is not None:
        found["late"] = seen.now - seen.expected.due if seen.is_late else 0.0
        found["missed"] = seen.expected.missed if seen.is_late else 0
    return found


def _evidence(seen: Seen) -> dict[str, str]:
    life, zone = seen.life, seen.zone
    found = {}
    if life.well_at is not None:
        found["last success"] = _time(life.well_at, zone)
    if life.runs:
        found["under way since"] = ", ".join(_time(run.at, zone) for run in life.runs)
    if len(life.recent) > 1:
        found["last calls"] = ", ".join(_call(call, zone) for call in reversed(life.recent))
    for name, body in (("output", b"" if life.end is None else life.end.body), ("log", life.log)):
        if body:
            found[name] = fitting.lines(body.decode("utf-8", "replace"))[-SHOWN:].strip()
    return found


def _call(call: Call, zone: dt.tzinfo) -> str:
    return f"{call.kind}{'' if call.code is None else f' {call.code}'} {_time(call.at, zone)}"


def _time(at: float, zone: dt.tzinfo) -> str:
    return f"{dt.datetime.fromtimestamp(at, zone):%Y-%m-%d %H:%M:%S %Z}"
