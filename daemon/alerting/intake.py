"""Where events come in: a handler's, a probe's, an operator's or tocsin's own, durably when a call returns."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from daemon import internal, telemetry
from daemon.alert import Alert
from daemon.alerting import arrival, pipeline, report
from daemon.alerting.arrival import INSIDE, Arrival
from daemon.alerting.dedupe import Change
from daemon.alerting.handled import Pace, handled
from daemon.alerting.pipeline import Accepted, Outcome
from daemon.alerting.rules import Rules
from daemon.aside import LARGE, Aside, at_once, beside
from daemon.clock import Clock, unhurried
from daemon.config.settings import Source
from daemon.errors import HandlerError, NothingToTell, StoreError
from daemon.event import API, OWN, Event, cleaned
from daemon.hook import Hook
from daemon.internal import Check
from daemon.lastresort import LastWord, only_logged
from daemon.payload import coding
from daemon.secret import redact_headers, redact_query
from daemon.store import quarantine
from daemon.store.base import Store, Tx
from daemon.store.quarantine import Kind, Quarantined
from daemon.store.requests import Door

log = logging.getLogger("tocsin.alerting")

QUIET = 60.0  # seconds in which it is not said again that a receiver is nobody
MOST_SIZE = 2**63 - 1  # a Content-Length may be larger than what a database can hold as a number


class Intake:
    """The one way into the pipeline. `last_resort` says what cannot be told otherwise; `aside` reads what is large."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        rules: Callable[[], Rules],
        last_resort: LastWord = only_logged,
        aside: Aside = at_once,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rules = rules
        self._last_resort = last_resort
        self._aside = aside
        self._nobody_said: dict[str, float] = {}  # receiver -> when
        self.pushed_out = 0  # requests of known sources that others pushed out of quarantine, since the start

    def take(self, source: Source, hook: Hook) -> list[Accepted]:
        """Run a webhook through its handler and accept its events: all of them, or none.

        Raises HandlerError when the body makes no events, NothingToTell when it need not, StoreUnavailable when
        nothing could be written.
        """
        came = Arrival(door=Door.WEBHOOK, handler=source.handler.name, hook=hook, hides=source.handler.hides)
        return self.events(self.read(source, hook), came)

    def read(self, source: Source, hook: Hook) -> list[Event]:
        """Run the handler only. Raises HandlerError, NothingToTell; HandlerBroken when it raised anything else."""
        limit = self._rules().settings.limits.events
        # What is read in the event loop lets others have a turn; what is read beside it holds up nobody.
        pace: Pace = iter if len(hook.body) > LARGE else partial(unhurried, self._clock)
        return beside(self._aside, hook.body, partial(handled, source, hook, limit, pace))

    def _read_again(self, source: Source, hook: Hook) -> list[Event]:
        """The same for what waited in quarantine: if it tells of nothing, that is the end of it."""
        try:
            return self.read(source, hook)
        except NothingToTell:
            return []

    def events(self, events: Iterable[Event], came: Arrival = INSIDE) -> list[Accepted]:
        """Accept events; they are on disk when this returns, with what brought them. Raises StoreUnavailable."""
        now = self._clock.now()
        rules = self._rules()
        clean = self._clean(events, now)

        def work(tx: Tx) -> Outcome:
            outcome = pipeline.accept(tx, clean, rules, now)
            arrival.note(tx, came, outcome.accepted, rules.settings.retention, now)
            return outcome

        return self._counted(self._store.write(work))

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
            report.flushed(flushed, self.nobody)
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
        source = settings.sources.get(request.source)
        handler = API if request.source == API else source.handler.name if source else None
        alarm = cleaned(_refusal(request, handler), now)

        def work(tx: Tx) -> tuple[int, int, Outcome]:
            limits = settings.retention
            kept, made_room = quarantine.add(tx, request, limits.quarantine_rows, limits.quarantine_size)
            return kept, made_room, pipeline.accept(tx, [alarm], rules, now)

        kept, made_room, outcome = self._store.write(work)
        telemetry.quarantined.labels(kind.value).inc()
        telemetry.quarantine_pushed_out.labels(kind.value).inc(made_room)
        self.pushed_out += made_room if kind.of_known_sources else 0
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
            remote=request.remote,
            options=source.options,
        )
        came = Arrival(door=Door.QUARANTINE, handler=source.handler.name, hook=hook, hides=source.handler.hides)
        now = self._clock.now()
        clean = self._clean(self._read_again(source, hook), now)
        rules = self._rules()

        def work(tx: Tx) -> Outcome:
            quarantine.replayed(tx, request.id, now)
            outcome = pipeline.accept(tx, clean, rules, now, heard=request.at)
            arrival.note(tx, came, outcome.accepted, rules.settings.retention, now)
            return outcome

        outcome = self._store.write(work)
        telemetry.quarantine_replays.inc()
        accepted = self._counted(outcome)
        if request.kind is Kind.BROKEN_HANDLER:
            self.alarm_over(Check.HANDLER, source.handler.name)
        return accepted

    def alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        """Raise an alarm about tocsin itself; while it is open, the same one only counts. Never raises.

        One that cannot be written goes to the last resort.
        """
        event = internal.event(check, *about, title=title, text=text)
        try:
            self.events([event])
        except Exception as error:
            if not isinstance(error, StoreError):
                log.exception("the alarm %s could not be raised", event.key)
            self._last_resort(event.key, title, f"{text} (it could not be raised: {error})", event.severity)

    def alarm_over(self, check: Check, *about: str) -> None:
        """Say that what `alarm` told is over. Never raises; what is not ended so ends after its quiet window."""
        try:
            self.events([internal.over(check, *about)])
        except StoreError as error:
            log.warning("the end of %s could not be written: %s", internal.key(check, *about), error)
        except Exception:
            log.exception("the end of %s could not be written", internal.key(check, *about))

    def nobody(self, receiver: str, alert: Alert, why: str) -> None:
        """Say that a receiver was to be told of an alert, but there was nobody. Never raises; waits for the store.

        Not for a receiver without legs: that one is silent by choice. Where the alert is one of tocsin's own, there is
        no alarm about that, which might reach as few: it goes to the last resort.
        """
        if alert.source == OWN:
            self._last_resort(alert.key, alert.title, f"{alert.text} ({receiver} is nobody: {why})", alert.severity)
            return
        now = self._clock.monotonic()
        if now - self._nobody_said.get(receiver, float("-inf")) < QUIET:
            return
        self._nobody_said[receiver] = now
        self.alarm(
            Check.NOBODY,
            receiver,
            title=f"Nobody was told by {receiver}",
            text=f"{alert.code} ({alert.title}): {why}",
        )


def _refusal(request: Quarantined, handler: str | None) -> Event:
    """The alarm about a refused request; `handler` is its source's, None where the source is unknown.

    Unknown sources share one: strangers must not fill the alert list.
    """
    first = f"First from {request.remote}: {request.reason}\n"
    if handler is not None and request.kind is Kind.BROKEN_HANDLER:
        return internal.event(
            Check.HANDLER,
            handler,
            title=f"The handler {handler} is broken",
            text=f"Webhooks of {request.source}. {first}Mend it, then `tocsinctl quarantine replay` what it broke on.",
        )
    about = "unknown sources" if handler is None else request.source
    return internal.event(
        Check.REFUSED,
        request.kind.value,
        about,
        title=f"Webhooks of {about} are refused: {request.kind.replace('_', ' ')}",
        text=f"{first}See `tocsinctl quarantine list`; replay them after the cause is mended.",
    )


def _count(one: Accepted) -> None:
    telemetry.events.labels(one.source, one.change.value).inc()
    if one.code and one.change is not Change.REPEAT:
        log.info("%s %s", one.code, one.change.value, extra={"alert": one.code, "source": one.source})
