"""How events came in: what is kept of the request that brought them, for whoever asks why there is an alert."""

from collections.abc import Iterable

import msgspec

from daemon import log
from daemon.alerting.dedupe import Change
from daemon.alerting.pipeline import Accepted
from daemon.config.retention import Retention
from daemon.event import OWN, PROBE
from daemon.hook import Hook
from daemon.secret import redact_headers, redact_query, redact_text
from daemon.store import requests
from daemon.store.base import Tx
from daemon.store.requests import Carried, Door, Request

MOST_HEAD = 500  # characters of one header or field of a query
_MATTERS = frozenset((Change.NEW, Change.WORSE, Change.RESOLVED))
_OWN_DOORS = {OWN: Door.TOCSIN, PROBE: Door.PROBE}


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """The way in. `hook` is the request that brought the events, where there was one, `hides` its secret fields."""

    door: Door
    handler: str = ""
    hook: Hook | None = None
    hides: tuple[str, ...] = ()


INSIDE = Arrival(door=Door.OTHER)  # a part of tocsin; which one is known by the source


def note(tx: Tx, arrival: Arrival, accepted: Iterable[Accepted], limits: Retention, now: float) -> None:
    """Keep the request, if it changed anything and requests are kept at all.

    Repeats change nothing: nobody pays for them. That is known only here, so the work is done here.
    """
    changes: dict[int, str] = {}
    source = ""
    for one in accepted:
        if one.change in _MATTERS:
            alert_id, source = int(one.code[1:]), one.source
            before = changes.get(alert_id)
            changes[alert_id] = f"{before}, {one.change}" if before else one.change.value
    if changes and limits.requests:
        requests.keep(tx, request(arrival, source, limits.request_body, now), changes, limits.requests)


def request(arrival: Arrival, source: str, most_body: int, now: float) -> Request:
    """What is kept of it: without credentials and known secrets, of the body at most so much."""
    hook = arrival.hook
    if hook is None:
        door = _OWN_DOORS.get(source, arrival.door) if arrival.door is Door.OTHER else arrival.door
        return Request(at=now, door=door, source=source)
    return Request(
        at=now,
        door=arrival.door,
        source=source,
        handler=arrival.handler,
        remote=hook.remote,
        size=len(hook.body),
        carried=Carried(
            headers=_masked(redact_headers(hook.headers)),
            query=_masked(redact_query(hook.query)) if hook.query else {},
            body=body(hook.body, most_body, arrival.hides),
            cut=len(hook.body) > most_body,
        ),
    )


def body(raw: bytes, most: int, hides: tuple[str, ...] = ()) -> str:
    """The beginning of a body as text, without what must not show.

    Known secrets are hidden before it is cut, so that none is cut in two and shows by half.
    """
    ahead = raw[: most + 4 * log.longest_secret()].decode("utf-8", "replace")  # a character has at most 4 bytes
    return redact_text(log.masked(ahead, most), hides)


def _masked(values: dict[str, str]) -> dict[str, str]:
    if not log.has_secret("\n".join([*values, *values.values()])):
        return {name[:MOST_HEAD]: value[:MOST_HEAD] for name, value in values.items()}
    return {log.masked(name, MOST_HEAD): log.masked(value, MOST_HEAD) for name, value in values.items()}
