"""Errors as an application would report them, and everything that they go through, in reach of a test."""

from typing import Any

import msgspec

from daemon.config.errors import ErrorAlarms, Errors
from daemon.errors import StoreUnavailable
from daemon.event import Event, State
from daemon.faults.event import ErrorEvent, Frame, Raised
from daemon.faults.faults import Faults
from daemon.series.table import Table
from daemon.store import faults
from daemon.store.base import Store
from daemon.store.faults import Asked, Fault
from fake_clock import BEGIN, FakeClock


def call(function: str = "pay", module: str = "shop.cart", *, in_app: bool = True, **more: Any) -> Frame:
    return Frame(
        **{"function": function, "module": module, "filename": f"{module}.py", "lineno": 17, "in_app": in_app} | more
    )


def raised(kind: str = "ValueError", value: str = "bad order 17", *frames: Frame) -> Raised:
    return Raised(type=kind, value=value, frames=frames or (call("route", "flask.app", in_app=False), call()))


def error(kind: str = "ValueError", value: str = "bad order 17", **more: Any) -> ErrorEvent:
    usual = {
        "app": "shop",
        "at": BEGIN,
        "exceptions": (raised(kind, value),),
        "transaction": "/pay",
        "release": "1.0",
        "environment": "production",
    }
    return ErrorEvent(**usual | more)


def message(text: str, **more: Any) -> ErrorEvent:
    return ErrorEvent(**{"app": "shop", "at": BEGIN, "message": text, "logger": "shop"} | more)


class Desk:
    """Errors come, time passes, alarms are heard."""

    def __init__(self, store: Store, clock: FakeClock, **settings: Any) -> None:
        self.store = store
        self.clock = clock
        alarms = ErrorAlarms(**settings.pop("alarms", {}))
        self.settings = Errors(alarms=alarms, **settings)
        self.heard: list[Event] = []
        self.deaf = False
        self.cannot_bear = ""
        self.series = Table(clock)
        self.faults = self.another()

    def another(self) -> Faults:
        """A second one on the same store, as after a restart."""
        return Faults(self.store, self.clock, lambda: self.settings, self._hear, self.series)

    def _hear(self, events: list[Event]) -> None:
        if self.deaf:
            raise StoreUnavailable("the disk is full")
        if self.cannot_bear and any(self.cannot_bear in one.title for one in events):
            raise ZeroDivisionError(self.cannot_bear)
        self.heard += events

    def write(self, *errors: ErrorEvent) -> None:
        """Digest only."""
        now = self.clock.now()
        came = [msgspec.structs.replace(one, received_at=one.received_at or now) for one in errors]
        self.store.write(lambda tx: self.faults.digest(tx, came, now))

    def come(self, *errors: ErrorEvent) -> list[Event]:
        """Digest and tell; return what was told."""
        self.write(*(msgspec.structs.replace(one, at=max(one.at, self.clock.now())) for one in errors))
        return self.told()

    def told(self) -> list[Event]:
        """Tell; return what was told since the last time."""
        self.faults.tell()
        heard, self.heard = self.heard, []
        return heard

    def later(self, seconds: float) -> list[Event]:
        """Let time pass, and look at what ends by itself; return what was told."""
        self.clock.advance(seconds)
        self.faults.look()
        return self.told()

    def all(self, **asked: Any) -> list[Fault]:
        return self.store.read(lambda tx: faults.page(tx, Asked(**asked), 10_000))

    def only(self) -> Fault:
        (found,) = self.all()
        return found


def summary(events: list[Event]) -> list[tuple[str, str]]:
    """What each was about, and whether it fires."""
    return [(one.labels["alarm"], "fires" if one.state is State.FIRING else "over") for one in events]
