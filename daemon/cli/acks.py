"""`tocsinctl ack`, `unack` and `resolve`, and what people see of who has an alert in hand."""

from typing import Any

from daemon.cli.command import Command, arg
from daemon.cli.tables import facts, printable, when

_CODE = arg("id", metavar="CODE", help="such as A17")


def acknowledged(result: Any) -> str:
    """Who has it in hand now."""
    head = f"{result['alert']} {printable(result['title'])}\n"
    return head + facts([("acknowledged", hand(result["ack"]) or "by nobody any more")])


def ended(result: Any) -> str:
    """It is over."""
    return f"{result['alert']}: {result['change']}\n"


def standing(line: Any) -> str:
    """The state of an alert, and who has it in hand."""
    return f"{line['state']}, {line['ack']['author']} has it" if line["ack"] else str(line["state"])


def hand(ack: Any) -> str:
    """One acknowledgement, in a line; nothing where there is none."""
    if not ack:
        return ""
    comment = f": {ack['comment']}" if ack["comment"] else ""
    return f"by {ack['author']} until {when(ack['until'])}, over {ack['via']}{comment}"


def escalation(one: Any) -> str:
    """How far one has come."""
    told = f"{one['receiver']}: {one['step']} of {len(one['steps'])} steps told"
    if one["state"] != "running":
        return f"{told}; over"
    return f"{told}; next {when(one['next_at'])}" if one["next_at"] else told


COMMANDS = (
    Command(
        words="ack",
        method="alerts.ack",
        help="Take an open alert on: it is neither repeated nor escalated until that ends.",
        show=acknowledged,
        args=(
            _CODE,
            arg("duration", "--for", metavar="DURATION", help="such as 2h (as long as `acknowledge.for` says)"),
            arg("comment", "--comment", metavar="TEXT", help="a few words for the others"),
            arg("author", "--author", metavar="NAME", help="who takes it on (whoever asks)"),
        ),
    ),
    Command(
        words="unack",
        method="alerts.unack",
        help="Take an acknowledgement back: the alert is repeated and escalated again.",
        show=acknowledged,
        args=(_CODE,),
    ),
    Command(
        words="resolve",
        method="alerts.resolve",
        help="End an open alert of which no source will tell the end.",
        show=ended,
        args=(_CODE, arg("comment", "--comment", metavar="TEXT", help="why it is over")),
    ),
)
