"""Who may ask the house's routes, and what the others are told."""

from collections.abc import Callable

import bottle

from daemon.config.settings import Right
from daemon.listener import credentials
from daemon.listener.exchange import Answer, Refusal, Request, fields_of, refused
from daemon.listener.parts import Parts
from daemon.listener.wsgi import REQUEST
from daemon.methods.table import Caller

_BEARER = (("WWW-Authenticate", 'Bearer realm="tocsin"'),)
_BASIC = (("WWW-Authenticate", 'Basic realm="tocsin", charset="UTF-8"'),)  # a browser asks whoever sits before it
_STRANGE_PAGE = Refusal(403, "forbidden", "web pages of other sites may not ask here; configure auth.tokens")


def allowed(
    parts: Parts,
    right: Right | None,
    serve: Callable[[Request, Caller], Answer],
    *,
    token_in_query: bool = False,
    in_browser: bool = False,
) -> Answer:
    """Serve whoever may; None leaves the rights to what is called.

    `in_browser` takes the token as the password of basic credentials, too, which is what a browser can ask for.
    """
    request: Request = bottle.request.environ[REQUEST]
    auth = parts.settings().auth
    query = fields_of(request.query) if token_in_query else credentials.NO_QUERY
    caller = credentials.caller(auth, request.headers, query, basic=in_browser)
    if caller is None:
        refusal = Refusal(401, "bad_credentials", "send a configured token as Authorization: Bearer or X-Tocsin-Token")
        return refused(refusal, headers=_BASIC if in_browser else _BEARER)
    if not auth.tokens and credentials.from_strange_page(request.headers):
        return refused(_STRANGE_PAGE)
    if right is not None and right not in caller.may:
        return refused(Refusal(403, "forbidden", f"{caller.name} may not {right}"))
    return serve(request, caller)
