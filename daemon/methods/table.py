"""The typed table of what can be asked of the daemon; the ZeroMQ port and /rpc share it."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeVar

import msgspec

from daemon.errors import MethodError

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
NOT_ALLOWED = -32001
OVERLOADED = -32002
UNAVAILABLE = -32003
NOT_FOUND = -32004
REFUSED = -32005  # understood and allowed, but not possible as things stand

PATIENCE = 120.0  # seconds after which a door gives a request up, so that hung ones cannot fill it for ever

Right = Literal["read", "look", "act", "admin"]
Function = TypeVar("Function", bound=Callable[..., Any])


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, for the log and for rights. `identity` tells two clients apart."""

    name: str
    may: tuple[Right, ...]
    identity: str = ""


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be asked. `params` maps a parameter's name to its type, in order."""

    name: str
    right: Right
    doc: str
    call: Callable[..., Any]
    params: dict[str, Any]
    required: tuple[str, ...]
    defaults: dict[str, Any]
    caller: str = ""  # the parameter that is told who asks, where the function has one; it is nobody's to give

    @property
    def help(self) -> str:
        """What it does, in one line."""
        return self.doc.partition("\n")[0]


class Table:
    """The methods by name. Each is a function with typed parameters and a docstring."""

    def __init__(self) -> None:
        self._methods: dict[str, Method] = {}

    def method(self, name: str, right: Right) -> Callable[[Function], Function]:
        """Add a function under `noun.verb`; its annotations are its parameters' types.

        A parameter of the type `Caller` is told who asks.
        """

        def add(function: Function) -> Function:
            if name in self._methods:
                raise ValueError(f"two methods are called {name!r}")
            every = inspect.signature(function, eval_str=True).parameters.values()
            params = [p for p in every if p.annotation is not Caller]
            self._methods[name] = Method(
                name=name,
                right=right,
                doc=inspect.getdoc(function) or "",
                call=function,
                params={p.name: p.annotation for p in params},
                required=tuple(p.name for p in params if p.default is p.empty),
                defaults={p.name: p.default for p in params if p.default is not p.empty},
                caller=next((p.name for p in every if p.annotation is Caller), ""),
            )
            return function

        return add

    def __iter__(self) -> Iterator[Method]:
        return iter(sorted(self._methods.values(), key=lambda method: method.name))

    def find(self, name: str) -> Method | None:
        """Look a method up."""
        return self._methods.get(name)

    def call(self, name: str, params: Mapping[str, Any] | list[Any], caller: Caller) -> Any:
        """Check the caller's right and the parameters' types, then call. Raises MethodError."""
        method = self._methods.get(name)
        if method is None:
            raise MethodError(f"there is no method {name[:100]!r}; methods.list names them all", code=METHOD_NOT_FOUND)
        if method.right not in caller.may:
            lacks = f'{caller.name} lacks the right "{method.right}", which {name} needs'
            raise MethodError(lacks, code=NOT_ALLOWED)
        who = {method.caller: caller} if method.caller else {}
        return method.call(**_arguments(method, params), **who)


def _arguments(method: Method, params: Mapping[str, Any] | list[Any]) -> dict[str, Any]:
    """Turn positional or named JSON parameters into typed arguments."""
    if isinstance(params, list):
        if len(params) > len(method.params):
            raise MethodError(f"{method.name} takes at most {len(method.params)} parameters", code=INVALID_PARAMS)
        params = dict(zip(method.params, params, strict=False))
    for name in params:
        if name not in method.params:
            known = ", ".join(method.params) or "none"
            raise MethodError(
                f"{method.name} has no parameter {name[:100]!r}; it takes: {known}",
                code=INVALID_PARAMS,
                data={"field": name[:100]},
            )
    for name in method.required:
        if name not in params:
            raise MethodError(f"{method.name} needs the parameter {name!r}", code=INVALID_PARAMS, data={"field": name})
    return {name: _argument(method, name, value) for name, value in params.items()}


def _argument(method: Method, name: str, value: Any) -> Any:
    try:
        return msgspec.convert(value, method.params[name])
    except (msgspec.ValidationError, OverflowError) as error:
        raise MethodError(f"{method.name}: {name}: {error}", code=INVALID_PARAMS, data={"field": name}) from error
