"""An alarm that ended, or whose probe was removed, while nobody ran: closed in the real store by the next process."""

import gevent
import pytest

from daemon.alert import Alert
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.event import State
from daemon.housekeeping import close_removed
from daemon.probing.scheduler import Scheduler
from daemon.reading import Reading
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from fake_clock import FakeClock
from probes_by_hand import BAD, GOOD, Plans, plan


def live(store: SqliteStore, clock: FakeClock, plans: Plans, seconds: float) -> None:
    """One life of the process."""
    scheduler = Scheduler(plans, clock, Intake(store, clock, lambda: Rules(plans())).events)
    scheduler.start()
    clock.advance(seconds)
    gevent.joinall(list(scheduler._teller._telling), timeout=2)
    scheduler.stop()


def kept(store: SqliteStore) -> list[Alert]:
    return store.read(alerts.newest)


@pytest.mark.parametrize(("then", "state"), [(GOOD, State.RESOLVED), (BAD, State.FIRING)])
def test_the_next_process_finds_the_alert_and_closes_or_counts_it(
    store: SqliteStore, clock: FakeClock, then: Reading, state: State
) -> None:
    now = [BAD]
    plans = Plans(plan("shop", lambda: now[0], every=10))
    live(store, clock, plans, 30)
    (before,) = kept(store)
    assert before.state is State.FIRING
    now[0] = then
    clock.advance(3_600)
    live(store, clock, plans, 30)
    (alert,) = kept(store)
    assert (alert.id, alert.state) == (before.id, state)
    assert (alert.ended_at is None) == (state is State.FIRING)


def test_the_alert_of_a_probe_removed_while_nobody_ran_is_swept_up(store: SqliteStore, clock: FakeClock) -> None:
    plans = Plans(plan("shop", lambda: BAD, every=10))
    live(store, clock, plans, 30)
    plans.put(plan("other", every=10))
    live(store, clock, plans, 30)
    assert close_removed(store, Intake(store, clock, lambda: Rules(plans())).events, plans().probes, clock.now()) == 1
    (alert,) = kept(store)
    assert (alert.state, alert.text) == (State.RESOLVED, "probe removed")
