"""`/api/v2/…`: which question goes where, and who may ask it."""

import logging
from collections.abc import Callable

from daemon.config.settings import Right
from daemon.errors import StoreError
from daemon.listener import credentials
from daemon.listener.alertmanager import alerts, silences, status
from daemon.listener.alertmanager.answers import Refused, problem, reason, sentence
from daemon.listener.alertmanager.parts import ApiParts
from daemon.listener.exchange import Answer, Request
from daemon.methods.table import Caller
from daemon.store.quarantine import Kind

PATH = "/api/v2/"

log = logging.getLogger("tocsin.listener")

Serve = Callable[[ApiParts, Request, Caller], Answer]

_SILENCE = f"{PATH}silence/"
_BEARER = (("WWW-Authenticate", 'Bearer realm="tocsin"'),)
_AGAIN = (("Retry-After", "5"),)
_STRANGERS = (401, 403)
_ACCEPTED = frozenset(("*/*", "application/*", "application/json"))

_ROUTES: dict[str, dict[str, tuple[Right, Serve]]] = {
    "alerts": {"GET": ("read", alerts.show), "POST": ("act", alerts.push)},
    "alerts/groups": {"GET": ("read", alerts.show_groups)},
    "receivers": {"GET": ("read", status.receivers)},
    "silences": {"GET": ("read", silences.show_all), "POST": ("act", silences.post)},
    "status": {"GET": ("read", status.show)},
}
_OF_ONE_SILENCE: dict[str, tuple[Right, Serve]] = {
    "DELETE": ("act", lambda parts, request, caller: silences.expire(parts, _name(request), caller)),
    "GET": ("read", lambda parts, request, _: silences.show(parts, _name(request))),
}


class Api:
    """The application behind `/api/v2/`."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts

    def __call__(self, request: Request) -> Answer:
        """Answer one request in Alertmanager's words."""
        methods = _OF_ONE_SILENCE if _name(request) else _ROUTES.get(request.path[len(PATH) :].removesuffix("/"))
        if methods is None:
            return problem(404, f"path {request.path[:200]} was not found")
        if request.method not in methods:
            allowed = ",".join(methods)
            message = f"method {request.method} is not allowed, but [{allowed}] are"
            return problem(405, message, headers=(("Allow", allowed),))
        right, serve = methods[request.method]
        try:
            shut = problem(request.refusal.status, request.refusal.detail) if request.refusal else None
            return self._served(request, right, serve) if shut is None else self._kept(request, serve, shut)
        except Refused as refused:
            return refused.answer
        except StoreError as error:
            log.debug("a request of Alertmanager's API was answered 503: %s", error)
            return sentence(503, "the store cannot be used at the moment; ask again", headers=_AGAIN)

    def _served(self, request: Request, right: Right, serve: Serve) -> Answer:
        """Serve whoever may."""
        auth = self._parts.rules().settings.auth
        caller = credentials.caller(auth, request.headers, basic=True)
        if caller is None:
            shut = problem(401, "send a configured token, as bearer or as basic password", headers=_BEARER)
        elif credentials.from_strange_page(request.headers) and not credentials.has_token(auth, request.headers):
            shut = problem(403, "web pages of other sites may not ask here")
        elif right not in caller.may:
            shut = problem(403, f"{caller.name} may not {right}")
        elif request.method == "GET" and not _takes_json(request.headers.get("accept", "")):
            return problem(406, "unsupported media type requested, only [application/json] are available")
        else:
            return serve(self._parts, request, caller)
        return self._kept(request, serve, shut)

    def _kept(self, request: Request, serve: Serve, shut: Answer) -> Answer:
        """Alarms that are not let in are kept, like those at a webhook."""
        if serve is alerts.push:
            kind = Kind.BAD_CREDENTIALS if shut.status in _STRANGERS else Kind.UNUSABLE_BODY
            alerts.keep(self._parts, request, kind, reason(shut))
        return shut


def _name(request: Request) -> str:
    """The silence that a path names; empty when it names none."""
    return request.path.removeprefix(_SILENCE).removesuffix("/") if request.path.startswith(_SILENCE) else ""


def _takes_json(accept: str) -> bool:
    ranges = {one.partition(";")[0].strip().lower() for one in accept.split(",")} - {""}
    return not ranges or bool(ranges & _ACCEPTED)
