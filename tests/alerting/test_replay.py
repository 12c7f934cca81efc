"""Alerts that there were, replayed under the configuration that was in force: the same notices at the same instants."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from daemon.alerting.pipeline import Outcome
from daemon.alerting.replay import Replay
from daemon.config.audience import Route
from daemon.config.flapping import Flapping
from daemon.event import Event
from daemon.matcher import parse
from daemon.store import alerts, replays, silences
from daemon.store.base import Tx
from daemon.store.replays import Past
from daemon.store.silences import Silence
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing
from made import event, settings

pytestmark = pytest.mark.slow

ROUTE = Route(
    receiver="ops",
    group_by=("team",),
    group_wait=Seconds(30),
    group_interval=Seconds(60),
    repeat_interval=Seconds(600),
    routes=(
        Route(receiver="db", matchers=parse('team="db"'), group_wait=Seconds(5), continue_=True),
        Route(receiver="ops", matchers=parse('team=~"db|net"'), group_by=("...",), group_wait=Seconds(0)),
    ),
)
CONFIG = settings(route=ROUTE, flapping=Flapping(changes=5, within=Seconds(300), settle=Seconds(120)))
EVENTS = st.lists(
    st.tuples(
        st.sampled_from((1, 7, 33, 200)), st.sampled_from("abc"), st.booleans(), st.sampled_from(("db", "net", "web"))
    ),
    min_size=1,
    max_size=12,
)


class Delivered(Hearing):
    """Whatever is put into the outbox is sent at once."""

    def take(self, *events: Event) -> Outcome:
        outcome = super().take(*events)
        self._sent()
        return outcome

    def _do(self) -> None:
        super()._do()
        self._sent()

    def _sent(self) -> None:
        self.store.write(lambda tx: tx.run("UPDATE deliveries SET phase = 'sent' WHERE phase = 'waiting'"))


def _emptied(tx: Tx) -> None:
    for name in ("alerts", "groups", "notices", "silences", "timers", "flaps", "storms"):
        tx.run(f"DELETE FROM {name}")


def _said(tx: Tx) -> list[tuple[object, ...]]:
    """Each notice: when, to whom, why, about how many and how many recipients; group labels tell which."""
    return tx.all(
        "SELECT round(n.at, 3), receiver, n.reason, firing, resolved, labels, count(d.id) FROM notices n"
        " LEFT JOIN deliveries d ON d.notice_id = n.id GROUP BY n.id ORDER BY n.id"
    )


def _past(tx: Tx) -> list[Past]:
    return [replays.past(tx, alert) for alert in alerts.newest(tx, limit=1_000)]


def again(store: SqliteStore, hearing: Hearing, quiet: list[Silence]) -> list[tuple[object, ...]]:
    replay = Replay(CONFIG, store.read(_past), quiet, [], hearing.now)
    scratch = store.scratch()
    try:
        scratch.write(replay.prepare)
        while not scratch.write(lambda tx: replay.turn(tx, 3)):
            pass
        assert scratch.write(replay.result).cut_at is None
        return scratch.write(_said)
    finally:
        scratch.close()


@given(course=EVENTS, silenced=st.booleans())
@tried(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_same_is_said_again(store: SqliteStore, course: list[tuple[int, str, bool, str]], silenced: bool) -> None:
    store.write(_emptied)
    hearing = Delivered(store, CONFIG)
    if silenced:
        hearing.silence('team="db"', start=20, end=300)
    seconds = 0.0
    for pause, key, fires, team in course:
        seconds += pause
        hearing.to(seconds)
        hearing.fires(key, labels={"team": team}) if fires else hearing.ends(key)
    hearing.to(seconds + 2_000)
    quiet = store.read(silences.newest)
    assert again(store, hearing, quiet) == store.read(_said)


def test_one_without_a_key_is_the_same_problem_again(store: SqliteStore) -> None:
    hearing = Delivered(store, CONFIG)
    hearing.take(event(key="", labels={"team": "web"}), event(key="", labels={"team": "net"}))
    hearing.to(2_000)
    assert again(store, hearing, []) == store.read(_said)
