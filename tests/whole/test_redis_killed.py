"""A tocsind that is killed again and again while it reads a list: every entry counts, and counts once."""

import json
import random
import threading
import time
from pathlib import Path

import pytest

from daemon.clock import SystemClock
from daemon.config.redislists import RedisList
from daemon.intakes.redislist.resp import Connection
from daemon.series.query import Query
from daemon.series.selector import Selector
from daemon.series.table import SLOT, Table
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from real_servers import redis_server
from running import running
from until import until

LIST = "apm:0x00000001"
ENTRIES = 296_000  # pushed by thousands
KILLS = 4
PAGES = 20
CONFIG = """
receivers: [{{name: nobody}}]
route: {{receiver: nobody}}
redis_lists: [{{url: 'redis://127.0.0.1:{port}/0', apps: {{'0x00000001': shop}}, batch: 50}}]
"""
_NEVER = threading.Event()


@pytest.mark.slow
def test_a_kill_in_the_middle_of_a_batch_loses_nothing_and_counts_nothing_twice(tmp_path: Path) -> None:
    chance = random.Random(6)
    with redis_server() as redis, running(tmp_path, CONFIG.format(port=redis.port)) as daemon:
        hand = Connection(RedisList(url=f"redis://127.0.0.1:{redis.port}/0"), SystemClock())
        hand.open()
        push(hand, ENTRIES // 2)
        for number in range(KILLS):
            wait = chance.uniform(0.1, 1.0)
            if number == 1:  # in the moment when a slot is written
                wait = SLOT - time.time() % SLOT + chance.uniform(0.0, 0.05)
            _NEVER.wait(wait)
            daemon.kill()
            push(hand, ENTRIES // 2 // KILLS)
            daemon.start()
        until(lambda: hand.one("LLEN", LIST) == 0, within=30)
        assert daemon.stop() == 0
        daemon.start()  # what is on disk since the stop is given up now; what was not read yet is read
        until(lambda: unread(hand) == 0, within=30)
        assert daemon.stop() == 0
        assert counted(tmp_path / "tocsin-measured.db") == ENTRIES
        hand.close()


def push(hand: Connection, number: int) -> None:
    entries = [json.dumps({"url": f"/page/{page}", "time_spent": 0.1}) for page in range(PAGES)] * 50
    for _ in range(number // len(entries)):
        hand.one("LPUSH", LIST, *entries)


def unread(hand: Connection) -> int:
    """Entries that are taken, and not on disk yet."""
    names = hand.one("KEYS", f"{LIST}:proc:*")
    assert isinstance(names, list)
    lengths = [hand.one("LLEN", name) for name in names if isinstance(name, bytes)]
    return sum(one for one in lengths if isinstance(one, int))


def counted(path: Path) -> float:
    """What is on disk."""
    store = SqliteStore(path, MEASURED)
    clock = SystemClock()
    query = Query(store, Table(clock), clock)
    found = query.tallies(Selector.parse('http.time{app="shop"}'), clock.now() - 3_600, clock.now() + 60)
    store.close()
    return sum(tally.count for steps in found.values() for _, tally in steps)
