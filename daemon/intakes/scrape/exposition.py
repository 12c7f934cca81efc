"""Prometheus' text format 0.0.4 and OpenMetrics 1.0, line by line.

A page says nearly the same again and again: what stands before a line's value is looked up as it is, and taken apart
only where it was not seen before. A library's parser, which takes every line apart, costs ten times as much
(docs/decisions/0043-scrapes.md).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from daemon.matcher import unescaped

LONGEST = 64 * 1024  # characters of a line

_SAMPLE = re.compile(
    r"""\s*( [^\s{"#]* \s* (?: \{ (?:[^"}]|"(?:[^"\\]|\\.)*+")*+ \} )? )
        \s+ ([^\s#]+) (?:\s+([^\s#]+))? (?:\s+\#.*)? \s*""",
    re.VERBOSE,
)
_TIGHT = re.compile(r'(\s*[^\s{"#]*\s*\{(?:[^"}]|"(?:[^"\\]|\\.)*+")*+\})([^\s#]+)(?:\s+([^\s#]+))?(?:\s+#.*)?\s*')
_LABEL = re.compile(
    r"""\s* (?: ([^\s=,"{}]+) | "((?:[^"\\]|\\.)*+)" ) \s* (?: = \s* "((?:[^"\\]|\\.)*+)" )? \s* (?: , | $ )""",
    re.VERBOSE,
)
_PARTS = 3  # of a line without labels: name, value, time


class Line(NamedTuple):
    """One sample. `series` is what stands before the value."""

    series: str
    value: float
    at: float | None  # as it is written: milliseconds in 0.0.4, seconds in OpenMetrics


class Series(NamedTuple):
    """What a sample is called."""

    name: str
    labels: tuple[tuple[str, str], ...]


def lines(page: str) -> Iterator[str]:
    """One after the other: a page may have megabytes."""
    at = 0
    while at < len(page):
        end = page.find("\n", at)
        if end < 0:
            end = len(page)
        yield page[at:end]
        at = end + 1


def sample(line: str) -> Line | None:
    """Read a line; None where it is none."""
    end = line.rfind("}")
    if "#" in line or len(line) > LONGEST:
        return _carefully(line)
    if end >= 0:
        series, rest = line[: end + 1], line[end + 1 :].split()
    else:
        series, *rest = line.split() or [""]
    if not 1 <= len(rest) < _PARTS:
        return None
    return _line(series, *rest)


def series(text: str) -> Series | None:
    """Take apart what stands before a value; None where it cannot be."""
    name, brace, inside = text.strip().partition("{")
    name = name.strip()
    if not brace:
        return Series(name, ()) if name else None
    if not inside.endswith("}"):
        return None
    inside, at, labels = inside[:-1], 0, []
    while at < len(inside) and not inside[at:].isspace():
        found = _LABEL.match(inside, at)
        if found is None or found.end() == at:
            return None
        bare, told, value = found.groups()
        at = found.end()
        if value is not None:
            labels.append((bare if bare is not None else unescaped(told), unescaped(value)))
        elif told is not None and not name:
            name = unescaped(told)
        else:
            return None
    return Series(name, tuple(labels)) if name else None


def described(line: str, what: str) -> tuple[str, str] | None:
    """Of `# TYPE name text` or `# UNIT name text`: name and text."""
    words = line.split(None, 3)
    if len(words) < 4 or words[0] != "#" or words[1] != what:  # noqa: PLR2004 - those four
        return None
    name = words[2]
    if name.startswith('"'):  # a quoted name may have spaces
        found = _LABEL.match(line.split(None, 2)[2].rpartition(" ")[0])
        if found is None or found[2] is None:
            return None
        return unescaped(found[2]), line.rsplit(None, 1)[1]
    return name, words[3].strip()


def _carefully(line: str) -> Line | None:
    """Read a line that may have an exemplar behind it, or a # in a label."""
    if len(line) > LONGEST:
        return None
    found = _SAMPLE.fullmatch(line) or _TIGHT.fullmatch(line)
    return _line(found[1].strip(), *filter(None, found.groups()[1:])) if found else None


def _line(series: str, value: str, at: str = "") -> Line | None:
    try:
        if "_" in value or "_" in at:  # which Python takes for numbers
            return None
        return Line(series, float(value), float(at) if at else None)
    except ValueError:
        return None
