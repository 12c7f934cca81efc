"""What Aliyun says later: reports that it posts, and reports that are asked for."""

import contextlib
import json
import time
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.clock import Clock
from daemon.errors import SendFailed, SendRefused
from daemon.handset import Report
from daemon.senders import aliyun_receipts
from daemon.senders.aliyun_sms import AliyunSms
from fake_aliyun import FakeAliyun, Say, Sms, sms_reports
from fake_clock import BEGIN, FakeClock
from messages import LIN, WANG, message
from opened import sms

DOCUMENTED = """[{"phone_number":"13800000001","send_time":"2026-11-21 09:00:01","report_time":"2026-11-21 09:00:05",
"success":true,"err_code":"DELIVERED","err_msg":"用户接收成功","sms_size":"1","biz_id":"900619746936498440^0","out_id":"n1"}]"""


class Still(AliyunSms):
    """Its clock stands at the beginning: 09:00 in Beijing."""

    clock: ClassVar[Clock] = FakeClock(BEGIN)


def row(biz_id: str = "9^0", at: float = BEGIN, status: int = 3, number: str = "13800000001") -> Sms:
    return Sms(number, "托辛", "SMS_1", {}, "D1", biz_id, at, status)


# ---- posted


def test_the_documented_report_is_read() -> None:
    assert aliyun_receipts.reports(DOCUMENTED.encode()) == [
        Report(
            provider_id="900619746936498440^0",
            address="13800000001",
            delivered=True,
            code="DELIVERED",
            words="用户接收成功",
            at=BEGIN + 5,
        )
    ]


def test_a_report_knows_the_message_that_was_sent(gateway: FakeAliyun) -> None:
    receipt = sms(gateway.endpoint).send(message(LIN, WANG))
    gateway.sent[1].status = 2
    read = aliyun_receipts.reports(sms_reports(*gateway.sent))
    assert {one.provider_id for one in read} == {receipt.provider_id}
    assert [(one.address, one.delivered, one.code) for one in read] == [
        ("13800000001", True, "DELIVERED"),
        ("13800000002", False, "MOBILE_NOT_ON_SERVICE"),
    ]


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("sms_size", 2, {}), ("sms_size", None, {}), ("out_id", None, {}), ("phone_number", 13800000001, {}),
        ("phone_number", "+8613800000001", {}), ("phone_number", "85261234567", {"address": "85261234567"}),
        ("success", "true", {}), ("success", "False", {"delivered": False}), ("success", False, {"delivered": False}),
        ("err_msg", None, {"words": ""}), ("err_code", None, {"code": ""}), ("err_msg", "a\r\nb\x00", {"words": "a b"}),
        ("report_time", None, {"at": None}), ("report_time", "soon", {"at": None}), ("report_time", "", {"at": None}),
        ("report_time", "2026-11-21T01:00:05Z", {}), ("report_time", 7, {"at": None}), ("new", {"x": [1]}, {}),
    ],
)  # fmt: skip
def test_what_varies_between_reports_is_understood(field: str, value: object, read: dict[str, object]) -> None:
    posted = json.loads(DOCUMENTED)
    posted[0][field] = value
    (report,) = aliyun_receipts.reports(json.dumps(posted).encode())
    (usual,) = aliyun_receipts.reports(DOCUMENTED.encode())
    assert {name: getattr(report, name) for name in Report.__struct_fields__} == {
        name: getattr(usual, name) for name in Report.__struct_fields__
    } | read


def test_a_report_that_is_only_an_acceptance_is_none() -> None:
    """It says that the carrier has not answered yet."""
    posted = [*json.loads(DOCUMENTED), json.loads(DOCUMENTED)[0] | {"err_code": "REQUEST_SUCCESS"}]
    assert len(aliyun_receipts.reports(json.dumps(posted).encode())) == 1
    assert aliyun_receipts.reports(b"[]") == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"null", b"[1]", b"[[]]", b"<html>", b"\xff\xfe", b"[" * 50_000, DOCUMENTED.encode()[:-9], b'"x"',
        DOCUMENTED.replace('"biz_id"', '"b"').encode(), DOCUMENTED.replace("900619746936498440^0", "").encode(),
        DOCUMENTED.replace("13800000001", "").encode(), DOCUMENTED.replace("true", "null").encode(),
        DOCUMENTED.replace('"13800000001"', '["1"]').encode(), b"[]" + b" " * 9 + b"[]",
    ],
)  # fmt: skip
def test_rubbish_is_a_value_error_in_a_sentence(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^the (body|report 1) ") as caught:
        aliyun_receipts.reports(body)
    assert len(str(caught.value)) < 300


@settings(max_examples=100)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(), st.lists).map(lambda x: json.dumps(x).encode()))
def test_any_body_is_a_list_or_a_value_error(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(aliyun_receipts.reports(body), list)


def test_ten_thousand_reports_are_read_quickly_and_more_are_not_taken() -> None:
    one = json.loads(DOCUMENTED)[0]
    many = [one | {"phone_number": f"138{n:08}"} for n in range(aliyun_receipts.MOST)]
    began = time.process_time()
    assert len(aliyun_receipts.reports(json.dumps(many).encode())) == 10_000
    assert time.process_time() - began < 1.0
    with pytest.raises(ValueError, match="10001 reports; at most 10000"):
        aliyun_receipts.reports(json.dumps([*many, one]).encode())


# ---- asked for


def test_a_box_without_an_address_of_its_own_asks() -> None:
    with FakeAliyun(now=lambda: BEGIN) as gateway:
        gateway.sent = [row(status=1), row("8^0", status=2), row("7^0", number="13800000002")]
        sender = sms(gateway.endpoint, Still)
        assert sender.reports("9^0", LIN.address, BEGIN) is None, "no word from the carrier yet"
        gateway.sent[0].status = 3
        assert sender.reports("9^0", LIN.address, BEGIN) == Report(
            provider_id="9^0", address="13800000001", delivered=True, code="DELIVERED", at=BEGIN + 4
        )
        refused = sender.reports("8^0", "13800000001", BEGIN)
        assert refused is not None
        assert (refused.delivered, refused.code) == (False, "USER_REJECT")
        assert sender.reports("6^0", LIN.address, BEGIN) is None, "nobody knows of it"
        assert all(call.asked["BizId"] for call in gateway.calls)


def test_a_message_of_midnight_is_looked_for_on_both_days_for_clocks_differ() -> None:
    midnight = BEGIN - 9 * 3_600
    with FakeAliyun(now=lambda: BEGIN) as gateway:
        gateway.sent = [row(at=midnight - 60)]
        assert sms(gateway.endpoint, Still).reports("9^0", LIN.address, midnight + 60) is not None
        assert [call.asked["SendDate"] for call in gateway.calls] == ["20261121", "20261120"]


@pytest.mark.parametrize("answer", [Say("isp.SYSTEM_ERROR"), Say("isv.OUT_OF_SERVICE"), Say(body=b"x", status=429)])
def test_not_knowing_is_a_failure(answer: Say, gateway: FakeAliyun) -> None:
    gateway.then(answer)
    with pytest.raises(SendFailed):
        sms(gateway.endpoint).reports("9^0", LIN.address, time.time())


def test_nobody_asks_about_what_is_no_number(gateway: FakeAliyun) -> None:
    with pytest.raises(SendRefused):
        sms(gateway.endpoint).reports("9^0", "lin@example.com", time.time())
    assert not gateway.calls
