"""`down:` and `degraded:` of a probe: conditions, read against what its kind can say."""

import re
from typing import Any

from daemon.conditions.condition import Condition
from daemon.conditions.doubt import doubt
from daemon.conditions.parse import parse
from daemon.config.decode import BAD, Decoder
from daemon.config.findings import Path, quoted
from daemon.config.nodes import Items, Node, Scalar, Table
from daemon.config.scalars import meant
from daemon.errors import ConditionError

DEMANDS = ("down", "degraded")
MOST = 50  # conditions of a list: each of them is asked at each look
_QUOTE = "put the whole condition in single quotes, '…'"
_MAPPING = f"is a mapping to YAML: {_QUOTE}"
_IN = re.compile(r"\bin\b")
_REST = re.compile(r"[-+0-9\"]|(?:true|false|null)\b")


def demands(decoder: Decoder, table: Table, path: Path, kind: Any, name: str) -> dict[str, Any]:
    """Both lists; BAD is the one in which something is wrong, after every problem was noted."""
    return {
        key: _list(decoder, table.entries[key].value, (*path, key), kind, name)
        for key in DEMANDS
        if key in table.entries
    }


def _list(decoder: Decoder, node: Node, path: Path, kind: Any, name: str) -> Any:
    decoder.places[path] = place = node.place
    if isinstance(node, Scalar):
        if node.is_nothing:
            return ()
        decoder.findings.wrong(place, path, "must be a list: write [status == 200], or lines that begin with `- `")
        return BAD
    if not isinstance(node, Items):
        decoder.findings.wrong(place, path, f"must be a list of conditions; it {_MAPPING}")
        return BAD
    if len(node.items) > MOST:
        decoder.findings.wrong(place, path, f"has {len(node.items)} conditions; at most {MOST} are taken")
        return BAD
    found = [
        _one(decoder, one, (*path, f"[{i}]"), kind, name, _cut_off(node.items[i - 1 : i], one))
        for i, one in enumerate(node.items)
    ]
    return BAD if any(one is BAD for one in found) else tuple(found)


def _cut_off(before: tuple[Node, ...], node: Node) -> str:
    """What to say where YAML took a comma of `status in 200, 204` for one of its own."""
    is_rest = isinstance(node, Scalar) and _REST.match(node.text)
    is_cut = is_rest and any(isinstance(one, Scalar) and _IN.search(one.text) for one in before)
    return f"; if it belongs to the one before, {_QUOTE}" if is_cut else ""


def _one(decoder: Decoder, node: Node, path: Path, kind: Any, name: str, hint: str) -> Condition | Any:
    decoder.places[path] = node.place
    if isinstance(node, Table):
        decoder.findings.wrong(node.place, path, _MAPPING)
        return BAD
    resolved = decoder.text(node, node.place, path)
    if resolved is None or not isinstance(node, Scalar):
        return BAD
    try:
        condition, said = _read(decoder, kind, resolved.text, name)
    except ConditionError as error:
        # Quoted as it is written: what a reference stands for may be a secret in the wrong place.
        like = meant(error.wrong, error.known) if error.wrong else ""
        sentence = f"{quoted(node.text)}: {error}{like}{hint}"
        decoder.findings.wrong(node.place, path, sentence)
        return BAD
    if said:
        decoder.findings.doubtful(node.place, path, f"{quoted(node.text)}: {said}")
    return condition


def _read(decoder: Decoder, kind: Any, text: str, name: str) -> tuple[Condition, str]:
    """A condition, and what is doubtful about it. Thousands of probes share a few, and then also their memory."""
    if (kind, text) not in decoder.read:
        gives = kind.gives()
        condition = parse(text, gives, name)
        decoder.read[kind, text] = condition, doubt(condition, gives)
    found: tuple[Condition, str] = decoder.read[kind, text]
    return found
