"""tocsin's own alarm that a silence is about to end: what will be heard again, while there is time to do something.

It is raised only for a silence that hid something: the end of any other changes nothing for anybody.
"""

import msgspec

from daemon import internal
from daemon.alerting import pipeline
from daemon.alerting.flush import Flushed
from daemon.alerting.rules import Rules
from daemon.event import Event, State, cleaned
from daemon.internal import Check
from daemon.store import alerts, silences, timers
from daemon.store.base import Tx
from daemon.store.silences import Hidden, Kind, Silence
from daemon.units import spoken

AGAIN = 60.0  # seconds until a silence that is about to end, and has hidden nothing so far, is looked at again
NAMED = 10  # alerts that the text names


def look(tx: Tx, silence_id: int, rules: Rules, now: float) -> list[Flushed]:
    """A silence was made or changed, or an instant of it has come: say what there is to say, and set the next."""
    silence = silences.get(tx, silence_id)
    if silence is None:
        return []
    warn_at = _warn_at(silence, rules)
    if silence.ends_at is None or silence.is_over(now):
        return _calmed(tx, silence, rules, now)
    if warn_at is None or now < warn_at:
        _look_again(tx, silence, silence.ends_at if warn_at is None else warn_at)
        return _calmed(tx, silence, rules, now)
    hidden = silences.hidden_by(tx, silence_id)
    # Raised again before it would be taken for one that has been quiet for so long that it must be over.
    pause = rules.settings.self_checks.window / 2 if hidden.count else AGAIN
    _look_again(tx, silence, min(silence.ends_at, now + pause))
    return _told(tx, _warning(tx, silence, hidden, now), rules, now) if hidden.count else []


def _warn_at(silence: Silence, rules: Rules) -> float | None:
    """When to say that it is about to end; None where it is too short for that, or nobody wants to know."""
    before = rules.settings.silences.warn_before
    if silence.ends_at is None or not before or silence.ends_at - before <= silence.starts_at:
        return None
    return silence.ends_at - before


def _warning(tx: Tx, silence: Silence, hidden: Hidden, now: float) -> Event:
    left = spoken((silence.ends_at or now) - now)
    command = "maintenance open" if silence.kind is Kind.MAINTENANCE else "silence update"
    warning = internal.event(
        Check.SILENCE,
        silence.code,
        title=f"{_name(silence)} ends in {left}; it hid {_counted(hidden)}",
        text=_lines(silence.comment, f"It hides {', '.join(silence.matchers)}.", _firing(tx, silence, hidden))
        + f"\nTo have it hold for longer: `tocsinctl {command}`.",
    )
    return msgspec.structs.replace(warning, labels=warning.labels | {"author": silence.author})


def _counted(hidden: Hidden) -> str:
    if hidden.count == 1:
        return f"1 alarm, which {'still fires' if hidden.firing else 'is over'}"
    return f"{hidden.count} alarms, {hidden.firing or 'none'} of them still {'fire' if hidden.firing > 1 else 'fires'}"


def _calmed(tx: Tx, silence: Silence, rules: Rules, now: float) -> list[Flushed]:
    """It is over, or not about to end after all: end the alarm that said so, if there is one."""
    end = internal.over(Check.SILENCE, silence.code)
    known = alerts.last_with(tx, end.fingerprint())
    if known is None or known.state is not State.FIRING:
        return []
    if silence.is_over(now):
        by = f", by {silence.ended_by}" if silence.ended_by else ""
        text = _lines(f"{_name(silence)} is over{by}.", _firing(tx, silence, silences.hidden_by(tx, silence.id)))
    else:
        text = f"{_name(silence)} was changed and does not end soon."
    return _told(tx, msgspec.structs.replace(end, text=text), rules, now)


def _firing(tx: Tx, silence: Silence, hidden: Hidden) -> str:
    """Name what it hid and still fires, the newest first."""
    if not hidden.firing:
        return "Nothing that it hid still fires."
    ids = silences.hidden_alerts(tx, silence.id, min(hidden.firing, NAMED))
    named = [f"{alert.code} {alert.title}" for alert in (alerts.get(tx, one) for one in ids) if alert]
    more = [f"and {hidden.firing - NAMED} more"] if hidden.firing > NAMED else []
    return "\n".join(["Still firing:", *named, *more])


def _told(tx: Tx, event: Event, rules: Rules, now: float) -> list[Flushed]:
    return pipeline.accept(tx, [cleaned(event, now)], rules, now).flushed


def _look_again(tx: Tx, silence: Silence, at: float) -> None:
    timers.put(tx, timers.Kind.SILENCE, silence.id, at)


def _name(silence: Silence) -> str:
    if silence.kind is Kind.MAINTENANCE:
        return f"Maintenance {silence.name} ({silence.code}) of {silence.author}"
    return f"Silence {silence.code} of {silence.author}"


def _lines(*texts: str) -> str:
    return "\n".join(text for text in texts if text)
