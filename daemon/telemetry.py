"""Every number tocsin tells about itself, declared once; the listener's /metrics shows them."""

from collections import defaultdict
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.openmetrics import exposition as openmetrics

from daemon.exposition import END, Form

disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
_LABELLED: dict[str, list[Counter | Gauge | Histogram]] = defaultdict(list)  # the families that have a label

_Made = TypeVar("_Made", Counter, Gauge, Histogram)
_LATENCY = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_DELIVERY = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0)


def _counter(name: str, text: str, *labels: str) -> Counter:
    return _kept(Counter(name, text, labels, registry=REGISTRY), labels)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    return _kept(Gauge(name, text, labels, registry=REGISTRY), labels)


def _histogram(name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
    return _kept(Histogram(name, text, labels, buckets=buckets, registry=REGISTRY), labels)


def _kept(made: _Made, labels: tuple[str, ...]) -> _Made:
    for label in labels:
        _LABELLED[label].append(made)
    return made


# the door
requests = _counter("tocsin_http_requests_total", "HTTP requests answered.", "door", "status")
request_seconds = _histogram("tocsin_http_request_seconds", "Time from request read to answer.", _LATENCY, "door")
overloaded = _counter("tocsin_http_overloaded_total", "HTTP requests refused because too many were in work.")
connections = _gauge("tocsin_http_connections", "HTTP connections open.")
untold = _counter("tocsin_webhooks_untold_total", "Webhooks taken without an alarm in them, by why.", "source", "why")
quarantined = _counter("tocsin_quarantined_total", "Requests that made no events.", "kind")
quarantine_pushed_out = _counter(
    "tocsin_quarantine_pushed_out_total", "Requests deleted from quarantine to make room.", "kind"
)
quarantine_replays = _counter("tocsin_quarantine_replays_total", "Requests that made events when fed through again.")
ack_links = _counter("tocsin_ack_links_total", "Signed links opened, by what came of it.", "outcome")
# the pipeline
events = _counter("tocsin_events_total", "Events accepted, by what became of them.", "source", "change")
notices = _counter("tocsin_notices_total", "Notices decided.", "receiver", "reason")
put_off = _counter("tocsin_agenda_put_off_total", "Groups and timers that could not be dealt with when they were due.")
open_alerts = _gauge("tocsin_alerts_open", "Alerts firing.", "severity")
# delivery
deliveries = _counter("tocsin_deliveries_total", "Tries by outcome.", "channel", "outcome")
delivery_seconds = _histogram(
    "tocsin_delivery_seconds", "Time from the outbox row to the provider's yes.", _DELIVERY, "channel"
)
send_seconds = _histogram("tocsin_send_seconds", "Time of one try.", _LATENCY, "channel")
outbox = _gauge("tocsin_outbox_deliveries", "Deliveries that are not settled, and dead letters.", "channel", "phase")
receipts = _counter("tocsin_receipts_total", "Delivery receipts, by what they said.", "channel", "outcome")
confirmed = _gauge("tocsin_channel_confirmed_timestamp_seconds", "When a channel was last seen to work.", "channel")
dead_man = _counter("tocsin_dead_man_signs_total", "Signs of life to somebody outside.", "result")
breaker_open = _gauge("tocsin_breaker_open", "1 while a channel's breaker is open.", "channel")
quota_used = _gauge("tocsin_quota_used", "Messages of a quota that are used; the fullest's.", "channel", "each", "per")
quota_most = _gauge("tocsin_quota_most", "Messages that a quota has.", "channel", "each", "per")
delivery_warnings = _counter(
    "tocsin_delivery_warnings_total",
    "What was amiss with messages that went all the same: above all templates that did not render.",
    "channel",
)
last_resort = _counter(
    "tocsin_last_resort_total", "Alarms about tocsin itself that could be told in no other way.", "result"
)
# probes; what is counted of each: daemon/probing/numbers.py
blind = _gauge("tocsin_blind", "1 while tocsin itself is cut off, or cannot look up names.")
record_dropped = _counter(
    "tocsin_probe_record_dropped_total", "Readings and turns that were not written down, for the store could not."
)
# what is measured
redis_entries = _counter("tocsin_redis_entries_total", "Entries of Redis lists, by what became of them.", "outcome")
# the series
unexposed = _gauge("tocsin_series_unexposed", "Series of applications that had no room on this page.")
series_live = _gauge("tocsin_series", "Series that live.")
series_out_of_time = _counter(
    "tocsin_series_out_of_time_total",
    "Values not taken: more than an hour old, more than a minute ahead, or too many of the past at once.",
)
series_dropped = _counter(
    "tocsin_series_dropped_total", "Slots of ten seconds that were not written down, for the store could not."
)
series_forgotten = _counter(
    "tocsin_series_forgotten_total", "Series that are no longer known, for there were too many others."
)
# threshold rules
rule_seconds = _histogram("tocsin_rules_evaluation_seconds", "Time from a slot to all rules judged.", _LATENCY)
rule_slots_missed = _counter("tocsin_rules_slots_missed_total", "Slots that no rule was judged by: too many waited.")
# errors of applications
error_alarms = _counter("tocsin_error_alarms_total", "What was told of errors of applications.", "app", "what")
errors_evicted = _counter("tocsin_errors_evicted_total", "Errors deleted to make room for new ones.", "app")
# what programs report
statsd_packets = _counter("tocsin_statsd_packets_total", "Datagrams and packets of statsd that were read.")
statsd_metrics = _counter("tocsin_statsd_metrics_total", "Values that came in them and were added up.")
statsd_refused = _counter("tocsin_statsd_refused_total", "Lines, packets and datagrams not taken, by why.", "reason")
statsd_lost = _counter("tocsin_statsd_lost_total", "Datagrams for which the kernel had no room.", "door")
statsd_events = _counter(
    "tocsin_statsd_events_total", "Events and service checks that came over statsd, by what became of them.", "outcome"
)
# what comes over syslog
syslog_lines = _counter("tocsin_syslog_lines_total", "Lines of syslog that were looked at.")
syslog_dropped = _counter("tocsin_syslog_dropped_total", "Lines of syslog that were not looked at.", "why")
# what is measured
sentry_requests = _counter(
    "tocsin_sentry_requests_total", "Requests of Sentry SDKs, by what became of them.", "app", "result"
)
sentry_items = _counter("tocsin_sentry_items_total", "Items of those requests that were worked through.", "app", "kind")
sentry_aside = _counter(
    "tocsin_sentry_aside_total", "Requests that could not be worked through, and were set aside.", "app"
)
sentry_spool = _gauge("tocsin_sentry_spool_bytes", "Requests that wait on disk to be worked through.", "app")
sentry_age = _gauge("tocsin_sentry_age_seconds", "How old what is being worked through is: how far behind that is.")
# the store and the process
store_commits = _counter("tocsin_store_commits_total", "Transactions committed.")
store_operations = _counter("tocsin_store_operations_total", "Operations carried by those transactions.")
store_failures = _counter("tocsin_store_failures_total", "Transactions that could not be written.")
store_commit_seconds = _histogram("tocsin_store_commit_seconds", "Time of one transaction.", _LATENCY)
hub_lag = _histogram("tocsin_hub_lag_seconds", "How late the event loop ran a timer.", _LATENCY)
rpc_calls = _counter("tocsin_rpc_calls_total", "JSON-RPC calls.", "method", "result")
reloads = _counter("tocsin_config_reloads_total", "Configuration reloads.", "result")


def forget(label: str, name: str) -> None:
    """Take off the page what was counted of somebody who is there no more, under this label.

    The registry keeps every name that it ever heard: without this a renamed channel would stand there until a restart.
    """
    for family in _LABELLED[label]:
        family.remove_by_labels({label: name})


def exposition(form: Form) -> bytes:
    """All of it, without the line that ends OpenMetrics: more may follow."""
    if form.is_openmetrics:
        made: bytes = openmetrics.generate_latest(REGISTRY)  # type: ignore[no-untyped-call]
        return made.removesuffix(END)
    return generate_latest(REGISTRY)
