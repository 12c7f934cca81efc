"""Accepted by the provider is one thing, on the handset another; what does not arrive takes the next channel."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from gevent.event import Event

from daemon import telemetry
from daemon.config.receipts import Receipts
from daemon.config.settings import Channel
from daemon.delivery import handsets
from daemon.delivery.handsets import GIVE_UP
from daemon.errors import SendFailed
from daemon.handset import Report
from daemon.notice import Phase
from daemon.secret import Secret
from daemon.units import Seconds
from delivering import Batching, Post, Provider


@dataclass(frozen=True, kw_only=True, eq=False)
class Reporting(Provider):
    """Knows what became of some messages."""

    heard_answer: ClassVar[bytes] = b"ok"
    polls: ClassVar[bool] = True

    became: dict[str, Report] = field(default_factory=dict)
    polled: list[str] = field(default_factory=list)
    broken: list[Exception] = field(default_factory=list)

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        del address, sent_at
        self.polled.append(provider_id)
        if self.broken:
            raise self.broken.pop()
        return self.became.get(provider_id)

    def known_as(self, address: str) -> str:
        return address.removeprefix("+86")


PUSHED = Receipts(token=Secret("t0ken-of-receipts"))
POLLED = Receipts(poll=Seconds(30.0))


def said(row: int, *, delivered: bool = True, to: str = "lin", code: str = "DELIVERED") -> Report:
    return Report(provider_id=f"P-D{row}", address=to, delivered=delivered, code=code)


def sent(post: Post, sms: Provider, **more: object) -> int:
    post.channel("sms", sms, **({"receipts": PUSHED} | more))
    post.channel("voice", Provider())
    post.courier.start()
    (row,) = post.put("sms", "voice")
    post.quiet()
    assert post.row(row).phase is Phase.SENT
    return row


def hear(post: Post, *reports: Report) -> tuple[int, int]:
    heard = post.courier.hear(post.settings.channels["sms"], list(reports))
    post.quiet()
    return heard.unknown, heard.known


def test_a_receipt_says_that_it_is_on_the_handset(post: Post) -> None:
    row = sent(post, Reporting(), delivered_within=Seconds(60.0))
    assert hear(post, said(row)) == (0, 0)
    assert post.row(row).phase is Phase.DELIVERED
    post.go(120)
    assert post.row(row).phase is Phase.DELIVERED
    assert len(post.rows()) == 1


def test_what_has_no_receipt_in_time_takes_the_next_channel(post: Post) -> None:
    row = sent(post, Reporting(), delivered_within=Seconds(60.0))
    post.go(59)
    assert post.row(row).phase is Phase.SENT
    post.go(2)
    assert post.row(row).phase is Phase.FAILED_OVER
    assert post.row(row).reason == "no receipt from the handset in time"
    assert post.rows()[1].delivery.phase is Phase.SENT
    assert post.rows()[1].delivery.channel == "voice"
    assert hear(post, said(row)) == (0, 1)
    assert post.row(row).phase is Phase.FAILED_OVER


def test_a_receipt_that_says_no_takes_the_next_channel_at_once(post: Post) -> None:
    row = sent(post, Reporting())
    hear(post, said(row, delivered=False, code="MOBILE_NOT_ON_SERVICE"))
    assert post.row(row).phase is Phase.FAILED_OVER
    assert "MOBILE_NOT_ON_SERVICE" in post.row(row).reason
    assert post.rows()[1].delivery.phase is Phase.SENT


def test_without_another_channel_a_no_is_a_dead_letter_and_silence_is_none(post: Post) -> None:
    post.channel("sms", Reporting(), receipts=PUSHED, delivered_within=Seconds(60.0))
    post.courier.start()
    first, second = post.put("sms", fingerprint="f1") + post.put("sms", fingerprint="f2")
    post.quiet()
    hear(post, said(first, delivered=False, code="USER_REJECT"))
    post.go(120)
    assert post.row(first).phase is Phase.DEAD
    assert "dead:sms" in post.raised()
    assert post.row(second).phase is Phase.SENT


def test_receipts_in_any_order_and_number_never_move_a_message_back(post: Post) -> None:
    row = sent(post, Reporting(), delivered_within=Seconds(60.0))
    assert hear(post, said(row), said(row), said(row, delivered=False)) == (0, 0)
    assert hear(post, said(row, delivered=False), said(row)) == (0, 1)
    assert post.row(row).phase is Phase.DELIVERED
    assert len(post.rows()) == 1


def test_receipts_of_strangers_are_counted_and_change_nothing(post: Post) -> None:
    row = sent(post, Reporting())
    stranger = Report(provider_id="900^0", address="lin", delivered=True, code="DELIVERED")
    unknown = telemetry.receipts.labels("sms", "unknown")._value.get()
    assert hear(post, stranger, said(row, to="wang")) == (2, 0)
    assert telemetry.receipts.labels("sms", "unknown")._value.get() == unknown + 2
    assert post.row(row).phase is Phase.SENT


def test_a_receipt_that_comes_before_the_answer_counts(post: Post) -> None:
    post.channel("sms", Reporting(), receipts=PUSHED, delivered_within=Seconds(60.0))
    post.courier.start()
    hear(post, said(1))
    (row,) = post.put("sms")
    post.quiet()
    assert row == 1
    assert post.row(row).phase is Phase.DELIVERED


class Batch(Reporting, Batching):
    """Three numbers share one id."""


def test_those_of_a_batch_are_told_apart_by_their_number(post: Post) -> None:
    post.channel("sms", Batch(), receipts=PUSHED)
    post.courier.start()
    lin, wang = post.put("sms", to=("lin", "wang"))
    post.quiet()
    shared = post.row(lin).provider_id
    assert post.row(wang).provider_id == shared
    hear(post, Report(provider_id=shared, address="wang", delivered=True, code="DELIVERED"))
    assert (post.row(lin).phase, post.row(wang).phase) == (Phase.SENT, Phase.DELIVERED)


def test_ten_thousand_receipts_at_once_are_taken(post: Post) -> None:
    row = sent(post, Reporting())
    strangers = [Report(provider_id=f"X{n}", address="1", delivered=bool(n % 2), code="C") for n in range(9_999)]
    assert hear(post, *strangers, said(row)) == (9_999, 0)
    assert post.row(row).phase is Phase.DELIVERED


def test_a_provider_that_can_be_asked_is_asked_at_growing_pauses(post: Post) -> None:
    sms = Reporting()
    row = sent(post, sms, receipts=POLLED)
    post.go(29)
    assert not sms.polled
    post.go(600)
    assert 4 <= len(sms.polled) <= 6
    sms.became[f"P-D{row}"] = said(row)
    post.go(900)
    assert post.row(row).phase is Phase.DELIVERED
    asked = len(sms.polled)
    post.go(3_600)
    assert len(sms.polled) == asked


def test_what_is_never_known_is_not_asked_for_for_ever(post: Post) -> None:
    sms = Reporting()
    sent(post, sms, receipts=POLLED)
    post.go(500)
    asked = len(sms.polled)
    assert asked < 8
    post.clock._go_to(post.clock.monotonic() + GIVE_UP)  # time has passed and nobody was woken: a stopped process
    post.go(500)
    assert len(sms.polled) == asked + 1


@pytest.mark.parametrize("error", [SendFailed("no connection"), RuntimeError("a bug")])
def test_a_question_that_fails_is_asked_again(post: Post, error: Exception) -> None:
    sms = Reporting(broken=[error])
    row = sent(post, sms, receipts=POLLED)
    sms.became[f"P-D{row}"] = said(row)
    post.go(300)
    assert post.row(row).phase is Phase.DELIVERED


def test_what_is_asked_for_just_in_time_is_not_handed_on(post: Post) -> None:
    sms = Reporting()
    row = sent(post, sms, receipts=POLLED, delivered_within=Seconds(30.0))
    sms.became[f"P-D{row}"] = said(row)
    post.go(31)
    assert post.row(row).phase is Phase.DELIVERED
    assert len(post.rows()) == 1


def test_waiting_for_a_receipt_survives_a_restart(post: Post) -> None:
    row = sent(post, Reporting(), delivered_within=Seconds(60.0))
    post.stop_dead()
    post.new_courier().start()
    post.go(90)
    assert post.row(row).phase is Phase.FAILED_OVER


def test_a_no_that_comes_before_the_answer_is_an_alarm_as_well(post: Post) -> None:
    post.channel("sms", Reporting(), receipts=PUSHED)
    post.courier.start()
    hear(post, said(1, delivered=False, code="USER_REJECT"))
    (row,) = post.put("sms")
    post.quiet()
    assert post.row(row).phase is Phase.DEAD
    assert "dead:sms" in post.raised()


def test_many_that_are_due_after_a_pause_are_all_asked_about_before_any_is_handed_on(post: Post) -> None:
    sms = Reporting()
    post.channel("sms", sms, receipts=POLLED, delivered_within=Seconds(60.0))
    post.channel("voice", Provider())
    post.courier.start()
    rows = [post.put("sms", "voice", fingerprint=f"f{n}")[0] for n in range(50)]
    post.quiet()
    post.courier._handsets.stop(0.0)
    post.clock.advance(61)
    sms.became.update({f"P-D{row}": said(row) for row in rows})
    post.new_courier().start()
    post.go(5)
    assert {post.row(row).phase for row in rows} == {Phase.DELIVERED}


def test_what_is_asked_about_is_asked_once_more_when_its_time_is_up(post: Post) -> None:
    sms = Reporting()
    row = sent(post, sms, receipts=POLLED, delivered_within=Seconds(50.0))
    post.go(45)
    sms.became[f"P-D{row}"] = said(row)
    post.go(10)
    assert post.row(row).phase is Phase.DELIVERED


class Hanging(Reporting):
    """Never says anything about a message."""

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        del provider_id, address, sent_at
        Event().wait()
        return None


def test_a_provider_that_hangs_when_it_is_asked_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    channel = Channel(name="sms", type="provider", sender=Hanging(timeout=0.05), receipts=POLLED)
    assert handsets.asked(channel, "D1", "P-D1", "+86lin", 0.0, grace=0.05) is None
    assert "D1: the provider could not be asked what became of it: no answer within 0.1 s" in caplog.text
