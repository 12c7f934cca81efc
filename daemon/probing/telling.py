"""What is told when a verdict changes: one alarm that it is down, another that it is degraded."""

import datetime as dt
from collections.abc import Mapping

import msgspec

from daemon.config.looking import DEPENDS_ON, ProbePlan
from daemon.event import PROBE, Event, Severity, State
from daemon.probing.verdict import Course
from daemon.reading import Health, Reading

DEGRADED = "|degraded"  # behind a probe's name, the key of the alarm that it is
UNSEEN = "|unknown"  # of the alarm that it cannot be looked at
_SUFFIX = {Health.DOWN: "", Health.DEGRADED: DEGRADED, Health.UNKNOWN: UNSEEN}


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """What people need beside the reading to judge it."""

    usual: Mapping[str, float] = {}  # how long each phase takes on other days
    zone: dt.tzinfo = dt.UTC  # of the times


def told(plan: ProbePlan, course: Course, reading: Reading, story: Story) -> list[Event]:
    """The events of a verdict that has changed, or that is the first one since the start.

    What is down has its alarm as long as it is down. What is degraded has another, of its own severity, which stays
    while it is down and is over when it is up. What an earlier process left open is counted or closed by the first
    verdict after a start; the end of nothing does nothing.
    """
    since, text = course.since or 0.0, _text(plan, course, reading, story)
    down, degraded = (
        _event(plan, health, reading, text, since, verdict=course.verdict, begins=course.verdict is health)
        for health in (Health.DOWN, Health.DEGRADED)
    )
    if course.verdict is Health.DEGRADED or (course.verdict is Health.UP and course.was_degraded):
        return [down, degraded]
    return [down]


def told_unseen(plan: ProbePlan, reading: Reading, at: float, *, begins: bool) -> Event:
    """That a probe cannot be looked at, or can be again: what nobody looks at must not stay green."""
    verdict = Health.UNKNOWN if begins else reading.health
    return _event(plan, Health.UNKNOWN, reading, reading.detail, at, verdict=verdict, begins=begins)


def removed(name: str, now: float) -> list[Event]:
    """Say that nobody looks any more, which ends what is open."""
    return [gone(key, now) for key in (name, name + DEGRADED, name + UNSEEN)]


def probe_of(key: str) -> str:
    """Whose alarm has this key."""
    return key.removesuffix(DEGRADED).removesuffix(UNSEEN)


def gone(key: str, now: float) -> Event:
    """Say that nobody looks any more after what this one alarm was about."""
    return Event(
        source=PROBE,
        key=key,
        state=State.RESOLVED,
        title=f"{probe_of(key)} is no longer looked at",
        text="probe removed",
        labels={"probe": probe_of(key)},
        ended_at=now,
    )


def _event(
    plan: ProbePlan, health: Health, reading: Reading, text: str, at: float, *, verdict: Health, begins: bool
) -> Event:
    return Event(
        source=PROBE,
        key=plan.name + _SUFFIX[health],
        state=State.FIRING if begins else State.RESOLVED,
        severity=severity_of(plan, health),
        title=f"{plan.name} is {verdict}: {reading.detail}",
        text=text,
        labels=labels_of(plan, health),
        started_at=at if begins else None,
        ended_at=None if begins else at,
    )


def _text(plan: ProbePlan, course: Course, reading: Reading, story: Story) -> str:
    """The evidence: what was looked at, what was seen, beside what is usual, and when it was last well."""
    lines = [
        f"{plan.type} {plan.probe.target()}",
        "; ".join(reading.failed) or reading.detail,
        ", ".join(_phase(name, took, story.usual) for name, took in reading.phases.items()),
        *(f"{name}: {text}" for name, text in reading.evidence.items()),
    ]
    if course.last_well is not None and reading.health is not Health.UP:
        at = dt.datetime.fromtimestamp(course.last_well, story.zone)
        lines.append(f"last well: {at:%Y-%m-%d %H:%M:%S %Z}")
    return "\n".join(line for line in lines if line)


def _phase(name: str, took: float, usual: Mapping[str, float]) -> str:
    beside = f" (usually {_span(usual[name])})" if name in usual else ""
    return f"{name.replace('_', ' ')} {_span(took)}{beside}"


def _span(took: float) -> str:
    return f"{took:.2f} s" if took >= 1 else f"{took * 1000:.1f} ms"


def labels_of(plan: ProbePlan, health: Health) -> dict[str, str]:
    """The labels of the alarm that it is so."""
    own = {} if health is Health.DOWN else {"severity": severity_of(plan, health).value}
    parents = {DEPENDS_ON: ",".join(plan.depends_on)} if plan.depends_on else {}
    return {"probe": plan.name, "type": plan.type, **plan.labels, **own, **parents, "verdict": health.value}


def severity_of(plan: ProbePlan, health: Health) -> Severity:
    """What the `severity` label says in tocsin's words; a probe that nobody graded is critical.

    That it is degraded, or cannot be looked at, is at most a warning.
    """
    try:
        own = Severity(plan.labels.get("severity", Severity.CRITICAL))
    except ValueError:
        own = Severity.CRITICAL
    if health is not Health.DOWN:
        return own if own.urgency > Severity.WARNING.urgency else Severity.WARNING
    return own
