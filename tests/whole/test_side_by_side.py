"""The table of timelines in real time, against Debian's Alertmanager and tocsin side by side."""

from pathlib import Path

import pytest

from side_by_side import Both, alertmanager, apart, differences, play
from timelines import TIMELINES
from tocsin_side import tocsin

UNIT = 1.0  # second
SCALING = tuple(one for one in TIMELINES if one.scales)


@pytest.mark.slow
def test_tocsin_tells_what_alertmanager_tells_notice_by_notice(tmp_path: Path) -> None:
    """First that the table is true of Alertmanager itself, then that tocsin keeps to it, then that they agree."""
    with alertmanager(tmp_path, SCALING, UNIT) as theirs, tocsin(tmp_path, SCALING, UNIT) as ours:
        begin = play(Both(theirs, ours), SCALING, UNIT)
        told, heard = theirs.notices(begin, UNIT), ours.notices(begin, UNIT)
    wrong = []
    for one in SCALING:
        wrong += [f"Alertmanager: {line}" for line in differences(one, one.expect, told)]
        wrong += [f"tocsin: {line}" for line in differences(one, one.expect if one.ours is None else one.ours, heard)]
        wrong += [f"apart: {line}" for line in (apart(one, told, heard) if one.ours is None else ())]
    assert not wrong, "\n".join(wrong)
