"""A table of methods that answer, act and fail in every way, for JSON-RPC itself."""

from typing import Any

import msgspec

from daemon.errors import StoreUnavailable, TemplateError
from daemon.event import Severity
from daemon.methods import jsonrpc
from daemon.methods.codes import Limit
from daemon.methods.table import Caller, Table

ALL = Caller(name="local", may=("read", "act", "admin"))
READER = Caller(name="wall", may=("read",))


class Point(msgspec.Struct):
    x: int
    y: list[str]


TABLE = Table()
DONE: list[str] = []


@TABLE.method("add", "read")
def _add(a: int, b: int = 2) -> int:
    """Add.

    More about it.
    """
    return a + b


@TABLE.method("point", "read")
def _point(severity: Severity = Severity.INFO, limit: Limit = 5) -> Point:
    """Make a struct."""
    return Point(limit, [severity])


@TABLE.method("do", "act")
def _do(what: str) -> None:
    """Do."""
    DONE.append(what)


@TABLE.method("fail", "read")
def _fail(how: str) -> Any:
    """Fail."""
    match how:
        case "store":
            raise StoreUnavailable("the disk is full")
        case "known":
            raise TemplateError("line 3: no")
        case "surrogate":
            return "\ud800"
        case "strange":
            return object()
    raise ZeroDivisionError("password=hunter2")


def said(raw: bytes, caller: Caller = ALL) -> Any:
    answer = jsonrpc.answer(TABLE, raw, caller)
    return None if answer is None else msgspec.json.decode(answer)
