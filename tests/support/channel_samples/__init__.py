"""How the contract suite makes each kind of channel, and how its provider speaks: one module a kind."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from daemon.notice import Recipient
from fake_provider import Asked, Step

CANARY = "c4n4ry-5ecret"


@dataclass(frozen=True)
class Sample:
    """A kind of channel whose provider is an HTTP server. Every setting of type `Secret` holds the canary."""

    settings: Callable[[str], dict[str, object]]  # those that make it talk to a server at this URL
    yes: Step  # the provider takes the message
    no: Step  # it refuses the message for good
    to: tuple[Recipient, ...] = ()
    says: Callable[[str], Step] | None = None  # how it answers with one of the codes that the kind declares
    texts: Callable[[Asked], list[str]] | None = None  # the texts in a request that the declared size bounds
    cured: frozenset[str] = frozenset()  # codes after which the sender tries something else at once
    prepared: Callable[[Any], None] | None = None  # what each sender is given before the first message: a token
    yes_is_status: bool = False  # any 2xx is a yes, whatever the body


def samples() -> dict[str, Sample | None]:
    """All of them by kind; None for a kind that talks to no HTTP server and has a contract test of its own."""
    return {name: module.SAMPLE for name, module in _modules()}


def needed(kind: str) -> dict[str, object]:
    """The settings without which a kind that has no sample cannot be made."""
    return getattr(dict(_modules())[kind], "SETTINGS", {})


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for info in pkgutil.iter_modules(__path__, __name__ + "."):
        yield info.name.rpartition(".")[2], importlib.import_module(info.name)
