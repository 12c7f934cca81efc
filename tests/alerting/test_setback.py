"""A clock that is set back keeps nobody waiting: steps, digests and the end of flapping come when they would have."""

from dataclasses import replace

from daemon.alerting import setback
from daemon.config.audience import Escalation, Leg, Receiver, Route, Storm
from daemon.config.flapping import Flapping
from daemon.notice import Reason
from daemon.store import timers
from daemon.store.sqlite import SqliteStore
from daemon.store.timers import Kind
from daemon.units import Seconds
from hearing import Hearing
from made import settings

STEPS = (Escalation(after=Seconds(600), by=("room",)),)
LIMIT = Storm(above=2, within=Seconds(60), digest_every=Seconds(120))
OPS = Receiver(name="ops", notify=(Leg(by=("room",)),), storm=LIMIT, escalate=STEPS)
FLAPPING = Flapping(changes=4, within=Seconds(600), settle=Seconds(300), at_most=Seconds(500))
BACK = 86_400.0


def made(store: SqliteStore) -> Hearing:
    return Hearing(store, replace(settings(receivers={"ops": OPS}, route=Route(receiver="ops")), flapping=FLAPPING))


def set_back(story: Hearing, known: bool = True) -> None:
    story.now -= BACK
    story.store.write(lambda tx: setback.set_back(tx, story.rules, story.now, BACK if known else 0.0))


def test_a_step_comes_when_it_would_have(store: SqliteStore) -> None:
    story = made(store)
    story.fires("a")
    set_back(story.to(400))
    story.to(-BACK + 601)
    assert [(said.at, said.reason) for said in story.said()] == [(0, Reason.FIRST), (600 - BACK, Reason.ESCALATED)]


def test_a_digest_comes_when_it_would_have_and_what_was_told_before_counts_no_longer_than_else(
    store: SqliteStore,
) -> None:
    story = made(store)
    story.fires(*"abc")
    set_back(story.to(100))
    story.to(-BACK + 121)
    assert [said.at for said in story.said() if said.reason is Reason.DIGEST] == [120 - BACK]
    story.to(-BACK + 250).fires("d")
    assert store.read(lambda tx: tx.one("SELECT count(*) FROM storms")) == (0,)


def test_what_flaps_settles_when_it_would_have(store: SqliteStore) -> None:
    story = made(store)
    for change in range(5):
        story.to(change)
        (story.ends if change % 2 else story.fires)("a")
    (at,) = store.read(lambda tx: tx.one("SELECT at FROM timers WHERE kind = 'flapping'")) or (0.0,)
    set_back(story.to(10))
    assert store.read(lambda tx: timers.any_before(tx, Kind.FLAPPING, at - BACK + 1))


def test_where_it_is_not_known_how_far_it_went_nothing_waits_longer_than_it_may(store: SqliteStore) -> None:
    story = made(store)
    story.fires(*"abc")
    set_back(story.to(100), known=False)
    story.to(-BACK + 100 + 121)
    assert [said.at for said in story.said() if said.reason is Reason.DIGEST] == [220 - BACK]
