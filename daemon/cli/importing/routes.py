"""The route tree and what inhibits: they keep Alertmanager's words."""

from collections.abc import Mapping

from daemon.cli.importing.matchers import CannotCarryError, matchers
from daemon.cli.importing.part import Part, leave_unknown
from daemon.config.findings import quoted
from daemon.config.nodes import Items, Scalar, Table
from daemon.config.yamltext import Value

_WAITS = ("group_wait", "group_interval", "repeat_interval")
_HOURS = ("mute_time_intervals", "active_time_intervals")
_MATCHERS = ("matchers", "match", "match_re")
_ROUTE = frozenset(("receiver", "continue", "group_by", "routes", *_WAITS, *_HOURS, *_MATCHERS))
_RULE = frozenset(("name", "equal", *(f"{side}_{key}" for side in ("source", "target") for key in _MATCHERS)))
_ALL = "..."
_REFERENCE = "file:/"


def route(root: Part, receivers: Mapping[str, str], intervals: Mapping[str, str]) -> dict[str, Value]:
    """Carry the tree over; receivers and intervals get their new names."""
    fields = root.table()
    for key in ("continue", *_MATCHERS, *_HOURS):
        if key in fields and not _says_nothing(fields[key]):
            fields[key].wrong("the root route takes every alert: move this to a route below it")
    if not fields.get("receiver") or not fields["receiver"].text():
        root.wrong("has no receiver; name the one that takes what no other route takes")
    kept = {key: part for key, part in fields.items() if key not in ("continue", *_MATCHERS, *_HOURS)}
    return _node(kept, receivers, intervals)


def _node(fields: dict[str, Part], receivers: Mapping[str, str], intervals: Mapping[str, str]) -> dict[str, Value]:
    leave_unknown(fields, _ROUTE)
    node: dict[str, Value] = {}
    if (receiver := fields.get("receiver")) and receiver.text():
        node["receiver"] = _renamed(receiver, receivers, "receiver")
    if found := matchers(fields):
        node["matchers"] = list(found)
    if "continue" in fields and fields["continue"].flag():
        node["continue"] = True
    if "group_by" in fields and (labels := _group_by(fields["group_by"])):  # an empty one is inherited, as if absent
        node["group_by"] = list(labels)
    node |= {key: _wait(key, fields[key]) for key in _WAITS if key in fields and not fields[key].is_nothing}
    for key in _HOURS:
        if key in fields and (parts := fields[key].items()):
            node[key] = [_renamed(one, intervals, "time interval") for one in parts]
    if "routes" in fields:
        node["routes"] = _below(fields["routes"], receivers, intervals)
    return node


def _wait(key: str, part: Part) -> str:
    if not part.duration() and key != "group_wait":
        part.wrong("must be longer than nothing")
    return part.text()


def _below(part: Part, receivers: Mapping[str, str], intervals: Mapping[str, str]) -> list[Value]:
    found: list[Value] = []
    for child in part.items():
        try:
            found.append(_node(child.table(), receivers, intervals))
        except CannotCarryError:
            child.left(
                "this route and those below it are left out; what it took goes on to the next route that matches"
            )
    return found


def _group_by(part: Part) -> list[str]:
    labels = _labels(part)
    if _ALL in labels and len(labels) > 1:
        part.wrong("'...' stands for all labels and must stand alone")
    for label in sorted({label for label in labels if labels.count(label) > 1}):
        part.wrong(f"{quoted(label)} stands twice")
    return labels


def _labels(part: Part) -> list[str]:
    """Read label names; one that tocsin's configuration would take for a reference cannot be carried over."""
    kept = [one for one in part.items() if not one.text().startswith(_REFERENCE)]
    for one in part.items():
        if one not in kept:
            one.left("tocsin would read a file here: it cannot have a label called so")
    return [one.text() for one in kept]


def _renamed(part: Part, names: Mapping[str, str], what: str) -> str:
    name = part.text()
    if name not in names:
        part.wrong(f"there is no {what} {quoted(name)}")
    return names.get(name, name)


def inhibit_rules(part: Part) -> list[Value]:
    """Carry the rules over; one that cannot be carried whole is left out, so that it hides nothing more than it did."""
    found: list[Value] = []
    for one in part.items():
        fields = one.table()
        strange = [key for key in fields if key not in _RULE]
        try:
            rule: dict[str, Value] = {
                f"{side}_matchers": list(matchers(fields, f"{side}_")) for side in ("source", "target")
            }
        except CannotCarryError:
            one.left("this rule is left out: what it hid will be told")
            continue
        if strange:
            one.left(f"this rule is left out: tocsin does not know {', '.join(map(quoted, strange))}")
            continue
        if "name" in fields:
            fields["name"].differs("rules have no names in tocsin")
        if "equal" in fields and (equal := _labels(fields["equal"])):
            rule["equal"] = list(equal)
            if len(equal) < len(fields["equal"].items()):
                one.left("this rule is left out: what it hid will be told")
                continue
        found.append(rule)
    return found


def _says_nothing(part: Part) -> bool:
    match part.node:
        case Items(items=within) | Table(entries=within):
            return not within
        case Scalar(text=text):
            return part.is_nothing or text.lower() == "false"
