"""`kill -9` again and again in the middle of every timer: nothing is early, nothing is missed, nothing comes twice."""

from pathlib import Path

import pytest

from killed import killed
from side_by_side import differences, play
from timelines import TIMELINES

SCALING = tuple(one for one in TIMELINES if one.scales)
UNITS = (4.0, 6.0)  # seconds: a start takes a fraction of one; a machine that is too busy for the first gets more time
EVERY = 0.97  # units from one kill to the next: at another phase of every timer each time


@pytest.mark.slow
@pytest.mark.unguarded
def test_timers_go_on_where_they_were(tmp_path: Path) -> None:
    for unit in UNITS:
        home = tmp_path / f"{unit:g}"
        home.mkdir()
        with killed(home, SCALING, unit, EVERY) as side:
            begin = play(side, SCALING, unit)
            told = side.notices(begin, unit)
        wrong = [line for one in SCALING for line in differences(one, one.ours or one.expect, told)]
        if not wrong:
            return
    pytest.fail("\n".join(wrong))
