"""A condition that was read: what it speaks of, and what must be so."""

from typing import Any, Literal

import msgspec

from daemon.payload.paths import Path
from daemon.reading import Unit

BODY, JSON, TIME = "body", "json", "time"

# How several values count: one of them must do, or each; `length` asks how many there are.
Quantity = Literal["", "any", "all", "length"]


class Span(msgspec.Struct, frozen=True):
    """From one number to another, both ends included."""

    low: float
    high: float


Value = float | str | bool | None | Span


class Subject(msgspec.Struct, frozen=True):
    """The value that is spoken of. `key` says which one of a keyed value, and of the body's JSON it is the path."""

    name: str
    key: str = ""
    unit: Unit | None = None  # None: whatever comes, as in JSON
    path: Path | None = None
    may_lack: bool = False  # where there is nothing, nothing is asked


class Test(msgspec.Struct, frozen=True):
    """What must be so. Times are seconds (days where the value is), sizes bytes."""

    operator: str
    values: tuple[Value, ...] = ()
    is_not: bool = False
    pattern: Any = None  # compiled


class Condition(msgspec.Struct, frozen=True, eq=False):
    """One condition. Two are the same when they are written the same."""

    source: str  # as it is written
    subject: Subject
    test: Test
    quantity: Quantity = ""
    node: str = ""  # whose readings it is about, empty for everybody's

    def __str__(self) -> str:
        return self.source

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and other.source == self.source and other.subject == self.subject

    def __hash__(self) -> int:
        return hash(self.source)

    @property
    def is_of_body(self) -> bool:
        """Whether it looks into the body, which may be large."""
        return self.subject.name in (BODY, JSON)
