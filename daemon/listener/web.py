"""Everything behind the HTTP door: webhooks and Alertmanager's API directly, the rest through bottle's routes."""

import msgspec

from daemon import telemetry
from daemon.links import PATH as ACK
from daemon.listener.alertmanager import answers, api
from daemon.listener.exchange import PING, RECEIPTS, WEBHOOKS, Answer, Refusal, Request, refused
from daemon.listener.house import house
from daemon.listener.parts import Parts
from daemon.listener.pings import Pings
from daemon.listener.statuspage import BADGES, PAGES
from daemon.listener.webhooks import Webhooks
from daemon.listener.wsgi import served
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
        self._webhooks = Webhooks(parts)
        self._pings = Pings(parts)
        self._house = served(house(parts))
        self._api = parts.api
        self._in_work = 0

    def __call__(self, request: Request) -> Answer:
        """Answer one request, or 503 at once when too many are in work."""
        if self._in_work >= self._settings().limits.concurrent and request.path != ALIVE:
            telemetry.overloaded.inc()
            return refused(_BUSY, door=_door(request.path), headers=_SOON)
        self._in_work += 1
        try:
            if request.path.startswith(WEBHOOKS):
                return self._webhooks(request)
            if request.path.startswith(PING):
                return self._pings(request)
            if request.path.startswith(api.PATH):
                return self._api(request)
            door = _door(request.path)
            if request.refusal:
                return refused(request.refusal, door=door)
            return msgspec.structs.replace(self._house(request), door=door)
        finally:
            self._in_work -= 1


def _door(path: str) -> str:
    if path in _DOORS:
        return _DOORS[path]
    return next((door for begin, door in _BELOW if path.startswith(begin)), "http")
