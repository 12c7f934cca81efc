"""YAML as a tree of texts that know their line; what a text means is decided by the setting it is for.

YAML 1.1 guesses: `+8613800000001` is a number, `1.10` is 1.1 and `no` is false. Here nothing is guessed.
"""

import re
from dataclasses import dataclass, field

import yaml

from daemon.config.findings import Findings, Place, quoted

MAX_DEPTH = 40
MAX_NODES = 500_000  # with every alias counted as often as it is used
NOTHING = frozenset(("", "~", "null", "Null", "NULL"))

_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HARMLESS_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "map", "seq"))
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `plain` is one without quotes."""

    place: Place
    text: str
    plain: bool = True
    size: int = 1

    @property
    def is_nothing(self) -> bool:
        """Whether no value was written, or null."""
        return self.plain and self.text in NOTHING


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    place: Place
    items: tuple["Node", ...]
    size: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One `key: value` of a table; `place` is the key's."""

    place: Place
    value: "Node"


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping."""

    place: Place
    entries: dict[str, Entry]
    size: int = 1


Node = Scalar | Items | Table


class UnreadableError(Exception):
    """The text is not YAML that can be taken; after this nothing can be said about the rest of the file."""

    def __init__(self, place: Place, sentence: str) -> None:
        self.place = place
        self.sentence = sentence
        super().__init__(sentence)


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come."""

    place: Place
    is_table: bool
    anchor: str | None
    children: list[Node] = field(default_factory=list)


def compose(text: str, file: str, findings: Findings) -> Node | None:
    """Read one YAML document; None when there is nothing in it. Raises UnreadableError."""
    if found := _FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start()) + 1
        code = f"U+{ord(found[0]):04X}"
        raise UnreadableError(Place(file, line), f"the character {code} is not allowed in YAML; remove it")
    try:
        return _Composer(file, findings).compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        raise UnreadableError(Place(file, line), _syntax(error, text, line)) from error
    except yaml.YAMLError as error:
        raise UnreadableError(Place(file, 1), "cannot be read as YAML") from error


def _syntax(error: yaml.MarkedYAMLError, text: str, line: int) -> str:
    """Say what the parser found; its words name characters and tokens, never a value."""
    lines = text.splitlines()
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())]:
        return "cannot be read as YAML: a tab is used for indentation; write spaces"
    if "${" in written and "{" in written.replace("${", ""):
        return "cannot be read as YAML: a ${NAME} between { and } needs quotes"
    reason = error.problem if isinstance(error, yaml.scanner.ScannerError | yaml.parser.ParserError) else ""
    context = f" ({error.context})" if reason and error.context else ""
    return f"cannot be read as YAML: {reason or 'not understood'}{context}"


class _Composer:
    """Builds the tree from the parser's events with a stack of its own, so that depth costs nothing."""

    def __init__(self, file: str, findings: Findings) -> None:
        self._file = file
        self._findings = findings
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._root: Node | None = None

    def compose(self, text: str) -> Node | None:
        """Take event by event."""
        for event in yaml.parse(text, Loader=_LOADER):
            place = Place(self._file, event.start_mark.line + 1 if event.start_mark else 1)
            match event:
                case yaml.DocumentStartEvent() if self._root is not None:
                    raise UnreadableError(place, "a second document begins here; one file is one document")
                case yaml.AliasEvent():
                    self._put(self._aliased(place, event.anchor or ""), None)
                case yaml.ScalarEvent():
                    self._refuse_tag(place, event)
                    self._put(Scalar(place, event.value, plain=not event.style), event.anchor)
                case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                    self._open(place, event)
                case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                    self._close()
        return self._root

    def _open(self, place: Place, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        self._refuse_tag(place, event)
        if len(self._stack) >= MAX_DEPTH:
            raise UnreadableError(place, f"is nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Open(place, isinstance(event, yaml.MappingStartEvent), event.anchor))

    def _close(self) -> None:
        frame = self._stack.pop()
        size = 1 + sum(child.size for child in frame.children)
        if size > MAX_NODES:
            raise UnreadableError(frame.place, f"holds more than {MAX_NODES} values, aliases counted in full")
        if frame.is_table:
            self._put(self._table(frame, size), frame.anchor)
        else:
            self._put(Items(frame.place, tuple(frame.children), size), frame.anchor)

    def _put(self, node: Node, anchor: str | None) -> None:
        if anchor:
            self._anchors[anchor] = node
        if self._stack:
            self._stack[-1].children.append(node)
        else:
            self._root = node

    def _aliased(self, place: Place, anchor: str) -> Node:
        # The name is not repeated: it may be a password that begins with an asterisk.
        if anchor not in self._anchors:
            raise UnreadableError(place, "there is no such anchor; a text that begins with * needs quotes")
        return self._anchors[anchor]

    def _table(self, frame: _Open, size: int) -> Table:
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        for key, value in zip(frame.children[::2], frame.children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._findings.wrong(key.place, (), "a key must be a plain word; a {{ }} in a value needs quotes")
            elif key.plain and key.text == "<<":
                merged.append(value)
            elif key.text in entries:
                first = entries[key.text].place.line
                self._findings.wrong(key.place, (), f"{quoted(key.text)} stands twice; first in line {first}")
            else:
                entries[key.text] = Entry(key.place, value)
        for node in merged:
            self._merge(entries, node)
        return Table(frame.place, entries, size)

    def _merge(self, entries: dict[str, Entry], node: Node) -> None:
        """Take over what `<<` names; what is written out goes before it."""
        for source in node.items if isinstance(node, Items) else (node,):
            if isinstance(source, Table):
                for key, entry in source.entries.items():
                    entries.setdefault(key, entry)
            else:
                self._findings.wrong(node.place, (), '"<<" takes over the settings of an anchor: write <<: *name')

    def _refuse_tag(self, place: Place, event: yaml.NodeEvent) -> None:
        tag = getattr(event, "tag", None)
        if tag and tag != "!" and tag not in _HARMLESS_TAGS:
            raise UnreadableError(place, "tags are not understood; a text that begins with ! needs quotes")
