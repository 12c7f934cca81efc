"""Whatever happens, in whichever order: the time adds up to the second, and the tiers to the readings."""

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import gevent
import hypothesis
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.clock import JUMP
from daemon.errors import StoreUnavailable
from daemon.history import tiers
from daemon.history.query import History
from daemon.history.recorder import Recorder
from daemon.history.stretches import Span
from daemon.probing.verdict import judge
from daemon.probing.watched import Watched
from daemon.reading import Health
from daemon.store.base import Tx
from direct_store import DirectStore, T
from fake_clock import FakeClock
from probes_by_hand import Plans, plan
from watching import NAME, SEEN, at

BEGIN = at("2026-10-25 01:00")


class Moody(DirectStore):
    """A store that cannot write while its disk is full."""

    is_full = False

    def write(self, work: Callable[[Tx], T]) -> T:
        if self.is_full:
            raise StoreUnavailable("the disk is full")
        return super().write(work)


class Machine:
    """Readings come as they are told, without a scheduler."""

    def __init__(self, folder: str) -> None:
        self.store = Moody(Path(folder) / "store.db")
        self.clock = FakeClock(BEGIN)
        self.plans = Plans(plan(NAME, every=60))
        self.start()

    def start(self) -> None:
        self.recorder = Recorder(self.store, self.clock, self.plans, every=1e9)  # type: ignore[arg-type]
        self.recorder.start()
        self.history = History(self.store, self.clock, self.plans, self.recorder)  # type: ignore[arg-type]
        kept = self.recorder.kept(self.plans().probes[NAME])
        self.watched = Watched(self.plans().probes[NAME], self.clock.monotonic(), kept)

    def close(self) -> None:
        gevent.killall([one for one in (self.recorder._loop, self.recorder._roller._greenlet) if one is not None])

    def see(self, what: str, much: int, health: Health) -> None:
        for _ in range(much if what == "row" else 1):
            self.clock._go_to(self.clock.monotonic() + (60 if what == "row" else much))
            if what == "holds":
                self.recorder.holds(self.watched, SEEN[health])
            else:
                self.look(health)

    def look(self, health: Health) -> None:
        one = self.watched
        one.reading, one.read_at = SEEN[health], self.clock.now()
        one.course = judge(one.course, health, one.rule, one.read_at)
        self.recorder.saw(one, SEEN[health], 0.01)

    def flush(self) -> None:
        try:
            self.recorder.flush()
        except StoreUnavailable:
            assert self.store.is_full

    def line(self) -> list[Span]:
        return self.history.line(NAME, BEGIN - 86_400, self.clock.now())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("look"), st.sampled_from([1, 30, 60, 60, 60, 61, 300, 4_000]), st.sampled_from(list(Health))),
        st.tuples(st.just("row"), st.integers(1, 90), st.sampled_from(list(Health))),
        st.tuples(st.just("holds"), st.sampled_from([1, 60, 300]), st.sampled_from(list(Health))),
        st.tuples(st.sampled_from(["flush", "roll", "restart", "kill", "full", "empty"]), st.just(0), st.none()),
        st.tuples(st.just("jump"), st.sampled_from([-90_000, -3_700, -120, -2, 2, 50, 3_700, 90_000]), st.none()),
        st.tuples(st.just("window"), st.integers(0, 7_200), st.none()),
    ),
    max_size=30,
)


def take(machine: Machine, what: str, much: int, health: Health | None) -> None:
    match what:
        case "look" | "row" | "holds":
            machine.see(what, much, health or Health.UP)
        case "jump":
            machine.clock.jump(much)
        case "full" | "empty":
            machine.store.is_full = what == "full"
        case "flush":
            machine.flush()
        case "window":
            now = machine.clock.now()
            sql = (
                "INSERT INTO silences (uuid, kind, name, matchers, starts_at, ends_at, until_resolved, during, author,"
                " comment, annotations, created_at, updated_at, ended_by) VALUES (hex(randomblob(8)), 'maintenance',"
                " 'w', '[\"probe=shop\"]', ?, ?, 0, '', '', '', '{}', ?, ?, '')"
            )
            DirectStore.write(machine.store, lambda tx: tx.run(sql, (now, now + much, now, now)))
            DirectStore.write(machine.store, lambda tx: tx.run("UPDATE mutes_stamp SET stamp = hex(randomblob(8))"))
        case _:
            if what != "kill":
                machine.flush()
            if what == "roll" and not machine.store.is_full:
                tiers.roll(machine.store, machine.clock, int(machine.clock.now()))  # type: ignore[arg-type]
            if what in {"kill", "restart"}:
                machine.close()
                machine.store.is_full = False
                machine.start()


@pytest.mark.slow
@hypothesis.settings(max_examples=80)
@given(STEPS)
@example([("jump", 2, None), ("flush", 0, None), ("jump", 2, None)])
def test_the_time_adds_up_and_so_do_the_tiers(steps: list[tuple[str, int, Health | None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(folder)
        with closing(machine.store), closing(machine):
            for what, much, health in steps:
                take(machine, what, much, health)
                adds_up(machine)
            machine.store.is_full = False
            for _ in range(2):
                machine.flush()
                tiers.roll(machine.store, machine.clock, int(machine.clock.now()))  # type: ignore[arg-type]
            agree(machine)


def adds_up(machine: Machine) -> None:
    """No hole, no overlap, nothing that lies before the one before it."""
    now, spans = round(machine.clock.now() * 1_000), machine.line()
    at = round((BEGIN - 86_400) * 1_000)
    for span in spans:
        assert span.begin == at
        assert span.end > at
        at = span.end
    assert at == max(now, at if not spans else now)
    assert sum(span.end - span.begin for span in spans) == max(0, now - round((BEGIN - 86_400) * 1_000))


def agree(machine: Machine) -> None:
    """Nothing lies in the future, but what a clock that was put right by a little left there.

    Each tier is the sum of the one below, and a restart changes nothing of the past.
    """
    now = machine.clock.now()
    rows = machine.store.read(lambda tx: tx.all("SELECT at FROM probe_turns UNION SELECT at FROM probe_readings"))
    assert all(at <= round((now + JUMP) * 1_000) for (at,) in rows)
    made = machine.store.read(lambda tx: {span: tiers.marked(tx, span) for span in tiers.SPANS})
    by_minute = Counter(
        at // 60_000 * 60
        for (at,) in machine.store.read(lambda tx: tx.all("SELECT at FROM probe_readings"))
        if at < made[60] * 1_000
    )
    assert {start: sum(one) for start, one in looks(machine, 60).items()} == by_minute
    for span, below in tiers.BELOW.items():
        summed: Counter[int] = Counter()
        for start, counts in looks(machine, below).items():
            if start < made[span]:
                summed[start // span * span] += sum(counts)
        assert {start: sum(one) for start, one in looks(machine, span).items()} == summed
    before = machine.line()
    machine.recorder.stop()
    machine.start()
    assert machine.line() == before


def looks(machine: Machine, span: int) -> dict[int, list[int]]:
    found = machine.store.read(lambda tx: tx.all("SELECT start, tally FROM probe_tiers WHERE span = ?", (span,)))
    return {start: read.looks for start, blob in found if (read := tiers.read(blob)) is not None}
