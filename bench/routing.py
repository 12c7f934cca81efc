"""What one alarm costs in the pipeline, with many routes, silences and open alerts. No sockets, no fsync of its own."""

import statistics
import tempfile
import time
from pathlib import Path

from daemon.alerting import due, pipeline
from daemon.alerting.rules import Rules
from daemon.config.audience import InhibitRule, Receiver, Route
from daemon.config.settings import Settings
from daemon.event import Event
from daemon.matcher import Matcher, parse
from daemon.store import silences
from daemon.store.base import Tx
from daemon.store.silences import Silence
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from measure import ROOT, aim, show, table

NODES, SILENCES, RULES = 1_000, 1_000, 20
OPEN = (100, 1_000, 10_000)
BATCH, BATCHES = 100, 10
BEGIN = 1_795_222_800.0
GROWING = "a thousand groups, so they grow from 1 to 11"
EACH = {
    "ten alarms each": ("shelf",),
    GROWING: ("alertname", "service"),
    "each alarm by itself, at once": ("...",),
}
AIM = 2.0  # the cost at 10,000 open alerts against that at 100


def settings(by: tuple[str, ...]) -> Settings:
    """A tree of ten teams with a hundred services each."""
    wait = Seconds(0) if by == ("...",) else Seconds(30)
    teams = tuple(
        Route(
            matchers=(Matcher("team", "=", f"team-{team}"),),
            routes=tuple(
                Route(matchers=parse(f'{{service="service-{team * 100 + one}",severity=~"error|critical"}}'))
                for one in range(NODES // 10 - 1)
            ),
        )
        for team in range(10)
    )
    root = Route(receiver="ops", group_by=by, group_wait=wait, group_interval=wait, routes=teams)
    rules = tuple(
        InhibitRule(
            source_matchers=parse(f'{{alertname="down-{rule}"}}'),
            target_matchers=parse('severity=~"warning|error"'),
            equal=("host",),
        )
        for rule in range(RULES)
    )
    return Settings(receivers={"ops": Receiver(name="ops")}, route=root, inhibit_rules=rules)


def event(number: int) -> Event:
    """One of 1,000 services on one of 500 hosts."""
    service = number % NODES
    labels = {
        "alertname": f"alert-{number % 50}",
        "team": f"team-{service // 100}",
        "service": f"service-{service}",
        "host": f"host-{number % 500}",
        "shelf": str(number // 10),
        "severity": "error",
    }
    return Event(source="bench", key=str(number), title=f"alarm {number}", labels=labels)


def down(rule: int) -> Event:
    """What mutes others by one of the rules, on a host where there are none."""
    labels = {"alertname": f"down-{rule}", "host": "elsewhere", "severity": "critical"}
    return Event(source="bench", key=f"down {rule}", title="down", labels=labels)


def fill(tx: Tx) -> None:
    """Silences that none of the alarms match, for a match would spare work."""
    for number in range(SILENCES):
        matchers = [f'host="elsewhere-{number}"', 'service=~"service-.*"']
        one = Silence(
            matchers=matchers, starts_at=0, ends_at=None, author="bench", comment="", created_at=0, updated_at=0
        )  # fmt: skip
        silences.add(tx, one)


def cost(by: tuple[str, ...], still_open: int) -> float:
    """Microseconds of one new alarm, from event to flushed group: the median of the batches."""
    with tempfile.TemporaryDirectory(dir=ROOT / "var") as home:
        store, rules = SqliteStore(Path(home) / "tocsin.db"), Rules(settings(by))
        store.write(fill)
        store.write(lambda tx: pipeline.accept(tx, [down(rule) for rule in range(RULES // 2)], rules, BEGIN))
        for first in range(0, still_open, 500):
            known = [event(number) for number in range(first, min(first + 500, still_open))]
            store.write(lambda tx, known=known: pipeline.accept(tx, known, rules, BEGIN))
        now = BEGIN + 31
        _flush(store, rules, now)
        took = []
        for batch in range(BATCHES):
            first = still_open + batch * BATCH
            fresh = [event(number) for number in range(first, first + BATCH)]
            spent = store.write(lambda tx, fresh=fresh, at=now: _timed(tx, fresh, rules, at))
            took.append(spent / BATCH)
        store.close()
    return statistics.median(took) * 1e6


def _timed(tx: Tx, fresh: list[Event], rules: Rules, now: float) -> float:
    began = time.thread_time()
    pipeline.accept(tx, fresh, rules, now)
    due.do_due(tx, rules, now + 31, BATCH)
    return time.thread_time() - began


def _flush(store: SqliteStore, rules: Rules, now: float) -> None:
    while store.write(lambda tx: due.do_due(tx, rules, now, 200)).flushed:
        pass


def main() -> None:
    """Print the table."""
    rows = []
    for name, by in EACH.items():
        took = [cost(by, still_open) for still_open in OPEN]
        rows.append([name, *(f"{one:.0f} µs" for one in took), f"{1e6 / took[-1]:,.0f}/s", f"{took[-1] / took[0]:.2f}"])
    heads = ["groups", *(f"{count:,} open" for count in OPEN), f"alerts/s at {OPEN[-1]:,}", "10,000 to 100"]
    # Where the groups themselves grow, every flush has more to tell: that is no matter of how many alerts are open.
    worst = max(float(row[-1]) for row in rows if row[0] != GROWING)
    said = aim(
        f"at most {AIM:g} times the cost per alarm",
        f"{worst:.2f} at the worst, with groups of one size",
        reached=worst <= AIM,
    )
    show("routing", table(heads, rows) + said)


if __name__ == "__main__":
    main()
