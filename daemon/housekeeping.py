"""Puts the store in order: ends alarms that nobody will end, forgets what is old, counts what is there."""

from collections.abc import Callable, Collection, Iterable

from daemon import telemetry
from daemon.alert import Alert
from daemon.config.history import History
from daemon.config.retention import Retention
from daemon.config.settings import Settings
from daemon.event import OWN, PROBE, Event, Severity, State
from daemon.history import forget
from daemon.probing import telling
from daemon.store import (
    alerts,
    ends,
    escalations,
    flaps,
    groups,
    heartbeats,
    outbox,
    overrides,
    pauses,
    quarantine,
    quotas,
    receipts,
    requests,
    silences,
)
from daemon.store.base import Store, Tx
from daemon.units import spoken

BATCH = 500  # rows deleted in one transaction: others wait for it
GROUPS = 5 * 86_400.0  # seconds after which an empty group is forgotten, with what was told of it
RECEIPTS = 7 * 86_400.0  # seconds that receipts are kept for messages that may still turn up
MUTED_END = 86_400.0  # seconds after which nobody tells an end any more to whom a step was told

Accept = Callable[[list[Event]], object]


def close_quiet(store: Store, accept: Accept, window: float, now: float) -> int:
    """End tocsin's own alarms that were not raised again for a whole window; return how many."""
    return _accept(accept, quiet(store.read(lambda tx: alerts.open_of_source(tx, OWN)), window, now))


def close_removed(store: Store, accept: Accept, probes: Collection[str], now: float) -> int:
    """End the alarms of probes that are no longer configured, also those removed while nobody ran."""
    return _accept(accept, removed(store.read(lambda tx: alerts.open_of_source(tx, PROBE)), probes, now))


def close_silent(store: Store, end: Callable[[list[Alert], str], object], longest: float, now: float) -> int:
    """End the alerts of sources that never tell an end; a probe's last word stands until it has another."""
    found = store.read(lambda tx: alerts.silent(tx, now - longest, (OWN, PROBE), BATCH))
    if found:
        end(found, f"nothing was heard of it for {spoken(longest)}")
    return len(found)


def forget_old(store: Store, retention: Retention, now: float) -> tuple[int, int]:
    """Delete ended alerts and quarantined requests that are past their time; return how many of each.

    Silences go with the alerts that they may have hidden, and groups that have long been empty go as well.
    """
    forgotten = _all(store, lambda tx: alerts.forget(tx, now - retention.alerts, BATCH))
    store.write(flaps.forget)
    store.write(lambda tx: escalations.close_old(tx, now - MUTED_END))
    store.write(lambda tx: silences.forget(tx, now - retention.alerts))
    _all(store, lambda tx: groups.forget(tx, now - GROUPS, BATCH))
    _all(store, lambda tx: requests.forget(tx, now - retention.alerts, BATCH))
    _all(store, lambda tx: receipts.forget(tx, now - RECEIPTS, BATCH))
    store.write(lambda tx: quotas.forget(tx, now))
    store.write(lambda tx: overrides.forget(tx, now - retention.alerts))  # kept as long as what was told by them
    store.write(lambda tx: pauses.forget(tx, now - retention.alerts))
    before = now - retention.quarantine
    store.write(lambda tx: ends.forget(tx, before))  # older than every request that waits
    return forgotten, store.write(lambda tx: quarantine.forget(tx, before))


def forget_history(store: Store, kept: History, now: float) -> int:
    """Delete what probes saw and is past its time; return how many rows."""
    return forget.forget(store, kept, now)


def forget_calls(store: Store, retention: Retention, probes: Collection[str], now: float) -> int:
    """Delete what is known of those that called in once and are no longer configured; return how many."""
    return store.write(lambda tx: heartbeats.forget(tx, frozenset(probes), now - retention.alerts))


def _all(store: Store, forget: Callable[[Tx], int]) -> int:
    """Forget batch by batch; return how many they were."""
    forgotten = 0
    while True:
        count = store.write(forget)
        forgotten += count
        if count < BATCH:
            return forgotten


def count_open(store: Store) -> None:
    """Show on the metrics page how many alerts are open, and how many deliveries are not settled."""
    firing = store.read(alerts.open_by_severity)
    unsettled = store.read(outbox.counts)
    for severity in Severity:
        telemetry.open_alerts.labels(severity.value).set(firing.get(severity.value, 0))
    telemetry.outbox.clear()  # what is not there any more must not stay on the page
    for (channel, phase), number in unsettled.items():
        telemetry.outbox.labels(channel, phase).set(number)


def forget_names(before: Settings, after: Settings) -> None:
    """Take off the metrics page what was counted of names that a reload took out of the configuration.

    Channels and doors do that themselves, for they may have something under way.
    """
    names = _names(after)
    for label, known in _names(before).items():
        for name in known - names[label]:
            telemetry.forget(label, name)


def _names(settings: Settings) -> dict[str, set[str]]:
    return {
        "app": set(settings.sentry.projects),
        "receiver": set(settings.receivers),
        "source": set(settings.sources),
    }


def quiet(known: Iterable[Alert], window: float, now: float) -> list[Event]:
    """The ends of the alerts that were last raised longer ago than the window."""
    return [
        _end(alert, f"not seen again for {spoken(window)}", alert.last_seen)
        for alert in known
        if alert.key and alert.last_seen < now - window
    ]


def removed(known: Iterable[Alert], probes: Collection[str], now: float) -> list[Event]:
    """The ends of the alerts whose probe is gone."""
    return [telling.gone(alert.key, now) for alert in known if telling.probe_of(alert.key) not in probes]


def _end(alert: Alert, text: str, at: float) -> Event:
    return Event(
        source=alert.source,
        key=alert.key,
        state=State.RESOLVED,
        severity=alert.severity,
        title=alert.title,
        text=text,
        labels=alert.labels,
        ended_at=at,
    )


def _accept(accept: Accept, events: list[Event]) -> int:
    if events:
        accept(events)
    return len(events)
