"""Which route a function serves just now, asked of Flask and bottle, where the program uses them."""

from __future__ import annotations

import sys
from typing import Any, MutableMapping, Protocol

COUNTED = "tocsin.counted"  # in a request's environ: the whole application is measured already
NO_ROUTE = "(none)"  # what no route took: one series, however many addresses strangers try
SERVER_ERROR = 500
_DEEPEST = 50  # decorators around a view


class View(Protocol):
    """The view of a route, while it is called."""

    route: str
    is_counted: bool

    def failed(self, result: object, error: BaseException | None) -> bool:
        """Whether the answer is the server's fault."""


def serving(wrapper: object) -> View | None:
    """Find the route whose view this decorated function is; None where it is called otherwise."""
    flask = sys.modules.get("flask")
    if flask is not None and flask.has_request_context():
        return _of_flask(flask, wrapper)
    bottle = sys.modules.get("bottle")
    if bottle is not None:
        return _of_bottle(bottle, wrapper)
    return None


def is_view(view: Any, wrapper: object) -> bool:
    """Whether this view is that function, below whatever decorators that keep `__wrapped__`."""
    for _ in range(_DEEPEST):
        if view is wrapper:
            return True
        view = getattr(view, "__wrapped__", None)
        if view is None:
            return False
    return False


def _of_flask(flask: Any, wrapper: object) -> View | None:
    request = flask.request
    rule = request.url_rule
    if rule is None or not is_view(flask.current_app.view_functions.get(request.endpoint), wrapper):
        return None
    return FlaskView(rule.rule, request.environ)


def _of_bottle(bottle: Any, wrapper: object) -> View | None:
    try:
        environ = bottle.request.environ
    except (AttributeError, RuntimeError):  # no request was served in this thread yet
        return None
    route = environ.get("bottle.route")
    if route is None or not is_view(route.callback, wrapper):
        return None
    return BottleView(route.rule, environ, bottle)


class FlaskView:
    """A view of Flask."""

    def __init__(self, route: str, environ: MutableMapping[str, Any]) -> None:
        self.route = route
        self.is_counted = COUNTED in environ

    def failed(self, result: object, error: BaseException | None) -> bool:
        """A status of 500 and more, or what is no HTTP error at all."""
        if error is not None:
            return _raised(error, "werkzeug.exceptions", "HTTPException", "code")
        if isinstance(result, tuple) and len(result) > 1:
            return status_number(result[1]) >= SERVER_ERROR
        return status_number(getattr(result, "status_code", 0)) >= SERVER_ERROR


class BottleView:
    """A callback of bottle."""

    def __init__(self, route: str, environ: MutableMapping[str, Any], bottle: Any) -> None:
        self.route = route
        self.is_counted = COUNTED in environ
        self._bottle = bottle

    def failed(self, result: object, error: BaseException | None) -> bool:
        """A status of 500 and more, returned, raised or set, or what is no answer at all."""
        if error is not None:
            return _raised(error, "bottle", "HTTPResponse", "status_code")
        said = result if isinstance(result, self._bottle.HTTPResponse) else self._bottle.response
        return status_number(getattr(said, "status_code", 0)) >= SERVER_ERROR


def _raised(error: BaseException, module: str, name: str, attribute: str) -> bool:
    answers = getattr(sys.modules.get(module), name, None)
    if answers is None or not isinstance(error, answers):
        return isinstance(error, Exception)
    response = getattr(error, "response", None)  # of a Flask view: abort(response)
    return status_number(getattr(response, "status_code", None) or getattr(error, attribute, 0)) >= SERVER_ERROR


def status_number(status: Any) -> int:
    """A status: a number, or a text that begins with one."""
    if isinstance(status, int):
        return int(status)
    first = str(status)[:3]
    return int(first) if first.isascii() and first.isdigit() else 0
