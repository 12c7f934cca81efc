"""`tocsinctl intervals`: the hours and days that routes name, and what people see of them."""

from typing import Any

from daemon.cli.command import Command, arg
from daemon.cli.tables import lines, printable, table, when


def interval_list(result: Any) -> str:
    """One line an entry; an interval's name and state stand with its first."""
    rows: list[tuple[str, ...]] = []
    for one in result:
        says = [entry["says"] for entry in one["entries"]] or ["never: it has no entry"]
        rows.append((one["name"], "in" if one["inside"] else "out", when(one["until"]), says[0]))
        rows += [(" ", " ", " ", more) for more in says[1:]]
    notes = dict.fromkeys(one["note"] for one in result if one["note"])
    return table(("interval", "now", "until", "says"), rows) + "".join(f"! {lines(note)}\n" for note in notes)


def interval(result: Any) -> str:
    """In or out, until when, and because of which entry."""
    until = f"until {when(result['until'])}" if result["until"] is not None else "for more than a year"
    text = f"{'in' if result['inside'] else 'out of'} {printable(result['name'])} at {when(result['at'])}, {until}\n"
    text += "".join(f"  {'+' if one['inside'] else '-'} {lines(one['says'])}\n" for one in result["entries"])
    return text + (f"  ! {lines(result['note'])}\n" if result["note"] else "")


COMMANDS = (
    Command(
        words="intervals list",
        method="intervals.list",
        help="List the time intervals, with what each says and whether it is now.",
        show=interval_list,
    ),
    Command(
        words="intervals test",
        method="intervals.test",
        help="Tell whether an instant is in a time interval, and until when that stays so.",
        show=interval,
        args=(
            arg("name", metavar="NAME", help="the time interval"),
            arg(
                "at", "--at", metavar="TIME", help="such as 2026-10-01T09:00:00+08:00, or seconds since the epoch (now)"
            ),
        ),
    ),
)
