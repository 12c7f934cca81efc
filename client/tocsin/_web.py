"""Page views of a whole application: Flask, bottle, or any other over WSGI."""

from __future__ import annotations

import functools
import sys
from time import perf_counter
from typing import Any, Callable, Iterator

from tocsin._frameworks import COUNTED, NO_ROUTE, SERVER_ERROR, BottleView, status_number
from tocsin._timed import viewed
from tocsin._way import lost

_BEGUN, _STATUS = "tocsin.begun", "tocsin.status"


def flask(app: Any) -> Any:
    """Measure all routes of a Flask application, by their rules; returns the application."""
    if "tocsin" not in app.extensions:
        app.extensions["tocsin"] = True
        # Before all others, so that what they take counts; and also while requests are served already.
        app.before_request_funcs.setdefault(None, []).insert(0, _begin)
        app.after_request_funcs.setdefault(None, []).insert(0, _answered)
        app.teardown_request_funcs.setdefault(None, []).insert(0, _over)
    return app


def _request() -> Any:
    return sys.modules["flask"].request


def _begin() -> None:
    environ = _request().environ
    if COUNTED not in environ:
        environ[COUNTED] = True
        environ[_BEGUN] = perf_counter()


def _answered(response: Any) -> Any:
    _request().environ[_STATUS] = response.status_code
    return response


def _over(error: BaseException | None) -> None:
    try:
        request = _request()
        begun = request.environ.pop(_BEGUN, None)
        if begun is None:
            return
        status = request.environ.pop(_STATUS, None)
        failed = isinstance(error, Exception) if status is None else status >= SERVER_ERROR
        rule = request.url_rule
        viewed(rule.rule if rule is not None else NO_ROUTE, perf_counter() - begun, is_error=failed)
    except Exception:  # noqa: BLE001 - what goes wrong here must not stop the program
        lost.number += 1


def bottle(app: Any) -> Any:
    """Measure all routes of a bottle application, by their rules; returns the application."""
    app.install(_Plugin())
    app.add_hook("before_request", _arrived)
    app.add_hook("after_request", _left)
    return app


def _arrived() -> None:
    environ = sys.modules["bottle"].request.environ
    if COUNTED not in environ:
        environ[_BEGUN] = perf_counter()


def _left() -> None:
    """What no route took never comes to a plugin; a view was told of by then."""
    environ = sys.modules["bottle"].request.environ
    begun = environ.pop(_BEGUN, None)
    if begun is None or COUNTED in environ or "bottle.route" in environ:
        return
    environ[COUNTED] = True
    try:
        viewed(NO_ROUTE, perf_counter() - begun, is_error=False)
    except Exception:  # noqa: BLE001 - what goes wrong here must not stop the program
        lost.number += 1


class _Plugin:
    """What bottle puts around each callback."""

    name = "tocsin"
    api = 2

    def apply(self, callback: Callable[..., Any], route: Any) -> Callable[..., Any]:
        """Wrap it once, when the route is first asked for."""
        module = sys.modules["bottle"]
        rule = str(route.rule)

        @functools.wraps(callback)
        def measured(*args: Any, **kwargs: Any) -> Any:
            environ = module.request.environ
            if COUNTED in environ:
                return callback(*args, **kwargs)
            view = BottleView(rule, environ, module)
            environ[COUNTED] = True
            begun = perf_counter()
            try:
                result = callback(*args, **kwargs)
            except BaseException as error:
                viewed(rule, perf_counter() - begun, is_error=view.failed(None, error))
                raise
            viewed(rule, perf_counter() - begun, is_error=view.failed(result, None))
            return result

        return measured


class wsgi:  # noqa: N801 - it is used like a function: `application = tocsin.wsgi(application)`
    """Measure a whole WSGI application, to the last byte of each answer.

    `route` finds the rule of a request in its environ once it is answered; without it, that of bottle is known, and
    everything else goes to one series.
    """

    def __init__(self, application: Callable[..., Any], route: Callable[[Any], str | None] | None = None) -> None:
        self.application = application
        self.route = route or _route

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Any:
        """Serve a request."""
        if COUNTED in environ:
            return self.application(environ, start_response)
        environ[COUNTED] = True
        view = _Request(environ, self.route)

        def start(status: str, *rest: Any, **named: Any) -> Any:
            view.status = status_number(status)
            return start_response(status, *rest, **named)

        try:
            return _Body(self.application(environ, start), view)
        except BaseException as error:
            view.over(error)
            raise


class _Request:
    """A request that is served."""

    def __init__(self, environ: Any, route: Callable[[Any], str | None]) -> None:
        self.status = 0
        self._environ = environ
        self._route = route
        self._begun = perf_counter()
        self._is_over = False

    def over(self, error: BaseException | None) -> None:
        """Tell of it, once."""
        if self._is_over:
            return
        self._is_over = True
        seconds = perf_counter() - self._begun
        failed = self.status >= SERVER_ERROR or isinstance(error, Exception)
        try:
            route = str(self._route(self._environ) or NO_ROUTE)
        except Exception:  # noqa: BLE001 - the program's own function, about an answer that is given
            route = NO_ROUTE
        viewed(route, seconds, is_error=failed)


class _Body:
    """The answer, handed on piece by piece."""

    def __init__(self, body: Any, request: _Request) -> None:
        self._body = body
        self._pieces: Iterator[Any] = iter(body)
        self._request = request

    def __iter__(self) -> _Body:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._pieces)
        except StopIteration:
            self._request.over(None)
            raise
        except BaseException as error:
            self._request.over(error)
            raise

    def close(self) -> None:
        """The server is through with it."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._request.over(None)


def _route(environ: Any) -> str | None:
    route = environ.get("bottle.route")
    return None if route is None else str(route.rule)
