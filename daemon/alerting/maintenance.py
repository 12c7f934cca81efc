"""Maintenance windows: silences with a name, which a deployment opens and closes and which cannot be forgotten open."""

import msgspec

from daemon.alerting import silencing
from daemon.alerting.silencing import Wanted
from daemon.config.silences import Silences
from daemon.errors import NoSilence, SilenceError
from daemon.store import silences
from daemon.store.base import Tx
from daemon.store.silences import Kind, Silence
from daemon.units import spoken


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """A window as somebody asks for it. What is left empty stays as it is, where it is open already."""

    name: str
    matchers: list[str]
    duration: float | None  # seconds from now; None for what is usual
    author: str
    comment: str


def opened(tx: Tx, window: Window, limits: Silences, now: float) -> Silence:
    """Open a window; one that is open already stays so for as long from now, if that is longer. Raises SilenceError."""
    if not window.name.strip() or not window.name.isprintable():
        raise SilenceError("a maintenance window needs a name that can be printed", field="name")
    duration = limits.maintenance if window.duration is None else window.duration
    if duration > limits.longest_maintenance:
        most = spoken(limits.longest_maintenance)
        raise SilenceError(
            f"a maintenance window is open for at most {most} (silences.longest_maintenance); open it again later",
            field="duration",
        )
    before = silences.open_window(tx, window.name, now)
    wanted = Wanted(
        change=before.code if before else "",
        kind=Kind.MAINTENANCE,
        name=window.name,
        matchers=window.matchers or (before.matchers if before else []),
        ends_at=max(now + duration, (before.ends_at or 0.0) if before else 0.0),
        author=window.author,
        comment=window.comment or (before.comment if before else ""),
    )
    return silencing.put(tx, wanted, now)


def closed(tx: Tx, name: str, by: str, now: float) -> Silence:
    """Close a window; what still fires is told at the next tick of its group. Raises NoSilence when none is open."""
    before = silences.open_window(tx, name, now)
    if before is None:
        raise NoSilence(f"no maintenance window {name[:100]!r} is open", field="name")
    return silencing.expire(tx, before, now, by)
