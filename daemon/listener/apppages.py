"""`/apps` and `/errors`: what applications were asked, how long it took, what went wrong; for whoever may read."""

from functools import partial

from daemon.listener.admission import allowed
from daemon.listener.exchange import Answer, Request, fields_of
from daemon.listener.parts import Parts
from daemon.listener.shown import NONE, served
from daemon.methods.table import Caller
from daemon.web.apps import links, page

ROUTES = (links.APPS, f"{links.APPS}/<rest:path>", links.ERRORS, f"{links.ERRORS}/<rest:path>")


def pages(parts: Parts) -> Answer:
    """Serve one of them."""
    return allowed(parts, "read", partial(_served, parts), token_in_query=True, in_browser=True)


def _served(parts: Parts, request: Request, _caller: Caller) -> Answer:
    asked = links.asked(request.path, fields_of(request.query))
    if asked is None or parts.pages is None:
        return NONE
    return served(partial(parts.pages.made, asked), request, page.policy(), public=False)
