"""`tocsinctl template`: what people read."""

from typing import Any

from daemon.cli.bodies import content
from daemon.cli.command import Command, arg
from daemon.cli.tables import lines, printable, table

_LANGS = ("en", "zh")
_KINDS = ("line", "short", "long", "markdown", "html")
_REASONS = (
    "first", "new_member", "worse", "some_resolved", "all_resolved", "repeat", "escalated", "ack_ending", "ack_ended",
    "flapping", "digest", "test",
)  # fmt: skip


def template_list(result: Any) -> str:
    """One line a text; those of the operator's with the template."""
    return table(
        ("kind", "lang", "channel", "whose", "what for"),
        [
            (
                one["kind"],
                one["lang"],
                one["channel"] or "all",
                "built in" if one["built_in"] else _short(one["source"]),
                one["what_for"],
            )
            for one in result
        ],
    )


def _short(source: str) -> str:
    first = source.strip().partition("\n")[0]
    return first if len(first) <= 60 else first[:59] + "…"  # noqa: PLR2004 - what fits into a line of a terminal


def rendered(result: Any) -> str:
    """Each text with its length, then what was wrong."""
    text = ""
    for one in result["texts"]:
        text += f"-- {printable(one['name'])}: {one['characters']} characters, {one['bytes']} bytes\n"
        text += lines(one["text"]) + "\n"
    return text + "".join(f"! {lines(warning)}\n" for warning in result["warnings"])


COMMANDS = (
    Command(
        words="template list",
        method="templates.list",
        help="List the texts in force: of each kind and language, and those of channels' own.",
        show=template_list,
    ),
    Command(
        words="template render",
        method="templates.render",
        help="Show what people would read of an alert, or of a made-up one, without sending it.",
        show=rendered,
        args=(
            arg("alert", metavar="CODE", nargs="?", help="such as A17; without one an alert is made up"),
            arg("channel", "--channel", metavar="NAME", help="as this channel says it"),
            arg("kind", "--kind", choices=_KINDS, help="this kind of text (the channel's, else long)"),
            arg("lang", "--lang", choices=_LANGS, help="in this language"),
            arg("reason", "--reason", choices=_REASONS, help="as if told for this reason"),
            arg("to", "--to", metavar="PERSON", help="as this person reads it"),
            arg("template", "--text", metavar="TEMPLATE", help="try this template in place of the one in force"),
            arg("template", "--file", metavar="FILE", type=content, help="the same from a file; - is stdin"),
            arg("late", "--late", metavar="SECONDS", type=float, help="as if it went out so much later"),
        ),
        failed=lambda result: bool(result["warnings"]),
    ),
)
