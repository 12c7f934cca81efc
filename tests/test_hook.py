"""One webhook request: its body as JSON, and what is said about a body that is none."""

import json

import msgspec
import pytest

from daemon.errors import HandlerError
from daemon.hook import Hook

EMPTY = "the body is empty"
HALF = r"the body holds half of a surrogate pair (an escape such as \ud800 without its other half), which is no text"
CUT = "the body is not valid JSON: Input data was truncated"


def refused(body: bytes) -> str:
    with pytest.raises(HandlerError) as said:
        Hook(source="shop", body=body).json()
    return str(said.value)


@pytest.mark.parametrize("body", [b"", b" ", b"\r\n\t"])
def test_an_empty_body_is_called_empty(body: bytes) -> None:
    assert refused(body) == EMPTY


@pytest.mark.parametrize(
    "body",
    [
        rb'"\ud800"',
        rb'{"a": "\uD83D"}',
        rb'{"a": "\udbff text", "b": 1}',
        rb'"\udc00"',
        rb'"\ud800\ud800"',
        rb'"\ud800\u0041"',
        rb'"\ud83d\ude00 \ud83d"',
        rb'"\\\ud800"',
        rb'{"\ud800": 1}',
        rb'["\ud800", 1',
    ],
)
def test_half_of_a_surrogate_pair_is_called_so(body: bytes) -> None:
    assert refused(body) == HALF


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1',
        b'"abc',
        rb'"\ud83d\ude00',
        rb'"\\ud800',
        rb'"\ud800',  # the other half may have been cut off
        rb'"\ud800\ude',
        rb'"\ud8',
    ],
)
def test_a_body_that_was_cut_off_is_called_cut_off(body: bytes) -> None:
    assert refused(body) == CUT


@pytest.mark.parametrize("body", [rb'{"a" "\ud800"}', b"\xef\xbb\xbf{}", b"nope", rb'{} "\ud800"'])
def test_what_else_is_wrong_is_told_in_the_parsers_words(body: bytes) -> None:
    assert refused(body).startswith("the body is not valid JSON: JSON is malformed: ")


def test_whole_pairs_and_escaped_backslashes_are_text() -> None:
    assert Hook(source="shop", body=rb'["\ud83d\ude00", "\\ud800"]').json() == ["\N{GRINNING FACE}", r"\ud800"]


@pytest.mark.parametrize("unit", [rb"\\", rb"\u0041", rb"\ud83d\ude00", b"a", b"\\"])
def test_a_large_body_is_judged_without_ado(unit: bytes) -> None:
    body = b'"' + unit * (1024**2 // len(unit))
    assert refused(body) in {CUT, "the body is not valid JSON: JSON is malformed: invalid escape character in string"}


def test_deep_nesting_is_refused() -> None:
    assert refused(b"[" * 100_000) == "the JSON is nested too deeply"


@pytest.mark.parametrize("value", [None, 0, "x", [], {}, {"a": [1, {"b": None}]}])
def test_json_is_what_the_body_says(value: object) -> None:
    hook = Hook(source="shop", body=json.dumps(value).encode())
    assert msgspec.json.encode(hook.json()) == msgspec.json.encode(value)
