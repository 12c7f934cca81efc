"""Envelopes: lengths in bytes, and whatever was cut or spoilt on the way."""

import contextlib
import json

import hypothesis
import pytest
from hypothesis import strategies

from daemon.sentry.envelope import MOST_ITEMS, NoEnvelope, first_type, opened
from daemon.sentry.reading import Unreadable, read
from reporting import LIMITS, envelope, event, item, sent

WHOLE = envelope(
    item(event(message="zu spät, 太晚了")),
    item(b"line1\nline2\n", "attachment", filename="a.txt"),
    item({"items": [{"level": "warn", "body": "x"}]}, "log"),
    event_id="9fc2", sent_at="2026-11-21T01:00:00Z",
)  # fmt: skip


def types(plain: bytes) -> list[str]:
    return [one.type for one in opened(plain).items]


def test_lengths_are_bytes() -> None:
    found = opened(WHOLE)
    assert [one.type for one in found.items] == ["event", "attachment", "log"]
    assert found.items[1].payload == b"line1\nline2\n"
    assert "太晚了" in json.loads(found.items[0].payload)["message"]
    assert (found.headers["event_id"], found.flaw) == ("9fc2", "")


@pytest.mark.parametrize("payload", [b'{"message": "no length"}', b""])
def test_without_a_length_the_payload_ends_with_its_line(payload: bytes) -> None:
    plain = b"{}\n" + b'{"type":"event"}\n' + payload + b"\n" + item(b"", "log") + b"\n\n"
    assert [(one.type, one.payload) for one in opened(plain).items] == [("event", payload), ("log", b"")]


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (b"{}", []),
        (b"{}\n", []),
        (b"{}\n\n\n", []),
        (b'{}\n{"type":"session","length":0}', ["session"]),
        (b'{}\n{"type":"session","length":0}\n', ["session"]),
        (b'{}\n{"type":"a","length":2}\r\n{}', []),  # a carriage return is one of the two bytes
        (b'{}\n{"length":2}\n{}\n', [""]),
        (b'{}\n{"type":5,"length":2}\n{}', [""]),
    ],
)
def test_odd_ones_are_read_as_far_as_they_go(plain: bytes, expected: list[str]) -> None:
    assert types(plain)[: len(expected)] == expected


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"event","length":-1}', b'{"type":"event","length":"5"}', b'{"type":"event","length":1e9}',
        b'{"type":"event","length":true}', b'{"type":"event","length":999}', b"[]", b"nonsense", b"\xff\xfe",
        b"[" * 5_000, b'{"type":"event","length":99999999999999999999999999}', b'{"type":"event","length":1}',
    ],
)  # fmt: skip
def test_a_header_that_makes_no_sense_ends_it_and_keeps_what_came_before(line: bytes) -> None:
    found = opened(b"{}\n" + item(event()) + line + b"\n{}\n")
    assert found.items[0].type == "event"
    assert found.flaw


@pytest.mark.parametrize("plain", [b"", b"\n", b"[]\n", b"<html>", b"\x1f\x8b\x08", b'"text"\n', b"{" * 9_000])
def test_what_begins_with_no_header_is_no_envelope(plain: bytes) -> None:
    with pytest.raises(NoEnvelope):
        opened(plain)


def test_a_real_one_cut_at_any_byte_keeps_its_complete_leading_items() -> None:
    whole = opened(WHOLE).items
    at = WHOLE.index(b"\n") + 1
    ends: list[int] = []
    for one in whole:
        at = WHOLE.index(b"\n", at) + 1 + len(one.payload)
        ends.append(at)
        at += 1
    for cut in range(len(WHOLE)):
        try:
            found = opened(WHOLE[:cut])
        except NoEnvelope:
            assert cut < WHOLE.index(b"\n")
            continue
        complete = sum(end <= cut for end in ends)
        assert found.items[:complete] == whole[:complete]


def test_what_is_cut_is_an_answer_or_unreadable_and_nothing_else() -> None:
    for cut in range(0, len(WHOLE), 3):
        with contextlib.suppress(Unreadable):
            read(sent(WHOLE[:cut]), LIMITS)


@hypothesis.given(strategies.binary(max_size=300))
def test_noise_is_an_envelope_or_none(noise: bytes) -> None:
    for plain in (noise, b"{}\n" + noise, b"{}\n" + b'{"type":"event"}\n' + noise):
        first_type(plain)
        with contextlib.suppress(Unreadable):
            read(sent(plain), LIMITS)


def test_there_is_an_end_to_items() -> None:
    found = opened(envelope(*[item(b"x", "attachment")] * (MOST_ITEMS + 5)))
    assert len(found.items) == MOST_ITEMS
    assert "more than" in found.flaw
