"""`/status` and `/badge/…`: how everything is, for everybody or for whoever may read.

What is hidden, what does not exist and what is switched off have one answer: nobody learns what is watched.
"""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from daemon.listener.admission import allowed
from daemon.listener.exchange import Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.listener.shown import NONE, served
from daemon.methods.table import Caller
from daemon.web import page
from daemon.web.board import PERIODS, Board, Made
from daemon.web.page import Asked

PAGE, DOCUMENT, FEED = "/status", "/status.json", "/status.atom"
PAGES = (PAGE, DOCUMENT, FEED)
BADGES = "/badge/"
GROUP = "group"  # the first step of a group's badge
DAY, MONTH = "24h", "30d"

Make = Callable[[Board], Made]

_PERIOD = refused(Refusal(400, "bad_period", f"no such period; there are {', '.join(PERIODS)}"))


def status(parts: Parts, request: Request) -> Answer:
    """Serve the page in the form that its path names; the query may ask for one group or one probe."""
    fields = fields_of(request.query)
    asked = Asked(group=fields.get("group"), probe=fields.get("probe"))
    makes: dict[str, Make] = {
        PAGE: lambda board: board.page(asked),
        DOCUMENT: lambda board: board.document(asked),
        FEED: lambda board: board.feed(),
    }
    return _shown(parts, request, makes[request.path])


def badge(parts: Parts, request: Request) -> Answer:
    """Serve a badge: `<probe>/status.svg`, `group/<group>/uptime.svg?period=30d`."""
    name, _, last = request.path.removeprefix(BADGES).rpartition("/")
    what, dot, kind = last.rpartition(".")
    if not (name and dot and kind == "svg"):
        return NONE
    # A probe's name has no slash: what has one is a group.
    group = name.removeprefix(f"{GROUP}/") if name.startswith(f"{GROUP}/") else None
    asked = Asked(group=group) if group is not None else Asked(probe=name)
    usual = MONTH if what == "uptime" else DAY
    window = PERIODS.get(fields_of(request.query).get("period", usual))
    answer = _shown(parts, request, lambda board: board.badge(asked, what, window or usual))
    return _PERIOD if window is None and answer.status < HTTPStatus.BAD_REQUEST else answer


def _shown(parts: Parts, request: Request, make: Make) -> Answer:
    settings, board = parts.settings().status_page, parts.board
    if settings is None or board is None:
        return NONE

    def serve(request: Request, *_: Caller) -> Answer:
        return served(partial(make, board), request, page.policy(), public=settings.public)

    return serve(request) if settings.public else allowed(parts, "read", serve, token_in_query=True, in_browser=True)
