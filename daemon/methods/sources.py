"""The open webhooks, and a trial of their handlers with the samples that these carry."""

import logging
from collections.abc import Callable, Iterable

import msgspec

from daemon.alerting.dedupe import Change
from daemon.alerting.pipeline import Accepted
from daemon.config.settings import Source
from daemon.errors import HandlerError, MethodError, StoreError
from daemon.event import Event
from daemon.hook import Hook
from daemon.methods.parts import Parts
from daemon.methods.table import NOT_FOUND, Table
from daemon.registry import Sample

log = logging.getLogger("tocsin.methods")


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
    """What a handler made of one sample, and what became of that where it was sent."""

    sample: str
    events: list[Event]
    sent: list[Outcome]
    problem: str = ""


def outcomes(accepted: Iterable[Accepted]) -> list[Outcome]:
    """Take what is told of accepted events."""
    return [Outcome(alert=one.code, change=one.change) for one in accepted]


def attempt(work: Callable[[], object]) -> str:
    """Run a handler for an operator; return what is wrong with it, empty when nothing is."""
    try:
        work()
    except StoreError:  # not the handler's doing
        raise
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

    @table.method("sources.test", "act")
    def _test(name: str, sample: str = "", send: bool = False) -> list[Trial]:
        """Run the samples of a source's handler through it, and show the events that they make.

        `sample` picks one of them; with `send` they are really raised, marked as a test.
        """
        source = parts.settings().sources.get(name)
        if source is None:
            known = ", ".join(parts.settings().sources) or "none"
            raise MethodError(f"there is no source {name[:100]!r}; there are: {known}", code=NOT_FOUND)
        samples = source.handler.samples
        if sample and sample not in samples:
            known = ", ".join(samples)
            raise MethodError(
                f"the handler {source.handler.name!r} has no sample {sample[:100]!r}; it has: {known}", code=NOT_FOUND
            )
        return [
            _tried(parts, source, title, body, send=send) for title, body in samples.items() if sample in ("", title)
        ]


def _tried(parts: Parts, source: Source, title: str, sample: Sample, *, send: bool) -> Trial:
    events: list[Event] = []
    problem = attempt(lambda: events.extend(parts.intake.read(source, _hook(parts, source, sample))))
    accepted = parts.intake.events([marked(event) for event in events]) if send and not problem else []
    return Trial(sample=title, events=events, sent=outcomes(accepted), problem=problem)


def _hook(parts: Parts, source: Source, sample: Sample) -> Hook:
    own = source.handler.sample_options
    return Hook(
        source=source.name,
        body=sample.body,
        content_type=sample.content_type,
        headers=sample.headers,
        received_at=parts.clock.now(),
        options=source.options if own is None else own,
    )


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
    return SourceLine(
        name=source.name,
        path=f"/webhook/{source.name}",
        handler=source.handler.name,
        credentials=set_ways,
        samples=list(source.handler.samples),
        doc=source.handler.doc.partition("\n")[0],
    )
