"""`tocsinctl rules list`, `get`, `test`: how threshold rules stand, and what one would have done."""

from typing import Any

from daemon.cli.bodies import content
from daemon.cli.command import LONG, Command, arg
from daemon.cli.tables import counted, facts, lines, measured, pairs, printable, table, took, when

_HEAD = ("rule", "stands", "since", "value", "limit", "groups", "evaluated")


def listing(result: Any) -> str:
    """One line each, and below it why one is not judged."""
    rows = [
        (
            one["name"],
            one["phase"],
            when(one["since"]),
            _number(one["value"], one["unit"]),
            one["threshold"] or "absent",
            " ".join(f"{count} {phase}" for phase, count in one["groups"].items()),
            when(one["evaluated_at"]),
        )
        for one in result
    ]
    notes = [f"{one['name']}: {said}" for one in result for said in (one["problem"], one["waits"]) if said]
    return table(_HEAD, rows) + "".join(f"{lines(note)}\n" for note in ["", *notes] if notes)


def story(result: Any) -> str:
    """What it watches, then a line for each group."""
    rule = result["rule"]
    known = [("watches", rule["expr"]), ("limit", rule["threshold"] or "nothing comes"), ("stands", rule["phase"])]
    known += [(name, rule[key]) for name, key in (("problem", "problem"), ("waits", "waits")) if rule[key]]
    rows = [
        (
            pairs(one["labels"]) or "(all)",
            one["phase"],
            when(one["since"]),
            _number(one["value"], rule["unit"]) if one["nothing_since"] is None else "nothing to judge",
            _number(one["samples"], ""),
            _number(one["worst"], rule["unit"]),
        )
        for one in result["groups"]
    ]
    more = f"and {result['left_out']} more\n" if result["left_out"] else ""
    body = table(("group", "stands", "since", "value", "made of", "worst"), rows)
    return f"{printable(rule['name'])}\n{facts(known)}\n{body}{more}"


def timeline(result: Any) -> str:
    """When it would have fired, beside when the one in force would have."""
    text = f"{printable(result['name'])}: {when(result['begin'])} to {when(result['end'])}\n"
    tried, present, unit = result["tried"], result["present"], result["unit"]
    if present == tried:
        return text + _happened("The rule in force", tried, unit)
    beside = "" if present is None else _happened("The rule in force", present, unit)
    return text + _happened("This rule", tried, unit) + beside


def _happened(whose: str, told: Any, unit: str) -> str:
    every = f"every {took(float(told['step']))}"
    text = f"\n{whose}: {lines(told['expr'])}\n  judged {told['evaluated']} times, {every}"
    if told["passed_over"]:
        text += f"; {told['passed_over']} times too little was heard"
    if told["highest"] is not None:
        text += f"; values from {_number(told['lowest'], unit)} to {_number(told['highest'], unit)}"
    text += "\n"
    if told["problem"]:
        text += f"  {lines(told['problem'])}\n"
    began: dict[str, float] = {}
    for one in told["happened"]:
        group = ", ".join(f"{name}={value}" for name, value in one["group"])
        about = f"  {printable(group)}" if group else ""
        if one["turn"] == "fired":
            began[group] = one["at"]
            text += f"  {when(one['at'])}  fires{about}  {_number(one['value'], unit)}\n"
        else:
            lasted = f" after {took(one['at'] - began[group])}" if group in began else ""
            worst = f", worst {_number(one['worst'], unit)}" if one["worst"] is not None else ""
            text += f"  {when(one['at'])}  is over{about}{lasted}{worst}\n"
    if not told["happened"]:
        text += "  it would not have fired\n"
    if told["left_out"]:
        text += f"  and {told['left_out']} more\n"
    if told["firing"]:
        text += f"  {counted(told['firing'], 'group')} firing at the end\n"
    return text


def whole(text: str) -> str:
    """A rule by its name, written out, or in a file."""
    return content(text.removeprefix("@")) if text.startswith("@") else text


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else measured(value, unit)


COMMANDS = (
    Command(
        words="rules list",
        method="rules.list",
        help="List the threshold rules: how each stands, its present value, when it was last evaluated.",
        show=listing,
    ),
    Command(
        words="rules get",
        method="rules.get",
        help="Show how every group of a rule stands.",
        show=story,
        args=(arg("name", metavar="NAME", help="the rule"),),
    ),
    Command(
        words="rules test",
        method="rules.test",
        help="Replay what is kept of series through a rule, and show when it would have fired.",
        show=timeline,
        args=(
            arg("rule", metavar="RULE", type=whole, help="its name; a whole rule, or @FILE with one (@- is stdin)"),
            arg("begin", "--from", metavar="TIME", help='such as 3h or 7d ago, or "2026-10-01 08:00" (1h)'),
            arg("end", "--to", metavar="TIME", help="up to then (now)"),
        ),
        patience=LONG,
    ),
)
