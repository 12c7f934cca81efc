"""Delivery reports as Tencent posts them, and as anybody else might."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.handset import Report
from daemon.senders.tencent_api3 import PullStatus
from daemon.senders.tencent_receipts import of_pull, parsed
from fake_clock import BEGIN

ROW = {
    "user_receive_time": "2026-11-21 09:00:00",
    "nationcode": "86",
    "mobile": "13800000001",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "delivered",
    "sid": "5000:1045",
}
REPORT = Report(
    provider_id="5000:1045", address="13800000001", delivered=True, code="DELIVRD", words="delivered", at=BEGIN
)


def body(*rows: object) -> bytes:
    return json.dumps(rows).encode()


def test_a_callback_is_read_whole_and_in_order() -> None:
    failed = ROW | {"report_status": "FAIL", "errmsg": "MK:0001", "sid": "5000:2"}
    first, second = parsed(body(ROW, failed))
    assert first == REPORT
    assert (second.delivered, second.code, second.provider_id) == (False, "MK:0001", "5000:2")


@pytest.mark.parametrize(
    ("changed", "address"),
    [
        ({"nationcode": 86, "mobile": 13800000001}, "13800000001"),
        ({"nationcode": "1", "mobile": "3105550100"}, "+13105550100"),
        ({"nationcode": "+852", "mobile": "51234567"}, "+85251234567"),
        ({"nationcode": ""}, "13800000001"),
        ({"mobile": "nobody"}, "nobody"),
    ],
)
def test_numbers_are_written_as_ours_are(changed: dict[str, object], address: str) -> None:
    assert parsed(body(ROW | changed))[0].address == address


@pytest.mark.parametrize("when", ["", "yesterday", "2026-13-40 99:00:00", 17, None])
def test_a_time_that_cannot_be_read_is_none(when: object) -> None:
    (report,) = parsed(body(ROW | {"user_receive_time": when}))
    assert report.at is None


@pytest.mark.parametrize(
    "row", [{}, [], None, "x", ROW | {"sid": ""}, ROW | {"report_status": "SENT"}, {"mobile": "1", "text": "a reply"}]
)
def test_what_is_no_report_is_left_out(row: object) -> None:
    assert parsed(body(row, ROW)) == [REPORT]


def test_ten_thousand_reports_are_read() -> None:
    assert len(parsed(body(*[ROW] * 10_000))) == 10_000


def test_one_report_needs_no_array() -> None:
    assert parsed(json.dumps(ROW).encode()) == [REPORT]


@pytest.mark.parametrize("rubbish", [b"", b"<html>", b"17", b'"x"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_none_of_tencents_is_a_sentence(rubbish: bytes) -> None:
    with pytest.raises(ValueError, match="the body is not"):
        parsed(rubbish)


_json = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW]), inner, max_size=7), max_leaves=10)  # fmt: skip # noqa: E501


@settings(max_examples=50)
@given(st.lists(_json, max_size=4))
def test_no_array_breaks_it(rows: list[object]) -> None:
    assert all(report.provider_id for report in parsed(body(*rows)))


def test_a_pulled_row_has_the_time_as_a_number() -> None:
    row = PullStatus(
        serial_no="5000:1045",
        country_code="86",
        subscriber_number="13800000001",
        report_status="SUCCESS",
        description="DELIVRD",
        user_receive_time=int(BEGIN),
    )
    assert of_pull(row) == Report(
        provider_id="5000:1045", address="13800000001", delivered=True, code="DELIVRD", at=BEGIN
    )
    assert of_pull(PullStatus(serial_no="5000:1045", report_status="")) is None
