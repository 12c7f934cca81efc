"""Where events come in: a handler's, a probe's, an operator's or tocsin's own, durably when a call returns."""

import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import msgspec

from daemon import telemetry
from daemon.alert import Alert
from daemon.alerting import pipeline, report
from daemon.alerting.dedupe import Change
from daemon.alerting.pipeline import Accepted, Outcome
from daemon.alerting.rules import Rules
from daemon.clock import Clock, unhurried
from daemon.config.settings import Source
from daemon.errors import HandlerError, StoreError
from daemon.event import API, OWN, Event, Severity, State, cleaned
from daemon.hook import Hook
from daemon.payload import coding
from daemon.secret import redact_headers, redact_query
from daemon.store import quarantine
from daemon.store.base import Store, Tx
from daemon.store.quarantine import Kind, Quarantined

log = logging.getLogger("tocsin.alerting")

MOST_SIZE = 2**63 - 1  # a Content-Length may be larger than what a database can hold as a number


class Intake:
    """The one way into the pipeline."""

    def __init__(self, store: Store, clock: Clock, rules: Callable[[], Rules]) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules

    def take(self, source: Source, hook: Hook) -> list[Accepted]:
        """Run a webhook through its handler and accept its events: all of them, or none.

        Raises HandlerError when the body makes no events, StoreUnavailable when nothing could be written.
        """
        return self.events(self.read(source, hook))

    def read(self, source: Source, hook: Hook) -> list[Event]:
        """Run the handler only. Raises HandlerError."""
        limit = self._rules().settings.limits.events
        read = islice(unhurried(self._clock, source.handler.handle(hook)), limit + 1)
        events = [_named(event, source) for event in read]
        if not events:
            raise HandlerError(f"the body holds no alarm that {source.handler.name!r} could read")
        if len(events) > limit:
            raise HandlerError(f"the body holds more than {limit} alarms; send them in smaller bodies")
        return events

    def events(self, events: Iterable[Event]) -> list[Accepted]:
        """Accept events; they are on disk when this returns. Raises StoreUnavailable."""
        now = self._clock.now()
        rules = self._rules()
        clean = self._clean(events, now)
        return self._counted(self._store.write(lambda tx: pipeline.accept(tx, clean, rules, now)))

    def end(self, open_alerts: Sequence[Alert], text: str) -> list[Accepted]:
        """End alerts of which no event will ever tell the end. Raises StoreUnavailable."""
        now = self._clock.now()
        rules = self._rules()
        return self._counted(self._store.write(lambda tx: pipeline.end(tx, open_alerts, text, rules, now)))

    def _clean(self, events: Iterable[Event], now: float) -> list[Event]:
        return [cleaned(event, now) for event in unhurried(self._clock, events)]

    def _counted(self, outcome: Outcome) -> list[Accepted]:
        """Tell the metrics and the log what became of the events, and of the groups that were flushed with them."""
        accepted = outcome.accepted
        for one in unhurried(self._clock, accepted) if len(accepted) > 1 else accepted:
            _count(one)
        for flushed in unhurried(self._clock, outcome.flushed):
            report.flushed(flushed)
        return accepted

    def refuse(self, hook: Hook, kind: Kind, reason: str, remote: str, *, unread: int = 0) -> str:
        """Keep a request that made no events, and raise one alarm per kind and source; return its code.

        `unread` is how many bytes of its body are not in the hook. Raises StoreUnavailable.
        """
        rules = self._rules()
        settings = rules.settings
        now = self._clock.now()
        request = Quarantined(
            at=now,
            kind=kind,
            source=hook.source[:100],
            reason=reason[:1_000],
            remote=remote,
            content_type=hook.content_type[:200],
            headers=redact_headers(hook.headers),
            query=redact_query(hook.query),
            body=hook.body[: settings.retention.quarantine_body],
            size=min(len(hook.body) + unread, MOST_SIZE),
        )
        alarm = cleaned(_refusal(request, known=hook.source in (API, *settings.sources)), now)

        def work(tx: Tx) -> tuple[int, int, Outcome]:
            limits = settings.retention
            kept, made_room = quarantine.add(tx, request, limits.quarantine_rows, limits.quarantine_size)
            return kept, made_room, pipeline.accept(tx, [alarm], rules, now)

        kept, made_room, outcome = self._store.write(work)
        telemetry.quarantined.labels(kind.value).inc()
        telemetry.quarantine_pushed_out.labels(kind.value).inc(made_room)
        self._counted(outcome)
        log.warning("kept Q%d from %s in quarantine: %s", kept, remote, reason, extra={"source": request.source})
        return f"Q{kept}"

    def replay(self, request: Quarantined) -> list[Accepted]:
        """Feed a quarantined request through its source's handler again, as what was heard when it came.

        Raises HandlerError when it still makes no events, also when its body was cut or its source is unknown.
        """
        if request.source == API:
            raise HandlerError("what came over Alertmanager's API is not replayed: its sender says it anew by itself")
        source = self._rules().settings.sources.get(request.source)
        if source is None:
            raise HandlerError(f"no source is called {request.source!r} in the configuration")
        if not request.whole:
            raise HandlerError(f"only {len(request.body):,} of its {request.size:,} bytes were kept")
        # Only a body that could not be expanded when it came is still compressed, and only then its headers say how.
        named = request.headers.get(coding.HEADER, "")
        hook = Hook(
            source=request.source,
            body=coding.expanded(request.body, named, self._rules().settings.limits.body),
            content_type=request.content_type,
            headers=coding.without(request.headers),
            query=request.query,
            received_at=request.at,
            options=source.options,
        )
        events = self.read(source, hook)
        now = self._clock.now()
        rules = self._rules()
        clean = self._clean(events, now)

        def work(tx: Tx) -> Outcome:
            quarantine.replayed(tx, request.id, now)
            return pipeline.accept(tx, clean, rules, now, heard=request.at)

        outcome = self._store.write(work)
        telemetry.quarantine_replays.inc()
        return self._counted(outcome)

    def alarm(self, key: str, title: str, text: str, severity: Severity, labels: dict[str, str]) -> None:
        """Raise an alarm about tocsin itself; while it is open, the same key only counts. Never raises."""
        event = Event(source=OWN, key=key, title=title, text=text, severity=severity, labels=labels)
        try:
            self.events([event])
        except StoreError as error:
            log.critical("%s (and the store could not take this alarm: %s)", title, error)

    def alarm_over(self, key: str) -> None:
        """Say that what `alarm` told is over. Never raises."""
        try:
            self.events([Event(source=OWN, key=key, title=key, state=State.RESOLVED)])
        except StoreError as error:
            log.warning("the end of %s could not be written: %s", key, error)


def _named(event: Event, source: Source) -> Event:
    """Give a handler's event the name of the source it came through, and that source's labels.

    Its identity is settled before: an operator who changes the labels of a source must not lose the ends of what
    is open.
    """
    labels = source.labels | event.labels
    return msgspec.structs.replace(event, source=source.name, key=event.identity(), labels=labels)


def _refusal(request: Quarantined, *, known: bool) -> Event:
    """The alarm about a refused request. Unknown sources share one: strangers must not fill the alert list."""
    about = request.source if known else "unknown sources"
    return Event(
        source=OWN,
        key=f"quarantine:{request.kind}:{request.source if known else ''}",
        severity=Severity.WARNING,
        title=f"Webhooks of {about} are refused: {request.kind.replace('_', ' ')}",
        text=(
            f"First from {request.remote}: {request.reason}\n"
            "See `tocsinctl quarantine list`; replay them after the cause is mended."
        ),
        labels={"kind": request.kind.value, "refused": about},
    )


def _count(one: Accepted) -> None:
    telemetry.events.labels(one.source, one.change.value).inc()
    if one.code and one.change is not Change.REPEAT:
        log.info("%s %s", one.code, one.change.value, extra={"alert": one.code, "source": one.source})
