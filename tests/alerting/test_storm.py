"""Above a configured rate a receiver hears digests; what is critical never waits in one."""

from collections.abc import Callable

import pytest

from daemon.alerting import due
from daemon.config.audience import Leg, Person, Receiver, Route, Storm
from daemon.event import Severity
from daemon.notice import Phase, Reason
from daemon.store import alerts, leases, outbox
from daemon.store.base import Tx
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from hearing import Hearing, Said
from made import settings

LIMIT = Storm(above=3, within=Seconds(60), digest_every=Seconds(120))


@pytest.fixture
def start(store: SqliteStore) -> Callable[[], Hearing]:
    receivers = {
        "ops": Receiver(name="ops", notify=(Leg(by=("room",)),), storm=LIMIT),
        "db": Receiver(name="db", notify=(Leg(by=("room",)),)),
    }
    return lambda: Hearing(store, settings(receivers=receivers, route=Route(receiver="ops")))


def names(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"k{number:02}" for number in range(first, last))


def sent(story: Hearing) -> list[tuple[Reason, int]]:
    """What really goes out: the reason of each delivery's notice, and how many alarms it is about."""
    rows = story.store.read(outbox.newest)
    return [(row.notice.reason, row.notice.firing + row.notice.resolved) for row in reversed(rows)]


def test_above_the_limit_alarms_are_told_in_one_digest(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 40))
    assert sent(story) == [(Reason.FIRST, 1)] * 3
    story.to(120)
    assert sent(story)[3:] == [(Reason.DIGEST, 37)]
    (digest,) = [said for said in story.said() if said.reason is Reason.DIGEST]
    assert digest == Said(120, "ops", Reason.DIGEST, names(3, 40), ())


def test_the_digest_tells_how_they_stand_and_the_worst_comes_first(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 10), severity=Severity.WARNING)
    story.fires("bad", severity=Severity.ERROR)
    story.to(60).ends("k05")
    story.to(120)
    (digest,) = [row.notice for row in story.store.read(outbox.newest) if row.notice.reason is Reason.DIGEST]
    assert (digest.firing, digest.resolved, digest.alert.key) == (7, 1, "bad")
    assert digest.note == "2m"


def test_what_is_critical_never_waits(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 40))
    story.to(10).fires("worst", severity=Severity.CRITICAL)
    assert sent(story)[-1] == (Reason.FIRST, 1)
    assert story.store.read(outbox.newest)[0].notice.alert.key == "worst"


def test_a_storm_goes_on_in_digests_and_ends_when_little_came(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 20))
    story.to(121).fires(*names(20, 40))
    story.to(241).fires("k40")
    story.to(361).fires("k41")
    assert sent(story)[3:] == [(Reason.DIGEST, 17), (Reason.DIGEST, 20), (Reason.DIGEST, 1), (Reason.FIRST, 1)]


def test_a_restart_in_between_loses_nothing_of_the_digest(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 10))
    again = start()
    again.now = story.now
    again.to(120)
    assert sent(again)[3:] == [(Reason.DIGEST, 7)]


def test_the_end_of_what_a_digest_told_is_not_folded_away_with_a_repeat(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 5))
    deliver(story.to(121))
    story.to(300).ends(*names(0, 4))
    deliver(story.to(600))
    story.to(14_500)  # the repeat of k04 waits: the channel is down
    assert sent(story)[-1] == (Reason.REPEAT, 1)
    story.ends("k04")
    assert [row.delivery.phase for row in story.store.read(outbox.newest)][:2] == [Phase.WAITING] * 2
    assert sent(story)[-1] == (Reason.ALL_RESOLVED, 1)


def deliver(story: Hearing) -> None:
    """Everything that waits arrives."""

    def work(tx: Tx) -> None:
        for one in leases.claim(tx, "room", story.now, 60.0, 100).claimed:
            outbox.sent(tx, one.delivery, "", "", story.now)

    story.store.write(work)


def test_the_trace_says_that_an_alarm_waited_for_a_digest(start: Callable[[], Hearing]) -> None:
    story = start()
    story.fires(*names(0, 10))
    story.to(120)
    steps = [step for trace in story.store.read(lambda tx: alerts.traces(tx, 10)) for step in trace.steps]
    assert [(step.stage, step.verdict) for step in steps if step.stage == "storm"] == [
        ("storm", "held"),
        ("storm", "digest"),
    ]


def test_a_limit_is_counted_for_each_receiver_by_itself(store: SqliteStore) -> None:
    story = Hearing(store, settings())
    story.fires(*names(0, 40))
    assert sent(story) == [(Reason.FIRST, 1)] * 40


def test_a_digest_that_reaches_nobody_is_said_to(store: SqliteStore) -> None:
    lost = Receiver(name="ops", notify=(Leg(by=("sms",), to=("lin",)),), storm=LIMIT)
    people = {"lin": Person(name="lin")}
    rules = settings(receivers={"ops": lost, "db": Receiver(name="db")}, people=people, route=Route(receiver="ops"))
    story = Hearing(store, rules)
    story.fires(*names(0, 10))
    story.now += 120
    done = store.write(lambda tx: due.do_due(tx, story.rules, story.now, 100))
    (digest,) = [one for one in done.flushed if one.unheard]
    assert digest.unheard[0][1] == "lin has no address for sms"
