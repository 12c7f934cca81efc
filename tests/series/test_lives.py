"""The greenlets by the clock, a stop that loses nothing, and a kill that loses no more than the slot in hand."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.series.key import Kind, labels
from daemon.series.query import Query
from daemon.series.recorder import Recorder
from daemon.series.selector import Selector
from daemon.series.table import Table
from daemon.store.migrate import MEASURED
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN, FakeClock
from measured import Measured
from until import until

ROOT = Path(__file__).parents[2]


class Life:
    """A recorder with its greenlets."""

    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.clock = clock
        self.store = SqliteStore(path, MEASURED)
        self.table = Table(clock)
        self.recorder = Recorder(self.store, self.table, clock)
        self.recorder.start()
        self.query = Query(self.store, self.table, clock)

    def count(self, number: float, **of: str) -> None:
        self.table.find("views", Kind.COUNTER, labels(of.items())).add(number)

    def total(self, end: float = 2**33) -> float:
        found = self.query.tallies(Selector("views"), 0, end)
        return sum(tally.total for steps in found.values() for _, tally in steps)

    def written(self) -> bool:
        return not self.recorder.waiting()


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    found = Life(tmp_path / "measured.db", FakeClock(BEGIN + 3))
    yield found
    found.recorder.stop()
    found.store.close()


def test_slots_end_with_the_clock_and_are_on_disk_soon_after(life: Life, tmp_path: Path) -> None:
    life.count(1)
    life.clock.advance(7)
    until(life.written)
    life.count(2)
    life.clock.advance(4)
    assert life.total(BEGIN + 10) == 1
    life.clock.advance(6)
    until(life.written)
    assert life.total() == 3
    for file in tmp_path.glob("measured.db*"):
        shutil.copy(file, tmp_path / file.name.replace("measured", "copied"))
    other = SqliteStore(tmp_path / "copied.db", MEASURED)
    assert Query(other, Table(life.clock), life.clock).tallies(Selector("views"), 0, 2**33)[()][0][1].total == 3
    other.close()


def test_a_clock_that_jumps_stops_nothing(life: Life) -> None:
    for jump in (-5_000.0, 90_000.0, -90_000.0, 0.0):
        life.clock.jump(jump)
        for _ in range(3):
            life.count(1)
            life.clock.advance(10)
            until(life.written)
    assert life.total() == 12


def test_a_stop_writes_the_open_slot_too(tmp_path: Path) -> None:
    life = Life(tmp_path / "measured.db", FakeClock())
    life.count(5)
    life.clock.advance(3)
    life.recorder.stop()
    life.store.close()
    life = Life(tmp_path / "measured.db", life.clock)
    assert life.total() == 5
    life.recorder.stop()
    life.store.close()


def test_a_kill_loses_no_more_than_the_slot_in_hand_and_no_total_goes_down(tmp_path: Path) -> None:
    path = tmp_path / "measured.db"
    command = [sys.executable, str(Path(__file__).with_name("writes_until_killed.py")), str(path)]
    paths = os.pathsep.join((str(ROOT), str(ROOT / "tests" / "support")))
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": paths}, text=True) as there:
        assert there.stdout is not None
        told = 0
        while told < 60:
            told = int(there.stdout.readline())
        there.send_signal(signal.SIGKILL)
        told = int((there.stdout.read().splitlines() or [told])[-1])
    here = Measured(path)
    for name, each in (("views", 1.0), ("others", 0.1)):
        found = here.total(name)
        assert told * each <= found + 1e-9
        assert found <= (told + 1) * each + 1e-9
        here.live(name, route="/1").add(each)
    here.close()
    assert here.shown()['views{route="/1"}'][1] == 2
    assert here.shown()['others{route="/1"}'][1] == 0.1 + 0.1
    here.end()


def test_a_listener_that_fails_keeps_nobody_from_hearing(life: Life) -> None:
    def broken(start: int, rows: object) -> None:
        raise ValueError(start, rows)

    heard: list[int] = []
    later: Callable[..., None] = lambda start, _: heard.append(start)  # noqa: E731
    life.table.on_closed(broken)
    life.table.on_closed(later)
    life.count(1)
    life.clock.advance(7)
    until(life.written)
    assert heard == [BEGIN]
    assert life.total() == 1
