"""Which errors are the same one: what it is known by, and what people call it.

In this order: the fingerprint that the application gave; else the types of the exceptions, the innermost calls of the
application's own and the route; else the message, the logger and the level. Lines' numbers never count, nor does
anything that varies (varying.py).
"""

import hashlib
import re
from collections.abc import Iterable, Iterator

import msgspec

from daemon.faults import varying
from daemon.faults.event import ErrorEvent, Frame, Raised
from daemon.fitting import cut, line

MOST_CALLS, MOST_LOOKED_AT = 5, 1_000  # different calls that count; calls that are looked at to find them
MOST_CHAINED, MOST_PARTS = 10, 32
MOST_TEXT, MOST_TITLE, MOST_NAME = 4_096, 200, 200  # characters
_DEFAULT = re.compile(r"\{\{\s*default\s*\}\}")
_MAIN = "__main__"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What an error belongs to: `digest` is the same for all of them."""

    digest: bytes
    title: str
    culprit: str  # where in the application it was
    type: str


def group(event: ErrorEvent) -> Group:
    """Find out. Never raises, whatever came; takes a bounded time."""
    return Group(
        digest=_digest(_parts(event)),
        title=_title(event),
        culprit=_culprit(event),
        type=_name(event.exceptions[-1].type) if event.exceptions else "",
    )


def _parts(event: ErrorEvent) -> Iterator[str]:
    """What it is known by."""
    given = event.fingerprint[:MOST_PARTS]
    if all(map(_is_default, given)):
        yield from _of_itself(event)
        return
    yield "fingerprint"
    for one in given:
        if _is_default(one):
            yield from _of_itself(event)
        else:
            yield _written(one)


def _is_default(part: object) -> bool:
    return isinstance(part, str) and _DEFAULT.fullmatch(part.strip()) is not None


def _written(part: object) -> str:
    """A part of a fingerprint may be anything that JSON has."""
    if isinstance(part, str):
        return part
    try:
        return msgspec.json.encode(part).decode("utf-8", "replace")
    except (TypeError, ValueError, ArithmeticError, RecursionError, msgspec.MsgspecError):
        return type(part).__name__


def _of_itself(event: ErrorEvent) -> Iterator[str]:
    if event.exceptions:
        return _of_exceptions(event)
    return _of_message(event)


def _of_message(event: ErrorEvent) -> Iterator[str]:
    text = event.template or event.message
    yield from ("message", event.logger, event.level, varying.alike(text))
    if not text:
        yield varying.route(event.transaction or event.culprit)


def _of_exceptions(event: ErrorEvent) -> Iterator[str]:
    chain = event.exceptions[-MOST_CHAINED:]
    yield "exceptions"
    yield from _without_repeats(f"{varying.module(one.module)}.{one.type}" for one in chain)
    yield "calls"
    calls = list(_calls(chain))
    yield from calls
    if not calls:  # then nothing but its text tells it from others
        yield "text"
        yield varying.alike(chain[-1].value)
    yield "in"
    yield varying.route(event.transaction)


def _calls(chain: tuple[Raised, ...]) -> Iterator[str]:
    """The innermost calls, each once: how deep a recursion went varies.

    They are the application's own of the exception that got out; where it has none, all; where it has no calls at all,
    those of the one that caused it.
    """
    frames = next((one.frames for one in reversed(chain) if one.frames), ())[-MOST_LOOKED_AT:]
    own = [frame for frame in frames if frame.in_app]
    seen: dict[str, None] = {}
    for frame in reversed(own or frames):
        seen.setdefault(_call(frame))
        if len(seen) == MOST_CALLS:
            break
    yield from seen


def _call(frame: Frame) -> str:
    where = f"{frame.module} {frame.filename}" if frame.module == _MAIN else frame.module or frame.filename
    return f"{varying.module(where)}\n{frame.function or frame.context_line.strip()}"


def _without_repeats(names: Iterable[str]) -> Iterator[str]:
    last = None
    for one in names:
        if one != last:
            yield one
        last = one


def _digest(parts: Iterable[str]) -> bytes:
    """Name what is made of these parts, and of no others."""
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass")
        found.update(len(raw).to_bytes(8, "big"))
        found.update(raw)
    return found.digest()


def _title(event: ErrorEvent) -> str:
    """What people call it: of the first one that came, for that is what they will look for."""
    if event.exceptions:
        last = event.exceptions[-1]
        value = _first_line(last.value)
        kind = _name(last.type) or "Exception"
        return cut(f"{kind}: {value}" if value else kind, MOST_TITLE)
    return cut(_first_line(event.message or event.template), MOST_TITLE) or "(no message)"


def _culprit(event: ErrorEvent) -> str:
    frames = next((one.frames for one in reversed(event.exceptions) if one.frames), ())[-MOST_LOOKED_AT:]
    frame = next((one for one in reversed(frames) if one.in_app), frames[-1] if frames else None)
    if frame is None:
        return _name(event.culprit or event.transaction or event.logger)
    where = _name(frame.module or frame.filename)
    return _name(f"{where} in {frame.function}" if frame.function else where)


def _first_line(text: str) -> str:
    return line(text[:MOST_TEXT].strip().partition("\n")[0])


def _name(text: str) -> str:
    return cut(line(text[:MOST_TEXT]), MOST_NAME)
