"""Everything behind the HTTP door: webhooks and Alertmanager's API directly, the rest through bottle's routes."""

from collections.abc import Mapping

import msgspec

from daemon import telemetry
from daemon.links import PATH as ACK
from daemon.listener import sentry
from daemon.listener.alertmanager import answers, api
from daemon.listener.exchange import PING, RECEIPTS, WEBHOOKS, Answer, App, Refusal, Request, refused, split
from daemon.listener.house import house
from daemon.listener.parts import Parts
from daemon.listener.pings import Pings
from daemon.listener.sentry import SentryDoor
from daemon.listener.statuspage import BADGES, PAGES
from daemon.listener.webhooks import Webhooks
from daemon.listener.wsgi import served
from daemon.sentry import access
from daemon.web.apps import links

ALIVE = "/-/healthy"  # answered however much there is to do: a watchdog must not mistake work for death

_DOORS = {"/rpc": "rpc", "/metrics": "metrics", ALIVE: "self", "/-/ready": "self", "/-/reload": "self"}
_DOORS |= dict.fromkeys(PAGES, "status") | dict.fromkeys((links.APPS, links.ERRORS), "apps")
_BELOW = (
    (WEBHOOKS, "webhook"),
    (PING, "ping"),
    (ACK, "ack"),
    (RECEIPTS, "receipts"),
    (BADGES, "badge"),
    (api.PATH, answers.DOOR),
    (f"{links.APPS}/", "apps"),
    (f"{links.ERRORS}/", "apps"),
)
_BUSY = Refusal(503, "overloaded", "too many requests are in work; send it again in a moment")
_SOON = (("Retry-After", "1"),)


class Web:
    """The application that an HttpDoor serves."""

    def __init__(self, parts: Parts) -> None:
        self._settings = parts.settings
        self._doors: tuple[tuple[str, App], ...] = (
            (WEBHOOKS, Webhooks(parts)),
            (PING, Pings(parts)),
            (api.PATH, parts.api),
        )
        self._house = served(house(parts))
        self._sentry = SentryDoor(parts, parts.sentry) if parts.sentry else None
        self._in_work = 0

    def largest(self, url: bytes, headers: Mapping[str, str]) -> int:
        """How large a body this address takes; 0 for as large as the settings say."""
        if self._sentry is None or b"/api/" not in url:
            return 0
        path, query = split(url)
        if any(path.startswith(beginning) for beginning, _ in self._doors):
            return 0  # another door's, however it ends
        return self._sentry.largest(path, query, headers)

    def __call__(self, request: Request) -> Answer:
        """Answer one request, or 503 at once when too many are in work."""
        if self._in_work >= self._settings().limits.concurrent and request.path != ALIVE:
            telemetry.overloaded.inc()
            return refused(_BUSY, door=_door(request.path), headers=_SOON)
        self._in_work += 1
        try:
            return self._answer(request)
        finally:
            self._in_work -= 1

    def _answer(self, request: Request) -> Answer:
        for beginning, door in self._doors:
            if request.path.startswith(beginning):
                return door(request)
        if self._sentry and (target := access.target(request.path)):
            return self._sentry(request, target)
        door_name = _door(request.path)
        if request.refusal:
            return refused(request.refusal, door=door_name)
        return msgspec.structs.replace(self._house(request), door=door_name)


def _door(path: str) -> str:
    if path in _DOORS:
        return _DOORS[path]
    below = next((door for begin, door in _BELOW if path.startswith(begin)), "")
    return below or (sentry.DOOR if access.target(path) else "http")
