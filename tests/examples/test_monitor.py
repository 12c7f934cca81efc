"""The example's stand-in for Datadog's monitor and webhook, and what tocsin makes of its calls."""

import json
import re
import threading
from collections.abc import Iterable
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer

from bodies import read
from daemon import loading
from daemon.config.load import load
from daemon.event import Severity, State
from dogstatsd import Point
from monitor import Change, Monitor, Watch
from tree import ROOT, files
from webhook import Webhook, fill, variables

EXAMPLE = ROOT / "docs/examples/trading"
WRITTEN = json.loads((EXAMPLE / "monitor.json").read_text())
HOOK = json.loads((EXAMPLE / "webhook.json").read_text())
MONITOR = Monitor.read(WRITTEN)
P95 = "trading.order.latency.95percentile"
BEGAN = Change("Triggered", "sse", 412.34, "8812345678901234567")
OVER = Change("Recovered", "sse", 46.0, "8812345678901234567")


def flush(sse: float | None = None, szse: float | None = None) -> Iterable[Point]:
    for venue, value in (("sse", sse), ("szse", szse)):
        if value is not None:
            yield Point(P95, ("service:trading", f"venue:{venue}"), value)


def transitions(watch: Watch, flushes: list[float], begin: float = 0.0) -> list[str]:
    """What a venue with these values, ten seconds apart, makes of it."""
    looked = [watch.look(flush(sse=value), begin + 10.0 * number) for number, value in enumerate(flushes)]
    return [",".join(change.transition for change in changes) for changes in looked]


def test_the_monitor_is_read_as_it_stands() -> None:
    assert (MONITOR.metric, MONITOR.group, MONITOR.over, MONITOR.window) == (P95, "venue", "avg", 60.0)
    assert (MONITOR.threshold, MONITOR.recovery, MONITOR.scope) == (250.0, 100.0, ("service:trading",))
    assert (
        WRITTEN["options"]["thresholds"]["critical"] == MONITOR.threshold
    )  # Datadog refuses a monitor that says two things
    assert f"@webhook-{HOOK['name']}" in MONITOR.message


def test_a_query_that_is_not_known_is_refused_with_what_is() -> None:
    with pytest.raises(ValueError, match=r"knows queries like .* not `logs"):
        Monitor.read(WRITTEN | {"query": "logs('status:error').index('*')"})


def test_it_triggers_once_when_the_window_is_above_and_recovers_when_all_of_it_is_below() -> None:
    said = transitions(Watch(MONITOR), [40, 40, 900, 900, 900, 40, 40, 40, 40, 40, 40, 40])
    assert said == ["", "", "Triggered", *[""] * 7, "Recovered", ""]


def test_between_the_two_thresholds_nothing_changes() -> None:
    assert transitions(Watch(MONITOR), [200] * 12) == [""] * 12
    assert transitions(Watch(MONITOR), [900, *[200] * 12]) == ["Triggered", *[""] * 12]


def test_one_cycle_has_one_key_and_the_next_has_another() -> None:
    watch = Watch(MONITOR)
    changes = [
        change
        for number, value in enumerate((900, 1, 900, 1))
        for change in watch.look(flush(sse=value), 100.0 * number)
    ]
    keys = [change.cycle for change in changes]
    assert [change.transition for change in changes] == ["Triggered", "Recovered"] * 2
    assert (keys[0], keys[2]) == (keys[1], keys[3])
    assert keys[0] != keys[2]


def test_each_venue_alarms_by_itself() -> None:
    watch = Watch(MONITOR)
    assert [change.group for change in watch.look(flush(sse=900, szse=40), 0.0)] == ["sse"]
    assert [change.group for change in watch.look(flush(sse=900, szse=2_000), 10.0)] == ["szse"]


def test_other_metrics_and_other_services_do_not_count() -> None:
    others = [
        Point("trading.order.latency.max", ("service:trading", "venue:sse"), 900.0),
        Point(P95, ("service:mail", "venue:sse"), 900.0),
        Point(P95, ("service:trading",), 900.0),
    ]
    assert Watch(MONITOR).look(others, 0.0) == []


def test_no_metrics_for_a_while_change_nothing() -> None:
    watch = Watch(MONITOR)
    assert len(watch.look(flush(sse=900), 0.0)) == 1
    assert watch.look([], 500.0) == []


# ---- the webhook


def event(change: Change) -> Any:
    handler = loading.built_in_handlers()["datadog"]
    (found,) = read(handler, fill(HOOK["payload"], variables(MONITOR, change, 1_795_222_800_000)).encode())
    return found


def test_the_payload_is_the_one_that_the_pages_give_to_paste() -> None:
    pages = "\n".join(page.read_text() for page in files(".md"))
    (pasted,) = [
        block for block in re.findall(r"```json template\n(.*?)\n```", pages, re.DOTALL) if "$ALERT_CYCLE_KEY" in block
    ]
    assert HOOK["payload"] == pasted
    assert HOOK["url"].endswith("/webhook/datadog")


def test_tocsin_reads_the_call_as_the_alarm_that_it_is() -> None:
    began = event(BEGAN)
    assert (began.state, began.severity, began.title) == (State.FIRING, Severity.CRITICAL, "Orders at sse are slow")
    assert began.labels["venue"] == "sse"
    assert began.labels["service"] == "trading"
    assert began.labels["metric"] == P95
    assert f"{P95} over venue:sse was > 250.0 (avg) during the last 1m." in began.text
    assert "95 of 100 orders at sse take up to 412.3 ms" in began.text
    assert set(began.links) == {"event"}  # the stand-in has no snapshots: its variable stays unfilled
    assert began.started_at == 1_795_222_800.0


def test_the_recovery_finds_its_alarm() -> None:
    began, over = event(BEGAN), event(OVER)
    assert over.state is State.RESOLVED
    assert over.fingerprint() == began.fingerprint()


def test_a_text_with_quotes_stays_between_its_quotes() -> None:
    assert json.loads(fill('{"a": "$TEXT", "b": "$OTHER"}', {"TEXT": 'say "no"\n$OTHER'})) == {
        "a": 'say "no"\n$OTHER',
        "b": "$OTHER",
    }


@pytest.mark.parametrize(
    ("statuses", "calls", "said"),
    [([200], 1, "200 fine"), ([503, 200], 2, "200 fine"), ([401], 1, "401 fine"), ([500] * 9, 5, "500 fine")],
)
def test_it_calls_again_as_datadog_does(
    monkeypatch: pytest.MonkeyPatch, statuses: list[int], calls: int, said: str
) -> None:
    heads = []

    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        heads.append(environ["HTTP_AUTHORIZATION"])
        start(f"{statuses[len(heads) - 1]} Whatever", [])
        return [b"fine"]

    monkeypatch.setattr("webhook.PAUSE", 0.0)
    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    try:
        hook = Webhook.read(HOOK, f"http://127.0.0.1:{server.server_port}/webhook/datadog", {"TOCSIN_TOKEN": "t0k"})
        assert hook.post(variables(MONITOR, BEGAN, 0), threading.Event()) == said
    finally:
        server.stop()
    assert heads == ["Bearer t0k"] * calls


def test_nobody_there_is_said_and_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhook.PAUSE", 0.0)
    hook = Webhook.read(HOOK, "http://127.0.0.1:9/webhook/datadog", {"TOCSIN_TOKEN": "t0k"})
    assert hook.post(variables(MONITOR, BEGAN, 0), threading.Event()).startswith("nobody there: ")


# ---- tocsin's side


def test_the_configuration_needs_its_secrets_and_nothing_else() -> None:
    given = {"DATADOG_TOKEN": "t0k", "ALI_ID": "id", "ALI_SECRET": "s3cret"}
    loaded = load(EXAMPLE / "tocsin.yml", loading.catalog, given)
    assert loaded.warnings == []
    assert loaded.settings.receivers["oncall"].notify[0].by == ("sms",)
