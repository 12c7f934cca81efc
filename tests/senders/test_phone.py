"""Telephone numbers of here and elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.senders import phone
from daemon.senders.phone import Phone


@pytest.mark.parametrize(
    ("written", "country", "number"),
    [
        ("13800000001", "86", "13800000001"),
        ("0086 138-0000-0001", "86", "13800000001"),
        ("+1 310 555 0100", "1", "3105550100"),
        ("+7 912 345-67-89", "7", "9123456789"),
        ("+44 7700 900123", "44", "7700900123"),
        ("0085251234567", "852", "51234567"),
        ("+886 912345678", "886", "912345678"),
        ("+84 912345678", "84", "912345678"),
        ("+９６５ 51234567", "965", "51234567"),
    ],
)
def test_a_number_is_taken_apart(written: str, country: str, number: str) -> None:
    assert phone.read(written) == Phone(country, number)


@pytest.mark.parametrize(
    "written", ["", "12345", "+", "+86 10 8888 8888", "3105550100", "+0123456789", "lin@x.cn", "+1"]
)
def test_what_is_no_number_that_can_be_reached_is_none(written: str) -> None:
    assert phone.read(written) is None


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_whatever_is_read_is_written_as_it_was(written: str) -> None:
    read = phone.read(written)
    assert read is None or read.international == written
    assert read is None or phone.read(read.address) == read
