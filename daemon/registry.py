"""How one file adds a handler, a sender or a probe: a decorator marks it, `find` collects the marked."""

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from daemon.errors import ConfigError
from daemon.event import Event
from daemon.hook import Hook, Outside

KIND = "__tocsin_kind__"

T = TypeVar("T")

Handle = Callable[[Hook], Iterable[Event]]
Admit = Callable[[Hook, Outside], None]
Delivery = Callable[[Hook], str]
Handshake = Callable[[Hook], Mapping[str, str]]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One body as the source really sends it: fixture, documentation and `tocsinctl test-source` at once."""

    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = {}


class Handler(msgspec.Struct, frozen=True, kw_only=True):
    """What turns one request of a source into events."""

    name: str
    handle: Handle
    samples: dict[str, Sample]  # what it shows ("firing", "resolved", …) -> the body
    options: type | None = None  # a frozen, keyword-only dataclass: the source's own settings
    sample_options: Any = None  # the options under which the samples are valid
    hides: tuple[str, ...] = ()  # names of fields of its bodies that nobody may see
    doc: str = ""
    origin: str = ""  # the module or file it came from
    admit: Admit | None = None
    delivery: Delivery | None = None
    handshake: Handshake | None = None


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that settings can name: handlers, sender kinds, probe kinds, and what could not be loaded."""

    handlers: dict[str, Handler] = {}
    senders: dict[str, type] = {}
    probes: dict[str, type] = {}
    problems: list[str] = []  # one sentence each, with path:line; the rest is loaded all the same


def handler(
    name: str,
    *,
    samples: dict[str, Sample],
    options: type | None = None,
    sample_options: Any = None,
    hides: tuple[str, ...] = (),
    admit: Admit | None = None,
    delivery: Delivery | None = None,
    handshake: Handshake | None = None,
) -> Callable[[Handle], Handler]:
    """Register a function that turns one request into events under `/webhook/<name>`.

    The function may be a generator. It raises HandlerError when the body is not what it should be; the
    body is then taken whole or not at all. It raises NothingToTell when all is well and there is no alarm in it.

    `hides` are the names of fields that are secret although their names do not say so: where bodies are kept to be
    looked at, the values are left out.

    For what the body alone does not settle, at the door only, never at a replay or a trial:
    `admit` checks and answers what takes another server; it raises Untrusted, HandlerError, or OutsideError.
    `delivery` names what the sender keeps when it repeats itself; what was taken under a name is not taken again.
    `handshake` answers OPTIONS, by which a sender asks before it sends, with the headers to answer.
    """

    def mark(function: Handle) -> Handler:
        return Handler(
            name=name,
            handle=function,
            samples=samples,
            options=options,
            sample_options=sample_options,
            hides=hides,
            doc=(function.__doc__ or "").strip(),
            origin=function.__module__,
            admit=admit,
            delivery=delivery,
            handshake=handshake,
        )

    return mark


def handlers_in(modules: Iterable[ModuleType]) -> dict[str, Handler]:
    """Collect the handlers that these modules define; a name taken twice is a ConfigError."""
    found: dict[str, Handler] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Handler) and value.origin == module.__name__:
                if value.name in found:
                    raise ConfigError(
                        [f"two handlers are called {value.name!r}: {found[value.name].origin} and {value.origin}"]
                    )
                found[value.name] = value
    return found


def kind(name: str) -> Callable[[type[T]], type[T]]:
    """Mark a class as the one that settings of `type: <name>` build."""

    def mark(cls: type[T]) -> type[T]:
        setattr(cls, KIND, name)
        return cls

    return mark


def kinds_in(package: ModuleType) -> dict[str, type]:
    """Import every module of `package` and collect the classes marked in it, by name."""
    found: dict[str, type] = {}
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == module.__name__ and KIND in vars(value):
                name = vars(value)[KIND]
                if name in found:
                    raise ConfigError([f"two classes are called {name!r}: {found[name]} and {value}"])
                found[name] = value
    return found
