"""Every number that tocsin tells about itself: provoked, most of them through its own doors."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram

from apps import Running, running_here
from daemon import telemetry
from daemon.store.sqlite import SqliteStore
from fake_clock import settle

ROOT = Path(__file__).parents[1]
READ = "{key: $.key, title: $.title, state: '$.state?', severity: '$.severity?'}"
MAP = f"sources: {{shop: {{handler: generic, map: {READ}}}}}\n"
GUARDED = MAP.replace("handler", "token: s3cret-of-the-shop, handler")

SERIES = {name: made for name, made in vars(telemetry).items() if isinstance(made, Counter | Gauge | Histogram)}

# Proven where the fakes that it takes are at home.
ELSEWHERE = {
    "overloaded": "tests/listener/test_webhooks.py",
    "untold": "tests/listener/test_sources_at_the_door.py",
    "connections": "tests/listener/test_slow_clients.py",
    "deliveries": "tests/delivery/test_report.py",
    "delivery_seconds": "tests/delivery/test_report.py",
    "send_seconds": "tests/delivery/test_report.py",
    "ack_links": "tests/listener/test_ack_page.py",
    "receipts": "tests/delivery/test_receipts.py",
    "confirmed": "tests/proof/test_canaries.py",
    "dead_man": "tests/proof/test_deadman.py",
    "breaker_open": "tests/delivery/test_report.py",
    "last_resort": "tests/test_last_resort.py",
    "quota_used": "tests/delivery/test_quotas.py",
    "quota_most": "tests/delivery/test_quotas.py",
    "delivery_warnings": "tests/delivery/test_report.py",
    "rule_seconds": "tests/thresholds/test_rules_at_work.py",
    "rule_slots_missed": "tests/thresholds/test_keeper.py",
    "blind": "tests/probing/test_sight.py",
    "put_off": "tests/test_agenda.py",
    "record_dropped": "tests/history/test_recorder.py",
    "series_live": "tests/series/test_recorder.py",
    "series_out_of_time": "tests/series/test_recorder.py",
    "series_dropped": "tests/series/test_recorder.py",
    "series_forgotten": "tests/series/test_crowd.py",
    "error_alarms": "tests/faults/test_telling.py",
    "errors_evicted": "tests/faults/test_bounds.py",
    "statsd_packets": "tests/intakes/statsd/test_doors.py",
    "statsd_metrics": "tests/intakes/statsd/test_reading.py",
    "statsd_refused": "tests/intakes/statsd/test_doors.py",
    "statsd_lost": "tests/intakes/statsd/test_intake.py",
    "statsd_events": "tests/intakes/statsd/test_herald.py",
    "hub_lag": "tests/test_selfcheck.py",
    "open_alerts": "tests/test_selfcheck.py",
    "outbox": "tests/test_selfcheck.py",
    "syslog_lines": "tests/intakes/test_syslog_doors.py",
    "syslog_dropped": "tests/intakes/test_syslog_doors.py",
    "redis_entries": "tests/intakes/test_redis_lists.py",
    "sentry_requests": "tests/sentry/test_numbers.py",
    "sentry_items": "tests/sentry/test_numbers.py",
    "sentry_aside": "tests/sentry/test_numbers.py",
    "sentry_spool": "tests/sentry/test_numbers.py",
    "sentry_age": "tests/sentry/test_numbers.py",
    "store_commits": "tests/store/test_sqlite.py",
    "store_operations": "tests/store/test_sqlite.py",
    "store_commit_seconds": "tests/store/test_sqlite.py",
    "unexposed": "tests/series/test_exposition.py",
}


def fire(tocsin: Running, **more: str) -> int:
    return tocsin.post("/webhook/shop", {"key": "k", "title": "till is stuck", **more}).status


def store(tocsin: Running) -> SqliteStore:
    (found,) = [stop.__self__ for name, stop in tocsin.app._stops if name == "store"]
    assert isinstance(found, SqliteStore)
    return found


def from_unknown_sources(tocsin: Running) -> None:
    for _ in range(5):
        assert tocsin.post("/webhook/nobody").status == 404


def unusable(tocsin: Running) -> None:
    assert tocsin.post("/webhook/shop", {"no": "key"}).status == 422


def a_wrong_token(tocsin: Running) -> None:
    assert tocsin.post("/webhook/shop", {}, Authorization="Bearer wrong").status == 401


def replays(tocsin: Running) -> None:
    """One that makes an event now, one that still makes none."""
    tocsin.post("/webhook/shop", {"key": "k", "title": "till is stuck"})
    tocsin.post("/webhook/shop", {"no": "key"})
    assert tocsin.configure(MAP).status == 200
    assert tocsin.rpc("quarantine.replay", source="shop")["result"]["left"] == 1


def a_life(tocsin: Running) -> None:
    for more in ({}, {}, {"severity": "critical"}, {"state": "ok"}, {"state": "ok"}):
        assert fire(tocsin, **more) == 200


def a_stale_end(tocsin: Running) -> None:
    assert tocsin.post("/webhook/shop", {"key": "k", "title": "till is stuck", "state": "ok"}).status == 404
    assert tocsin.configure(MAP).status == 200
    assert fire(tocsin) == 200
    tocsin.rpc("quarantine.replay", source="shop")


def a_disk_that_says_no(tocsin: Running) -> None:
    writer = store(tocsin)._writer
    writer.execute("PRAGMA query_only = ON")
    try:
        assert [fire(tocsin), fire(tocsin)] == [503, 503]
    finally:
        writer.execute("PRAGMA query_only = OFF")


def reloads(tocsin: Running) -> None:
    assert tocsin.configure("nonsense: 1\n").status == 422
    assert tocsin.configure(MAP).status == 200
    assert tocsin.rpc("config.reload")["result"] == {"warnings": []}


def calls(tocsin: Running) -> None:
    tocsin.rpc("ping")
    tocsin.rpc("ping")
    tocsin.rpc("no.such")
    tocsin.rpc("alerts.get")


@dataclass(frozen=True, kw_only=True)
class Row:
    """What is done, and by how much which samples of the series move: these, and no other."""

    series: str
    provoke: Callable[[Running], object]
    moves: dict[str, float]
    config: str = MAP


TABLE = [
    Row(series="requests", provoke=unusable, moves={'{door="webhook",status="422"}': 1}),
    Row(series="requests", provoke=from_unknown_sources, moves={'{door="webhook",status="404"}': 5}),
    Row(series="request_seconds", provoke=unusable, moves={'_count{door="webhook"}': 1}),
    Row(series="quarantined", provoke=from_unknown_sources, moves={'{kind="unknown_source"}': 5}),
    Row(series="quarantined", provoke=unusable, moves={'{kind="unusable_body"}': 1}),
    Row(series="quarantined", provoke=a_wrong_token, moves={'{kind="bad_credentials"}': 1}, config=GUARDED),
    Row(
        series="quarantine_pushed_out",
        provoke=from_unknown_sources,
        moves={'{kind="unknown_source"}': 3},
        config="retention: {quarantine_rows: 2}\n",
    ),
    Row(series="quarantine_replays", provoke=replays, moves={"": 1}, config=""),
    Row(
        series="events",
        provoke=a_life,
        moves={
            f'{{change="{change}",source="shop"}}': 1 for change in ("new", "repeat", "worse", "resolved", "not_open")
        },
    ),
    Row(
        series="events",
        provoke=a_stale_end,
        moves={
            f'{{change="{change}",source="{source}"}}': 1
            for change, source in (("new", "tocsin"), ("new", "shop"), ("stale", "shop"))
        },
        config="",
    ),
    Row(
        series="notices",
        provoke=a_life,
        moves={f'{{reason="{reason}",receiver="ops"}}': 1 for reason in ("first", "worse", "all_resolved")},
    ),
    Row(series="store_failures", provoke=a_disk_that_says_no, moves={"": 2}),
    Row(series="reloads", provoke=reloads, moves={'{result="refused"}': 1, '{result="done"}': 2}),
    Row(
        series="rpc_calls",
        provoke=calls,
        moves={
            '{method="ping",result="ok"}': 2,
            '{method="unknown",result="no_such_method"}': 1,
            '{method="alerts.get",result="invalid_params"}': 1,
        },
    ),
]


def samples(series: str) -> dict[str, float]:
    """What `series` shows: by what stands behind its name."""
    made = SERIES[series]
    shown = {}
    (metric,) = made.collect()
    for sample in metric.samples:
        suffix = sample.name.removeprefix(metric.name).removeprefix("_total")
        if suffix not in ("_bucket", "_sum"):
            labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
            shown[suffix + (f"{{{labels}}}" if labels else "")] = sample.value
    return shown


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.series}-{row.provoke.__name__}")
def test_what_happens_moves_exactly_the_numbers_that_tell_of_it(row: Row, tmp_path: Path) -> None:
    with running_here(tmp_path, row.config) as tocsin:
        store(tocsin).write(lambda tx: tx.one("SELECT 1"))  # behind all that was written at the start
        settle()
        before = samples(row.series)
        row.provoke(tocsin)
        settle()
        after = samples(row.series)
    moved = {name: value - before.get(name, 0.0) for name, value in after.items() if value != before.get(name, 0.0)}
    assert moved == row.moves


def test_every_series_is_provoked_by_some_test() -> None:
    provoked = {row.series for row in TABLE}
    assert provoked | set(ELSEWHERE) == set(SERIES)
    assert not provoked & set(ELSEWHERE)
    for series, file in ELSEWHERE.items():
        (metric,) = SERIES[series].collect()
        text = (ROOT / file).read_text(encoding="utf-8")
        assert f"telemetry.{series}" in text or metric.name in text, f"{file} does not look at {series}"


def test_a_reload_leaves_no_ghost_of_what_it_renames(tmp_path: Path) -> None:
    sentry = "sentry: {{projects: {{{app}: {{id: 7, key: s3cret-of-an-sdk}}}}}}\n"
    with running_here(tmp_path, MAP.replace("shop", "old-shop") + sentry.format(app="old-app")) as tocsin:
        telemetry.error_alarms.labels("old-app", "new").inc()
        assert tocsin.post("/webhook/old-shop", {"key": "k", "title": "till is stuck"}).status == 200
        page = tocsin.get("/metrics").body.decode()
        assert ('source="old-shop"' in page, 'app="old-app"' in page) == (True, True)
        assert tocsin.configure(MAP + sentry.format(app="new-app")).status == 200
        assert fire(tocsin) == 200
        page = tocsin.get("/metrics").body.decode()
    assert ('source="old-shop"' in page, 'app="old-app"' in page) == (False, False)
    assert 'source="shop"' in page
