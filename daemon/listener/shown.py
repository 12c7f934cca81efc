"""How a page goes out to a browser, and what is said where there is none."""

import logging
from collections.abc import Callable

from daemon.errors import StoreError
from daemon.listener.bodies import takes_gzip
from daemon.listener.exchange import Answer, Refusal, Request, refused
from daemon.web.board import HTML, Made, NotShown
from daemon.web.fresh import Crowded

log = logging.getLogger("tocsin.listener")

NONE = refused(Refusal(404, "not_found", "there is no such page, or it is not shown"))
_NO_POLICY = "default-src 'none'"  # of what is no page: a picture, a feed
_SOON = (("Retry-After", "5"),)
_BUSY = Refusal(503, "overloaded", "this page is being made for others; ask again in a moment")
_STORE = Refusal(503, "unavailable", "what is kept cannot be read just now; ask again")


def served(make: Callable[[], Made], request: Request, policy: str, *, public: bool) -> Answer:
    """Have it made and answer with it; `policy` is what a browser may do with a page."""
    try:
        made = make()
    except NotShown:
        return NONE
    except Crowded:
        return refused(_BUSY, headers=_SOON)
    except StoreError as error:
        log.debug("%s was answered 503: %s", request.shown_path, error)
        return refused(_STORE, headers=_SOON)
    return _answer(made, request, policy if made.content_type == HTML else _NO_POLICY, public=public)


def _answer(made: Made, request: Request, policy: str, *, public: bool) -> Answer:
    """Packed where that is taken; nothing but the head if it is there already."""
    headers = (*_headers(policy, public=public), ("ETag", made.tag))
    if made.tag in request.headers.get("if-none-match", ""):
        return Answer(status=304, headers=headers)
    if made.packed is not None and takes_gzip(request):
        return Answer(
            body=made.packed, content_type=made.content_type, headers=(*headers, ("Content-Encoding", "gzip"))
        )
    return Answer(body=made.body, content_type=made.content_type, headers=headers)


def _headers(policy: str, *, public: bool) -> tuple[tuple[str, str], ...]:
    """What browsers and proxies may do with it: of a locked page a proxy keeps nothing."""
    return (
        ("Cache-Control", "public, max-age=30" if public else "private, no-cache"),
        ("Content-Security-Policy", policy),
        ("Referrer-Policy", "no-referrer"),  # a token may stand in the address
        ("Vary", "Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
        *(() if public else (("X-Robots-Tag", "noindex"),)),
    )
