"""`/status` and `/badge/…`: how everything is, for everybody or for whoever may read.

What is hidden, what does not exist and what is switched off have one answer: nobody learns what is watched.
"""

import logging
from collections.abc import Callable
from functools import partial

from daemon.errors import StoreError
from daemon.listener.admission import allowed
from daemon.listener.bodies import takes_gzip
from daemon.listener.exchange import Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
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

_NONE = refused(Refusal(404, "not_found", "there is no such page, or it is not shown"))
_PERIOD = refused(Refusal(400, "bad_period", f"no such period; there are {', '.join(PERIODS)}"))
_LATER = (("Retry-After", "5"),)
_BUSY = Refusal(503, "overloaded", "this page is being made for others; ask again in a moment")
_STORE = Refusal(503, "unavailable", "what is kept cannot be read just now; ask again")


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
        return _NONE
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
        return _NONE
    serve = partial(_served, parts.board, make, is_possible=is_possible, public=settings.public)
    if settings.public:
        return serve(request)
    return allowed(parts, "read", lambda request, _: serve(request), token_in_query=True, in_browser=True)


def _served(board: Board, make: Make, request: Request, *, is_possible: bool, public: bool) -> Answer:
    try:
        made = make(board)
    except NotShown:
        return _NONE
    except Crowded:
        return refused(_BUSY, headers=_LATER)
    except StoreError as error:
        log.debug("the status page was answered 503: %s", error)
        return refused(_STORE, headers=_LATER)
    return _answer(made, request, public=public) if is_possible else _PERIOD


def _answer(made: Made, request: Request, *, public: bool) -> Answer:
    headers = (*_headers(made, public=public), ("ETag", made.tag))
    if made.tag in request.headers.get("if-none-match", ""):
        return Answer(status=304, headers=headers)
    if made.packed is not None and takes_gzip(request):
        return Answer(
            body=made.packed, content_type=made.content_type, headers=(*headers, ("Content-Encoding", "gzip"))
        )
    return Answer(body=made.body, content_type=made.content_type, headers=headers)


def _headers(made: Made, *, public: bool) -> tuple[tuple[str, str], ...]:
    """What browsers and proxies may do with it: of a locked page a proxy keeps nothing."""
    caching = "public, max-age=30" if public else "private, no-cache"
    return (
        ("Cache-Control", caching),
        ("Content-Security-Policy", page.policy() if made.content_type == HTML else "default-src 'none'"),
        ("Referrer-Policy", "no-referrer"),  # a token may stand in the address
        ("Vary", "Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
        *(() if public else (("X-Robots-Tag", "noindex"),)),
    )
