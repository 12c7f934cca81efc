"""`kill -9` again and again in the middle of every timer: nothing is early, nothing is missed, nothing comes twice."""

from pathlib import Path

import pytest

from killed import killed
from side_by_side import differences, play
from timelines import TIMELINES

SCALING = tuple(one for one in TIMELINES if one.scales)
UNIT = 3.0  # seconds: a start takes a fraction of one
EVERY = 0.97  # units from one kill to the next: at another phase of every timer each time


@pytest.mark.slow
def test_timers_go_on_where_they_were(tmp_path: Path) -> None:
    with killed(tmp_path, SCALING, UNIT, EVERY) as side:
        begin = play(side, SCALING, UNIT)
        told = side.notices(begin, UNIT)
    wrong = [line for one in SCALING for line in differences(one, one.ours or one.expect, told)]
    assert wrong == []
