"""tocsin's own record of one problem, from its first event to its end."""

import msgspec

from daemon.event import Severity, State


class Alert(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One episode of one problem. A problem that comes back after its end is a new alert.

    At most one alert with a given fingerprint is open at a time; the store enforces it.
    Times are seconds since the epoch.
    """

    id: int
    fingerprint: str
    source: str
    key: str
    state: State
    severity: Severity
    title: str
    text: str
    labels: dict[str, str]
    links: dict[str, str]
    started_at: float  # when the problem began, by the source's word, else when we first heard of it
    ended_at: float | None
    first_seen: float
    last_seen: float
    count: int  # firing events heard in this episode

    @property
    def code(self) -> str:
        """The short name that fits into an SMS and is understood by `tocsinctl`: `A17`."""
        return f"A{self.id}"
