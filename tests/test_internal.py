"""The table of tocsin's own alarms: complete, shown to operators, and the only place that makes them."""

import os
from pathlib import Path

import pytest

from daemon.event import OWN, State, cleaned
from daemon.internal import KINDS, LABEL, Check, event, key, over
from tree import name, python

PAGE = Path(__file__).parents[1] / "docs" / "hearing" / "internal.md"
BEGIN = "| `check` |"


def table() -> str:
    """The table of all kinds, in Markdown."""
    lines = ["| `check` | severity | further labels | what it means | when it ends |", "|---|---|---|---|---|"]
    for check in Check:
        kind = KINDS[check]
        labels = ", ".join(f"`{name}`" for name in kind.about) or "none"
        lines.append(f"| `{check}` | {kind.severity} | {labels} | {kind.means} | {kind.ends} |")
    return "\n".join(lines) + "\n"


def about(check: Check) -> tuple[str, ...]:
    return tuple(f"a {label}" for label in KINDS[check].about)


def test_the_page_shows_the_table() -> None:
    by_hand, begin, written = PAGE.read_text().partition(BEGIN)
    if os.environ.get("TOCSIN_WRITE_DOCS"):
        PAGE.write_text(by_hand + table())
        return
    assert begin + written == table(), "write it anew: TOCSIN_WRITE_DOCS=1 python -m pytest tests/test_internal.py"


@pytest.mark.parametrize("check", Check)
def test_every_alarm_names_its_kind_in_one_label_and_its_end_finds_it(check: Check) -> None:
    raised, ended = event(check, *about(check), title="x"), over(check, *about(check))
    assert (raised.source, raised.labels[LABEL], raised.severity) == (OWN, check, KINDS[check].severity)
    assert set(raised.labels) == {LABEL, *KINDS[check].about}
    assert raised.key == key(check, *about(check))
    assert (raised.fingerprint(), ended.state) == (ended.fingerprint(), State.RESOLVED)
    assert cleaned(raised, 0.0) == raised


def test_two_channels_are_two_alarms_and_what_an_alarm_is_about_is_not_left_out() -> None:
    sms, mail = (event(Check.DEAD, channel, title="x") for channel in ("sms", "mail"))
    assert sms.fingerprint() != mail.fingerprint()
    for wrong in ((), ("sms", "mail")):
        with pytest.raises(ValueError, match="zip"):
            event(Check.DEAD, *wrong, title="x")


def test_no_alarm_of_tocsin_itself_is_made_past_the_table() -> None:
    """What is sent past the store (direct.py) is not recorded, so it has no kind but its label."""
    made = {name(path) for path in python("daemon", "handlers") if "source=OWN" in path.read_text()}
    assert made == {"daemon/internal.py", "daemon/delivery/direct.py"}
