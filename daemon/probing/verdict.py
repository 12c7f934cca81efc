"""What a row of readings means: up, down, or not known yet; when that changes, an event."""

from enum import StrEnum

import msgspec

from daemon.config.settings import ProbePlan
from daemon.event import PROBE, Event, Severity, State
from daemon.reading import Reading


class Verdict(StrEnum):
    """Where a probe stands."""

    UNKNOWN = "unknown"  # not enough readings since the start
    UP = "up"
    DOWN = "down"


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict, and the row of equal readings that leads to the next one."""

    verdict: Verdict = Verdict.UNKNOWN
    since: float | None = None  # when the first reading of the row that led to the verdict was taken
    row: int = 0  # how many equal readings there were last
    ok: bool = True  # what they said
    row_began: float = 0.0


def judge(course: Course, reading: Reading, plan: ProbePlan, now: float) -> tuple[Course, Event | None]:
    """Add a reading taken at `now`; return where the probe stands then, and what is to be said if that changed.

    The first verdict after a start is said in any case: an alert that was open when an earlier process died is
    then counted or closed, whichever is right, and a resolve of nothing does nothing.
    """
    if course.row and reading.ok == course.ok:
        course = msgspec.structs.replace(course, row=course.row + 1)
    else:
        course = msgspec.structs.replace(course, row=1, ok=reading.ok, row_began=now)
    verdict = Verdict.UP if reading.ok else Verdict.DOWN
    if course.verdict is verdict or course.row < (plan.recover_after if reading.ok else plan.fail_after):
        return course, None
    course = msgspec.structs.replace(course, verdict=verdict, since=course.row_began)
    return course, _up(plan, reading, course) if reading.ok else _down(plan, reading, course)


def removed(name: str, now: float) -> Event:
    """Say that nobody looks any more, which ends an open alert."""
    return Event(
        source=PROBE,
        key=name,
        state=State.RESOLVED,
        title=f"{name} is no longer looked at",
        text="probe removed",
        labels={"probe": name},
        ended_at=now,
    )


def _down(plan: ProbePlan, reading: Reading, course: Course) -> Event:
    return Event(
        source=PROBE,
        key=plan.name,
        severity=_severity(plan.labels),
        title=f"{plan.name} is down: {reading.detail}",
        text=_text(plan, reading, course),
        labels=_labels(plan),
        started_at=course.row_began,
    )


def _up(plan: ProbePlan, reading: Reading, course: Course) -> Event:
    return Event(
        source=PROBE,
        key=plan.name,
        state=State.RESOLVED,
        severity=_severity(plan.labels),
        title=f"{plan.name} is up: {reading.detail}",
        text=_text(plan, reading, course),
        labels=_labels(plan),
        ended_at=course.row_began,
    )


def _text(plan: ProbePlan, reading: Reading, course: Course) -> str:
    kind = "good" if reading.ok else "bad"
    lines = [
        f"{plan.type} {plan.probe.target()}",
        reading.detail,
        f"{course.row} {kind} reading{'s' if course.row > 1 else ''} in a row",
        ", ".join(f"{name.replace('_', ' ')} {_span(took)}" for name, took in reading.phases.items()),
    ]
    return "\n".join(line for line in lines if line)


def _span(took: float) -> str:
    return f"{took:.2f} s" if took >= 1 else f"{took * 1000:.1f} ms"


def _labels(plan: ProbePlan) -> dict[str, str]:
    return {"probe": plan.name, "type": plan.type, **plan.labels}


def _severity(labels: dict[str, str]) -> Severity:
    """What the `severity` label says in tocsin's words; a probe that nobody graded is critical."""
    try:
        return Severity(labels.get("severity", Severity.CRITICAL))
    except ValueError:
        return Severity.CRITICAL
