"""Short codes: `A17`, `D5`, `Q3`, `S3`, `O2`, `E12` name rows wherever an id is asked for, and plain numbers do too."""

from typing import Annotated, TypeVar

import msgspec

from daemon.errors import MethodError
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND

Id = int | str
Limit = Annotated[int, msgspec.Meta(ge=1, le=1_000)]

_AROUND = " \t\r\n()（）[]"  # what stands around a code in a message
_BIGGEST = 2**63 - 1  # of an id in the store
_WHAT = {
    "A": "an alert",
    "D": "a delivery",
    "Q": "a quarantined request",
    "S": "a silence",
    "O": "an override",
    "E": "an error",
}

T = TypeVar("T")


def number(given: Id, letter: str) -> int:
    """Read `17`, `"17"`, `"A17"`, `"a17"` or `"(A17)"`. Raises MethodError."""
    if not is_code(given, letter):
        raise MethodError(
            f"{str(given)[:40]!r} does not name {_WHAT[letter]}: write {letter}17 or 17",
            code=INVALID_PARAMS,
        )
    return int(_digits(given, letter))


def is_code(given: Id, letter: str) -> bool:
    """Whether it can be read as one."""
    text = _digits(given, letter)
    return text.isascii() and text.isdigit() and len(text) <= len(str(_BIGGEST)) and int(text) <= _BIGGEST


def _digits(given: Id, letter: str) -> str:
    return str(given).strip(_AROUND).upper().removeprefix(letter)


def page(before: Id, letter: str) -> int:
    """Read where a list goes on; 0 is its beginning."""
    return number(before, letter) if before else 0


def found(row: T | None, given: Id, letter: str) -> T:
    """Return the row, or raise MethodError when there is none."""
    if row is None:
        what = _WHAT[letter].partition(" ")[2]
        raise MethodError(
            f"there is no {what} {letter}{number(given, letter)}; it may be too old and gone", code=NOT_FOUND
        )
    return row
