"""The open webhooks, and a trial of their handlers: with the samples that these carry, or with a body of one's own."""

import logging
from collections.abc import Callable, Iterable

import msgspec

from daemon.alerting.arrival import Arrival
from daemon.alerting.dedupe import Change
from daemon.alerting.pipeline import Accepted
from daemon.config.settings import Source
from daemon.errors import HandlerBroken, HandlerError, MethodError, NothingToTell, StoreError
from daemon.event import Event
from daemon.hook import Hook
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Table
from daemon.registry import Sample
from daemon.store.quarantine import Kind
from daemon.store.requests import Door

COMMAND = "a command"  # where what is delivered comes from

log = logging.getLogger("tocsin.methods")

NOT_ITS_OWN = "read with options that belong to the sample, not with this source's own; a body is read with those"


class SourceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One open webhook."""

    name: str
    path: str
    handler: str
    credentials: list[str]
    samples: list[str]
    doc: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event. `alert` is empty where it belongs to no open alert."""

    alert: str
    change: Change


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler made of one body, and what became of that where it was sent.

    `sample` is empty for a body that was given; `note` says what the trial does not tell.
    """

    sample: str
    events: list[Event]
    sent: list[Outcome]
    problem: str = ""
    note: str = ""


class Delivered(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivered body told; `note` says why it told nothing."""

    events: list[Outcome]
    note: str = ""


def outcomes(accepted: Iterable[Accepted]) -> list[Outcome]:
    """Take what is told of accepted events."""
    return [Outcome(alert=one.code, change=one.change) for one in accepted]


def attempt(work: Callable[[], object]) -> str:
    """Run a handler for an operator; return what is wrong with it, empty when nothing is. Raises NothingToTell."""
    try:
        work()
    except (StoreError, NothingToTell):  # not the handler's doing, and no problem
        raise
    except HandlerBroken as error:
        log.exception("a handler broke")
        said, words = str(error), str(error.__cause__)
        return said if words in said else f"{said}: {words}"  # senders are not told the words; whoever mends it is
    except HandlerError as error:
        return str(error)
    except Exception as error:  # a handler that an operator wrote may raise anything, and here he finds out
        log.exception("a handler failed")
        return f"the handler failed: {type(error).__name__}: {error}"
    return ""


def add(table: Table, parts: Parts) -> None:
    """Add `sources.*`."""

    @table.method("sources.list", "read")
    def _list() -> list[SourceLine]:
        """List the open webhooks, with how each is protected."""
        return [_line(source) for source in parts.settings().sources.values()]

    @table.method("sources.deliver", "act")
    def _deliver(name: str, body: str, content_type: str = "application/json") -> Delivered:
        """Hand a body to a source, as its webhook would; what it tells is on disk when this answers.

        It needs none of the source's credentials: whoever may ask this may raise any alarm. A body that makes none is
        kept in quarantine, and so is one for a source that there is not.
        """
        return _handed_on(parts, name, Sample(body=body.encode(), content_type=content_type))

    @table.method("sources.test", "act")
    def _test(
        name: str, sample: str = "", send: bool = False, body: str | None = None, content_type: str = ""
    ) -> list[Trial]:
        """Try a source: run its handler's samples, or a body of yours, and show the events that they make.

        `sample` picks one of them. A `body` is read as a request with this `content_type` would be, with the
        source's own options; the samples of a handler that has options, such as `generic`, are read with those
        that belong to them. With `send` the events are really raised, marked as a test.
        """
        source = parts.settings().sources.get(name)
        if source is None:
            known = ", ".join(parts.settings().sources) or "none"
            raise MethodError(f"there is no source {name[:100]!r}; there are: {known}", code=NOT_FOUND)
        if body is None:
            return _with_samples(parts, source, sample, send=send)
        if sample:
            raise MethodError("sources.test takes either a body or a sample", code=INVALID_PARAMS)
        own = Sample(body=body.encode(), content_type=content_type)
        return [_tried(parts, source, "", own, source.options, send=send)]


def _handed_on(parts: Parts, name: str, sent: Sample) -> Delivered:
    """Take it, or keep it in quarantine and say so. Raises MethodError."""
    source = parts.settings().sources.get(name)
    hook = Hook(
        source=source.name if source else name,
        body=sent.body,
        content_type=sent.content_type,
        received_at=parts.clock.now(),
        remote=COMMAND,
        options=source.options if source else None,
    )
    if source is None:
        there_is_none = f"there is no source {name[:100]!r}: write it under `sources:`"
        kept = parts.intake.refuse(hook, Kind.UNKNOWN_SOURCE, there_is_none, COMMAND)
        raise MethodError(f"{there_is_none} (kept as {kept})", code=NOT_FOUND)
    came = Arrival(door=Door.COMMAND, handler=source.handler.name, hook=hook, hides=source.handler.hides)
    try:
        return Delivered(events=outcomes(parts.intake.events(parts.intake.read(source, hook), came)))
    except NothingToTell as nothing:
        return Delivered(events=[], note=str(nothing))
    except HandlerError as error:
        broken = isinstance(error, HandlerBroken)
        if broken:
            log.exception("a handler broke")
        kind = Kind.BROKEN_HANDLER if broken else Kind.UNUSABLE_BODY
        kept = parts.intake.refuse(hook, kind, str(error), COMMAND)
        raise MethodError(f"{error} (kept as {kept})", code=REFUSED) from error


def _with_samples(parts: Parts, source: Source, wanted: str, *, send: bool) -> list[Trial]:
    """Try all of its handler's samples, or the one that is wanted. Raises MethodError."""
    handler = source.handler
    if wanted and wanted not in handler.samples:
        known = ", ".join(map(repr, handler.samples)) or "none"
        raise MethodError(
            f"the handler {handler.name!r} has no sample {wanted[:100]!r}; it has: {known}", code=NOT_FOUND
        )
    its_own = handler.sample_options is None
    options = source.options if its_own else handler.sample_options
    trials = [
        _tried(parts, source, title, sample, options, send=send)
        for title, sample in handler.samples.items()
        if wanted in ("", title)
    ]
    return trials if its_own else [msgspec.structs.replace(trial, note=NOT_ITS_OWN) for trial in trials]


def _tried(parts: Parts, source: Source, title: str, sample: Sample, options: object, *, send: bool) -> Trial:
    hook = Hook(
        source=source.name,
        body=sample.body,
        content_type=sample.content_type,
        headers=sample.headers,
        received_at=parts.clock.now(),
        options=options,
    )
    events: list[Event] = []
    note = problem = ""
    try:
        problem = attempt(lambda: events.extend(parts.intake.read(source, hook)))
    except NothingToTell as nothing:
        note = f"it tells of no alarm: {nothing}"
    came = Arrival(door=Door.TRIAL, handler=source.handler.name, hook=hook, hides=source.handler.hides)
    accepted = parts.intake.events([marked(event) for event in events], came) if send and events else []
    return Trial(sample=title, events=events, sent=outcomes(accepted), problem=problem, note=note)


def marked(event: Event) -> Event:
    """Mark an event as a test, so that it can never be taken for, or close, a real alert."""
    return msgspec.structs.replace(
        event,
        key=f"test:{event.key}" if event.key else "",
        title=f"TEST {event.title}",
        labels={**event.labels, "test": "true"},
    )


def _line(source: Source) -> SourceLine:
    set_ways = [name for name in ("token", "basic", "hmac") if getattr(source, name) is not None]
    set_ways += ["a check of its own"] if source.handler.admit else []
    return SourceLine(
        name=source.name,
        path=f"/webhook/{source.name}",
        handler=source.handler.name,
        credentials=set_ways,
        samples=list(source.handler.samples),
        doc=source.handler.doc.partition("\n")[0],
    )
