"""Alerts over this API: taken as Prometheus pushes them, shown as amtool asks for them."""

from collections.abc import Callable
from functools import partial

import msgspec

from daemon.alerting.arrival import Arrival
from daemon.alerting.rules import Rules
from daemon.clock import unhurried
from daemon.event import API, Event
from daemon.hook import Hook
from daemon.listener.alertmanager import bodies, pushed
from daemon.listener.alertmanager.answers import Refused, done, refuse, sentence, whole
from daemon.listener.alertmanager.parts import ApiParts
from daemon.listener.alertmanager.query import Filter, asked
from daemon.listener.alertmanager.shown import View
from daemon.listener.exchange import Answer, Request
from daemon.methods.table import Caller
from daemon.store import groups, sent
from daemon.store.base import Tx
from daemon.store.quarantine import Kind
from daemon.store.requests import Door

AT_ONCE = 200  # alerts, or groups, that are read in one go
MOST_REASONS = 20  # that one answer names

_encode = msgspec.json.Encoder().encode

Page = tuple[int, list[tuple[str, bytes]]]  # the id to go on behind, and what is shown, each with what it is sorted by


def push(parts: ApiParts, request: Request, _caller: Caller) -> Answer:
    """Take what is valid, and answer once it is on disk; name what is not, and keep the request that held it."""
    try:
        events, reasons = _read(parts, request)
    except Refused as refused:
        keep(parts, request, Kind.UNUSABLE_BODY, str(refused))
        raise
    if events:
        parts.intake.events(events, Arrival(door=Door.API, hook=_hook(parts, request)))
    if not reasons:
        return done()
    said = "; ".join(reasons[:MOST_REASONS])
    if len(reasons) > MOST_REASONS:
        said += f"; and {len(reasons) - MOST_REASONS} more"
    keep(parts, request, Kind.UNUSABLE_BODY, f"{len(reasons)} alerts were not taken: {said}")
    return sentence(400, said)


def keep(parts: ApiParts, request: Request, kind: Kind, reason: str) -> None:
    """Put a request into quarantine; an alarm about it is raised there."""
    parts.intake.refuse(_hook(parts, request), kind, reason, request.remote, unread=request.unread)


def _hook(parts: ApiParts, request: Request) -> Hook:
    """The request as a webhook would be seen."""
    return Hook(
        source=API,
        body=request.body,
        content_type=request.headers.get("content-type", ""),
        headers=request.headers,
        query={},
        received_at=parts.clock.now(),
        remote=request.remote,
        options=None,
    )


def _read(parts: ApiParts, request: Request) -> tuple[list[Event], list[str]]:
    """Make events of a body, and say what is wrong with the others. Raises Refused when it has not even the form."""
    settings = parts.rules().settings
    now = parts.clock.now()
    given = bodies.decoded(request, settings.limits.body, pushed.DECODER, "alerts") or []
    if len(given) > settings.limits.events:
        refuse(413, f"the body holds {len(given)} alerts; at most {settings.limits.events} are taken at once")
    # The form of all of them is known to be right before the first is taken.
    formed = [
        pushed.formed(one, position, settings.resolve_timeout, now)
        for position, one in enumerate(unhurried(parts.clock, given))
    ]
    reasons = [reason for alert in formed if (reason := pushed.wrong(alert))]
    valid = (alert for alert in formed if not pushed.wrong(alert))
    return [pushed.event(alert, now) for alert in unhurried(parts.clock, valid)], reasons


def show(parts: ApiParts, request: Request, _caller: Caller) -> Answer:
    """List the open alerts of every source, by their fingerprints."""
    wanted = asked(request.query)
    rules, now = parts.rules(), parts.clock.now()
    return _paged(parts, partial(_some_alerts, rules, now, wanted))


def show_groups(parts: ApiParts, request: Request, _caller: Caller) -> Answer:
    """List the groups that have open alerts, by their labels."""
    wanted = asked(request.query)
    rules, now = parts.rules(), parts.clock.now()
    return _paged(parts, partial(_some_groups, rules, now, wanted))


def _paged(parts: ApiParts, read: Callable[[int, Tx], Page]) -> Answer:
    """Read and encode a few hundred at a time in the store's own thread, and put them in order."""
    found: list[tuple[str, bytes]] = []
    last = 0
    while True:
        following, page = parts.store.read(partial(read, last))
        found += page
        if following == last:
            found.sort()
            return whole(b"[" + b",".join(encoded for _, encoded in found) + b"]")
        last = following
        parts.clock.breathe()


def _some_alerts(rules: Rules, now: float, wanted: Filter, after: int, tx: Tx) -> Page:
    found = sent.all_open(tx, after, AT_ONCE)
    return (found[-1].alert.id if found else after), list(View(tx, rules, now).each(found, wanted))


def _some_groups(rules: Rules, now: float, wanted: Filter, before: int, tx: Tx) -> Page:
    found = groups.newest(tx, AT_ONCE, before)
    view = View(tx, rules, now)
    shown = [
        (f"{len(group.labels):04}{sorted(group.labels.items())} {group.receiver}", _encode(one))
        for group in found
        if wanted.receiver(group.receiver) and (one := view.group(group, sent.of_group(tx, group.id), wanted))
    ]
    return (found[-1].id if found else before), shown
