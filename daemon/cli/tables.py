"""Text for terminals: columns that line up also in Chinese, and nothing that could command the terminal."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_ZERO = ("Mn", "Me", "Cf")


def printable(text: object) -> str:
    """Take out what a terminal would obey, such as escape sequences in somebody's alarm title."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(text))


def lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(printable(line.replace("\t", "    ")) for line in text.replace("\r\n", "\n").split("\n"))


def width(text: str) -> int:
    """How many columns a terminal gives it: Chinese characters have two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in _ZERO:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Line up columns under their names; no rows, no table."""
    cells = [[printable("-" if cell in (None, "") else cell) for cell in row] for row in rows]
    if not cells:
        return "(none)\n"
    cells.insert(0, [name.upper() for name in head])
    widths = [max(width(row[column]) for row in cells) for column in range(len(head))]
    return "".join(
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in cells
    )


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """Name and value, one pair a line; empty values are left out."""
    shown = [(name, lines(str(value))) for name, value in pairs if value not in (None, "", [], {})]
    wide = max((width(name) for name, _ in shown), default=0)
    indent = "\n" + " " * (wide + 2)
    return "".join(f"{name}{' ' * (wide - width(name))}  {value.replace(chr(10), indent)}\n" for name, value in shown)


def when(stamp: float | None) -> str:
    """A time as the reader's clock shows it."""
    if stamp is None:
        return ""
    return datetime.fromtimestamp(stamp, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def took(seconds: float) -> str:
    """A duration."""
    return str(timedelta(seconds=round(seconds)))


def milliseconds(seconds: float) -> str:
    """How long a part of a look took."""
    return f"{seconds * 1_000:.1f}ms"


def phases(taken: Mapping[str, float]) -> str:
    """How long each phase of a look took, in one line."""
    return " ".join(f"{name}={milliseconds(seconds)}" for name, seconds in taken.items())


def written(seconds: float) -> str:
    """A duration as people write it in the configuration, and nothing rounded away: `1m30s`."""
    left, text = round(seconds * 1_000), ""
    for unit, length in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, left = divmod(left, length)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def pairs(mapping: dict[str, Any]) -> str:
    """Labels in one line."""
    return " ".join(f"{name}={value}" for name, value in sorted(mapping.items()))


def counted(number: int, thing: str) -> str:
    """A number of things: `1 alarm`, `2 alarms`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def size(count: float) -> str:
    """A number of bytes."""
    for unit in ("B", "KB", "MB"):
        if count < 1024:  # noqa: PLR2004 - bytes in a kilobyte
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GB"


def measured(value: float, unit: str) -> str:
    """A number of a series, as alarms tell it: `36.9ms`, `21.4GB`."""
    from daemon.expressions.level import shown  # noqa: PLC0415 - only few commands need it, and all must start quickly

    return shown(value, unit)
