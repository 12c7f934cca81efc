"""The table of timelines in real time, against Debian's Alertmanager and tocsin side by side."""

from pathlib import Path

import pytest

from side_by_side import Both, alertmanager, apart, differences, play
from timelines import TIMELINES
from tocsin_side import tocsin

SCALING = tuple(one for one in TIMELINES if one.scales)
UNITS = (1.0, 2.0)  # seconds; a machine that is too busy for the first gets more time


@pytest.mark.slow
def test_tocsin_tells_what_alertmanager_tells_notice_by_notice(tmp_path: Path) -> None:
    """First that the table is true of Alertmanager itself, then that tocsin keeps to it, then that they agree."""
    for unit in UNITS:
        home = tmp_path / f"{unit:g}"
        home.mkdir()
        wrong = _wrong(home, unit)
        if not wrong:
            return
    pytest.fail("\n".join(wrong))


def _wrong(home: Path, unit: float) -> list[str]:
    with alertmanager(home, SCALING, unit) as theirs, tocsin(home, SCALING, unit) as ours:
        begin = play(Both(theirs, ours), SCALING, unit)
        told, heard = theirs.notices(begin, unit), ours.notices(begin, unit)
    wrong = []
    for one in SCALING:
        wrong += [f"Alertmanager: {line}" for line in differences(one, one.expect, told)]
        wrong += [f"tocsin: {line}" for line in differences(one, one.expect if one.ours is None else one.ours, heard)]
        wrong += [f"apart: {line}" for line in (apart(one, told, heard) if one.ours is None else ())]
    return wrong
