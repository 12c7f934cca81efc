"""The table of timelines, played in real time: against Debian's Alertmanager, to know that the table is right."""

from pathlib import Path

import pytest

from side_by_side import alertmanager, differences, play
from timelines import TIMELINES

UNIT = 1.0  # second
SCALING = tuple(one for one in TIMELINES if one.scales)


@pytest.mark.slow
def test_the_table_is_true_of_alertmanager_itself(tmp_path: Path) -> None:
    with alertmanager(tmp_path, SCALING, UNIT) as side:
        told = play(side, SCALING, UNIT)
    wrong = [line for one in SCALING for line in differences(one, one.expect, told)]
    assert not wrong, "\n".join((*wrong, (tmp_path / "alertmanager.log").read_text()[-2_000:]))
