"""`tocsinctl import FILE`: what is read, what is written, and what is said."""

import json
import os
import posixpath
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from daemon.cli.ask import CannotAskError
from daemon.cli.importing import alertmanager, gatus, kuma
from daemon.cli.importing.backup import MONITORS
from daemon.cli.importing.imported import LARGEST, Imported, told
from daemon.config.findings import printable
from daemon.config.regular import read_regular
from daemon.errors import ConfigError

STDIN = "-"
MOST = 64 * 1024 * 1024  # bytes of a source; a backup of ten thousand monitors has half of that

ALERTMANAGER, KUMA, GATUS = "alertmanager", "uptime-kuma", "gatus"
SOURCES: dict[str, Callable[[str, str, str], Imported]] = {
    ALERTMANAGER: alertmanager.convert,
    KUMA: kuma.convert,
    GATUS: gatus.convert,
}
_THERE = "is there already; move it away, or choose another name"
_BY_ID = re.compile(r'\s*\{\s*"\d+"\s*:\s*\{')  # Uptime Kuma's monitors as its interface gives them
_GATUS = re.compile(r"^(?:endpoints|external-endpoints|suites)\s*:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line asks for; an empty text for what it does not."""

    file: str
    out: str = ""
    environment: str = ""
    source: str = ""  # what it comes from; empty to see that from what is in it


@dataclass(frozen=True, slots=True)
class Done:
    """How it went."""

    is_whole: bool


def run(wanted: Wanted, *, as_json: bool = False) -> Done:
    """Convert. Raises CannotAskError when the source cannot be read, or the results cannot be written."""
    name = "(stdin)" if wanted.file == STDIN else wanted.file
    folder = str(Path.cwd()) if wanted.file == STDIN else posixpath.dirname(str(Path(wanted.file).absolute()))
    text = _text(wanted.file)
    source = wanted.source or source_of(text)
    if len(text) > LARGEST and source != KUMA:
        raise CannotAskError(f"{wanted.file} is larger than {LARGEST} bytes")
    try:
        imported = SOURCES[source](text, name, folder)
    except ConfigError as error:
        raise CannotAskError("\n".join((f"{name} cannot be imported:", *error.problems))) from error
    if imported.more and not wanted.out and not as_json:
        count = len(imported.more) + 1
        raise CannotAskError(f"it becomes {count} files, for one would be too large: name the first with --out")
    _put(wanted, imported)
    if as_json:
        sys.stdout.write(json.dumps(_described(imported, wanted), ensure_ascii=False, indent=2) + "\n")
    else:
        if not wanted.out:
            sys.stdout.write(imported.text)
        sys.stderr.writelines(f"{line}\n" for line in _said(imported, name))
    return Done(is_whole=not imported.not_carried)


def source_of(text: str) -> str:
    """Say what it is, by what such files have at the top."""
    beginning = text.lstrip()[:1]
    if beginning == "[" or (beginning == "{" and (f'"{MONITORS}"' in text or _BY_ID.match(text))):
        return KUMA
    return GATUS if _GATUS.search(text) else ALERTMANAGER


def _paths(out: str, imported: Imported) -> Iterator[str]:
    """Where its files go: probes.yml, probes-2.yml, …"""
    yield out
    stem, suffix = posixpath.splitext(out)
    for number in range(2, 2 + len(imported.more)):
        yield f"{stem}-{number}{suffix}"


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read(MOST + 1) if file == STDIN else read_regular(file, MOST)[0]
        if len(raw) > MOST:
            raise ValueError(f"is larger than {MOST} bytes")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise CannotAskError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CannotAskError(f"{file} is not UTF-8: byte {error.start}") from error
    except ValueError as error:
        raise CannotAskError(f"{file} {error}") from error


def _put(wanted: Wanted, imported: Imported) -> None:
    """Write all files, or none where one is there already."""
    paths = list(_paths(wanted.out, imported)) if wanted.out else []
    for path in (*paths, *filter(None, [wanted.environment])):
        if os.path.lexists(path):
            raise CannotAskError(f"{path} {_THERE}")
    for path, text in zip(paths, (imported.text, *imported.more) if paths else (), strict=True):
        _write(path, text, 0o640)
    if wanted.environment:
        _write(wanted.environment, "".join(_environment(imported)), 0o600)


def _write(path: str, text: str, mode: int) -> None:
    """Write a file that was not there before, never readable for longer than wanted."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise CannotAskError(f"{path} {_THERE}") from error
    except OSError as error:
        raise CannotAskError(f"cannot write {path}: {error.strerror}") from error


def _environment(imported: Imported) -> Iterator[str]:
    """Write the variables as a shell reads them; one whose value the source does not hold stands as a comment."""
    for name, one in imported.variables.items():
        yield f"# {printable(f'{one.place}: {one.about}')}\n"
        yield f"# {name}=\n" if one.value is None else f"{name}={shlex.quote(one.value)}\n"


def _said(imported: Imported, name: str) -> Iterator[str]:
    count = len(imported.not_carried)
    left = "1 thing is" if count == 1 else f"{count} things are"
    yield f"{printable(name)}: {left} not carried over" if count else f"{printable(name)}: all of it is carried over"
    yield from told(imported.not_carried, imported.different, imported.needed)


def _described(imported: Imported, wanted: Wanted) -> dict[str, object]:
    return {
        "config": imported.text,
        "more": list(imported.more),
        "file": wanted.out,
        "not_carried": imported.not_carried,
        "different": imported.different,
        "needed": imported.needed,
    }
