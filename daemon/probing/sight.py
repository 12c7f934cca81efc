"""Can tocsin itself see? References that answer, names that can be looked up, an event loop that is not held up."""

from collections.abc import Callable

import gevent
import msgspec
from gevent.lock import Semaphore

from daemon import telemetry
from daemon.clock import Clock
from daemon.config.looking import ProbePlan
from daemon.config.sight import Sight
from daemon.internal import Check
from daemon.probes.dial import Watch, dialled, measured
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
        self._told = True  # that it is over, once after a start: an earlier process may have raised it

    def start(self) -> None:
        """Begin to look now and then, so that it is known and told also while every probe is well."""
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
        """The reading, or that nothing is known. What is well was seen, and what is near is seen whatever is cut off.

        `began` is when the look did, in monotonic time.
        """
        if reading.health in {Health.UP, Health.UNKNOWN}:
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
        settings = self._settings()
        if not settings.references and not settings.names:
            return Found(at=self._clock.monotonic())
        with self._one_at_a_time:
            if self._clock.monotonic() - self._found.at >= age:
                self._found = self._looked(settings)
                telemetry.blind.set(bool(self._found.cut_off or self._found.nameless))
                self._tell(self._found.cut_off or self._found.nameless)
            return self._found

    def _looked(self, settings: Sight) -> Found:
        """Ask all of them side by side, within the time-out."""
        asked = [gevent.spawn(_answers, reference, settings.timeout) for reference in settings.references]
        named = [gevent.spawn(_is_known, name) for name in settings.names]
        asking: list[gevent.Greenlet[..., bool]] = [*asked, *named]
        gevent.joinall(asking, timeout=settings.timeout)
        silent = [reference for reference, one in zip(settings.references, asked, strict=True) if not one.value]
        unknown = [name for name, one in zip(settings.names, named, strict=True) if not one.value]
        gevent.killall(asking)
        return Found(
            at=self._clock.monotonic(),
            cut_off=_most(silent, settings.references, "of {} references do not answer"),
            nameless=_most(unknown, settings.names, "of {} names cannot be looked up"),
        )

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


def _most(missing: list[str], of: tuple[str, ...], words: str) -> str:
    """Say which are missing when that is more than half of them."""
    if len(missing) * 2 <= len(of):
        return ""
    return f"{len(missing)} {words.format(len(of))} ({', '.join(missing)})"


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
