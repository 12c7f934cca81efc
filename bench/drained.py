"""Empty a Redis list once, one way or the other; the figures are printed as JSON."""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import defaultdict  # noqa: E402
from pathlib import Path  # noqa: E402

import redis  # noqa: E402

from daemon.clock import SystemClock  # noqa: E402
from daemon.config.redislists import RedisList  # noqa: E402
from daemon.intakes.redislist.drain import Tools  # noqa: E402
from daemon.intakes.redislist.marks import Marks  # noqa: E402
from daemon.intakes.redislist.reader import Reader  # noqa: E402
from daemon.pulse import Pulse, high  # noqa: E402
from daemon.series.recorder import Recorder  # noqa: E402
from daemon.series.table import Table  # noqa: E402
from daemon.store.migrate import MEASURED  # noqa: E402
from daemon.store.sqlite import SqliteStore  # noqa: E402


def ours(home: Path, port: int) -> dict[str, float]:
    """As tocsin does: nothing is lost or counted twice, percentiles, on disk at the end."""
    clock = SystemClock()
    store = SqliteStore(home / "measured.db", MEASURED)
    table = Table(clock)
    recorder = Recorder(store, table, clock)
    marks = Marks(store)
    marks.kept_by(table, recorder)
    pulse = Pulse(clock)
    pulse.start()
    tools = Tools(table, clock, marks, store.name)
    reader = Reader(RedisList(url=f"redis://127.0.0.1:{port}/0"), tools, nothing, nothing)
    recorder.start()
    reader.connect()
    while reader.turn():
        pass
    reader.stop()
    recorder.stop()
    lags = pulse.taken()
    return {"lag": high(lags) * 1_000, "worst": max(lags, default=0.0) * 1_000}


def plain(port: int) -> dict[str, float]:
    """As anybody would write it: what a crash leaves is gone, sums in place of percentiles, nothing on disk."""
    server = redis.Redis(port=port)
    seen: defaultdict[str, list[float]] = defaultdict(lambda: [0, 0.0])
    while (answer := server.lmpop(1, "apm:0x00000001", direction="RIGHT", count=1_000)) is not None:
        for one in answer[1]:
            entry = json.loads(one)
            page = seen[entry["url"]]
            page[0] += 1
            page[1] += entry["time_spent"]
    return {}


def nothing(*_: object, **__: object) -> None:
    """Nobody is told."""


if __name__ == "__main__":
    way, home, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    began, cpu = time.monotonic(), time.process_time()
    found = ours(home, port) if way == "ours" else plain(port)
    took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(found | took))
