"""What one look of a probe saw."""

from typing import Protocol

import msgspec


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """One look's result. `phases` are seconds by name, in order; a phase not reached is absent."""

    ok: bool
    detail: str
    phases: dict[str, float] = {}


class Looks(Protocol):
    """What the settings and the scheduler know of a probe; `daemon.probes.base.Probe` is the base class."""

    @property
    def timeout(self) -> float:
        """The longest one look may take, in seconds."""

    def look(self) -> Reading:
        """Look once."""

    def target(self) -> str:
        """Say what is looked at, for people."""
