"""How long functions, routes and resources take, and how often they fail."""

from __future__ import annotations

import functools
import inspect
from time import perf_counter
from typing import TYPE_CHECKING, Any, Callable, TypeVar, overload

from tocsin import _around, _clean, _frameworks
from tocsin._way import current, lost

if TYPE_CHECKING:
    from types import TracebackType

    from tocsin._clean import Tags

F = TypeVar("F", bound=Callable[..., Any])

# Names and labels as tocsin itself has them, whoever tells of a page view or a query.
HTTP_TIME, HTTP_ERRORS = "http.time", "http.errors"
RESOURCE_TIME, RESOURCE_ERRORS = "resource.time", "resource.errors"
FUNCTION_TIME, FUNCTION_ERRORS = "function.time", "function.errors"


def tell(time: str, errors: str, labels: dict[str, str], seconds: float, *, is_error: bool) -> None:
    """Tell that something took so long, and whether it failed. Never raises."""
    try:
        way = current.way
        if not way.is_on:
            return
        key = (time, *labels, *labels.values())
        text = _clean.milliseconds(seconds)
        way.tell(f"{time}:{text}{way.known(key, 'ms', labels)}")
        if is_error:
            way.tell(f"{errors}:1{way.known((errors, *key), 'c', labels)}")
    except Exception:  # noqa: BLE001 - what goes wrong here must not stop the program
        lost.number += 1


def viewed(route: str, seconds: float, *, is_error: bool, tags: dict[str, str] | None = None) -> None:
    """Tell of a page view, by the rule of its route."""
    tell(HTTP_TIME, HTTP_ERRORS, {**(tags or {}), "route": route}, seconds, is_error=is_error)


class _Function:
    """What a decorated function is called, and which route it serves."""

    __slots__ = ("errors", "labels", "name", "route", "tags", "wrapper")

    def __init__(self, function: Callable[..., Any], name: str, route: str, tags: Tags) -> None:
        self.wrapper: Any = None
        self.tags: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.route, self.name, self.errors = "", FUNCTION_TIME, FUNCTION_ERRORS
        try:
            self.tags = self.labels = _clean.tags(tags)
            self.route = str(route)
            if named := _clean.name(name):
                self.name, self.errors = named, f"{named}.errors"
            else:
                called = _clean.tags({"function": f"{function.__module__}.{function.__qualname__}"})
                self.labels = {**called, **self.tags}
        except Exception:  # noqa: BLE001 - a name that cannot be written must not stop the program
            lost.number += 1

    def begin(self) -> _Call:
        """Note when it is called. Which route it serves can only be asked while the request is there."""
        view = None
        try:
            view = None if self.route else _frameworks.serving(self.wrapper)
        except Exception:  # noqa: BLE001 - frameworks may change
            lost.number += 1
        return _Call(self, view)


class _Call:
    """One call of a decorated function."""

    __slots__ = ("begun", "function", "view")

    def __init__(self, function: _Function, view: _frameworks.View | None) -> None:
        self.function = function
        self.view = view
        self.begun = perf_counter()

    def over(self, result: object, error: BaseException | None) -> None:
        """Tell of it."""
        seconds = perf_counter() - self.begun
        function, view = self.function, self.view
        is_error = isinstance(error, Exception)
        try:
            if view is not None:
                if not view.is_counted:
                    viewed(view.route, seconds, is_error=view.failed(result, error), tags=function.tags)
            elif function.route:
                viewed(function.route, seconds, is_error=is_error, tags=function.tags)
            else:
                tell(function.name, function.errors, function.labels, seconds, is_error=is_error)
        except Exception:  # noqa: BLE001 - what goes wrong here must not stop the program
            lost.number += 1


@overload
def timed(function: F) -> F: ...


@overload
def timed(function: str = "", *, name: str = "", route: str = "", tags: Tags = None) -> Callable[[F], F]: ...


def timed(
    function: Callable[..., Any] | str = "", *, name: str = "", route: str = "", tags: Tags = None
) -> Callable[..., Any]:
    """Tell how long each call takes: `@timed`, `@timed("import")`, `@timed(tags={"team": "shop"})`.

    On the view of a Flask or bottle route it tells of page views, by the rule of the route; `route="/pay"` does so in
    every other framework. Elsewhere it tells `function.time` with the function's name, or what `name` says.
    """
    if not isinstance(function, str):
        made: Callable[..., Any] = _timed(function, name, route, tags)
        return made
    name = name or function
    return lambda decorated: _timed(decorated, name, route, tags)


perf_logging = timed


def _timed(function: Any, name: str, route: str, tags: Tags) -> Any:
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_timed(function.__func__, name, route, tags))
    if not callable(function) or inspect.isclass(function):
        return function
    plan = _Function(function, name, route, tags)
    plan.wrapper = _around.wrapped(function, plan.begin)
    return plan.wrapper


class resource:  # noqa: N801 - it is read as a word: `with tocsin.resource("db", "orders"):`
    """How long a resource took and whether it failed: a database, a cache, somebody else's server.

    `with`, `async with`, or a decorator. `kind` is what it is (db, cache, http.client, queue), `name` which one.
    """

    __slots__ = ("_begun", "_labels")

    def __init__(self, kind: str, name: str, tags: Tags = None) -> None:
        self._begun: list[float] = []  # the one within the other, where it is used inside itself
        self._labels: dict[str, str] = {}
        try:
            self._labels = {**_clean.tags(tags), "type": str(kind), "resource": str(name)}
        except Exception:  # noqa: BLE001 - a name that cannot be written must not stop the program
            lost.number += 1

    def __enter__(self) -> resource:  # noqa: PYI034 - typing has no Self in old Pythons
        self._begun.append(perf_counter())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._begun and self._labels:
            seconds = perf_counter() - self._begun.pop()
            is_error = kind is not None and issubclass(kind, Exception)
            tell(RESOURCE_TIME, RESOURCE_ERRORS, self._labels, seconds, is_error=is_error)

    async def __aenter__(self) -> resource:  # noqa: PYI034 - the same
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    def __call__(self, function: F) -> F:
        """Around each call of a function, as a decorator."""
        made: F = _around.wrapped(function, functools.partial(_Use, self._labels))
        return made


class _Use:
    """One call of a function that uses a resource."""

    __slots__ = ("begun", "labels")

    def __init__(self, labels: dict[str, str]) -> None:
        self.labels = labels
        self.begun = perf_counter()

    def over(self, _: object, error: BaseException | None) -> None:
        """Tell of it."""
        if self.labels:
            seconds = perf_counter() - self.begun
            tell(RESOURCE_TIME, RESOURCE_ERRORS, self.labels, seconds, is_error=isinstance(error, Exception))
