"""What one command of tocsinctl is."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

PATIENCE = 5.0  # seconds to wait for an answer
LONG = 60.0  # for what asks a provider, looks at a target, or works through many rows


@dataclass(frozen=True)
class Arg:
    """One argument. `flags` as argparse takes them; `param` is the method's parameter."""

    param: str
    flags: tuple[str, ...]
    options: dict[str, Any]


def arg(param: str, *flags: str, **options: Any) -> Arg:
    """Describe one argument; one without flags is positional."""
    return Arg(param, flags, options)


def never(result: Any) -> bool:
    """Any answer is a success."""
    del result
    return False


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command. `failed` says of an answer that it is bad news, for the exit code.

    With `either` exactly one of its arguments must be given. `more` are arguments that the method does not take:
    `turned` makes of all that was given what is really asked, and how that is shown.
    """

    words: str
    method: str
    help: str
    show: Callable[[Any], str]
    args: tuple[Arg, ...] = ()
    either: bool = False
    patience: float = PATIENCE
    failed: Callable[[Any], bool] = field(default=never)
    more: tuple[Arg, ...] = ()
    turned: "Callable[[argparse.Namespace, dict[str, Any]], tuple[Command, dict[str, Any]]] | None" = None
