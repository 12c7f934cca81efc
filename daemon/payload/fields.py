"""Fields of a foreign JSON body: each is read as the kind that was expected, or a HandlerError names it."""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec

from daemon.errors import HandlerError
from daemon.hook import Hook
from daemon.payload.multipart import is_multipart, parts_of

_USER = re.compile(r"\A(https?://)[^/?#]*@")
_KINDS = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
_NAMES, _NAME = 12, 40  # so many keys are named in an error, each so long
_EXACT = 1e15  # up to here a float that is whole can be written as a whole number


def body_of(hook: Hook) -> Any:
    """Parse a body that is JSON or a form, whatever its Content-Type claims about a body that begins like JSON."""
    if hook.body.lstrip()[:1] not in (b"{", b"["):
        if hook.content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
            return hook.form()
        if is_multipart(hook.content_type):
            return parts_of(hook.body, hook.content_type)
    return hook.json()


def kind(value: object) -> str:
    """Name the JSON kind of a value, for an error's text."""
    return "null" if value is None else _KINDS.get(type(value), "something else")


def mapping(value: object, where: str) -> dict[str, Any]:
    """Take an object, or raise HandlerError."""
    if not isinstance(value, dict):
        raise HandlerError(f"{where} must be an object, not {kind(value)}")
    return value


def member(body: Mapping[str, Any], name: str, where: str = "") -> Any:
    """Take a field that must be there, or raise HandlerError naming those that are."""
    if name not in body:
        raise HandlerError(f"{where}{name} is missing; {those(body)}")
    return body[name]


def those(body: Mapping[str, Any]) -> str:
    """Name the keys that are there, not more than a person wants to read."""
    names = [name[:_NAME] for name in islice(body, _NAMES)]
    if not names:
        return "there is nothing in it"
    return "there are " + ", ".join(names) + (", …" if len(body) > len(names) else "")


def objects(body: Mapping[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk a list of objects with the name of each place (`alerts[3]`); an empty list is an error."""
    value = member(body, name)
    if not isinstance(value, list):
        raise HandlerError(f"{name} must be a list, not {kind(value)}")
    if not value:
        raise HandlerError(f"{name} is empty")
    for position, item in enumerate(value):
        where = f"{name}[{position}]"
        yield where, mapping(item, where)


def text_of(value: object) -> str:
    """Write any JSON value as a text: texts as they are, null as nothing, objects and lists as JSON."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        case int() | float():
            return str(value)
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError as error:
        raise HandlerError("a value is nested too deeply") from error


def texts(value: object, where: str, keep: Callable[[str], bool] = bool) -> dict[str, str]:
    """Take an object as labels: names that `keep` likes, every value a text, nulls left out."""
    return {name: text_of(one) for name, one in mapping(value, where).items() if one is not None and keep(name)}


def links_of(**urls: object) -> dict[str, str]:
    """Keep those that are addresses, under their names and without a `user:password@`."""
    return {
        name: _USER.sub(r"\1", url, count=1)
        for name, url in urls.items()
        if isinstance(url, str) and url.startswith(("http://", "https://"))
    }


def listing(value: object) -> list[Any]:
    """Take a list, or the list that a text holds as JSON; anything else is an empty one."""
    if isinstance(value, str):
        value = unpacked(value)
    return value if isinstance(value, list) else []


def unpacked(text: str) -> Any:
    """Read JSON that came as a text inside another body; what is none is None."""
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
