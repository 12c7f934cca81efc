"""What one look of a probe saw."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

import msgspec

from daemon.secret import Secret

T = TypeVar("T")

HEADER = "header"  # the value that holds an answer's headers, cookies among them: conditions see it, nobody else


# What may come of reading what is spoilt: for a text that is no UTF-8, msgspec has no error of its own.
SPOILT = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def unpacked(notes: bytes, kind: type[T]) -> T | None:
    """What the last look left behind; None where there is nothing, or nothing that makes sense."""
    try:
        return msgspec.msgpack.decode(notes, type=kind) if notes else None
    except SPOILT:
        return None


class Health(StrEnum):
    """How something is: what one look says, and what a row of looks adds up to."""

    UNKNOWN = "unknown"  # nobody could look, or not enough looks agree yet
    UP = "up"
    DEGRADED = "degraded"  # it works, and not as it should
    DOWN = "down"


class SignKind(StrEnum):
    """What somebody calls in to say."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"
    LOG = "log"  # something to keep, which changes nothing


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One look's result. `phases` are seconds by name, in order; a phase not reached is absent, never zero.

    `values` are what conditions speak of, under the names that the kind declares in `GIVES`; a keyed one is a mapping.
    What was not seen is absent there too.
    """

    health: Health
    detail: str  # one line for people
    phases: dict[str, float] = {}
    values: dict[str, Any] = {}
    evidence: dict[str, str] = {}  # for people, in order: the address, the certificate, the first bytes of the body
    body: bytes = b""  # bounded by the kind; conditions look into it, nobody keeps it
    failed: tuple[str, ...] = ()  # the conditions that did not hold, each with what was there instead
    by_place: "dict[str, Reading]" = {}  # where it was looked at from several places: what each of them saw
    near: bool = False  # what was tried is in the networks that are seen by one who is cut off
    blind: bool = False  # unknown, for tocsin itself could not see
    notes: bytes | None = None  # what the kind wants to be given at its next look, also after a restart
    sure: bool = False  # it was told and not seen, so it matters nothing whether tocsin itself can see
    again_at: float | None = None  # seconds since the epoch at which it wants the next look, if that is sooner

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to complain of."""
        return self.health is Health.UP

    def told(self) -> "Reading":
        """What people are shown and what is kept of it: neither the whole answer nor the kind's own notes."""
        values = self.values
        if HEADER in values:
            values = {name: value for name, value in values.items() if name != HEADER}
        return msgspec.structs.replace(self, body=b"", values=values, notes=None)


class Pace(Protocol):
    """When something is expected again."""

    @property
    def zone(self) -> dt.tzinfo:
        """The time zone in which that is meant."""

    def due(self, after: float, since: float) -> float | None:
        """The first instant after this one at which it is, when it came last at `since`."""


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What a kind that remembers is given: its own notes of the look before, empty at its first."""

    now: float  # seconds since the epoch
    notes: bytes = b""
    pace: Pace | None = None  # how often it is looked at, or expected to call in
    awake_since: float = 0.0  # before this instant nothing was expected: it was paused
    heard_since: float = 0.0  # before this instant nobody could have called in: tocsin was not running


Unit = Literal["number", "text", "flag", "seconds", "days", "percent", "bytes", "list"]


@dataclass(frozen=True)
class Fact:
    """A value that a kind's readings carry, and that conditions can name."""

    doc: str
    unit: Unit = "number"
    keyed: bool = False  # named with what is meant: `header "Content-Type"`
    ideal: float | str | bool | None = None  # what it is when all is well, where that can be said: 0 of loss


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """One call of something that calls in itself, instead of being looked at."""

    kind: SignKind
    at: float  # when we heard of it, in seconds since the epoch
    run: str = ""  # what the caller calls this run, so that its start and its end are found together
    code: int | None = None  # the exit code that was told
    body: bytes = b""  # the end of what it wrote
    size: int = 0  # how much it sent

    @property
    def is_end(self) -> bool:
        """Whether it says how something went: that counts for the verdict, all else does not."""
        return self.kind in (SignKind.SUCCESS, SignKind.FAIL)


class Ear(Protocol):
    """What takes the calls of something that calls in itself."""

    @property
    def key(self) -> Secret:
        """What callers name it by."""

    @property
    def get(self) -> bool:
        """Whether a GET counts as a call."""

    def heard(self, notes: bytes, sign: Sign) -> bytes:
        """What its notes are after this call. It runs in the store's thread, and perhaps twice."""


@runtime_checkable
class CallsIn(Protocol):
    """What may call in itself, instead of being looked at."""

    def ear(self) -> Ear | None:
        """What takes its calls; None when it is looked at."""


class Looks(Protocol):
    """What the settings and the scheduler know of a probe; `daemon.probes.base.Probe` is the base class."""

    @property
    def timeout(self) -> float:
        """The longest one look may take, in seconds."""

    FOR_OTHERS: ClassVar[bool]  # whether another tocsin may run it

    def look_on(self, past: Past) -> Reading:
        """Look once."""

    def target(self) -> str:
        """Say what is looked at, for people."""

    def is_near(self) -> bool:
        """Whether it can be seen although this machine is cut off from everything else."""

    def otherwise(self) -> "Iterable[tuple[str, Looks]]":
        """Other ways to look at the same, each with its name, to be asked before it is called down."""

    def quoted(self, body: bytes) -> str:
        """The beginning of what was answered, for people, without what is secret in the settings."""

    def gives(self) -> Mapping[str, Fact]:
        """What conditions can name, the phases (`time.connect`) among it."""

    def yielding(self, named: Collection[str]) -> "Looks":
        """Itself without those of its own rules that nobody wrote down, about values of which conditions speak."""
