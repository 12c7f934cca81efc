"""After a crash: asking the gateway whether a message arrived."""

import json
import time
from typing import ClassVar

import pytest

from daemon.clock import Clock
from daemon.errors import SendFailed
from daemon.senders.aliyun_sms import AliyunSms
from fake_aliyun import Drop, FakeAliyun, Say, Sms
from fake_clock import BEGIN, FakeClock
from messages import LIN, WANG, message
from opened import sms


class Still(AliyunSms):
    """Its clock stands at the beginning: 09:00 in Beijing."""

    clock: ClassVar[Clock] = FakeClock(BEGIN)


def row(out_id: str, at: float = BEGIN, status: int = 3, number: str = "13800000001") -> Sms:
    return Sms(number, "托辛", "SMS_1", {}, out_id, "9^0", at, status)


def trusting(**more: object) -> FakeAliyun:
    return FakeAliyun(now=lambda: BEGIN, **more)  # type: ignore[arg-type]


def test_a_message_whose_answer_was_lost_is_found(gateway: FakeAliyun) -> None:
    gateway.then(Drop())
    with pytest.raises(SendFailed) as caught:
        sms(gateway.endpoint).send(message(LIN))
    assert caught.value.ambiguous
    receipt = sms(gateway.endpoint).find(message(LIN), time.time() - 5)
    assert receipt is not None
    assert receipt.detail == "the gateway has it: DELIVERED"
    assert len(gateway.sent) == 1


def test_a_message_is_found_by_the_time_the_sender_names_although_the_gateway_shows_it_late() -> None:
    with trusting(lag=10.0) as gateway:
        gateway.sent = [row("D1")]
        sender = sms(gateway.endpoint, Still)
        assert sender.find(message(LIN), BEGIN) is None
        gateway.now = lambda: BEGIN + AliyunSms.knows_after
        gateway.trust = True
        assert sender.find(message(LIN), BEGIN) is not None


def test_only_this_message_and_only_what_did_not_fail_is_found() -> None:
    with trusting() as gateway:
        gateway.sent = [row("D2"), row("D1", status=2), row("D1", number="13800000002"), row("D10"), row("")]
        sender = sms(gateway.endpoint, Still)
        assert sender.find(message(LIN, out_id="D1"), BEGIN - 60) is None
        gateway.sent.append(row("D1", status=1))
        assert sender.find(message(LIN, out_id="D1"), BEGIN - 60) is not None


def test_a_message_that_was_sent_before_ours_existed_is_not_ours() -> None:
    """A store that was restored from a copy counts on from where the copy was made."""
    with trusting() as gateway:
        gateway.sent = [row("D1", at=BEGIN - 3_600)]
        sender = sms(gateway.endpoint, Still)
        assert sender.find(message(LIN, out_id="D1"), BEGIN) is None
        assert sender.find(message(LIN, out_id="D1"), BEGIN - 3_600 + 240) is not None, "clocks may differ by minutes"
        assert sender.find(message(LIN, out_id="D1"), BEGIN - 3_600 + 360) is None


@pytest.mark.parametrize("when", [None, "", "soon", "2026-13-41 09:00:00", 1795222800])
def test_a_message_of_unknown_time_is_not_taken_for_ours(when: object, gateway: FakeAliyun) -> None:
    """Twice is better than never."""
    detail = {"OutId": "D1", "SendStatus": 3} | ({} if when is None else {"SendDate": when})
    body = json.dumps({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": [detail]}}).encode()
    gateway.then(Say(body=body))
    assert sms(gateway.endpoint).find(message(LIN), time.time()) is None


def test_the_search_turns_every_page() -> None:
    with trusting() as gateway:
        gateway.sent = [row(f"D{n}") for n in range(1, 131)]
        sender = sms(gateway.endpoint, Still)
        assert sender.find(message(LIN, out_id="D130"), BEGIN) is not None
        assert [call.query["CurrentPage"] for call in gateway.calls] == ["1", "2", "3"]
        assert sender.find(message(LIN, out_id="D131"), BEGIN) is None


def test_the_search_crosses_midnight_in_beijing() -> None:
    """Sent at 23:59 there, asked at 09:00: the day before by the gateway's calendar, the same one by UTC's."""
    midnight = BEGIN - 9 * 3_600
    with trusting() as gateway:
        gateway.sent = [row("D1", at=midnight - 60)]
        sender = sms(gateway.endpoint, Still)
        assert sender.find(message(LIN), midnight - 60) is not None
        assert [call.query["SendDate"] for call in gateway.calls] == ["20261121", "20261120"]
        assert sender.find(message(LIN), midnight + 60) is not None, "the two clocks may differ by minutes"
        assert sender.find(message(LIN), midnight + 3_600) is None


def test_the_search_goes_back_no_further_than_the_gateway_remembers() -> None:
    with trusting() as gateway:
        sender = sms(gateway.endpoint, Still)
        assert sender.find(message(LIN), 0.0) is None
        assert len(gateway.calls) == 30


@pytest.mark.parametrize(
    "answer",
    [
        Say("isp.SYSTEM_ERROR"), Say("isv.OUT_OF_SERVICE"), Say(body=b"<html>", status=200), Say(body=b"x", status=429),
        Say(body=b'{"Code":"OK","SmsSendDetailDTOs":{"SmsSendDetailDTO":7}}'),
    ],
)  # fmt: skip
def test_not_knowing_is_a_failure_and_not_a_no(answer: Say, gateway: FakeAliyun) -> None:
    gateway.then(answer)
    with pytest.raises(SendFailed):
        sms(gateway.endpoint).find(message(LIN), time.time())


@pytest.mark.parametrize(
    "body",
    [
        b'{"Code":"OK"}', b'{"Code":"OK","SmsSendDetailDTOs":null}', b'{"Code":"OK","SmsSendDetailDTOs":{}}',
        b'{"Code":"OK","SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"PhoneNum":"1"},{"OutId":null,"SendStatus":"3"}]}}',
    ],
)  # fmt: skip
def test_an_empty_answer_in_any_of_its_shapes_is_a_no(body: bytes, gateway: FakeAliyun) -> None:
    gateway.then(Say(body=body))
    assert sms(gateway.endpoint).find(message(LIN), time.time()) is None


def test_a_status_written_as_text_counts_too(gateway: FakeAliyun) -> None:
    detail = {"OutId": "D1", "SendStatus": "3", "ErrCode": None, "SendDate": "2999-01-01 00:00:00"}
    body = json.dumps({"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": [detail]}}).encode()
    gateway.then(Say(body=body))
    assert sms(gateway.endpoint).find(message(LIN), time.time()) is not None


def test_several_recipients_cannot_be_asked_about(gateway: FakeAliyun) -> None:
    assert sms(gateway.endpoint).find(message(LIN, WANG), time.time()) is None
    assert not gateway.calls
