"""The configuration's files read into one tree: the main one, and those that it includes."""

import glob
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from daemon.config.findings import Findings, Place, quoted
from daemon.config.nodes import Entry, Items, Node, Scalar, Table, UnreadableError, compose
from daemon.config.references import UnresolvedError, resolve
from daemon.config.regular import read_regular

MAX_FILE = 16 * 1024**2
MAX_FILES = 200
INCLUDE = "include"
ONCE = {"mute_time_intervals": "time_intervals"}  # what sections were called in Alertmanager before, and are now


@dataclass(slots=True)
class Document:
    """The sections of all files together. `exposed` are the files that everybody on this machine can read."""

    root: Table
    exposed: set[str] = field(default_factory=set)
    is_readable: bool = True


def gather(path: Path, findings: Findings, environ: Mapping[str, str]) -> Document:
    """Read the file and what it includes. Where something cannot be read, `is_readable` becomes False."""
    document = Document(Table(Place(str(path), 1), {}))
    main = _read(path, None, document, findings)
    if not document.is_readable:
        return document
    if not main.entries:
        findings.wrong(main.place, (), "there is nothing in it; etc/tocsin.yml of the source is a working example")
        document.is_readable = False
        return document
    included = main.entries.pop(INCLUDE, None)
    entries: dict[str, Entry] = {}
    _merge(entries, main, findings)
    for file, place in _included(included, path, findings, environ):
        more = _read(file, place, document, findings)
        if nested := more.entries.pop(INCLUDE, None):
            findings.wrong(
                nested.place, (INCLUDE,), "an included file cannot include others; name them in the main file"
            )
        _merge(entries, more, findings)
    document.root = Table(main.place, entries)
    return document


def _read(path: Path, asked_at: Place | None, document: Document, findings: Findings) -> Table:
    """One file as a table of sections. What is wrong with the file itself stands where it was asked for."""
    top = Place(str(path), 1)
    try:
        text = _text(path, document)
        node = compose(text, str(path), findings)
    except OSError as error:
        findings.wrong(asked_at or top, (), f"{path} cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        findings.wrong(Place(str(path), line), (), "is not UTF-8; save it as UTF-8")
    except ValueError as error:
        findings.wrong(asked_at or top, (), f"{path} {error}")
    except UnreadableError as error:
        findings.wrong(error.place, (), error.sentence)
    else:
        if isinstance(node, Table):
            return Table(node.place, dict(node.entries))
        if node is None or (isinstance(node, Scalar) and node.is_nothing):
            return Table(top, {})
        findings.wrong(node.place, (), "must be a mapping: lines such as `listen:`, with what belongs to it below")
    document.is_readable = False
    return Table(top, {})


def _text(path: Path, document: Document) -> str:
    raw, exposed = read_regular(path, MAX_FILE)
    if exposed:
        document.exposed.add(str(path))
    return raw.decode("utf-8-sig")


def _included(
    entry: Entry | None, main: Path, findings: Findings, environ: Mapping[str, str]
) -> list[tuple[Path, Place]]:
    """The files that `include` names: patterns relative to the main file, each file once, in order."""
    found: dict[Path, Place] = {}
    for node in _patterns(entry, findings):
        try:
            wanted = resolve(node.text, environ).text
            matches = sorted(glob.glob(wanted, root_dir=main.parent))  # noqa: PTH207 - Path.glob takes no full path
        except UnresolvedError as error:
            findings.wrong(node.place, (INCLUDE,), str(error))
            continue
        except ValueError:
            findings.wrong(node.place, (INCLUDE,), f"{quoted(node.text)} is not a path")
            continue
        if not matches and not glob.has_magic(wanted):
            findings.wrong(node.place, (INCLUDE,), f"there is no file {quoted(node.text)}")
        for match in matches:
            file = main.parent / match
            if file.resolve() != main.resolve():
                found.setdefault(file, node.place)
    if len(found) > MAX_FILES and entry:
        findings.wrong(entry.place, (INCLUDE,), f"names {len(found)} files; at most {MAX_FILES} are read")
        return []
    return list(found.items())


def _patterns(entry: Entry | None, findings: Findings) -> list[Scalar]:
    if entry is None:
        return []
    nodes: tuple[Node, ...] = entry.value.items if isinstance(entry.value, Items) else (entry.value,)
    found = [node for node in nodes if isinstance(node, Scalar) and not node.is_nothing]
    if len(found) < len(nodes):
        findings.wrong(entry.place, (INCLUDE,), "must be a file or a list of files, for example [conf.d/*.yml]")
    return found


def _merge(entries: dict[str, Entry], more: Table, findings: Findings) -> None:
    """Add a file's sections: mappings and lists grow, everything else stands in one file only."""
    for name, added in more.entries.items():
        section = ONCE.get(name, name)
        have = entries.get(section)
        if have is None:
            entries[section] = added
        elif isinstance(have.value, Table) and isinstance(added.value, Table):
            joined = dict(have.value.entries)
            for key, entry in added.value.entries.items():
                if key in joined:
                    findings.wrong(entry.place, (section, key), f"stands twice; first at {joined[key].place}")
                else:
                    joined[key] = entry
            entries[section] = Entry(have.place, Table(have.value.place, joined))
        elif isinstance(have.value, Items) and isinstance(added.value, Items):
            items = have.value.items + added.value.items
            entries[section] = Entry(have.place, Items(have.value.place, items))
        elif isinstance(have.value, Scalar) and have.value.is_nothing:
            entries[section] = added
        elif not (isinstance(added.value, Scalar) and added.value.is_nothing):
            findings.wrong(added.place, (section,), f"stands twice; first at {have.place}")
