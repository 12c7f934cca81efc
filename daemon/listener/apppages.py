"""`/apps` and `/errors`: what applications were asked, how long it took, what went wrong; for whoever may read."""

import logging

from daemon.errors import StoreError
from daemon.listener.admission import allowed
from daemon.listener.exchange import Answer, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.listener.shown import BUSY, NONE, SOON, STORE, shown
from daemon.methods.table import Caller
from daemon.web.apps import links, page
from daemon.web.board import NotShown
from daemon.web.fresh import Crowded

log = logging.getLogger("tocsin.listener")

ROUTES = (links.APPS, f"{links.APPS}/<rest:path>", links.ERRORS, f"{links.ERRORS}/<rest:path>")


def pages(parts: Parts) -> Answer:
    """Serve one of them."""
    return allowed(
        parts, "read", lambda request, caller: _served(parts, request, caller), token_in_query=True, in_browser=True
    )


def _served(parts: Parts, request: Request, _caller: Caller) -> Answer:
    asked = links.asked(request.path, fields_of(request.query))
    if asked is None or parts.pages is None:
        return NONE
    try:
        made = parts.pages.made(asked)
    except NotShown:
        return NONE
    except Crowded:
        return refused(BUSY, headers=SOON)
    except StoreError as error:
        log.debug("%s was answered 503: %s", request.shown_path, error)
        return refused(STORE, headers=SOON)
    return shown(made, request, page.policy(), public=False)
