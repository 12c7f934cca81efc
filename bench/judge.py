"""One process with many series and rules, all of them touched in each slot: prints what judging costs, as JSON."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Iterator, Sequence  # noqa: E402
from pathlib import Path  # noqa: E402

from daemon.clock import SystemClock  # noqa: E402
from daemon.config.series import Series  # noqa: E402
from daemon.config.settings import Settings  # noqa: E402
from daemon.config.thresholds import Rule  # noqa: E402
from daemon.event import Event  # noqa: E402
from daemon.expressions.level import Level  # noqa: E402
from daemon.expressions.parse import parse  # noqa: E402
from daemon.internal import Check  # noqa: E402
from daemon.series.key import Kind, labels  # noqa: E402
from daemon.series.live import Live  # noqa: E402
from daemon.series.query import Query  # noqa: E402
from daemon.series.rows import Row  # noqa: E402
from daemon.series.table import SLOT, Table, slot_of  # noqa: E402
from daemon.store.migrate import MEASURED  # noqa: E402
from daemon.store.sqlite import SqliteStore  # noqa: E402
from daemon.thresholds.keeper import Keeper  # noqa: E402
from keeper import Stalls, timed, touch  # noqa: E402
from measure import percentile, resident_mb  # noqa: E402

FULL, MEASURED_SLOTS = 31, 10  # slots until windows of five minutes are full; slots that count
EACH = 100  # series that a rule watches
KINDS = (Kind.COUNTER, Kind.SPREAD, Kind.GAUGE, Kind.COUNTER, Kind.SPREAD, Kind.SPREAD, Kind.GAUGE, Kind.SET)
ASKS = {
    Kind.COUNTER: ("rate({})", "sum({})", "count({})", "absent({})"),
    Kind.SPREAD: ("p95({})", "p99.9({})", "avg({})", "sum({}) / count({})"),
    Kind.GAUGE: ("min({})", "max({})", "last({})", "avg({})"),
    Kind.SET: ("different({})", "count({})"),
}
GROUPED = (" ", " by (route)", " ", " by (route)", " by (host)", " ", " by (route)", " each", " ", " by (host)")
OVER = ("5m", "5m", "1m", "5m", "1h", "5m", "15m")


def begin(table: Table, number: int) -> Live:
    """A hundred of each name: ten routes on ten hosts."""
    name, one = divmod(number, EACH)
    where = {"app": "shop", "route": f"/route/{one // 10}", "host": f"web{one % 10}"}
    kind = KINDS[name % len(KINDS)]
    return table.find(f"metric.{name}", kind, labels(where.items()), "s" if kind is Kind.SPREAD else "")


def rules(number: int) -> Iterator[Rule]:
    """One for each name; some share their window with nobody, none fires."""
    for one in range(number):
        asks = ASKS[KINDS[one % len(KINDS)]]
        ask = asks[one // len(KINDS) % len(asks)]
        value = ask.replace("{}", f'metric.{one}{{app="shop"}}')
        text = f"{value}{GROUPED[one % len(GROUPED)]} over {OVER[one % len(OVER)]}"
        above = None if ask.startswith("absent") else Level(1e12)
        yield Rule(name=f"rule-{one}", expr=parse(text), above=above)


def silent(_check: Check, *_about: str, title: str = "", text: str = "") -> None:
    """A rule that cannot be judged would spoil the figures."""
    raise SystemExit(f"{title}: {text}")


def main() -> None:
    """Let slots pass, and print the figures."""
    series, number = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory(dir=sys.argv[3]) as home:
        store, clock = SqliteStore(Path(home) / "measured.db", MEASURED), SystemClock()
        table = Table(clock, lambda: Series(most_per_name=10**6))
        lives = [begin(table, one) for one in range(series)]
        touch(lives, 0)
        table.close_slot(0)
        gc.collect()
        before = resident_mb(os.getpid())
        settings = Settings(rules={one.name: one for one in rules(number)})
        events: list[Event] = []
        found = judged(store, table, clock, settings, lives, events)
        found["rule_mb"] = resident_mb(os.getpid()) - before
        if events:
            raise SystemExit("a rule fired")
        store.close()
    print(json.dumps(found))


def judged(
    store: SqliteStore, table: Table, clock: SystemClock, settings: Settings, lives: list[Live], events: list[Event]
) -> dict[str, float]:
    """Fill the windows, then measure some slots."""
    keeper = Keeper(store, Query(store, table, clock), table, clock, lambda: settings, events.extend, (silent, silent))
    keeper.begin()
    slots: list[tuple[int, Sequence[Row]]] = []
    table.on_closed(lambda start, rows: slots.append((start, rows)))
    # The past, so that no clock seems to be set back; on the minute, so that every slot of one is among those measured.
    start = slot_of(clock.now()) // 60 * 60 - (FULL + MEASURED_SLOTS + 12) * SLOT
    keeper.evaluator.heard.note(start - 3_600.0, float(start))  # windows of an hour are judged as well
    closing, judging, stalls = [], [], []
    for slot in range(FULL + MEASURED_SLOTS):
        touch(lives, slot)
        closed = timed(lambda start=start: table.close_slot(start, start + SLOT))
        looking = Stalls()
        cost = timed(lambda: keeper.turn(*slots.pop(), is_late=False))
        late = looking.stop()
        if slot >= FULL:
            closing.append(closed[0])
            judging.append(cost)
            stalls += late
        start += SLOT
    evaluator = keeper.evaluator
    lacking = sum(bool(one.problem or one.waits) for one in evaluator.rules.values())
    if lacking:
        raise SystemExit(f"{lacking} rules were not judged")
    return {
        "groups": float(sum(len(view.groups) for view in evaluator.views)),
        "close_cpu": percentile(closing, 0.5),
        "cpu": percentile([cpu for cpu, _ in judging], 0.5),
        "cpu_most": max(cpu for cpu, _ in judging),
        "wall": percentile([wall for _, wall in judging], 0.5),
        "stall_p50": percentile(stalls, 0.5),
        "stall_p99": percentile(stalls, 0.99),
        "stall_most": max(stalls),
    }


if __name__ == "__main__":
    main()
