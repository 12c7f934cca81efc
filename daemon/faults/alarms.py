"""What alerting is told of errors: an alarm for each that is new or came again, one for a spike, one for a storm."""

import msgspec

from daemon.event import ERRORS, Event, Severity, State
from daemon.faults import sample, scrub
from daemon.faults.event import ErrorEvent, when
from daemon.store.fault_news import News, Storm, What
from daemon.store.faults import Fault
from daemon.store.faults import State as Standing
from daemon.units import spoken

_SEVERITY = {
    "fatal": Severity.CRITICAL,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "info": Severity.INFO,
    "debug": Severity.INFO,
}
_CALLS, _TEXT = 5, 1_000  # innermost calls that an alarm shows; characters of the error's own text


def raised(fault: Fault, event: ErrorEvent, what: What, quiet: float, now: float) -> News:
    """An error that is new to everybody, or came again, after it did not come for so many seconds."""
    title = fault.title if what is What.FIRST else f"Again: {fault.title}"
    said = [_since(fault, what, quiet), *_story(fault, event)]
    return _news(fault, what, now, _firing(fault, event, what, title, said, now))


def spiking(fault: Fault, event: ErrorEvent, recent: float, usual: float, now: float) -> News:
    """Far more of it than usual."""
    than = f"{usual:.1f}" if usual < 10 else f"{usual:.0f}"  # noqa: PLR2004 - figures that people read
    said = [f"{recent:.0f} in five minutes; usual are {than}.", *_story(fault, event)]
    title = f"{recent:.0f} times in five minutes: {fault.title}"
    return _news(fault, What.SPIKE, now, _firing(fault, event, What.SPIKE, title, said, now))


def over(fault: Fault, what: What, why: str, now: float) -> News:
    """What was told of it is over."""
    event = Event(
        source=ERRORS,
        key=key(fault, is_spike=what is What.CALMED),
        state=State.RESOLVED,
        severity=_SEVERITY[fault.level],
        title=fault.title,
        text=why,
        labels=_labels(fault, What.SPIKE if what is What.CALMED else What(fault.alarm)),
        ended_at=now,
    )
    return _news(fault, what, now, event)


def stormed(fault: Fault, now: float) -> News:
    """It is one of many new ones; nobody is told of it alone."""
    return News(fault=fault.id, app=fault.app, what=What.STORMED, at=now, told_at=now)


def storm(app: str, limit: int, now: float) -> News:
    """An application has too many new errors to tell each."""
    event = Event(
        source=ERRORS,
        key=f"{app}/storm",
        severity=Severity.ERROR,
        title=f"Many new errors in {app}",
        text=f"More than {limit} that are new or came again within a minute. Those that follow are not told one by one:"
        f" `tocsinctl errors list --app {app} --sort first` names them.",
        labels={"app": app, "alarm": What.STORM.value},
        started_at=now,
    )
    return News(app=app, what=What.STORM, at=now, event=event)


def storm_over(one: Storm, now: float) -> News:
    """No more new ones for a while."""
    event = Event(
        source=ERRORS,
        key=f"{one.app}/storm",
        state=State.RESOLVED,
        title=f"Many new errors in {one.app}",
        text=f"{one.count} were not told one by one within {spoken(one.last_at - one.since)}.",
        labels={"app": one.app, "alarm": What.STORM.value},
        ended_at=now,
    )
    return News(app=one.app, what=What.STORM_OVER, at=now, event=event)


def labels(fault: Fault) -> dict[str, str]:
    """What routes and matchers see of an error."""
    every = {
        "app": fault.app,
        "environment": fault.environment,
        "level": fault.level,
        "fault": fault.code,
        "type": fault.type,
        "release": fault.last_release,
        "route": fault.route,
        "logger": fault.logger,
    }
    return {name: value for name, value in every.items() if value}


def _labels(fault: Fault, what: What) -> dict[str, str]:
    return labels(fault) | {"alarm": what.value}


def _firing(fault: Fault, event: ErrorEvent, what: What, title: str, text: list[str], now: float) -> Event:
    return Event(
        source=ERRORS,
        key=key(fault, is_spike=what is What.SPIKE),
        severity=_SEVERITY[sample.level(event)],
        title=title,
        text="\n".join(one for one in text if one),
        labels=_labels(_as_of(fault, event), what),
        started_at=when(event, now),
    )


def _as_of(fault: Fault, event: ErrorEvent) -> Fault:
    """Labels are those of the one that raised the alarm, not of another that came in the same moment."""
    return msgspec.structs.replace(
        fault,
        environment=sample.name(event.environment),
        level=sample.level(event),
        last_release=sample.name(event.release),
        route=sample.name(event.transaction),
        logger=sample.name(event.logger),
    )


def _since(fault: Fault, what: What, quiet: float) -> str:
    if what is What.REGRESSION and fault.state is Standing.UNRESOLVED:
        return f"Nobody resolved it; it did not come for {spoken(quiet)}, and came again ({fault.count} times in all)."
    if what is What.REGRESSION:
        by = f" by {fault.changed_by}" if fault.changed_by else ""
        return f"It was {fault.state}{by}, and came again ({fault.count} times in all)."
    return f"New; {fault.count} times so far." if fault.count > 1 else ""


def _story(fault: Fault, event: ErrorEvent) -> list[str]:
    where = [event.transaction and f"in {event.transaction}", event.release, event.environment, event.server_name]
    raised = event.exceptions[-1] if event.exceptions else None
    said = raised.value if raised else event.message
    frames = raised.frames[-200:] if raised else ()
    own = [one for one in frames if one.in_app] or list(frames)
    return [
        scrub.text(said, _TEXT) if "\n" in said.strip() else "",
        ", ".join(sample.name(one) for one in where if one),
        *(
            scrub.word(f"{one.filename or one.module}:{one.lineno} {one.function}  {one.context_line.strip()}", 200)
            for one in own[-_CALLS:]
        ),
        f"`tocsinctl errors get {fault.code}`",
    ]


def key(fault: Fault, *, is_spike: bool) -> str:
    """What its alarm is known by. Not its number: a store that begins anew gives that to another error."""
    return f"{fault.app}/{fault.digest.hex()}{'/spike' if is_spike else ''}"


def _news(fault: Fault, what: What, now: float, event: Event) -> News:
    return News(fault=fault.id, app=fault.app, what=what, at=now, event=event)
