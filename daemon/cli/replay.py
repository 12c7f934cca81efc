"""`tocsinctl config replay`: what another configuration would have told."""

import os
from typing import Any

from daemon.cli.command import Command, arg
from daemon.cli.tables import lines, printable, when

LONGEST = 115.0  # seconds; the daemon gives up a little later


def replayed(result: Any) -> str:
    """The figures in sentences, then the alerts that differ."""
    (notices, then_notices), (messages, then_messages) = result["notices"], result["messages"]
    text = f"{_count(result['alerts'], 'alert')} from {when(result['since'])} to {when(result['until'])}\n"
    if not result["differing"] and (notices, messages) == (then_notices, then_messages):
        text += "nothing would differ\n"
    else:
        said = [
            f"{_count(result['receivers_changed'], 'alert')} would change receiver",
            f"of {_count(result['people_changed'], 'alert')} others would hear, or by other channels",
            f"{_count(result['unheard'], 'alert')} would be heard of by nobody any more",
            f"{_count(result['newly_heard'], 'alert')} would be heard of that nobody hears of now",
            _more_or_less(then_notices - notices, "notice", notices, then_notices),
            _more_or_less(then_messages - messages, "message", messages, then_messages),
        ]
        text += "".join(f"  {one}\n" for one in said)
    text += "".join(f"! {lines(one)}\n" for one in result["cut"])
    for one in result["differences"]:
        text += _difference(one)
    left = result["differing"] - len(result["differences"])
    return text + (f"\nand {left} more\n" if left else "")


def _difference(one: Any) -> str:
    shown = [f"\n{one['code']} {printable(one['title'])}"]
    for name in ("receivers", "people"):
        before, after = (", ".join(side) or "nobody" for side in one[name])
        if before != after:
            shown.append(f"  {name}: {printable(before)} -> {printable(after)}")
    before, after = one["notices"]
    if before != after:
        shown.append(f"  notices: {before} -> {after}")
    return "\n".join(shown) + "\n"


def _more_or_less(difference: int, what: str, before: int, after: int) -> str:
    if not difference:
        return f"as many {what}s: {before}"
    return f"{_count(abs(difference), what)} {'more' if difference > 0 else 'fewer'}: {before} -> {after}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


COMMANDS = (
    Command(
        words="config replay",
        method="config.replay",
        help="Run past alerts through another configuration without sending, and tell what would differ.",
        show=replayed,
        args=(
            arg("path", metavar="FILE", nargs="?", type=os.path.abspath, help="on the daemon's machine"),
            arg("since", "--since", metavar="TIME", help="how far back, such as 12h or 30d (7d)"),
            arg("own", "--own", action="store_const", const=True, help="also alarms about tocsin itself"),
        ),
        patience=LONGEST,
        failed=lambda result: result["unheard"] > 0,
    ),
)
