"""Notices made up to try templates on, and to show what people will read."""

from collections.abc import Callable

from daemon.alert import Alert
from daemon.event import Severity, State
from daemon.notice import Notice, Reason

Make = Callable[[int, State], Alert]  # a number and a state -> an alarm

SITUATIONS = ("a firing alarm", "a resolved alarm", "a group", "a digest")
AT = 1_790_000_600.0
_OVER = (Reason.ALL_RESOLVED,)
_TITLES = ("Disk full on db-1", "Disk full on db-2", "Disk nearly full on db-3", "Disk full on db-4")
_SEVERITIES = (Severity.CRITICAL, Severity.ERROR, Severity.WARNING, Severity.INFO)


def notice(situation: str, make: Make, at: float = AT) -> Notice:
    """One of the situations in which every template must have words."""
    if situation == "a firing alarm":
        return about(Reason.FIRST, make, at)
    if situation == "a resolved alarm":
        return about(Reason.ALL_RESOLVED, make, at)
    return about(Reason.SOME_RESOLVED if situation == "a group" else Reason.DIGEST, make, at)


def about(reason: Reason, make: Make, at: float = AT) -> Notice:
    """What a notice for this reason is typically about: one alarm, or several."""
    firing, resolved = 1, 0
    if reason in _OVER:
        firing, resolved = 0, 1
    elif reason in {Reason.SOME_RESOLVED, Reason.NEW_MEMBER}:
        firing, resolved = 2, 1
    elif reason is Reason.DIGEST:
        firing, resolved = 3, 1
    alerts = [make(number, State.FIRING) for number in range(firing)]
    alerts += [make(number, State.RESOLVED) for number in range(firing, firing + resolved)]
    return Notice(
        id=4,
        alerts=alerts,
        firing=firing,
        resolved=resolved,
        group={} if len(alerts) == 1 else {"alertname": "DiskFull"},
        receiver="sample",
        reason=reason,
        at=at,
        note="2m" if reason is Reason.DIGEST else "",
    )


def alert(number: int, state: State, at: float = AT) -> Alert:
    """An alarm as it may come in."""
    began = at - 600.0 + 60.0 * number
    return Alert(
        id=17 + number,
        fingerprint="0" * 32,
        source="sample",
        key=f"disk-db-{number + 1}",
        state=state,
        severity=_SEVERITIES[number % len(_SEVERITIES)],
        title=_TITLES[number % len(_TITLES)],
        text="97 % of /var/lib/postgresql is used.",
        labels={"alertname": "DiskFull", "host": f"db-{number + 1}", "team": "db"},
        links={"runbook": "https://wiki.example.com/disk-full"},
        started_at=began,
        ended_at=at if state is State.RESOLVED else None,
        first_seen=began,
        last_seen=at,
        count=3,
    )
