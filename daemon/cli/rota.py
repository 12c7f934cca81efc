"""`tocsinctl oncall` and `tocsinctl schedules`: who is on call, and what people see of it."""

from typing import Any

from daemon.cli.bodies import content, pair
from daemon.cli.command import LONG, Command, arg
from daemon.cli.tables import facts, lines, printable, table, when


def on_call(result: Any) -> str:
    """One line a schedule."""
    return table(
        ("schedule", "now", "until", "next", "from", "until"),
        [
            (
                one["schedule"], _who(one["who"]) or "NOBODY", when(one["until"]), _who(one["next"]),
                when(one["next_from"]), when(one["next_until"]),
            )
            for one in result
        ],
    )  # fmt: skip


def schedule_list(result: Any) -> str:
    """One line a schedule."""
    return table(
        ("schedule", "time zone", "layers", "overrides", "now"),
        [(s["name"], s["time_zone"], s["layers"], s["overrides"], _who(s["who"]) or "NOBODY") for s in result],
    )


def schedule(result: Any) -> str:
    """Its shifts with the gaps between them, then its overrides."""
    text = facts(
        [("schedule", result["name"]), ("time zone", result["time_zone"]), ("shown", "by the clock of this terminal")]
    )
    rows: list[tuple[str, str, str]] = []
    before = None
    for shift in result["shifts"]:
        if before is not None and before < shift["begin"]:
            rows.append((when(before), when(shift["begin"]), "NOBODY"))
        rows.append((when(shift["begin"]), when(shift["end"]), _who(shift["who"])))
        before = shift["end"]
    return text + "\n" + table(("from", "until", "who"), rows) + "\nOverrides\n" + override_list(result["overrides"])


def override_list(result: Any) -> str:
    """One line an override."""
    return table(
        ("override", "who", "from", "until", "author", "comment"),
        [
            (
                one["code"] or "configured", _who(one["who"]), when(one["starts_at"]), when(one["ends_at"]),
                one["author"], one["comment"],
            )
            for one in result
        ],
    )  # fmt: skip


def override(result: Any) -> str:
    """Who takes over what."""
    return override_list([result])


def removed(result: Any) -> str:
    """Which one."""
    return f"removed {result['code']}: {printable(_who(result['who']))} from {when(result['starts_at'])}\n"


def calendar(result: Any) -> str:
    """The text as it is, for a file."""
    return lines(result)


def imported(result: Any) -> str:
    """What was taken, and what was not and why."""
    text = override_list(result["added"])
    if result["known"]:
        text += f"already there: {result['known']}\n"
    for one in result["skipped"]:
        at = f" ({when(one['starts_at'])})" if one["starts_at"] is not None else ""
        text += f"! {printable(one['summary']) or 'an event without a summary'}{at}: {lines(one['why'])}\n"
    return text


def _who(people: list[str]) -> str:
    return ", ".join(people)


_SCHEDULE = arg("schedule", metavar="SCHEDULE", help="its name")
_DAYS = arg("days", "--days", type=int, metavar="N", help="how many days to come")
_AUTHOR = arg("author", "--author", metavar="NAME", help="who says so")

COMMANDS = (
    Command(
        words="oncall",
        method="oncall.now",
        help="Tell who is on call now, until when, and who is next: by one schedule, or by each of them.",
        show=on_call,
        args=(arg("schedule", metavar="SCHEDULE", nargs="?", help="only this one"),),
    ),
    Command(
        words="schedules list",
        method="schedules.list",
        help="List the schedules, and who is on call by each now.",
        show=schedule_list,
    ),
    Command(
        words="schedules get",
        method="schedules.get",
        help="Show the shifts of a schedule in the days to come, and its overrides.",
        show=schedule,
        args=(_SCHEDULE, _DAYS),
    ),
    Command(
        words="schedules override",
        method="schedules.override",
        help="Put somebody on call for a time, before whatever the schedule says.",
        show=override,
        args=(
            _SCHEDULE,
            arg("who", metavar="WHO", help="a person, team:NAME, or several with commas between them"),
            arg("end", metavar="UNTIL", help='such as "2026-12-26 09:00" by the schedule\'s clock, or 8h'),
            arg("start", "--from", metavar="TIME", help='such as "2026-12-24 18:00" (now)'),
            _AUTHOR,
            arg("comment", "--comment", metavar="TEXT", help="why"),
        ),
    ),
    Command(
        words="schedules override-remove",
        method="schedules.override_remove",
        help="Take an override away that was said by method; those of the configuration stand there.",
        show=removed,
        args=(arg("id", metavar="CODE", help="such as O2"),),
    ),
    Command(
        words="schedules ical",
        method="schedules.ical",
        help="Write the shifts of the last week and of the days to come as a calendar (iCalendar text).",
        show=calendar,
        args=(_SCHEDULE, _DAYS),
    ),
    Command(
        words="schedules import",
        method="schedules.import",
        help="Make overrides of the events of a calendar (iCalendar text); doing it twice does no harm.",
        show=imported,
        args=(
            _SCHEDULE,
            arg("text", metavar="FILE", type=content, help="the calendar; - is stdin"),
            _DAYS,
            arg("people", "--as", action="append", type=pair, metavar="SUMMARY=WHO", help="may be repeated"),
            _AUTHOR,
        ),
        patience=LONG,
        failed=lambda result: bool(result["skipped"]),
    ),
)
