"""A canary a day over each channel: what is due, what has arrived, and who is told when it has not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from daemon import telemetry
from daemon.calendars.spans import TimeOfDay
from daemon.config.proof import Canary
from daemon.config.receipts import Receipts
from daemon.config.settings import Channel, Settings
from daemon.errors import SendFailed, SendWait, StoreUnavailable
from daemon.event import OWN, State
from daemon.handset import Report
from daemon.internal import Check
from daemon.notice import Acceptance, Recipient
from daemon.proof.canaries import Canaries, is_due, latest, unconfirmed
from daemon.secret import Secret
from daemon.store import alerts, canaries, receipts
from daemon.store.attempts import PUT_OFF
from daemon.store.canaries import Sent
from daemon.store.sqlite import SqliteStore
from daemon.units import Seconds
from delivering import Provider, Ward, alert_of
from fake_clock import BEGIN, FakeClock
from made import settings as made_settings

NINE = Canary(to="lin", at=TimeOfDay(9 * 60))
BEIJING = timezone(timedelta(hours=8))
HOUR = 3_600.0


class Asked(Provider):
    """Can be asked what became of a message."""

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        del address, sent_at
        if BROKEN:
            raise BROKEN.pop()
        return REPORTS.get(provider_id)


REPORTS: dict[str, Report] = {}
BROKEN: list[Exception] = []


class Roost:
    """Canaries with everything around them at hand."""

    def __init__(self, store: SqliteStore, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.settings: Settings = made_settings(channels={})
        self.sent: list[tuple[str, Recipient]] = []
        self.open: dict[str, str] = {}
        self.error: Exception | None = None
        self.born()

    def born(self) -> None:
        self.canaries = Canaries(self.store, self.clock, lambda: self.settings, self._test, self._alarm, self._over)

    def channel(self, name: str = "sms", **more: object) -> None:
        channel = Channel(name=name, type="provider", sender=Asked(), **({"canary": NINE} | more))
        self.settings = replace(self.settings, channels={name: channel})

    def go(self, seconds: float, step: float = 60.0) -> None:
        for _ in range(int(seconds / step)):
            self.clock.advance(step)
            self.canaries.look()

    def _test(self, channel: str, recipient: Recipient) -> Acceptance:
        self.sent.append((channel, recipient))
        if self.error is not None:
            raise self.error
        return Acceptance(provider_id=f"C{len(self.sent)}")

    def _alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        self.open[f"{check}:{':'.join(about)}"] = f"{title}: {text}"

    def _over(self, check: Check, *about: str) -> None:
        self.open.pop(f"{check}:{':'.join(about)}", None)


@pytest.fixture
def roost(store: SqliteStore, clock: FakeClock) -> Roost:
    REPORTS.clear()
    return Roost(store, clock)


def test_one_goes_at_once_and_then_one_a_day_at_its_time(roost: Roost) -> None:
    roost.channel()
    roost.canaries.look()
    assert roost.sent == [("sms", Recipient(name="lin", address="+8613800000001"))]
    roost.go(3 * 24 * HOUR, step=1_800.0)
    assert len(roost.sent) == 4
    assert not roost.canaries.failing()
    assert not roost.open


def test_a_channel_without_a_canary_is_left_alone(roost: Roost) -> None:
    roost.channel(canary=None)
    roost.go(48 * HOUR, step=HOUR)
    assert not roost.sent
    assert not roost.open


def test_one_that_is_not_taken_is_an_alarm_and_goes_again_until_it_is(roost: Roost) -> None:
    roost.channel()
    roost.error = SendFailed("no connection")
    roost.canaries.look()
    assert roost.canaries.failing() == {"sms": "no connection"}
    assert "no connection" in roost.open["canary:sms"]
    roost.go(1_900)
    assert len(roost.sent) == 4
    roost.error = None
    roost.go(660)
    assert not roost.open
    assert not roost.canaries.failing()


def test_where_handsets_tell_only_their_word_counts(roost: Roost) -> None:
    roost.channel(receipts=Receipts(token=Secret("t0ken-of-receipts")), delivered_within=Seconds(120.0))
    roost.go(120)
    assert not roost.open
    roost.go(120)
    assert "no receipt came within 2m" in roost.open["canary:sms"].replace("2 min", "2m")
    late = Report(provider_id="C1", address="+8613800000001", delivered=True, code="DELIVERED")
    roost.store.write(lambda tx: receipts.take(tx, "sms", [late], str, roost.clock.now()))
    roost.canaries.look()
    assert not roost.open


def test_a_provider_that_can_be_asked_is_asked(roost: Roost) -> None:
    roost.channel(receipts=Receipts(poll=Seconds(30.0)))
    roost.canaries.look()
    REPORTS["C1"] = Report(provider_id="C1", address="x", delivered=False, code="MOBILE_IN_BLACK")
    roost.canaries.look()
    assert "did not reach the handset" in roost.open["canary:sms"]


def test_a_question_that_breaks_spoils_no_look(roost: Roost, caplog: pytest.LogCaptureFixture) -> None:
    roost.channel(receipts=Receipts(poll=Seconds(30.0)))
    BROKEN.append(RuntimeError("a bug of the sender"))
    roost.canaries.look()
    assert "asking what became of the canary of sms broke" in caplog.text
    assert not BROKEN
    REPORTS["C1"] = Report(provider_id="C1", address="x", delivered=True, code="DELIVERED")
    roost.go(60)
    assert not roost.open


def test_what_was_sent_is_known_after_a_restart(roost: Roost) -> None:
    roost.channel()
    roost.canaries.look()
    roost.born()
    roost.go(HOUR)
    assert len(roost.sent) == 1


def test_a_channel_that_was_long_not_seen_to_work_is_an_alarm(roost: Roost) -> None:
    roost.channel(canary=None, confirmed_within=Seconds(2 * HOUR))
    heard = Sent(channel="sms", sent_at=BEGIN, taken=True, confirmed_at=BEGIN)
    roost.store.write(lambda tx: canaries.put(tx, heard))
    roost.go(HOUR)
    assert telemetry.confirmed.labels("sms")._value.get() == BEGIN
    assert not roost.open
    roost.go(2 * HOUR)
    assert "confirmed is 2 h" in roost.open["unconfirmed:sms"].replace("2h", "2 h")
    assert roost.canaries.failing()


def test_the_day_is_the_houses_own() -> None:
    noon = datetime(2026, 11, 21, 12, 0, tzinfo=BEIJING)
    assert latest(NINE, BEIJING, noon.timestamp()) == datetime(2026, 11, 21, 9, tzinfo=BEIJING).timestamp()
    assert latest(NINE, UTC, noon.timestamp()) == datetime(2026, 11, 20, 9, tzinfo=UTC).timestamp()
    yesterday = Sent(channel="sms", sent_at=noon.timestamp() - 86_400, taken=True)
    assert is_due(NINE, yesterday, BEIJING, noon.timestamp())
    assert not is_due(NINE, Sent(channel="sms", sent_at=noon.timestamp() - 60, taken=True), BEIJING, noon.timestamp())
    assert is_due(NINE, Sent(channel="sms", sent_at=noon.timestamp() + 9e6, taken=True), BEIJING, noon.timestamp())


def test_a_channel_with_a_canary_must_be_confirmed_each_day() -> None:
    channel = Channel(name="sms", type="p", sender=Provider(), canary=NINE)
    sent = Sent(channel="sms", sent_at=BEGIN, taken=True)
    assert unconfirmed(channel, BEGIN, sent, BEGIN + 25 * HOUR) == ""
    assert unconfirmed(channel, BEGIN, sent, BEGIN + 26 * HOUR)
    assert unconfirmed(channel, None, sent, BEGIN + 26 * HOUR) == "nothing was ever confirmed over it"


@pytest.mark.parametrize("key", ["canary:sms", "unconfirmed:sms", "canary:gone", "unconfirmed:gone"])
def test_what_was_open_before_the_start_and_is_well_or_gone_is_ended(roost: Roost, key: str) -> None:
    before = alert_of(BEGIN, source=OWN, key=key, state=State.FIRING)
    roost.store.write(lambda tx: alerts.add(tx, before))
    roost.open[key] = "from before"
    roost.channel()
    roost.canaries.look()
    assert not roost.open


def test_the_alarm_about_a_channel_that_is_no_longer_configured_ends(roost: Roost) -> None:
    roost.channel()
    roost.error = SendFailed("no connection")
    roost.canaries.look()
    assert "canary:sms" in roost.open
    roost.channel("mail", canary=None)
    roost.canaries.look()
    assert not roost.open


def test_one_that_the_channels_own_limit_keeps_back_goes_with_the_next_look_and_is_no_alarm(roost: Roost) -> None:
    roost.channel()
    roost.error = SendWait("not sent: the limit", seconds=30.0, code=PUT_OFF)
    roost.canaries.look()
    assert not roost.open
    roost.error = None
    roost.go(60)
    assert len(roost.sent) == 2
    roost.go(600)
    assert len(roost.sent) == 2


def test_while_the_store_cannot_be_written_nothing_is_sent(roost: Roost) -> None:
    roost.store = Ward(roost.store)
    roost.born()
    roost.channel()
    roost.store.ill = True
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            roost.canaries.look()
    assert not roost.sent


def test_any_later_receipt_shows_that_the_channel_works(roost: Roost) -> None:
    roost.channel(receipts=Receipts(token=Secret("t0ken-of-receipts")), delivered_within=Seconds(120.0))
    roost.go(300)
    assert roost.open
    other = Report(provider_id="P-D7", address="13800000002", delivered=True, code="DELIVERED")
    roost.store.write(lambda tx: receipts.take(tx, "sms", [other], str, roost.clock.now()))
    roost.canaries.look()
    assert not roost.open
    assert len(roost.sent) == 1
