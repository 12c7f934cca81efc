"""docs/methods.md, written from the table: `python -m daemon.methods.page > docs/methods.md`."""

import sys
from typing import Any, cast

import msgspec

from daemon.methods import build
from daemon.methods.listing import MethodLine, line
from daemon.methods.parts import Parts
from daemon.methods.table import Table

_BEGINNING = """\
# What can be asked of the daemon

Every method below is asked in JSON-RPC 2.0, over the ZeroMQ port, over `POST /rpc`, or with `tocsinctl`. A caller
needs the right that the method names: `read` sees, `look` has a probe run for another tocsin, `act` changes what
happens to alarms, `admin` changes the daemon. Alerts, deliveries, quarantined requests, silences and overrides are
named by their codes (`A17`, `D5`, `Q3`, `S3`, `O2`) or by the number alone.

Over `POST /rpc` a caller is known by its token, over the ZeroMQ port by its CURVE key; where a door has no such lock,
whoever reaches it has every right. How a door is locked stands in [configuration.md](configuration.md#who-may-ask).

This page is written from the table of methods; a test holds the two together.
"""


def page(table: Table) -> str:
    """Write the page."""
    return "\n".join([_BEGINNING, *(_section(line(method)) for method in table)])


def _section(method: MethodLine) -> str:
    lines = [f"## `{method.name}`", "", f"Right: `{method.right}`.", "", method.doc, ""]
    if method.params:
        lines += ["| parameter | what | default |", "|---|---|---|"]
        for param in method.params:
            default = "required" if param.required else f"`{_json(param.default)}`"
            lines.append(f"| `{param.name}` | {param.type.replace('|', 'or')} | {default} |")
        lines.append("")
    return "\n".join(lines)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def main() -> None:
    """Print the page. Describing the methods needs none of the parts that they work with."""
    sys.stdout.write(page(build(cast("Parts", None))))


if __name__ == "__main__":
    main()
