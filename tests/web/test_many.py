"""Two thousand probes on one page: everybody else goes on while it is made, and making it has a price that is known."""

import gc
import random
import time
from dataclasses import replace
from pathlib import Path

import gevent
import pytest

import past
from daemon.aside import AsideThread
from daemon.clock import SystemClock
from daemon.history.query import History
from daemon.history.recorder import Recorder
from daemon.history.stretches import Time
from daemon.reading import Health
from daemon.store.sqlite import SqliteStore
from daemon.web.board import Board
from daemon.web.page import Asked
from past import Past
from showcase import DAY, HOUR, plan, settings

MANY = 2_000
HELD = 0.05  # seconds of this thread's work without a turn for others


def lives(now: float) -> list[Past]:
    """Half of them never failed, the others up to a dozen times."""
    dice = random.Random(7)
    found = []
    for number in range(MANY):
        at, spells = now - 95 * DAY, []
        for _ in range(dice.randrange(12) if number % 2 else 0):
            at += dice.uniform(HOUR, 20 * DAY)
            end = at + dice.uniform(60, 2 * HOUR)
            if end < now:
                spells.append((at, end, dice.choice([Time.DOWN, Time.DEGRADED])))
            at = end
        found.append(Past(name=f"p{number}", begun=now - 100 * DAY, spells=spells))
    return found


class Others:
    """Somebody who wants a turn again and again, and notes how long this thread worked until he had it."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self.longest = 0.0
        self._greenlet = gevent.spawn(self._run)

    def _run(self) -> None:
        before = time.thread_time()
        while True:
            self._clock.sleep(0.002)
            now = time.thread_time()
            self.longest, before = max(self.longest, now - before), now

    def stop(self) -> None:
        self._greenlet.kill()


@pytest.mark.slow
def test_two_thousand_probes_do_not_hold_the_hub(tmp_path: Path) -> None:
    store, clock = SqliteStore(tmp_path / "tocsin.db"), SystemClock()
    past.write(store, lives(clock.now()), clock.now(), timed=False)
    probes = {f"p{number}": plan(f"p{number}", group=f"g{number % 10}") for number in range(MANY)}
    made = replace(settings(groups={}, names={}), probes=probes)
    history = History(store, clock, lambda: made, Recorder(store, clock, lambda: made))
    board = Board(history, clock, lambda: made, lambda: dict.fromkeys(probes, Health.UP), AsideThread(1))
    gc.collect()
    gc.freeze()  # as the daemon does when it has started
    others = Others(clock)
    began, worked = clock.monotonic(), time.thread_time()
    text = board.page(Asked()).body.decode()
    took, worked = clock.monotonic() - began, time.thread_time() - worked
    document = board.document(Asked()).body
    others.stop()
    gc.unfreeze()
    store.close()
    assert text.count("status?probe=") == MANY
    assert len(document) > 100_000
    assert others.longest < HELD, f"held for {others.longest:.3f} s; made in {took:.2f} s, of which {worked:.2f} s here"
    assert worked < 10
