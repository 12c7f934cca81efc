"""How a page that was made goes out to a browser, and what is said where there is none."""

from daemon.listener.bodies import takes_gzip
from daemon.listener.exchange import Answer, Refusal, Request, refused
from daemon.web.board import Made

NO_POLICY = "default-src 'none'"  # of what is no page: a picture, a feed
SOON = (("Retry-After", "5"),)
NONE = refused(Refusal(404, "not_found", "there is no such page, or it is not shown"))
BUSY = Refusal(503, "overloaded", "this page is being made for others; ask again in a moment")
STORE = Refusal(503, "unavailable", "what is kept cannot be read just now; ask again")


def shown(made: Made, request: Request, policy: str, *, public: bool) -> Answer:
    """Answer with it, packed where that is taken; nothing but the head if it is there already."""
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
