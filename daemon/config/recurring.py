"""When a recurring silence mutes: intervals outside of the configuration, in the form that they have inside of it."""

import functools
import types
from collections.abc import Iterable
from dataclasses import fields
from typing import Any

import msgspec

from daemon.calendars.interval import Interval
from daemon.config import intervals
from daemon.config.decode import BAD, Build, Decoder
from daemon.config.findings import Findings, Place
from daemon.config.nodes import Entry, Items, Table, UnreadableError, compose
from daemon.zone import Zone

LONGEST = 4_000  # characters
MOST = 20  # intervals
_WHAT = "during"
_PLACE = Place(_WHAT, 1)
_EXAMPLE = 'write for example {weekdays: [saturday], times: [{start_time: "02:00", end_time: "04:00"}], location: UTC}'


@functools.lru_cache(maxsize=4_096)
def read(text: str) -> tuple[Interval, ...]:
    """Read one interval or a list of them, in YAML or JSON. Raises ValueError with everything that is wrong."""
    if len(text) > LONGEST:
        raise ValueError(f"{_WHAT} has {len(text)} characters; at most {LONGEST} are taken")
    if "${" in text or "file:" in text:  # the daemon's environment and files are nobody's business here
        raise ValueError(f"{_WHAT} cannot refer to files or to the environment; {_EXAMPLE}")
    findings = Findings()
    try:
        node = compose(text, _WHAT, findings)
    except UnreadableError as error:
        raise ValueError(f"{_WHAT} {error.sentence}; {_EXAMPLE}") from error
    if isinstance(node, Table):
        node = Items(_PLACE, (node,))
    if not isinstance(node, Items) or not 0 < len(node.items) <= MOST:
        raise ValueError(f"{_WHAT} must be an interval, or a list of 1 to {MOST} of them; {_EXAMPLE}")
    builders: dict[type, Build] = {Interval: intervals.interval}
    found = Decoder(findings, types.MappingProxyType({}), builders=builders).value(
        tuple[Interval, ...], Entry(_PLACE, node), (_WHAT,)
    )
    if findings.problems or found is BAD:
        raise ValueError("; ".join(problem.partition(": ")[2] for problem in findings.problems))
    read: tuple[Interval, ...] = found
    return read


def written(found: Iterable[Interval]) -> str:
    """Write intervals in one form, which reads as the same again."""
    return msgspec.json.encode([_plain(one) for one in found]).decode()


def _plain(interval: Interval) -> dict[str, Any]:
    named = {one.name: getattr(interval, one.name) for one in fields(interval)}
    return {
        name: [_item(one) for one in value] if isinstance(value, tuple) else str(value)
        for name, value in named.items()
        if value and value != Zone()
    }


def _item(one: Any) -> Any:
    return (
        {field.name: str(getattr(one, field.name)) for field in fields(one)} if hasattr(one, "end_time") else str(one)
    )
