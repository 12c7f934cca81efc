"""Whether tocsin itself can see."""

import socket
from collections.abc import Iterator

import gevent
import pytest
from gevent.server import StreamServer

from daemon import telemetry
from daemon.aside import at_once
from daemon.conditions.parse import parse
from daemon.config.looking import ProbePlan
from daemon.config.sight import Sight
from daemon.event import Event, State
from daemon.internal import Check
from daemon.probes.tcp import Tcp
from daemon.probing.judging import judged
from daemon.probing.scheduler import Scheduler
from daemon.probing.sight import Eyesight
from daemon.pulse import Pulse
from daemon.reading import Health, Reading
from daemon.units import Seconds
from fake_clock import FakeClock, settle
from probes_by_hand import BAD, GOOD, Plans, plan
from until import until

RESOLVED = Reading(health=Health.DOWN, detail="refused", phases={"resolve": 0.001})
NAMELESS = Reading(health=Health.DOWN, detail="there is no such name")


class Box:
    """An eyesight, its references, and what it raised."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.pulse = Pulse(clock)
        self.alarms: list[tuple[Check, str]] = []
        self.ended: list[Check] = []
        self.settings = Sight()
        self.eyes = Eyesight(lambda: self.settings, clock, self.pulse, self._alarm, self.ended.append)
        self.looked = 0

    def _alarm(self, check: Check, *, title: str, text: str) -> None:
        del title
        self.alarms.append((check, text))

    def refer(self, *references: str, names: tuple[str, ...] = ()) -> None:
        self.settings = Sight(references=references, names=names, timeout=Seconds(2))

    def answer(self, sock: object, address: object) -> None:
        del sock, address
        self.looked += 1

    def seen(self, reading: Reading, **more: object) -> Reading:
        return self.eyes.seen(plan("shop", lambda: reading, **more), reading, self.clock.monotonic())


@pytest.fixture
def box(clock: FakeClock) -> Box:
    return Box(clock)


@pytest.fixture
def open_port(box: Box) -> Iterator[str]:
    server = StreamServer(("127.0.0.1", 0), box.answer)
    server.start()
    yield f"127.0.0.1:{server.server_port}"
    server.stop(timeout=1)


@pytest.fixture
def shut() -> str:
    """Where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{held.getsockname()[1]}"


def test_without_references_every_reading_means_what_it_says(box: Box) -> None:
    assert box.seen(BAD) == BAD


def test_what_is_bad_while_most_references_are_silent_is_unknown(box: Box, open_port: str, shut: str) -> None:
    box.refer(open_port, shut, "127.0.0.1:1")
    seen = box.seen(BAD)
    assert (seen.health, seen.blind) == (Health.UNKNOWN, True)
    assert seen.detail.startswith("unknown, for tocsin is cut off: 2 of 3 references do not answer")
    assert "connection refused" in seen.detail


def test_one_that_is_named_twice_counts_once(box: Box, open_port: str, shut: str) -> None:
    box.refer(open_port, shut, shut)
    assert box.seen(BAD) == BAD


def test_half_of_them_are_enough_to_see(box: Box, open_port: str, shut: str) -> None:
    box.refer(open_port, shut)
    assert box.seen(BAD) == BAD


def test_what_is_well_was_seen_whatever_else_is_silent(box: Box, shut: str) -> None:
    box.refer(shut)
    assert box.seen(GOOD) == GOOD


def test_what_is_near_is_seen_by_one_who_is_cut_off(box: Box, shut: str, monkeypatch: pytest.MonkeyPatch) -> None:
    box.refer(shut)
    near = plan("disk", lambda: BAD)
    monkeypatch.setattr(type(near.probe), "is_near", lambda _: True)
    assert box.eyes.seen(near, BAD, box.clock.monotonic()) == BAD


def test_without_names_only_what_got_past_its_name_can_be_judged(box: Box, open_port: str) -> None:
    box.refer(open_port, names=("there-is-no-such-name.invalid",))
    assert box.seen(RESOLVED) == RESOLVED
    assert box.seen(NAMELESS).detail.startswith("unknown, for tocsin cannot look up names: 1 of 1 names")


def test_one_alarm_says_so_and_ends_when_it_can_see_again(box: Box, open_port: str, shut: str) -> None:
    box.refer(shut)
    for _ in range(3):
        box.seen(BAD)
        box.clock.advance(10)
    assert {check for check, _ in box.alarms} == {Check.BLIND}
    assert telemetry.blind._value.get() == 1
    box.refer(open_port)
    box.eyes.look()
    box.eyes.look()
    assert box.ended == [Check.BLIND]
    assert telemetry.blind._value.get() == 0


def test_a_thousand_that_ask_at_once_cause_one_look(box: Box, open_port: str) -> None:
    box.refer(open_port)
    gevent.joinall([gevent.spawn(box.seen, BAD) for _ in range(1_000)], raise_error=True)
    settle()
    assert box.looked == 1


def test_a_reference_that_does_not_answer_in_time_is_silent(box: Box) -> None:
    box.settings = Sight(references=("192.0.2.1:9",), timeout=Seconds(0.2))
    assert "1 of 1 references do not answer (192.0.2.1:9)" in box.eyes.look().cut_off


def test_those_that_are_silent_are_not_waited_for_when_enough_have_answered(box: Box, open_port: str) -> None:
    box.settings = Sight(references=(open_port, "192.0.2.1:9"), timeout=Seconds(60))
    assert box.seen(BAD) == BAD  # a node has two seconds for this, beside the look


def test_who_gives_up_its_references_is_no_longer_blind(box: Box, shut: str) -> None:
    box.refer(shut)
    box.seen(BAD)
    assert box.alarms
    box.refer()
    box.clock.advance(10)
    assert box.seen(BAD) == BAD
    assert (box.ended, telemetry.blind._value.get()) == ([Check.BLIND], 0)


def test_what_an_earlier_process_raised_is_over_with_the_first_look(box: Box, open_port: str) -> None:
    box.refer(open_port)
    box.eyes.start()
    try:
        until(lambda: box.ended == [Check.BLIND])
    finally:
        box.eyes.stop()


def test_what_could_not_be_looked_at_by_one_who_is_cut_off_is_no_fault_of_its_own(box: Box, shut: str) -> None:
    box.refer(shut)
    assert box.seen(Reading(health=Health.UNKNOWN, detail="far did not answer")).blind


def test_being_held_up_counts_before_it_is_felt(box: Box) -> None:
    """When the loop comes to itself, a look that timed out may run before those that feel how late it is."""
    box.pulse.start()
    settle()
    began = box.clock.monotonic()
    box.clock._go_to(began + 3)
    assert "held up for 2.9 s" in box.eyes.seen(plan("shop"), BAD, began).detail
    box.pulse.stop()


def test_references_that_come_and_go_begin_and_end_one_alarm_each_time(box: Box, open_port: str, shut: str) -> None:
    for _ in range(3):
        box.refer(shut)
        box.clock.advance(10)
        assert box.seen(BAD).blind
        box.refer(open_port)
        box.clock.advance(10)
        assert box.seen(BAD) == BAD
    assert len(box.alarms) == len(box.ended) == 3


def test_a_look_while_tocsin_was_held_up_says_nothing(box: Box) -> None:
    began = box.clock.monotonic()
    box.pulse.note(2.5)
    seen = box.eyes.seen(plan("shop"), BAD, began)
    assert seen.detail == "unknown, for tocsin itself was held up for 2.5 s (connection refused)"
    box.clock.advance(20)
    assert box.eyes.seen(plan("shop"), BAD, box.clock.monotonic()) == BAD


def test_it_looks_by_itself_while_every_probe_is_well(box: Box, shut: str) -> None:
    box.refer(shut)
    box.eyes.start()
    try:
        until(lambda: box.alarms)
        assert box.alarms[0][0] is Check.BLIND
    finally:
        box.eyes.stop()


def test_a_probe_is_unknown_while_blind_and_no_alarm_of_its_own_begins_or_ends(
    box: Box, shut: str, open_port: str
) -> None:
    now, events = [GOOD], list[Event]()
    box.refer(open_port)
    plans = Plans(plan("shop", lambda: now[0], every=10))
    scheduler = Scheduler(plans, box.clock, events.extend, sight=box.eyes)
    scheduler.start()
    box.clock.advance(30)
    now[0] = BAD
    box.refer(shut)
    box.clock.advance(100)
    until(lambda: next(scheduler.statuses()).verdict is Health.UNKNOWN)
    assert [event for event in events if event.state is State.FIRING] == []
    now[0] = GOOD
    until(lambda: box.clock.advance(10) or next(scheduler.statuses()).verdict is Health.UP)  # type: ignore[func-returns-value]
    assert [event for event in events if event.state is State.FIRING] == []
    scheduler.stop()


def test_what_turned_out_to_be_in_the_own_network_is_seen(box: Box, shut: str) -> None:
    box.refer(shut)
    seen = Reading(health=Health.DOWN, detail="refused", near=True)
    assert box.seen(seen) == seen


@pytest.mark.parametrize("demands", ["down", "degraded"])
def test_what_answers_in_the_own_network_and_not_as_it_should_is_seen(
    box: Box, open_port: str, shut: str, monkeypatch: pytest.MonkeyPatch, demands: str
) -> None:
    box.refer(shut)
    probe = Tcp(host="localhost", port=int(open_port.rpartition(":")[2]))
    monkeypatch.setattr(Tcp, "is_near", lambda _: False)  # as a name that only turns out to lead there
    never = (parse("time.connect > 1h", Tcp.gives()),)
    local = ProbePlan(name="db", type="tcp", probe=probe, **{demands: never})  # type: ignore[arg-type]
    reading = judged(local, probe.look(), at_once)
    assert not reading.is_well
    assert box.eyes.seen(local, reading, box.clock.monotonic()) == reading


def test_of_a_probe_that_is_upside_down_only_what_works_was_seen(box: Box, shut: str) -> None:
    box.refer(shut)
    as_it_should_be = Reading(health=Health.UP, detail="as it should be: connection refused")
    assert box.seen(as_it_should_be, upside_down=True).health is Health.UNKNOWN
    works = Reading(health=Health.DOWN, detail="it works, and should not: 200 OK")
    assert box.seen(works, upside_down=True) == works
