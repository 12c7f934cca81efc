"""The outbox's rows: leases, fences, what is put, settled, given up and revived."""

from collections.abc import Callable
from typing import Any

import pytest

from daemon.event import Severity
from daemon.notice import Hop, Phase, Reason, Recipient
from daemon.store import alerts, groups, leases, notices, outbox
from daemon.store.base import Tx
from daemon.store.outbox import Claimed
from daemon.store.sqlite import SqliteStore
from delivering import alert_of

NOW = 1_000.0
LEASE = 60.0


class Box:
    """The store with the words these tests speak."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store

    def do(self, work: Callable[..., Any], *values: Any, **named: Any) -> Any:
        return self.store.write(lambda tx: work(tx, *values, **named))

    def put(
        self,
        *ways: str,
        to: tuple[str, ...] = ("lin",),
        at: float = NOW,
        severity: Severity = Severity.ERROR,
        why: Reason = Reason.FIRST,
    ) -> list[int]:
        def work(tx: Tx) -> list[int]:
            alert = alerts.add(tx, alert_of(at, severity=severity))
            notice = notices.add(tx, [alert], [], "ops", why, at)
            hops = [Hop(channel=way, address="+1") for way in ways or ("sms",)]
            return [outbox.put(tx, notice, name, hops, at) for name in to]

        return self.store.write(work)

    def claim(self, limit: int = 10, now: float = NOW, channel: str = "sms", **more: Any) -> list[Claimed]:
        return self.do(leases.claim, channel, now, LEASE, limit, **more).claimed

    def get(self, delivery_id: int) -> Claimed:
        found = self.do(outbox.get, delivery_id)
        assert found is not None
        return found


@pytest.fixture
def box(store: SqliteStore) -> Box:
    return Box(store)


def ids(claimed: list[Claimed]) -> list[int]:
    return [one.delivery.id for one in claimed]


def test_a_claim_carries_the_lease_the_try_and_what_is_to_be_said(box: Box) -> None:
    (one,) = box.put("sms", "mail")
    (claimed,) = box.claim()
    delivery = claimed.delivery
    assert (delivery.phase, delivery.lease_until, delivery.attempts) == (Phase.SENDING, NOW + LEASE, 1)
    assert (delivery.first_try_at, delivery.created_at) == (NOW, NOW)
    assert delivery.recipient == Recipient(name="lin", address="+1")
    assert delivery.then == [Hop(channel="mail", address="+1")]
    assert claimed == box.get(one)
    assert claimed.notice.alert.title == "Disk full"


def test_what_is_claimed_is_not_claimed_twice(box: Box) -> None:
    box.put(to=("a", "b", "c"))
    assert ids(box.claim(2)) == [1, 2]
    assert ids(box.claim(2)) == [3]
    assert box.claim(2) == []


def test_the_most_urgent_goes_first_then_the_oldest_and_tests_last(box: Box) -> None:
    box.put(severity=Severity.INFO)
    box.put(severity=Severity.CRITICAL, why=Reason.TEST)
    box.put(severity=Severity.WARNING)
    box.put(severity=Severity.CRITICAL)
    box.put(severity=Severity.WARNING)
    assert ids(box.claim()) == [4, 3, 5, 1, 2]


def test_channels_do_not_see_each_others_rows(box: Box) -> None:
    box.put("sms")
    box.put("mail")
    assert ids(box.claim(channel="mail")) == [2]


def test_what_is_not_due_waits_and_next_due_says_until_when(box: Box) -> None:
    box.put()
    (claimed,) = box.claim()
    assert box.do(leases.next_due, "sms") == NOW + LEASE
    assert box.do(outbox.later, claimed.delivery, NOW + 7, "busy")
    assert box.do(leases.next_due, "sms") == NOW + 7
    assert box.claim(now=NOW + 6.9) == []
    assert ids(box.claim(now=NOW + 7)) == [1]
    assert box.do(leases.next_due, "mail") is None


def test_a_lease_that_ran_out_is_taken_over_and_the_old_holder_changes_nothing(box: Box) -> None:
    box.put("sms", "mail")
    (old,) = box.claim()
    assert box.claim(now=NOW + LEASE - 0.1) == []
    (new,) = box.claim(now=NOW + LEASE)
    assert (new.delivery.attempts, new.delivery.interrupted) == (2, 1)
    before = box.get(1)
    assert not box.do(outbox.sent, old.delivery, "P", "", NOW)
    assert not box.do(outbox.later, old.delivery, NOW, "late")
    assert not box.do(outbox.dead, old.delivery, "late", NOW)
    assert box.do(outbox.fail_over, old, "late", NOW) is None
    assert box.do(leases.release, [old.delivery], NOW) == 0
    assert box.get(1) == before
    assert len(box.do(outbox.newest)) == 1
    assert box.do(outbox.sent, new.delivery, "P", "", NOW)


def test_a_lease_that_ran_out_is_renewed_for_whoever_is_still_at_it(box: Box) -> None:
    box.put()
    box.put()
    first, _ = box.claim()
    assert ids(box.claim(now=NOW + LEASE, held={first.delivery.id})) == [2]
    assert box.get(1).delivery.lease_until == NOW + 2 * LEASE
    assert box.do(outbox.sent, first.delivery, "P", "", NOW)


def test_a_settled_row_cannot_be_settled_again(box: Box) -> None:
    box.put()
    (claimed,) = box.claim()
    assert box.do(outbox.sent, claimed.delivery, "P-1", "accepted", NOW + 1)
    assert not box.do(outbox.dead, claimed.delivery, "no", NOW + 2)
    delivery = box.get(1).delivery
    assert (delivery.phase, delivery.provider_id, delivery.reason) == (Phase.SENT, "P-1", "accepted")
    assert delivery.settled_at == NOW + 1


def test_companions_of_the_same_notice_come_along_where_they_fit(box: Box) -> None:
    box.put(to=tuple("abcdefg"))
    box.put(to=("x",))
    assert ids(box.claim(1, batch=4)) == [1, 2, 3, 4]
    assert ids(box.claim(2, batch=4)) == [5, 6, 7]
    assert ids(box.claim(2, batch=4)) == [8]


def test_whoever_was_refused_in_company_or_may_have_arrived_takes_nobody_along_and_is_not_taken(box: Box) -> None:
    box.put(to=tuple("abcd"))
    a, b, c, d = box.claim()
    box.do(outbox.later, a.delivery, NOW, "refused", alone=True)
    box.do(outbox.later, b.delivery, NOW, "time-out", ambiguous=True)
    box.do(outbox.later, c.delivery, NOW, "busy")
    box.do(outbox.later, d.delivery, NOW, "busy")
    assert ids(box.claim(1, batch=9)) == [1]
    assert ids(box.claim(1, batch=9)) == [2]
    (third, fourth) = box.claim(1, batch=9)
    assert not third.delivery.alone
    assert fourth.delivery.id == 4


def test_being_alone_and_interrupted_is_never_forgotten(box: Box) -> None:
    box.put()
    (claimed,) = box.claim()
    box.do(outbox.later, claimed.delivery, NOW, "x", alone=True, ambiguous=True)
    (claimed,) = box.claim()
    box.do(outbox.later, claimed.delivery, NOW, "x")
    delivery = box.get(1).delivery
    assert (delivery.alone, delivery.interrupted) == (True, 1)


def test_fail_over_puts_a_fresh_row_on_the_next_channel_and_says_what_it_continues(box: Box) -> None:
    heard = []
    box.store.on(outbox.topic("mail"), lambda: heard.append("mail"))
    box.put("sms", "mail", "room")
    (claimed,) = box.claim(now=NOW + 5)
    assert box.do(outbox.fail_over, claimed, "refused", NOW + 6) == 2
    old, new = box.get(1).delivery, box.get(2).delivery
    assert (old.phase, old.reason) == (Phase.FAILED_OVER, "refused")
    assert (new.channel, new.then, new.created_at, new.attempts) == (
        "mail",
        [Hop(channel="room", address="+1")],
        NOW + 6,
        0,
    )
    assert new.reason == "after D1 over sms: refused"
    assert (new.notice_id, new.recipient) == (old.notice_id, old.recipient)
    assert heard == ["mail"]


def test_a_revived_dead_letter_begins_anew_and_an_old_holder_cannot_touch_it(box: Box) -> None:
    box.put()
    (old,) = box.claim()
    box.do(outbox.dead, old.delivery, "no", NOW, ambiguous=True)
    assert box.do(outbox.retry, 1, NOW + 500)
    delivery = box.get(1).delivery
    assert (delivery.phase, delivery.created_at, delivery.due_at) == (Phase.WAITING, NOW + 500, NOW + 500)
    assert (delivery.attempts, delivery.first_try_at, delivery.settled_at) == (0, None, None)
    assert delivery.interrupted
    assert box.get(1).notice.at == NOW
    (new,) = box.claim(now=NOW + 500)
    assert new.delivery.attempts == old.delivery.attempts
    assert not box.do(outbox.sent, old.delivery, "P", "", NOW)
    assert box.do(outbox.sent, new.delivery, "P", "", NOW)


@pytest.mark.parametrize("phase", ["waiting", "sending", "sent", "failed_over", "none"])
def test_only_the_dead_are_revived(box: Box, phase: str) -> None:
    if phase != "none":
        box.put()
        box.store.write(lambda tx: tx.run("UPDATE deliveries SET phase = ?", (phase,)))
    assert not box.do(outbox.retry, 1, NOW)


def test_a_start_takes_over_what_was_being_sent(box: Box) -> None:
    box.put(to=("a", "b"))
    box.claim(1)
    assert box.do(leases.recover, {}) == 1
    a, b = box.claim()
    assert (a.delivery.interrupted, a.delivery.attempts) == (1, 2)
    assert b.delivery.interrupted == 0


def test_what_was_being_sent_is_due_when_the_provider_of_its_channel_can_know(box: Box) -> None:
    box.put("sms")
    box.put("mail")
    box.put("sms")
    box.claim(1, now=NOW + 5)
    box.claim(1, now=NOW + 5, channel="mail")
    assert box.do(leases.recover, {"sms": 20.0, "fax": 9.0}) == 2
    assert [box.get(one).delivery.due_at for one in (1, 2, 3)] == [NOW + 25, NOW, NOW]


def test_every_try_that_may_have_arrived_is_counted(box: Box) -> None:
    box.put()
    (claimed,) = box.claim()
    box.do(outbox.later, claimed.delivery, NOW, "time-out", ambiguous=True)
    (claimed,) = box.claim()
    box.do(outbox.later, claimed.delivery, NOW, "no connection")
    box.claim()
    box.do(leases.recover, {})
    (claimed,) = box.claim()
    assert claimed.delivery.interrupted == 2
    box.do(leases.release, [claimed.delivery], NOW)
    box.claim()
    (claimed,) = box.claim(now=NOW + LEASE)
    assert claimed.delivery.interrupted == 4
    box.do(outbox.dead, claimed.delivery, "time-out", NOW, ambiguous=True)
    assert box.get(1).delivery.interrupted == 5
    box.do(outbox.retry, 1, NOW)
    assert box.get(1).delivery.interrupted == 1


def test_rows_of_the_future_are_moved_by_as_much_as_each_of_them_shows(box: Box) -> None:
    box.put(at=NOW)
    box.put(at=NOW)
    box.put(at=NOW)
    a, b = box.claim(2, now=NOW + 100)
    box.do(outbox.later, a.delivery, NOW + 130, "busy")
    box.do(outbox.later, b.delivery, NOW + 100, "busy")
    (_,) = box.claim(1, now=NOW + 100)
    then = NOW - 500
    assert box.do(leases.set_back, then) == 2
    moved, sending, untried = (box.get(one).delivery for one in (1, 2, 3))
    assert (moved.created_at, moved.first_try_at, moved.due_at) == (then - 100, then, then + 30)
    assert (untried.created_at, untried.first_try_at, untried.due_at) == (then, None, then)
    assert (sending.created_at, sending.first_try_at) == (NOW, then)
    assert box.do(outbox.sent, box.get(2).delivery, "P", "", then), "its fence stands"
    assert box.do(leases.set_back, then) == 0


def test_a_clock_that_was_not_set_back_moves_nothing(box: Box) -> None:
    box.put()
    (claimed,) = box.claim()
    box.do(outbox.later, claimed.delivery, NOW + 86_400, "day limit")
    before = box.get(1)
    assert box.do(leases.set_back, NOW) == 0
    assert box.get(1) == before


def test_leases_given_back_are_due_as_said_and_may_have_arrived(box: Box) -> None:
    box.put()
    (claimed,) = box.claim()
    assert box.do(leases.release, [claimed.delivery], NOW + 1) == 1
    assert box.claim(now=NOW + 0.9) == []
    (again,) = box.claim(now=NOW + 1)
    assert again.delivery.interrupted


def test_giving_up_takes_those_with_another_way_and_the_stale(box: Box) -> None:
    box.put("sms", "mail")
    box.put("sms", at=NOW - 100)
    box.put("sms", at=NOW)
    box.put("sms", "mail")
    box.claim(1)
    gone = box.do(outbox.give_up, "sms", NOW, "broken", stale=NOW - 50, limit=10)
    assert [(one.delivery.id, phase) for one, phase in gone] == [(2, Phase.DEAD), (4, Phase.FAILED_OVER)]
    assert [box.get(i).delivery.phase for i in (1, 2, 3, 4)] == [
        Phase.SENDING,
        Phase.DEAD,
        Phase.WAITING,
        Phase.FAILED_OVER,
    ]
    assert box.get(5).delivery.reason == "after D4 over sms: broken"


def test_giving_up_is_bounded(box: Box) -> None:
    box.put(to=tuple("abcdefgh"))
    assert len(box.do(outbox.give_up, "sms", NOW, "x", stale=NOW, limit=3)) == 3
    assert box.do(outbox.counts) == {("sms", "waiting"): 5, ("sms", "dead"): 3}


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE notices SET alerts = 'not json' WHERE id = 1",
        "UPDATE notices SET alerts = '{}' WHERE id = 1",
        "UPDATE notices SET reason = 'because' WHERE id = 1",
        "UPDATE deliveries SET hops = '[7]' WHERE id = 1",
    ],
)
def test_a_row_that_cannot_be_read_is_buried_with_the_reason_and_the_rest_is_claimed(box: Box, damage: str) -> None:
    box.put()
    box.put()
    box.store.write(lambda tx: tx.run(damage))
    taken = box.do(leases.claim, "sms", NOW, LEASE, 10)
    assert ids(taken.claimed) == [2]
    assert taken.unreadable == ["D1"]
    row = box.store.read(lambda tx: tx.one("SELECT phase, reason FROM deliveries WHERE id = 1"))
    assert row is not None
    assert row[0] == "dead"
    assert row[1].startswith("the row cannot be read: ")
    assert box.do(leases.claim, "sms", NOW, LEASE, 10).unreadable == []


def test_every_channel_with_open_rows_is_named(box: Box) -> None:
    box.put("sms")
    box.put("mail")
    box.put("fax")
    box.claim(channel="mail")
    box.do(outbox.give_up, "fax", NOW, "x", stale=NOW, limit=9)
    assert sorted(box.do(outbox.waiting_channels)) == ["mail", "sms"]


def test_who_is_next_is_answered_by_the_index_alone(box: Box) -> None:
    plan = box.store.read(lambda tx: tx.all(f"EXPLAIN QUERY PLAN {leases._NEXT}", ("sms", NOW, 5)))
    details = " | ".join(row[3] for row in plan)
    assert "USING COVERING INDEX deliveries_waiting" in details


def test_a_claimed_notice_names_the_group_that_it_is_about(box: Box) -> None:
    def work(tx: Tx) -> int | None:
        group = groups.made(tx, "0", "ops", "k", {"cluster": "eu-1"}, NOW)
        assert group is not None
        alert = alerts.add(tx, alert_of(NOW))
        notice = notices.add(tx, [alert], [], "ops", Reason.FIRST, NOW, group_id=group.id, labels=group.labels)
        outbox.put(tx, notice, "", [Hop(channel="sms")], NOW)
        return notice.group_id

    assert box.store.write(work) == 1
    assert [one.notice.group_id for one in box.claim()] == [1]
