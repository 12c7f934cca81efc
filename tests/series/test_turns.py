"""Whoever works on the numbers of thousands of series lets others have their turn."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from daemon.series import views
from daemon.series.query import Query, Tallies
from daemon.series.selector import Selector
from daemon.series.tally import Tally
from fake_clock import FakeClock
from measured import Measured

MANY = 2_000


class Watched(FakeClock):
    """Counts how often somebody looked whether it is time to let others run."""

    looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return super().monotonic()


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def here(tmp_path: Path, watched: Watched) -> Iterator[Measured]:
    found = Measured(tmp_path / "measured.db", watched)
    yield found
    found.end()


@pytest.mark.parametrize("is_known", [False, True], ids=["new", "known"])
def test_what_waits_for_the_disk_is_added_up_in_turns(here: Measured, watched: Watched, *, is_known: bool) -> None:
    lives = [here.live("views", number=str(number)) for number in range(MANY)]
    if is_known:
        here.recorder.flush()
    before = watched.looks
    assert here.total("views") == 0
    needed = watched.looks - before
    for live in lives:
        live.add(1)
    here.pass_over()
    parts = sum(len(slot.tallies) + len(slot.strays) for slot in here.recorder.waiting())
    before = watched.looks
    assert here.total("views") == MANY
    assert watched.looks - before >= needed + parts


def test_a_report_of_thousands_of_routes_is_made_in_turns(here: Measured, watched: Watched) -> None:
    class Told(Query):
        def tallies(
            self, selector: Selector, begin: float, end: float, step: int = 0, by: Sequence[str] | None = ()
        ) -> Tallies:
            del begin, end, step, by
            one = Tally(1.0, 0.2, 0.2, 0.2, 0.2, {10: 1})
            names = range(MANY) if selector.name == "http.time" else ()
            return {(("app", "shop"), ("route", f"/{number}")): [(0, one)] for number in names}

    found = views.report(Told(here.store, here.table, watched), watched, "route", 0, 60)
    assert (found.number, found.all.requests) == (MANY, MANY)
    assert watched.looks > 3 * MANY
