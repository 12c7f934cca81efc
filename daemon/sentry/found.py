"""What is in a request, as values: errors for `faults`, numbers for the table of series, calls for heartbeats."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from daemon.faults.event import ErrorEvent
from daemon.reading import Sign
from daemon.series.key import Kind, Labels

# One request may have thousands of the first three, and they hold no cycles: see faults/event.py.


class View(msgspec.Struct, frozen=True, gc=False):
    """A page view; `seconds` is None where nobody measured it."""

    route: str
    seconds: float | None
    at: float
    is_error: bool = False
    weight: float = 1.0


class Use(msgspec.Struct, frozen=True, gc=False):
    """A use of a resource."""

    kind: str
    resource: str
    seconds: float
    at: float
    is_error: bool = False
    weight: float = 1.0


class Number(msgspec.Struct, frozen=True, gc=False):
    """A value of any other series."""

    name: str
    kind: Kind
    labels: Labels
    value: float
    at: float
    unit: str = ""
    weight: float = 1.0


class CheckIn(msgspec.Struct, frozen=True):
    """A job that says how it goes. `wanted` is when it says that it is expected, where it does."""

    slug: str
    sign: Sign
    wanted: Mapping[str, Any] = {}


class Found(msgspec.Struct):
    """What one request had in it."""

    app: str
    errors: list[ErrorEvent] = []
    views: list[View] = []
    uses: list[Use] = []
    numbers: list[Number] = []
    calls: list[CheckIn] = []
    items: Counter[str] = msgspec.field(default_factory=Counter)  # how many of each kind, for good
    flaws: list[str] = []  # what of it could not be read

    @property
    def size(self) -> int:
        """How much there is in it."""
        return len(self.errors) + len(self.views) + len(self.uses) + len(self.numbers) + len(self.calls)

    def count(self, name: str, at: float, value: float = 1.0, **labels: str) -> None:
        """Note so many more of something."""
        found = (("app", self.app), *labels.items())
        self.numbers.append(Number(name, Kind.COUNTER, tuple(sorted(one for one in found if one[1])), value, at))
