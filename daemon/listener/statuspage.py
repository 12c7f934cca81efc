"""`/status` and `/badge/…`: how everything is, for everybody or for whoever may read.

What is hidden, what does not exist and what is switched off have one answer: nobody learns what is watched.
"""

import logging
from collections.abc import Callable
from functools import partial

from daemon.errors import StoreError
from daemon.listener.admission import allowed
from daemon.listener.exchange import Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.listener.shown import BUSY, NO_POLICY, NONE, SOON, STORE, shown
from daemon.web import page
from daemon.web.board import HTML, PERIODS, Board, Made, NotShown
from daemon.web.fresh import Crowded
from daemon.web.page import Asked

log = logging.getLogger("tocsin.listener")

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
    is_possible = window is not None
    return _shown(parts, request, lambda board: board.badge(asked, what, window or usual), is_possible=is_possible)


def _shown(parts: Parts, request: Request, make: Make, *, is_possible: bool = True) -> Answer:
    settings = parts.settings().status_page
    if settings is None or parts.board is None:
        return NONE
    serve = partial(_served, parts.board, make, is_possible=is_possible, public=settings.public)
    if settings.public:
        return serve(request)
    return allowed(parts, "read", lambda request, _: serve(request), token_in_query=True, in_browser=True)


def _served(board: Board, make: Make, request: Request, *, is_possible: bool, public: bool) -> Answer:
    try:
        made = make(board)
    except NotShown:
        return NONE
    except Crowded:
        return refused(BUSY, headers=SOON)
    except StoreError as error:
        log.debug("the status page was answered 503: %s", error)
        return refused(STORE, headers=SOON)
    policy = page.policy() if made.content_type == HTML else NO_POLICY
    return shown(made, request, policy, public=public) if is_possible else _PERIOD
