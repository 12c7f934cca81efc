"""Can tocsin itself see? References that answer, names that can be looked up, an event loop that is not held up."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

import gevent
import msgspec
from gevent.lock import Semaphore

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.looking import ProbePlan
from daemon.config.sight import Sight
from daemon.internal import Check
from daemon.probes.network.dial import Watch, dialled, measured
from daemon.pulse import Pulse
from daemon.reading import Health, Reading
from daemon.resolver import looked_up

FRESH = 2.0  # seconds for which what was found holds, so that a thousand failing probes look once


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at the references and names found."""

    at: float  # monotonic
    cut_off: str = ""  # why nothing beyond this machine can be judged; empty when it can
    nameless: str = ""  # why nothing can be judged whose name must be looked up


Alarm = Callable[..., None]
Asked: TypeAlias = "Mapping[str, gevent.Greenlet[..., bool]]"


class Eyesight:
    """Says whether a bad reading means anything. Whoever asks while somebody looks already waits for that look."""

    def __init__(
        self, settings: Callable[[], Sight], clock: Clock, pulse: Pulse, alarm: Alarm, alarm_over: Alarm
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._pulse = pulse
        self._alarm = alarm
        self._alarm_over = alarm_over
        self._found = Found(at=float("-inf"))
        self._one_at_a_time = Semaphore()
        self._greenlet: gevent.Greenlet[[], None] | None = None
        self._told = False

    def start(self) -> None:
        """Begin to look now and then, so that it is known and told also while every probe is well."""
        # That it is over is told once after a start: an earlier process may have raised it.
        self._told = bool(self._settings().references or self._settings().names)
        self._greenlet = gevent.spawn(self._watch)

    def stop(self) -> None:
        """Look no more."""
        if self._greenlet is not None:
            self._greenlet.kill()

    @property
    def found(self) -> Found:
        """What the last look found."""
        return self._found

    def seen(self, plan: ProbePlan, reading: Reading, began: float) -> Reading:
        """The reading, or that nothing is known. What works was seen, and what is near is seen whatever is cut off.

        `began` is when the look did, in monotonic time. Of a probe that is upside down, it is the bad reading that was
        seen to work.
        """
        works = Health.DOWN if plan.upside_down else Health.UP
        if reading.health is works:
            return reading
        held_up = self._pulse.worst(began)
        if held_up > self._settings().hub_lag:
            return _unseen(reading, f"tocsin itself was held up for {held_up:.1f} s")
        if reading.near or plan.probe.is_near():
            return reading
        found = self.look(FRESH)
        if found.cut_off:
            return _unseen(reading, f"tocsin is cut off: {found.cut_off}")
        if found.nameless and "resolve" not in reading.phases:
            return _unseen(reading, f"tocsin cannot look up names: {found.nameless}")
        return reading

    def look(self, age: float = 0.0) -> Found:
        """What there is to see, not older than so many seconds."""
        with self._one_at_a_time:
            if self._clock.monotonic() - self._found.at >= age:
                self._found = self._looked(self._settings())
                telemetry.blind.set(bool(self._found.cut_off or self._found.nameless))
                self._tell(self._found.cut_off or self._found.nameless)
            return self._found

    def _looked(self, settings: Sight) -> Found:
        """Ask all of them side by side, until it is certain that there are enough, within the time-out."""
        asked = {one: gevent.spawn(_answers, one, settings.timeout) for one in settings.references}
        named = {one: gevent.spawn(_is_known, one) for one in settings.names}
        asking: list[gevent.Greenlet[..., bool]] = [*asked.values(), *named.values()]
        try:
            for _ in gevent.iwait(asking, timeout=settings.timeout):
                if not _missing(asked) and not _missing(named):
                    break
            return Found(
                at=self._clock.monotonic(),
                cut_off=_said(_missing(asked), asked, "of {} references do not answer"),
                nameless=_said(_missing(named), named, "of {} names cannot be looked up"),
            )
        finally:
            gevent.killall(asking, block=False)

    def _watch(self) -> None:
        while True:
            self.look(self._settings().every / 2)
            self._clock.sleep(self._settings().every)

    def _tell(self, why: str) -> None:
        if why:
            self._told = True
            text = f"{why}. Probes beyond this machine are unknown meanwhile: no alarm of theirs begins or ends."
            self._alarm(Check.BLIND, title="tocsin cannot see", text=text)
        elif self._told:
            self._told = False
            self._alarm_over(Check.BLIND)


def _unseen(reading: Reading, why: str) -> Reading:
    return msgspec.structs.replace(
        reading, health=Health.UNKNOWN, detail=f"unknown, for {why} ({reading.detail})", blind=True
    )


def _missing(asked: Asked) -> list[str]:
    """Which have not answered, when that is more than half of them."""
    silent = [name for name, asking in asked.items() if not asking.value]
    return silent if len(silent) * 2 > len(asked) else []


def _said(missing: list[str], of: Asked, words: str) -> str:
    return f"{len(missing)} {words.format(len(of))} ({', '.join(missing)})" if missing else ""


def _answers(reference: str, within: float) -> bool:
    host, _, port = reference.rpartition(":")

    def look(watch: Watch) -> str:
        with dialled(host.strip("[]"), int(port), watch):
            return ""

    return measured(within, look).is_well


def _is_known(name: str) -> bool:
    try:
        return bool(looked_up(name, 0))
    except (OSError, UnicodeError):
        return False
