"""Quotas as pure decisions and in the store: never more than the quota, whatever happens to what is under way."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.quota import Counted, Per, Quota, Then
from daemon.config.settings import Channel
from daemon.delivery import ledger, spending
from daemon.delivery.ledger import Limit, Over, Wish
from daemon.senders.base import Sender
from daemon.store import quotas
from daemon.store.base import Tx
from daemon.store.quotas import Account, Charges
from daemon.units import Seconds, Share
from daemon.zone import Zone
from direct_store import DirectStore

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC).timestamp()
DAY = 86_400.0
WHOLE = Account(each="channel", key="", per="day")


class Sms(Sender):
    approved_template = "SMS_1"


def quota(most: int, reserve: int = 0, **more: object) -> Quota:
    return Quota(most=most, per=Per.DAY, reserve=Share(number=reserve), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectStore]:
    """A store for many examples, each of which empties it."""
    store = DirectStore(tmp_path_factory.mktemp("ledger") / "t.db")
    yield store
    store.close()


def in_force(*found: Quota, now: float = NOON, lease: float = 60.0) -> tuple[Limit, ...]:
    channel = Channel(name="sms", type="sms", sender=Sms(), quotas=found)
    return ledger.limits(channel, dt.UTC, now, lease)


def wishes(*kinds: str) -> list[Wish]:
    return [Wish(id=n, address="a", chain="lin@sms", critical=kind == "critical") for n, kind in enumerate(kinds)]


@pytest.mark.parametrize(
    ("per", "zone", "at", "name", "begin", "end"),
    [
        (Per.DAY, "UTC", "2026-11-21T12:00Z", "2026-11-21", "2026-11-21T00:00Z", "2026-11-22T00:00Z"),
        (Per.DAY, "Asia/Shanghai", "2026-11-21T16:00Z", "2026-11-22", "2026-11-21T16:00Z", "2026-11-22T16:00Z"),
        (Per.MONTH, "UTC", "2026-12-31T23:59Z", "2026-12", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        (Per.MONTH, "Asia/Shanghai", "2026-01-31T16:00Z", "2026-02", "2026-01-31T16:00Z", "2026-02-28T16:00Z"),
        (Per.DAY, "Europe/Berlin", "2026-10-25T12:00Z", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        (Per.DAY, "Asia/Beirut", "2026-03-29T12:00Z", "2026-03-29", "2026-03-28T22:00Z", "2026-03-29T21:00Z"),
    ],
)
def test_a_period_is_a_day_or_month_of_the_calendar(
    per: Per, zone: str, at: str, name: str, begin: str, end: str
) -> None:
    found = ledger.period(per, Zone(zone).info, dt.datetime.fromisoformat(at).timestamp())
    assert found.name == name
    assert [dt.datetime.fromtimestamp(one, dt.UTC) for one in (found.begin, found.end)] == [
        dt.datetime.fromisoformat(begin),
        dt.datetime.fromisoformat(end),
    ]


def test_what_is_critical_may_use_the_reserve_and_nothing_else_may() -> None:
    decision = ledger.decide(in_force(quota(5, 2)), wishes("other", "critical", "critical"), {WHOLE: 2}, {}, NOON)
    assert list(decision.charges) == [0, 1, 2]
    decision = ledger.decide(
        in_force(quota(5, 2)), wishes("other", "critical", "critical", "critical"), {WHOLE: 3}, {}, NOON
    )
    assert list(decision.charges) == [1, 2]
    assert "all is used but the 2 reserved for what is critical" in decision.over[0].reason
    assert decision.over[3].reason == "not sent: the quota of 5 messages a day is used up"
    assert decision.over[3].at == NOON + DAY / 2


def test_each_recipient_is_counted_by_itself_and_all_quotas_must_agree() -> None:
    limits = in_force(quota(1, each=Counted.RECIPIENT), quota(2), quota(9, each=Counted.TEMPLATE))
    asked = [Wish(id=n, address=to, chain=to, critical=False) for n, to in enumerate("aabc")]
    decision = ledger.decide(limits, asked, {}, {}, NOON)
    assert list(decision.charges) == [0, 2]
    assert "1 messages a day to each recipient" in decision.over[1].reason
    assert "2 messages a day is used up" in decision.over[3].reason
    assert [charge.account.key for charge in decision.charges[0].charges] == ["a", "", "SMS_1"]


def test_digests_wait_for_their_instant_and_leave_half_of_the_reserve() -> None:
    limits = in_force(quota(10, 4, then=Then.DIGEST, digest_every=Seconds(600.0)))
    first = ledger.decide(limits, wishes("other"), {WHOLE: 6}, {}, NOON)
    assert (first.over[0].at, first.over[0].in_company) == (NOON + 600, True)
    assert first.instants == {"lin@sms": NOON + 600}
    due = ledger.decide(limits, wishes("other", "other"), {WHOLE: 6}, {"lin@sms": NOON}, NOON)
    assert due.charges[0].digest
    assert due.over[1].at == NOON + 600
    spent = ledger.decide(limits, wishes("other", "critical"), {WHOLE: 8}, {"lin@sms": NOON}, NOON)
    assert not spent.over[0].in_company
    assert list(spent.charges) == [1]


def test_without_another_way_a_message_asks_again_while_what_is_under_way_may_fail() -> None:
    wish = Wish(id=0, address="a", chain="c", critical=False, elsewhere=False)
    decision = ledger.decide(in_force(quota(5)), [wish], {WHOLE: 5}, {}, NOON, {WHOLE: 1})
    assert decision.over[0].at == NOON + ledger.LOOK_AGAIN
    assert not decision.instants
    decision = ledger.decide(in_force(quota(5)), [wish], {WHOLE: 5}, {}, NOON, {})
    assert decision.over[0].at == NOON + DAY / 2


def test_an_instant_that_the_clock_has_made_absurd_is_set_anew() -> None:
    limits = in_force(quota(10, 4, then=Then.DIGEST, digest_every=Seconds(600.0)))
    decision = ledger.decide(limits, wishes("other"), {WHOLE: 6}, {"lin@sms": NOON + 9 * DAY}, NOON)
    assert decision.over[0].at == NOON + 600


def test_what_is_under_way_at_midnight_counts_on_both_days_until_it_is_known(tmp_path: Path) -> None:
    store, midnight = DirectStore(tmp_path / "t.db"), NOON + DAY / 2

    def take(now: float) -> Charges | Over:
        return store.write(lambda tx: spending.take(tx, "sms", in_force(quota(2), now=now), "a", now))

    def use(day: str) -> int:
        return store.read(lambda tx: quotas.used(tx, "sms", WHOLE, day))

    early, late = take(midnight - 30), take(midnight - 20)
    assert isinstance(early, Charges)
    assert isinstance(late, Charges)
    assert isinstance(take(midnight - 10), Over)
    store.write(lambda tx: quotas.settle(tx, "sms", "", early, midnight - 5, taken=True))
    assert (use("2026-11-21"), use("2026-11-22")) == (2, 1)
    store.write(lambda tx: quotas.settle(tx, "sms", "", late, midnight + 5, taken=True))
    assert (use("2026-11-21"), use("2026-11-22")) == (2, 1)
    assert isinstance(take(midnight + 6), Charges)
    assert isinstance(take(midnight + 7), Over)
    store.close()


def test_what_was_sent_while_the_clock_was_ahead_counts_when_it_is_right_again(tmp_path: Path) -> None:
    store = DirectStore(tmp_path / "t.db")
    for now in (NOON + DAY, NOON + DAY, NOON):
        store.write(partial(_taken, in_force(quota(3), now=now), now))
    over = store.write(lambda tx: spending.take(tx, "sms", in_force(quota(3)), "a", NOON))
    assert isinstance(over, Over)
    store.close()


def test_old_periods_are_forgotten(tmp_path: Path) -> None:
    store = DirectStore(tmp_path / "t.db")
    month = Quota(most=9, per=Per.MONTH)
    store.write(lambda tx: spending.take(tx, "sms", in_force(quota(9), month), "a", NOON))
    assert store.write(lambda tx: quotas.forget(tx, NOON + 7 * DAY)) == 0
    assert store.write(lambda tx: quotas.forget(tx, NOON + 9 * DAY)) == 1
    assert store.write(lambda tx: quotas.forget(tx, NOON + 63 * DAY)) == 1
    store.close()


# what happens: a message is asked for after a pause, critical or not; or the oldest under way ends in one of these ways
_STEPS = st.lists(
    st.tuples(st.sampled_from(("ask", "ask", "taken", "refused", "crash")), st.integers(0, 40), st.booleans()),
    min_size=10,
    max_size=50,
)


@settings(max_examples=50)
@given(_STEPS, st.integers(1, 4), st.integers(0, 3), st.integers(0, 150), st.sampled_from(Then))
def test_the_provider_never_counts_more_than_the_quota(
    empty: DirectStore, steps: list[tuple[str, int, bool]], most: int, reserve: int, before: int, then: Then
) -> None:
    """It counts a message on the day in which it began or ended, whichever is worse for us."""
    reserve, now = min(reserve, most - 1), NOON + DAY / 2 - before
    under_way: list[tuple[Charges, float, bool]] = []
    counted: list[tuple[set[str], bool]] = []
    empty.write(_emptied)
    for what, pause, critical in steps:
        now += pause
        if what == "ask":
            limits = in_force(quota(most, reserve, then=then, digest_every=Seconds(60.0)), now=now, lease=100.0)
            wish = Wish(id=0, address="a", chain="c", critical=critical)
            decision = empty.write(partial(_decided, limits, wish, now))
            if 0 in decision.charges:
                under_way.append((decision.charges[0], now, critical))
        elif under_way:
            charges, began, was_critical = under_way.pop(0)
            ended = min(now, began + 100.0)  # a lease holds no longer
            if what != "crash":
                empty.write(partial(_settled, charges, ended, what == "taken"))
            if what != "refused":
                counted.append(({_day(began), _day(ended)}, was_critical))
    for day in ("2026-11-21", "2026-11-22"):
        assert sum(day in days for days, _ in counted) <= most
        for_all = most - (reserve // 2 if then is Then.DIGEST else reserve)
        assert sum(day in days and not critical for days, critical in counted) <= for_all


def _emptied(tx: Tx) -> None:
    tx.run("DELETE FROM quota_used")
    tx.run("DELETE FROM quota_digests")


def _decided(limits: tuple[Limit, ...], wish: Wish, now: float, tx: Tx) -> ledger.Decision:
    return spending.decided(tx, "sms", limits, [wish], now)


def _taken(limits: tuple[Limit, ...], now: float, tx: Tx) -> Charges | Over:
    return spending.take(tx, "sms", limits, "a", now)


def _settled(charges: Charges, now: float, taken: bool, tx: Tx) -> None:
    quotas.settle(tx, "sms", "c", charges, now, taken=taken)


def _day(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).date().isoformat()
