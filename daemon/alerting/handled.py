"""A handler at work on one request: its events under their source's name, or what is wrong."""

import traceback
from collections.abc import Callable, Iterable
from itertools import islice

import msgspec

from daemon.config.settings import Source
from daemon.errors import HandlerBroken, HandlerError, NothingToTell
from daemon.event import Event
from daemon.hook import Hook
from daemon.registry import Handler

Pace = Callable[[Iterable[Event]], Iterable[Event]]


def handled(source: Source, hook: Hook, limit: int, pace: Pace) -> list[Event]:
    """Have the handler make at most `limit` events of the body; `pace` hands them on. Only computes.

    Raises HandlerError, NothingToTell; HandlerBroken when the handler raised anything else.
    """
    try:
        read = islice(pace(source.handler.handle(hook)), limit + 1)
        events = [_named(event, source) for event in read]
    except (HandlerError, NothingToTell):
        raise
    except Exception as error:
        raise HandlerBroken(_where(source.handler, error)) from error
    if not events:
        raise HandlerError(f"the body holds no alarm that {source.handler.name!r} could read")
    if len(events) > limit:
        raise HandlerError(f"the body holds more than {limit} alarms; send them in smaller bodies")
    return events


def _named(event: Event, source: Source) -> Event:
    """Give a handler's event the name of the source it came through, and that source's labels.

    Its identity is settled before: an operator who changes the labels of a source must not lose the ends of what
    is open.
    """
    labels = source.labels | event.labels
    return msgspec.structs.replace(event, source=source.name, key=event.identity(), labels=labels)


def _where(handler: Handler, error: Exception) -> str:
    """The place in the handler's file, and what was raised there. Not its words: they may quote what must not show."""
    code = getattr(handler.handle, "__code__", None)
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if code is not None and frame.filename == code.co_filename
    ]
    place = f" at {code.co_filename.rpartition('/')[2]}:{lines[-1]}" if code is not None and lines else ""
    return f"the handler {handler.name!r} is broken{place}: {type(error).__name__}"
