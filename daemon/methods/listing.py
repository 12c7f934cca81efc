"""The table about itself: what can be asked, in words."""

import types
import typing
from enum import Enum
from typing import Any

import msgspec

from daemon.methods.table import Method, Right, Table

_WORDS = {
    Any: "anything",
    str: "text",
    int: "number",
    float: "number",
    bool: "true or false",
    types.NoneType: "nothing",
}
_OF = {list: "list of {}", dict: "map of {} to {}"}


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a method."""

    name: str
    type: str
    required: bool
    default: Any = None


class MethodLine(msgspec.Struct, frozen=True, kw_only=True):
    """One method. `help` is the first line of `doc`."""

    name: str
    right: Right
    help: str
    doc: str
    params: list[Param]


def add(table: Table) -> None:
    """Add `methods.list`."""

    @table.method("methods.list", "read")
    def _list() -> list[MethodLine]:
        """List everything that can be asked, with the parameters and the right that each needs."""
        return [line(method) for method in table]


def line(method: Method) -> MethodLine:
    """Describe one method."""
    return MethodLine(
        name=method.name,
        right=method.right,
        help=method.help,
        doc=method.doc,
        params=[
            Param(
                name=name,
                type=words(annotation),
                required=name in method.required,
                default=method.defaults.get(name),
            )
            for name, annotation in method.params.items()
        ],
    )


def words(annotation: Any) -> str:
    """Say a parameter's type in words."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(member.value) for member in annotation)
    if origin is typing.Literal:
        return " | ".join(map(str, inner))
    if origin is typing.Annotated:
        bounds = inner[1]
        return f"{words(inner[0])} from {bounds.ge} to {bounds.le}"
    if origin in _OF:
        return _OF[origin].format(*map(words, inner))
    if origin in (typing.Union, types.UnionType):
        return " | ".join(words(one) for one in inner if one is not types.NoneType)
    return _WORDS[annotation]
