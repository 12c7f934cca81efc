"""What is told when a verdict changes: one alarm that it is down, another that it is degraded."""

from daemon.config.looking import ProbePlan
from daemon.event import PROBE, Event, Severity, State
from daemon.probing.verdict import Course
from daemon.reading import Health, Reading

DEGRADED = "|degraded"  # behind a probe's name, the key of the alarm that it is


def told(plan: ProbePlan, course: Course, reading: Reading, *, is_first: bool) -> list[Event]:
    """The events of a verdict that has changed, or that is the first one since the start.

    What is down has its alarm as long as it is down. What is degraded has another, of its own severity, which stays
    while it is down and is over when it is up. After a start both are told in any case: what an earlier process left
    open is counted or closed by that, and the end of nothing does nothing.
    """
    since = course.since or 0.0
    down, degraded = (
        _event(plan, health, reading, course.verdict, since, begins=course.verdict is health)
        for health in (Health.DOWN, Health.DEGRADED)
    )
    match course.verdict:
        case Health.DOWN:
            return [down]
        case Health.DEGRADED:
            return [down, degraded]
        case Health.UP:
            return [down, degraded] if is_first or course.was_degraded else [down]
    return []


def removed(name: str, now: float) -> list[Event]:
    """Say that nobody looks any more, which ends what is open."""
    return [gone(key, now) for key in (name, name + DEGRADED)]


def probe_of(key: str) -> str:
    """Whose alarm has this key."""
    return key.removesuffix(DEGRADED)


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


def _event(plan: ProbePlan, health: Health, reading: Reading, verdict: Health, at: float, *, begins: bool) -> Event:
    return Event(
        source=PROBE,
        key=plan.name + (DEGRADED if health is Health.DEGRADED else ""),
        state=State.FIRING if begins else State.RESOLVED,
        severity=severity_of(plan, health),
        title=f"{plan.name} is {verdict}: {reading.detail}",
        text=_text(plan, reading),
        labels=_labels(plan, health),
        started_at=at if begins else None,
        ended_at=None if begins else at,
    )


def _text(plan: ProbePlan, reading: Reading) -> str:
    lines = [
        f"{plan.type} {plan.probe.target()}",
        reading.detail,
        ", ".join(f"{name.replace('_', ' ')} {_span(took)}" for name, took in reading.phases.items()),
    ]
    return "\n".join(line for line in lines if line)


def _span(took: float) -> str:
    return f"{took:.2f} s" if took >= 1 else f"{took * 1000:.1f} ms"


def _labels(plan: ProbePlan, health: Health) -> dict[str, str]:
    own = {"severity": severity_of(plan, health).value} if health is Health.DEGRADED else {}
    return {"probe": plan.name, "type": plan.type, **plan.labels, **own, "verdict": health.value}


def severity_of(plan: ProbePlan, health: Health) -> Severity:
    """What the `severity` label says in tocsin's words; a probe that nobody graded is critical, degraded a warning."""
    try:
        own = Severity(plan.labels.get("severity", Severity.CRITICAL))
    except ValueError:
        own = Severity.CRITICAL
    if health is Health.DEGRADED:
        return own if own.urgency > Severity.WARNING.urgency else Severity.WARNING
    return own
