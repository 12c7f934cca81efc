"""What is kept of an error that is kept whole: everything that helps, within so many bytes, without secrets."""

import math

import msgspec

from daemon.config.errors import LEVELS
from daemon.faults import scrub
from daemon.faults.event import ErrorEvent, Frame, Raised

MOST = 16_384  # bytes of one
MOST_NUMBER = 2**31
SHORT, LONG = 200, 4_000  # characters: of a name; of an exception's text


class _Measure(msgspec.Struct, frozen=True):
    """How much of each part is kept."""

    chained: int
    frames: int
    text: int
    line: int  # of source
    pairs: int


# The next one is taken where the one before gave too many bytes; the last always fits.
_MEASURES = (_Measure(5, 50, LONG, 200, 40), _Measure(3, 20, 1_000, 120, 10), _Measure(2, 3, 150, 60, 0))

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(ErrorEvent).decode


def packed(event: ErrorEvent, at: float, *, keep_vars: bool) -> bytes:
    """Write it down, as one that was there at `at`. What varies in size is cut until it fits."""
    for measure in _MEASURES:
        body = _encode(_cut(event, at, measure, keep_vars=keep_vars))
        if len(body) <= MOST:
            break
    return body


def unpacked(body: bytes) -> ErrorEvent:
    """Read it again."""
    return _decode(body)


def level(event: ErrorEvent) -> str:
    """One of those that there are."""
    return event.level if event.level in LEVELS else "error"


def name(given: str) -> str:
    """A release, an environment, a route: on one line, cut."""
    return scrub.word(given, SHORT)


def _cut(event: ErrorEvent, at: float, measure: _Measure, *, keep_vars: bool) -> ErrorEvent:
    most, width = measure.pairs, measure.line
    return ErrorEvent(
        app=name(event.app),
        event_id=name(event.event_id),
        at=at,
        received_at=event.received_at if math.isfinite(event.received_at) else at,
        level=level(event),
        message=scrub.text(event.message, measure.text),
        logger=name(event.logger),
        transaction=name(event.transaction),
        culprit=name(event.culprit),
        exceptions=tuple(_raised(one, measure, keep_vars=keep_vars) for one in event.exceptions[-measure.chained :]),
        release=name(event.release),
        environment=name(event.environment),
        server_name=name(event.server_name),
        tags=scrub.pairs(event.tags, most, width),
        user=name(event.user),
        contexts=scrub.pairs(event.contexts, most, width),
        request=scrub.pairs(event.request, most, measure.line),
        extra=scrub.pairs(event.extra, most, measure.line),
        trail=tuple(scrub.word(one, width) for one in event.trail[len(event.trail) - min(most, len(event.trail)) :]),
        handled=event.handled,
        trace_id=name(event.trace_id),
        platform=name(event.platform),
        sdk=name(event.sdk),
        size=max(0, min(event.size, MOST_NUMBER)),
    )


def _raised(one: Raised, measure: _Measure, *, keep_vars: bool) -> Raised:
    return Raised(
        type=name(one.type),
        value=scrub.text(one.value, measure.text),
        module=name(one.module),
        frames=tuple(_frame(frame, measure, keep_vars=keep_vars) for frame in _innermost(one.frames, measure.frames)),
    )


def _innermost(frames: tuple[Frame, ...], most: int) -> tuple[Frame, ...]:
    """The last calls, and a few of the first: between them is where a recursion repeats itself."""
    if len(frames) <= most:
        return frames
    begin = most // 5
    return frames[:begin] + frames[len(frames) - (most - begin) :]


def _frame(frame: Frame, measure: _Measure, *, keep_vars: bool) -> Frame:
    width, around = measure.line, 5 if measure.pairs else 0
    return Frame(
        module=scrub.word(frame.module, width),
        filename=scrub.word(frame.filename, width),
        function=scrub.word(frame.function, width),
        lineno=max(0, min(frame.lineno, MOST_NUMBER)),
        in_app=frame.in_app,
        context_line=_source(frame.context_line, width),
        pre_context=tuple(_source(one, width) for one in frame.pre_context[-around:]) if around else (),
        post_context=tuple(_source(one, width) for one in frame.post_context[:around]),
        vars=scrub.pairs(frame.vars, measure.pairs, width) if keep_vars else (),
    )


def _source(text: str, width: int) -> str:
    """A line of source keeps the space before it."""
    return scrub.text(text.rstrip(), width)
