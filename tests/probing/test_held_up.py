"""Nobody who is told keeps anybody from looking."""

from typing import ClassVar

import pytest
from gevent.event import Event as Signal

from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.delivery.alarms import Voice
from daemon.delivery.courier import Courier
from daemon.notice import Acceptance, Message
from daemon.probing.beat import beat_of
from daemon.probing.scheduler import Scheduler
from daemon.reading import Reading
from daemon.store.sqlite import SqliteStore
from delivering import Provider
from fake_clock import FakeClock
from made import channel, settings
from probes_by_hand import BAD, GOOD, plan
from until import until

PROBES, EVERY, SECONDS = 20, 5.0, 60


class Room(Provider):
    """A provider that is a room."""

    address: ClassVar[str] = ""


def test_a_sender_that_hangs_for_30_seconds_moves_the_start_of_no_look(store: SqliteStore, clock: FakeClock) -> None:
    """A provider takes the first alarm and says nothing for half a minute; meanwhile all looks are in time."""
    is_hung, go = Signal(), Signal()

    def answer(_message: Message) -> Acceptance:
        is_hung.set()
        go.wait()
        return Acceptance(provider_id="at last")

    looks: dict[str, list[float]] = {f"p{number}": [] for number in range(PROBES)}

    def looked(name: str) -> Reading:
        looks[name].append(clock.monotonic())
        return BAD if name == "p0" else GOOD

    def planned(name: str) -> object:
        return plan(name, lambda: looked(name), every=EVERY, fail_after=1, recover_after=1)

    live = settings(
        probes={name: planned(name) for name in looks},
        channels={"room": channel("room", Room(answer=answer)), "sms": channel("sms")},
    )
    intake = Intake(store, clock, lambda: Rules(live))
    courier = Courier(store, clock, lambda: live, Voice(alarm=intake.alarm, over=intake.alarm_over))
    scheduler = Scheduler(lambda: live, clock, intake.events)
    began = clock.monotonic()
    courier.start()
    scheduler.start()
    try:
        clock.advance(EVERY)
        until(is_hung.is_set)
        for _ in range(SECONDS):
            clock.advance(1.0)
            if clock.monotonic() - began > 30 + EVERY:
                go.set()
    finally:
        go.set()
        scheduler.stop()
        courier.stop(1)
    for name, instants in looks.items():
        beat = beat_of(name, EVERY)
        first = beat.after(began)
        assert instants == pytest.approx([beat.due(first + n) for n in range(len(instants))], abs=1e-6), name
        assert len(instants) in {13, 14}
