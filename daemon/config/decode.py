"""The tree of texts turned into values, by the annotations of the dataclasses that the settings are."""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, is_dataclass
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from daemon.config.findings import Findings, Path, Place, quoted
from daemon.config.keys import is_named, key_of, keys_of, settable
from daemon.config.nodes import Entry, Items, Node, Scalar, Table
from daemon.config.references import Resolved, UnresolvedError, resolve
from daemon.config.scalars import is_scalar, meant, read
from daemon.errors import ConfigError, TocsinError
from daemon.matcher import Matcher, parse
from daemon.secret import Secret

NO_MORE: Final[Mapping[str, Any]] = types.MappingProxyType({})
BAD: Final = object()  # what a part that cannot be used becomes; its problem has been noted

# What constructors raise about their values, those of an operator's own handler included.
UNUSABLE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, TocsinError)

Build = Callable[["Decoder", Table, Path, Mapping[str, Any]], Any]


@dataclass(slots=True)
class Decoder:
    """Decodes one configuration. `builders` make the values whose settings depend on a kind or a name."""

    findings: Findings
    environ: Mapping[str, str]
    exposed: frozenset[str] = frozenset()  # configuration files that everybody on this machine can read
    builders: Mapping[type, Build] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)  # where each part stands
    hints: dict[type, dict[str, Any]] = field(default_factory=dict)  # the types of each class's settings
    read: dict[tuple[type, str], Any] = field(default_factory=dict)  # what a builder has read of such a text before

    def value(self, hint: Any, entry: Entry, path: Path, metadata: Mapping[str, Any] = NO_MORE) -> Any:
        """Decode one value, or return BAD after noting every problem in it."""
        node, place = entry.value, entry.place
        self.places[path] = place
        if isinstance(node, Scalar) and not node.is_nothing and "bare" in metadata:
            node = Table(place, {metadata["bare"]: Entry(place, node)})
        hint, optional = _without_none(hint)
        if hint is Secret:
            return self._checked(self._secret(node, place, path), path, metadata)
        if optional and isinstance(node, Scalar) and node.is_nothing:
            return None
        if is_scalar(hint):
            return self._checked(self._scalar(hint, node, place, path, metadata), path, metadata)
        if is_dataclass(hint) and isinstance(hint, type):
            return self.table(hint, node, place, path)
        return self._many(hint, Entry(place, node), path, metadata)

    def table(self, cls: type, node: Node, place: Place, path: Path, given: Mapping[str, Any] | None = None) -> Any:
        """Decode a mapping into a dataclass; `given` are fields that it gets otherwise."""
        table = self._as_table(node, place, path)
        if table is BAD:
            return BAD
        if builder := self.builders.get(cls):
            return builder(self, table, path, given or {})
        return self.record(cls, table, path, given or {})

    def record(self, cls: type, table: Table, path: Path, given: Mapping[str, Any]) -> Any:
        """Decode a mapping whose keys are the dataclass's fields."""
        self.refuse_unknown(table, path, keys_of(cls, given))
        values = self.settle(cls, table, path, given)
        return self.construct(cls, values, path) if values is not None else BAD

    def settle(self, cls: type, table: Table, path: Path, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Decode the fields that stand in the table; None when one is missing or bad."""
        hints = self._hints(cls, path)
        if hints is None:
            return None
        values = dict(given)
        for one in settable(cls, given):
            key = key_of(one)
            if key in table.entries:
                values[one.name] = self.value(hints[one.name], table.entries[key], (*path, key), one.metadata)
            elif one.default is MISSING and one.default_factory is MISSING:
                explained = f" ({one.metadata['doc']})" if "doc" in one.metadata else ""
                self.findings.wrong(self.place(path), (*path, key), f"is missing{explained}")
                values[one.name] = BAD
        return None if any(value is BAD for value in values.values()) else values

    def construct(self, cls: type, values: Mapping[str, Any], path: Path) -> Any:
        """Make the value; what its constructor finds wrong is a problem of the section."""
        try:
            return cls(**values)
        except ConfigError as error:
            for problem in error.problems:
                self.findings.wrong(self.place(path), path, problem)
        except UNUSABLE as error:
            self.findings.wrong(self.place(path), path, str(error) or type(error).__name__)
        return BAD

    def refuse_unknown(self, table: Table, path: Path, known: Mapping[str, Any] | set[str]) -> None:
        """Note every key that no setting has."""
        for key, entry in table.entries.items():
            if key in known:
                continue
            name, colon, _ = key.partition(":")
            if colon:  # `token:abc` is one word to YAML, and what follows the colon may be a secret
                sentence = f"unknown key {quoted(name + ':…')}; a space is missing after the colon"
            else:
                sentence = f"unknown key {quoted(key)}{meant(key, known) or _listed(known)}"
            self.findings.wrong(entry.place, path, sentence)

    def place(self, path: Path) -> Place:
        """Where something stands; what was not written stands where its section does."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places[path]

    def text(self, node: Node, place: Place, path: Path) -> Resolved | None:
        """Follow the references of a scalar; None after noting what is wrong."""
        if not isinstance(node, Scalar):
            self.findings.wrong(place, path, "must be a single value, not a list or mapping")
            return None
        if node.is_nothing:
            self.findings.wrong(place, path, "has no value; write one, or remove the line")
            return None
        try:
            resolved = resolve(node.text, self.environ)
        except UnresolvedError as error:
            self.findings.wrong(place, path, str(error))
            return None
        (self.findings.secrets if resolved.from_file else self.findings.private).update(resolved.taken)
        if resolved.exposed:
            self.findings.doubtful(place, path, "everybody on this machine can read that file: chmod o-r it")
        return resolved

    def _scalar(self, hint: Any, node: Node, place: Place, path: Path, metadata: Mapping[str, Any]) -> Any:
        resolved = self.text(node, place, path)
        if resolved is None or not isinstance(node, Scalar):
            return BAD
        try:
            return read(hint, resolved.text, metadata)
        except (ValueError, TocsinError) as error:
            # Quoted as it is written: what a reference stands for may be a secret in the wrong place.
            self.findings.wrong(place, path, f"{quoted(node.text)} {error}")
            return BAD

    def _secret(self, node: Node, place: Place, path: Path) -> Any:
        resolved = self.text(node, place, path)
        if resolved is None or not isinstance(node, Scalar):
            return BAD
        self.findings.secrets.update((resolved.text, *resolved.taken))
        if node.text.startswith("file:") and not resolved.from_file:
            self.findings.wrong(place, path, "a secret's file is written with its full path: file:/path")
            return BAD
        if not resolved.text:
            self.findings.wrong(place, path, "the secret is empty; give it a value, or remove the line")
            return BAD
        if not resolved.taken and place.file in self.exposed:
            self.findings.doubtful(
                place, path, "a secret in a file that everybody can read; write ${NAME} or file:/path, or chmod o-r it"
            )
        return Secret(resolved.text)

    def _checked(self, value: Any, path: Path, metadata: Mapping[str, Any]) -> Any:
        """Hold a value to the rule of its setting, without quoting it: not every secret is called one."""
        if value is not BAD and "check" in metadata:
            try:
                metadata["check"](value)
            except UNUSABLE as error:
                self.findings.wrong(self.place(path), path, str(error))
                return BAD
        return value

    def _many(self, hint: Any, entry: Entry, path: Path, metadata: Mapping[str, Any]) -> Any:
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is dict and metadata.get("listed"):
            return self._named_items(arguments[1], entry, path)
        of_each = {"check": metadata["check"]} if "check" in metadata else {}
        if origin is dict:
            return self._mapping(arguments[1], entry, path, of_each)
        if origin in (tuple, list, frozenset):
            return self._items(origin, arguments[0], entry, path, of_each)
        if hint in (Any, object):
            return self._plain(entry.value, entry.place, path)
        self.findings.wrong(entry.place, path, f"the program gives this setting a type that no file can hold: {hint}")
        return BAD

    def _items(self, origin: Any, hint: Any, entry: Entry, path: Path, of_each: Mapping[str, Any] = NO_MORE) -> Any:
        nodes = self._as_items(entry, path)
        if nodes is None:
            return BAD
        if hint is Matcher:
            return tuple(one for i, node in enumerate(nodes) for one in self._matchers(node, (*path, f"[{i}]")))
        found = [self.value(hint, Entry(node.place, node), (*path, f"[{i}]"), of_each) for i, node in enumerate(nodes)]
        return origin(one for one in found if one is not BAD)

    def _matchers(self, node: Node, path: Path) -> tuple[Matcher, ...]:
        resolved = self.text(node, node.place, path)
        try:
            return parse(resolved.text) if resolved else ()
        except TocsinError as error:
            self.findings.wrong(node.place, path, str(error))
            return ()

    def _mapping(self, hint: Any, entry: Entry, path: Path, of_each: Mapping[str, Any] = NO_MORE) -> Any:
        table = self._as_table(entry.value, entry.place, path)
        if table is BAD:
            return BAD
        found = {}
        for key, one in table.entries.items():
            below = (*path, key)
            if is_dataclass(hint) and isinstance(hint, type) and is_named(hint):
                self.places[below] = one.place
                found[key] = self.table(hint, one.value, one.place, below, {"name": key})
            else:
                found[key] = self.value(hint, one, below, of_each)
        return {key: value for key, value in found.items() if value is not BAD}

    def _named_items(self, hint: type, entry: Entry, path: Path) -> Any:
        """Decode a list of things that carry their name; a name stands once."""
        nodes = self._as_items(entry, path)
        if nodes is None:
            return BAD
        found: dict[str, Any] = {}
        first: dict[str, Place] = {}
        for i, node in enumerate(nodes):
            name = name_in(node) or f"[{i}]"
            if name in first:
                self.findings.wrong(node.place, (*path, name), f"stands twice; first at {first[name]}")
                continue
            first[name] = node.place
            value = self.value(hint, Entry(node.place, node), (*path, name))
            if value is not BAD:
                found[value.name] = value
        return found

    def _plain(self, node: Node, place: Place, path: Path) -> Any:
        """Decode what has no declared type: texts stay texts."""
        if isinstance(node, Table):
            return self._mapping(Any, Entry(place, node), path)
        if isinstance(node, Items):
            return self._items(list, Any, Entry(place, node), path)
        if node.is_nothing:
            return None
        resolved = self.text(node, place, path)
        return resolved.text if resolved else BAD

    def _as_table(self, node: Node, place: Place, path: Path) -> Any:
        if isinstance(node, Table):
            return node
        if isinstance(node, Scalar) and node.is_nothing:
            return Table(place, {})
        self.findings.wrong(place, path, "must be a mapping: lines of `name: value`, indented below it")
        return BAD

    def _as_items(self, entry: Entry, path: Path) -> tuple[Node, ...] | None:
        if isinstance(entry.value, Items):
            return entry.value.items
        if isinstance(entry.value, Scalar) and entry.value.is_nothing:
            return ()
        self.findings.wrong(entry.place, path, "must be a list: write [one, two], or lines that begin with `- `")
        return None

    def _hints(self, cls: type, path: Path) -> dict[str, Any] | None:
        if cls in self.hints:  # thousands of sections are of a few kinds
            return self.hints[cls]
        try:
            return self.hints.setdefault(cls, get_type_hints(cls))
        except (NameError, *UNUSABLE) as error:
            self.findings.wrong(self.place(path), path, f"the settings of {cls.__name__} cannot be read: {error}")
        return None


def name_in(node: Node) -> str:
    """The name that an item of a list carries, as it is written; empty when it carries none."""
    named = node.entries.get("name") if isinstance(node, Table) else None
    return named.value.text if named and isinstance(named.value, Scalar) else ""


def _without_none(hint: Any) -> tuple[Any, bool]:
    """Take `X | None` apart."""
    if get_origin(hint) in (Union, types.UnionType):
        others = [one for one in get_args(hint) if one is not types.NoneType]
        if len(others) == 1:
            return others[0], len(get_args(hint)) > 1
    return hint, False


def _listed(known: Mapping[str, Any] | set[str]) -> str:
    return f"; known here: {', '.join(sorted(known))}" if known else ""
