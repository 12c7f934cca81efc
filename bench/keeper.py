"""One process with many series, all of them touched in each slot: prints what a slot costs, as JSON."""

from gevent import monkey

monkey.patch_all()

import gc  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
import time  # noqa: E402
import tracemalloc  # noqa: E402
from collections.abc import Callable  # noqa: E402
from pathlib import Path  # noqa: E402

import gevent  # noqa: E402

from daemon.clock import SystemClock  # noqa: E402
from daemon.config.series import Series  # noqa: E402
from daemon.series import distinct  # noqa: E402
from daemon.series.key import Kind, labels  # noqa: E402
from daemon.series.live import Live  # noqa: E402
from daemon.series.recorder import Recorder  # noqa: E402
from daemon.series.table import SLOT, Table, slot_of  # noqa: E402
from daemon.store.migrate import MEASURED  # noqa: E402
from daemon.store.sqlite import SqliteStore  # noqa: E402
from measure import percentile  # noqa: E402

SLOTS = 13  # two minutes, and one more: they are added up too
SHARES = {Kind.COUNTER: 0.6, Kind.GAUGE: 0.2, Kind.SPREAD: 0.18, Kind.SET: 0.02}
TIMES = 5  # values that each spread takes in a slot
PEOPLE = [distinct.hashed(b"%d" % number) for number in range(1_000)]


def begin(table: Table, kind: Kind, number: int) -> Live:
    """One of fifty names, by application, route and host."""
    where = {"app": f"app{number % 7}", "route": f"/route/{number // 50}", "host": f"web{number % 5}"}
    return table.find(f"{kind}.{number % 50}", kind, labels(where.items()), "s" if kind is Kind.SPREAD else "")


def touch(lives: list[Live], slot: int) -> None:
    """Something comes in each."""
    for number, live in enumerate(lives):
        if live.key.kind is Kind.SPREAD:
            for one in range(TIMES):
                live.add(0.001 * (1 + (number * 7 + one * 13 + slot) % 400))
        elif live.key.kind is Kind.SET:
            live.add(PEOPLE[(number + slot) % 1_000])
        else:
            live.add(1.0 + number % 3)


class Stalls:
    """How late the event loop comes back to one who asks for nothing but that."""

    def __init__(self) -> None:
        self.found: list[float] = []
        self._greenlet = gevent.spawn(self._look)

    def stop(self) -> list[float]:
        """What was found."""
        self._greenlet.kill()
        return self.found

    def _look(self) -> None:
        while True:
            before = time.perf_counter()
            gevent.sleep(0.001)
            self.found.append(time.perf_counter() - before - 0.001)


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Processor time and time on the wall, all threads together."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def weighed(kind: Kind, number: int = 5_000) -> dict[str, float]:
    """Bytes of a series between two slots, and while it has values; with its labels, all in all."""
    gc.collect()
    tracemalloc.start()
    table = Table(SystemClock(), lambda: Series(most_per_name=10**6))
    lives = [begin(table, kind, one) for one in range(number)]
    table.begun.clear()
    idle = tracemalloc.get_traced_memory()[0]
    touch(lives, 0)
    busy = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return {f"{kind}_idle": idle / number, f"{kind}_busy": busy / number}


def main() -> None:
    """Let slots pass, and print the figures."""
    number = int(sys.argv[1])
    found = {name: value for kind in Kind for name, value in weighed(kind).items()}
    with tempfile.TemporaryDirectory(dir=sys.argv[2]) as home:
        store = SqliteStore(Path(home) / "measured.db", MEASURED)
        clock = SystemClock()
        table = Table(clock, lambda: Series(most_per_name=10**6))
        recorder = Recorder(store, table, clock)
        recorder.begin()
        kinds = [kind for kind, share in SHARES.items() for _ in range(round(number * share))]
        lives = [begin(table, kind, one) for one, kind in enumerate(kinds)]
        first = timed(recorder.flush)
        start = slot_of(clock.now()) // 60 * 60
        closing, writing, rolling = [], [], []
        stalls: list[float] = []
        for slot in range(SLOTS):
            touch(lives, slot)
            looking = Stalls()
            closing.append(timed(lambda start=start: table.close_slot(start, start + SLOT)))
            writing.append(timed(recorder.flush))
            rolling.append(timed(recorder.roll))
            stalls += looking.stop()
            start += SLOT
        size = store.size()
        rows = store.read(lambda tx: tx.one("SELECT sum(length(tallies)) FROM series_tiers WHERE span = 10"))
        found |= {
            "begin_cpu": first[0],
            "close_cpu": percentile([cpu for cpu, _ in closing], 0.5),
            "close_wall": percentile([wall for _, wall in closing], 0.5),
            "write_cpu": percentile([cpu for cpu, _ in writing], 0.5),
            "write_wall": percentile([wall for _, wall in writing], 0.5),
            "roll_cpu": max(cpu for cpu, _ in rolling),
            "stall_p50": percentile(stalls, 0.5),
            "stall_p99": percentile(stalls, 0.99),
            "stall_most": max(stalls),
            "slot_bytes": (rows[0] if rows else 0) / SLOTS / number,
            "store_mb": size / 1024**2,
        }
        store.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
