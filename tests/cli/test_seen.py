"""What people see of one look."""

import argparse

import pytest

from daemon.cli import probes, seen

READING = {
    "health": "down",
    "detail": "404 Not Found\x1b[2J",
    "phases": {"connect": 0.0021, "total": 0.0035},
    "failed": ['body has "ok": the body of 54 characters does not have it'],
    "evidence": {"address": "127.0.0.1:80"},
    "values": {
        "status": 404,
        "ip": "127.0.0.1",
        "rtt": 0.00012345678,
        "readonly": False,
        "answers": ["a"],
        "t": "x" * 61,
    },
}


def test_a_look_is_shown_with_what_failed_and_what_it_found() -> None:
    assert seen.reading(READING) == (
        "DOWN: 404 Not Found\N{REPLACEMENT CHARACTER}[2J\n"
        "connect=2.1ms total=3.5ms\n"
        '  ! body has "ok": the body of 54 characters does not have it\n'
        "  address: 127.0.0.1:80\n"
        'values: status 404, ip "127.0.0.1", rtt 0.000123457, readonly false\n'
    )


def test_a_look_that_found_nothing_is_one_line() -> None:
    assert seen.reading({"health": "up", "detail": "PONG"}) == "up: PONG\n"


@pytest.mark.parametrize("text", ["host=a", "", "[]", "7"])
def test_settings_that_are_no_object_are_answered_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r'write \{"url": "https://example.com/"\}'):
        probes.settings(text)
