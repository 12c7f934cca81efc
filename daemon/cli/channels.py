"""Show channels: what a type of channel declares, and what became of a test."""

from typing import Any

from daemon.cli import tables
from daemon.cli.tables import printable


def schema(result: Any) -> str:
    """One part for each type: a sentence, its settings, its limits, its codes."""
    return "\n".join(_declared(one) for one in result)


def tested(result: Any) -> str:
    """One line for each recipient: whether it went, and what the provider said."""
    return "".join(_tested(one) for one in result)


def _tested(result: Any) -> str:
    to = result["recipient"]["name"] or result["recipient"]["address"] or "the room"
    words = " ".join(printable(result[name]) for name in ("code", "provider_id", "detail") if result[name])
    went = "sent" if result["sent"] else "may have arrived" if result["ambiguous"] else "not sent"
    return f"{went} to {printable(to)} over {printable(result['channel'])}: {words or '(no details)'}\n"


def _declared(one: dict[str, Any]) -> str:
    limits = [f"{one['size']['most']:,} {one['size']['unit']} of text"] if one["size"] else []
    limits += [f"{one['batch']:,} recipients a request"] if one["batch"] > 1 else []
    limits += [f"{rate['most']:,} in {rate['within']:g} s ({rate['each']})" for rate in one["rates"]]
    head = tables.facts(
        (
            ("type", one["type"]),
            ("", one["doc"]),
            ("sends to", f"a person's {one['address']}" if one["address"] else "a room"),
            ("takes", f"text of the kind {one['text']}"),
            ("limits", "; ".join(limits) or "none declared"),
        )
    )
    settings = tables.table(
        ("setting", "what it is", "default", "what it does"),
        [(row["name"], row["type"], row["default"] or "required", row["doc"]) for row in one["settings"]],
    )
    codes = tables.table(
        ("code", "outcome", "reaches", "means"),
        [
            (", ".join(row["codes"]) or "anything else", row["outcome"], row["scope"], row["means"])
            for row in one["codes"]
        ],
    )
    return "\n".join([head, settings, *([codes] if one["codes"] else [])])


def _code(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return ", ".join(row["codes"]) or "anything else", row["outcome"], row["scope"], row["means"]
