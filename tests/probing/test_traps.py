"""Traps in which other programs of the kind were caught: alarms on their way out, restarts, load, renames."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent

from daemon.agenda import Agenda
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.clock import SystemClock
from daemon.config.audience import Leg, Receiver, Route
from daemon.config.looking import ProbePlan
from daemon.event import Event, State
from daemon.notice import Acceptance, Message, Phase
from daemon.probes.command import Command
from daemon.probes.tcp import Tcp
from daemon.probing.scheduler import Scheduler
from daemon.reading import Reading
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from delivering import Post, Provider
from fake_clock import FakeClock
from lag import calmly
from made import at_once, event, settings
from probes_by_hand import BAD, GOOD, Plans, plan
from raw_server import serving

HANGS = 30.0  # seconds that a notifier takes


class Box:
    """Probes, pipeline and courier in one, as they are in the daemon, on a clock turned by hand."""

    def __init__(self, store: SqliteStore, clock: FakeClock, sender: Provider, *plans: ProbePlan) -> None:
        self.post = post = Post(store, clock)
        post.settings = settings(
            channels={},
            receivers={"ops": Receiver(name="ops", notify=(Leg(by=("sms",), to=("lin",)),))},
            route=at_once(Route(receiver="ops")),
            probes={one.name: one for one in plans},
        )
        post.channel("sms", sender, pool=1)
        self.rules = Rules(post.settings)
        self.intake = Intake(post.store, clock, lambda: self.rules)
        self.agenda = Agenda(post.store, clock, lambda: self.rules, lambda *_: None)
        self.scheduler = Scheduler(lambda: post.settings, clock, self.intake.events)

    @contextmanager
    def running(self) -> Iterator[Post]:
        self.post.courier.start()
        self.agenda.start()
        self.scheduler.start()
        try:
            yield self.post
        finally:
            self.scheduler.stop()
            stopping = gevent.spawn(self.agenda.stop)
            while not stopping.dead:
                self.post.go(1.0)
            self.post.stop_dead()


def looked_at(home: Path, clock: FakeClock, sender: Provider) -> tuple[list[tuple[str, float]], list[Phase]]:
    """When twenty probes were looked at in three minutes, half of which come and go; and how far their alarms got."""
    instants: list[tuple[str, float]] = []

    def answers(name: str, turns: Iterator[Reading]) -> Callable[[], Reading]:
        def look() -> Reading:
            instants.append((name, clock.monotonic()))
            return next(turns)

        return look

    turns = [itertools.cycle([GOOD] * 3 + [BAD] * 3 if at % 2 else [GOOD]) for at in range(20)]
    plans = [plan(f"p{at}", answers(f"p{at}", one), every=10, steady=0.0) for at, one in enumerate(turns)]
    store = SqliteStore(home / "tocsin.db")
    try:
        with Box(store, clock, sender, *plans).running() as post:
            post.go(180)
            phases = list(post.phases().values())
    finally:
        store.close()
    return instants, phases


def test_a_notifier_that_takes_half_a_minute_moves_no_look(tmp_path: Path) -> None:
    """Gatus sends while it holds the checks' semaphore, Uptime Kuma within the beat."""
    clock = FakeClock()

    def hang(_message: Message) -> Acceptance:
        clock.sleep(HANGS)
        return Acceptance(provider_id="at last")

    (tmp_path / "slow").mkdir()
    held, slow = looked_at(tmp_path / "slow", clock, Provider(answer=hang))
    free, quick = looked_at(tmp_path, FakeClock(), Provider())
    assert held == free
    assert len(held) == 20 * 18
    assert len(quick) > 20
    assert set(quick) == {Phase.SENT}
    assert 0 < slow.count(Phase.SENT) <= 180 / HANGS


def dies(_events: list[Event]) -> None:
    """Nothing of it gets anywhere."""
    raise gevent.GreenletExit


def lived(clock: FakeClock, answer: Reading, accept: Callable[[list[Event]], object]) -> None:
    """A process that looks for half a minute, and of which nothing is left but what it handed over."""
    scheduler = Scheduler(Plans(plan("shop", lambda: answer, every=10)), clock, accept)
    scheduler.start()
    clock.advance(30)
    gevent.joinall(list(scheduler._teller._telling), timeout=2)
    scheduler.stop()


def test_a_process_that_dies_before_its_alarm_is_on_disk_leaves_it_to_the_next_one(
    store: SqliteStore, clock: FakeClock
) -> None:
    """Healthchecks marks a change as done before it is sent."""
    intake = Intake(store, clock, lambda: Rules(settings()))
    lived(clock, BAD, dies)
    assert store.read(alerts.newest) == []
    lived(clock, BAD, intake.events)
    lived(clock, BAD, intake.events)
    (alert,) = store.read(alerts.newest)
    assert (alert.key, alert.state) == ("shop", State.FIRING)


def test_a_process_that_dies_before_the_end_of_an_alarm_is_on_disk_leaves_that_too(
    store: SqliteStore, clock: FakeClock
) -> None:
    intake = Intake(store, clock, lambda: Rules(settings()))
    lived(clock, BAD, intake.events)
    lived(clock, GOOD, dies)
    lived(clock, GOOD, intake.events)
    (alert,) = store.read(alerts.newest)
    assert (alert.key, alert.state) == ("shop", State.RESOLVED)


def test_programs_connections_and_the_store_at_once_hold_nobody_up(store: SqliteStore, tmp_path: Path) -> None:
    """gevent's subprocess and sqlite3 are known to block the loop, each by itself."""
    script = tmp_path / "check"
    script.write_text("#!/bin/sh\nseq 2000\nexit 1\n")
    script.chmod(0o755)
    program = Command(command=(str(script),))
    intake = Intake(store, SystemClock(), lambda: Rules(settings()))

    def work() -> list[object]:
        looks = [gevent.spawn(program.look) for _ in range(10)] + [gevent.spawn(port.look) for _ in range(100)]
        told = [gevent.spawn(intake.events, [event(key=f"k{at}")]) for at in range(100)]
        gevent.joinall(looks + told)
        return [one.get() for one in looks + told]

    with serving(lambda sock: sock.recv(1)) as number:
        port = Tcp(host="127.0.0.1", port=number)
        done = calmly(work)
    assert len(done) == 210


def test_a_probe_with_a_new_name_has_one_series_and_its_old_alarm_is_over(store: SqliteStore, clock: FakeClock) -> None:
    """Uptime Kuma showed the old name beside the new one."""
    plans = Plans(plan("shop", lambda: BAD, every=10))
    scheduler = Scheduler(plans, clock, Intake(store, clock, lambda: Rules(settings())).events)
    scheduler.start()
    clock.advance(30)
    plans.put(plan("store", lambda: BAD, every=10))
    scheduler.reload()
    clock.advance(30)
    gevent.joinall(list(scheduler._teller._telling), timeout=2)
    page = scheduler.exposition().decode()
    scheduler.stop()
    assert 'probe="shop"' not in page
    assert page.count('tocsin_probe_up{probe="store"}') == 1
    assert {one.key: one.state for one in store.read(alerts.newest)} == {"shop": State.RESOLVED, "store": State.FIRING}
