"""No line is lost or seen twice, however a log is turned, as long as something of it is left."""

import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daemon.probes.files import lines
from daemon.probes.files.following import Followed, Trail, follow
from daemon.probes.files.lines import Reader
from rotated import Written

ROTATIONS = 6  # between two looks; what is beyond is forgotten

STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(0, 4), st.booleans()),
    st.sampled_from(
        [("look",), ("look",), ("rename",), ("rename", "at once"), ("reopen",), ("copy",), ("truncate",), ("away",)]
    ),
)


class Watcher:
    """Looks again and again, and remembers of it what the store would keep."""

    def __init__(self, path: Path) -> None:
        self.seen: list[bytes] = []
        self.behind = 0
        self._path = path
        self._trail: Trail | None = None

    def look(self, most: int = 10**7) -> Followed:
        reader = Reader(self.seen.append, most, lambda: False)
        followed = follow(str(self._path), self._trail, reader, from_start=True)
        self._trail = msgspec.msgpack.decode(msgspec.msgpack.encode(followed.trail), type=Trail)
        self.behind = reader.behind
        return followed

    def numbers(self) -> list[int]:
        """Which lines were seen; each must be whole."""
        assert all(one.startswith(b"line ") and one.endswith(b" of shop") for one in self.seen), self.seen
        return [int(one.split()[1]) for one in self.seen]


def go(log: Written, watcher: Watcher, step: tuple[object, ...], most: int) -> None:
    """Take one step, unless nobody could."""
    match step:
        case ("write", int(count), bool(half)):
            log.write(count, half=half)
        case ("look",):
            watcher.look(most)
        case ("away",) if log.is_told:
            log.away()
        case ("rename", *at_once) if log.is_told and not log.is_away:
            log.rename()
            if at_once:
                log.reopen()
        case ("reopen",) if not log.is_told:
            log.reopen()
        case ("copy",) if log.is_told and not log.is_away:
            log.copy()
        case ("truncate",) if log.is_told:
            log.truncate(watcher.numbers())


def bounded(steps: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Not more rotations between two looks than are followed."""
    kept, rotations = [], 0
    for step in steps:
        rotations = 0 if step == ("look",) else rotations + (step[0] in {"rename", "copy"})
        if rotations <= ROTATIONS or step[0] not in {"rename", "copy"}:
            kept.append(step)
    return kept


def lived_through(log: Written, steps: list[tuple[object, ...]], most: int = 10**7) -> Watcher:
    """Take all steps; at the end everything is where it belongs, and is looked at until nothing is left."""
    watcher = Watcher(log.path)
    watcher.look()
    for step in bounded(steps):
        go(log, watcher, step, most)
    if log.is_away:
        log.away()
    if not log.is_told:
        log.reopen()
    log.write(1)
    for _ in range(200):
        watcher.look(most)
        if not watcher.behind:
            break
    watcher.look()
    return watcher


def check(log: Written, watcher: Watcher) -> None:
    seen = watcher.numbers()
    assert sorted(seen) == sorted(set(seen)), "seen twice"
    assert set(seen) >= set(range(log.number)) - log.lost, "not seen"


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=30))
@example([("write", 3, True), ("look",), ("rename",), ("write", 2, True), ("look",), ("reopen",), ("write", 1, False)])
@example([("write", 3, False), ("look",), ("copy",), ("write", 9, False), ("copy",), ("write", 9, False)])
@example([("write", 3, False), ("look",), ("truncate",), ("write", 9, False)])
def test_no_line_is_lost_or_seen_twice(steps: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Written(Path(folder)) as log:
        check(log, lived_through(log, steps))


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=30))
def test_nor_when_looks_end_before_all_is_read(steps: list[tuple[object, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder, Written(Path(folder)) as log:
        patch.setattr(lines, "CHUNK", 7)
        patch.setattr(lines, "MOST_LINE", 30)
        check(log, lived_through(log, steps, most=0))


@settings(max_examples=100)
@given(st.lists(STEPS, max_size=30))
def test_nor_when_the_writer_goes_on_at_its_old_place_after_a_truncation(steps: list[tuple[object, ...]]) -> None:
    """It does not append, so that the file has a hole at its beginning."""
    whole = [("write", step[1], False) if step[0] == "write" else step for step in steps]
    with tempfile.TemporaryDirectory() as folder, Written(Path(folder), appends=False) as log:
        check(log, lived_through(log, whole))
