"""JSON-RPC 2.0 to the letter, whatever the bytes hold."""

import logging
from typing import Any

import msgspec
import pytest

from daemon import telemetry
from daemon.methods import jsonrpc
from daemon.methods.table import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_ALLOWED,
    OVERLOADED,
    PARSE_ERROR,
    REFUSED,
    UNAVAILABLE,
    Caller,
)
from small_table import ALL, DONE, READER, said


def call(method: str, params: Any = None, caller: Caller = ALL, **more: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method} | ({} if params is None else {"params": params}) | more
    return said(msgspec.json.encode(body), caller)


def code(answer: Any) -> int:
    assert set(answer) == {"jsonrpc", "error", "id"}
    assert answer["jsonrpc"] == "2.0"
    return int(answer["error"]["code"])


def test_a_result_carries_the_id_and_no_error() -> None:
    assert call("add", {"a": 1}, id="x") == {"jsonrpc": "2.0", "result": 3, "id": "x"}


def test_params_by_position() -> None:
    assert call("add", [1, 5])["result"] == 6


def test_a_struct_and_an_enum_become_json() -> None:
    assert call("point", {"severity": "critical"})["result"] == {"x": 5, "y": ["critical"]}


@pytest.mark.parametrize("request_id", ["", "a", 0, -1, 1.5, 2**53, 2**64 - 1, "磁"])
def test_any_id_of_the_right_kind_comes_back(request_id: Any) -> None:
    assert call("add", [1], id=request_id)["id"] == request_id


def test_a_null_id_is_answered_with_null() -> None:
    assert call("add", [1], id=None) == {"jsonrpc": "2.0", "result": 3, "id": None}


@pytest.mark.parametrize("request_id", [True, [], {}, "x" * 201, 2**65])
def test_an_id_of_the_wrong_kind_is_an_invalid_request(request_id: Any) -> None:
    answer = call("add", [1], id=request_id)
    assert code(answer) == INVALID_REQUEST
    assert answer["id"] is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"\xff",
        b"NaN",
        b'{"a":NaN}',
        b"'x'",
        b"[" * 50_000,
        b'{"a":' * 50_000,
        b'"\\ud800"',
        b"9" * 9_999,
    ],
)
def test_what_is_not_json_is_a_parse_error(raw: bytes) -> None:
    answer = said(raw)
    assert code(answer) == PARSE_ERROR
    assert answer["id"] is None


@pytest.mark.parametrize(
    "raw",
    [
        b"1",
        b'"x"',
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'{"id":1,"method":"add"}',
        b'{"jsonrpc":2.0,"id":1,"method":"add"}',
        b'{"jsonrpc":"1.0","id":1,"method":"add"}',
        b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":1,"method":null}',
        b'{"jsonrpc":"2.0","id":1,"method":["add"]}',
        b'{"jsonrpc":"2.0","id":1,"method":"add","params":1}',
        b'{"jsonrpc":"2.0","id":1,"method":"add","params":null}',
        b'{"jsonrpc":"2.0","id":1,"method":"add","params":"a"}',
    ],
)
def test_what_is_no_request_is_an_invalid_request(raw: bytes) -> None:
    assert code(said(raw)) == INVALID_REQUEST


@pytest.mark.parametrize(
    "params",
    [{}, {"a": "1"}, {"a": 1.5}, {"a": True}, {"a": None}, {"a": 1, "c": 2}, [1, 2, 3], [], ["x"], {"a": [1]}],
)
def test_params_that_do_not_fit_are_named(params: Any) -> None:
    answer = call("add", params)
    assert code(answer) == INVALID_PARAMS
    assert "add" in answer["error"]["message"]


def test_the_wrong_field_is_named_in_data() -> None:
    assert call("point", {"limit": 0})["error"]["data"] == {"field": "limit"}
    assert call("point", {"limit": 1_001})["error"]["data"] == {"field": "limit"}
    assert call("point", {"severity": "awful"})["error"]["data"] == {"field": "severity"}


def test_an_unknown_method_points_to_the_list() -> None:
    answer = call("nonsense")
    assert code(answer) == METHOD_NOT_FOUND
    assert "methods.list" in answer["error"]["message"]


def test_a_very_long_method_name_is_not_echoed_whole() -> None:
    assert len(call("x" * 100_000)["error"]["message"]) < 300


def test_a_caller_without_the_right_does_nothing() -> None:
    DONE.clear()
    assert code(call("do", ["x"], READER)) == NOT_ALLOWED
    assert DONE == []


def test_a_notification_is_carried_out_and_not_answered() -> None:
    DONE.clear()
    assert said(b'{"jsonrpc":"2.0","method":"do","params":["n"]}') is None
    assert said(b'{"jsonrpc":"2.0","method":"no-such"}') is None
    assert DONE == ["n"]


def test_a_batch_is_answered_in_one_without_its_notifications() -> None:
    answers = said(
        b'[{"jsonrpc":"2.0","id":1,"method":"add","params":[1]},{"jsonrpc":"2.0","method":"do","params":["b"]},'
        b'7,{"jsonrpc":"2.0","id":2,"method":"nope"}]'
    )
    assert [(one["id"], one.get("error", {}).get("code")) for one in answers] == [
        (1, None),
        (None, INVALID_REQUEST),
        (2, METHOD_NOT_FOUND),
    ]


def test_a_batch_of_notifications_is_not_answered() -> None:
    assert said(b'[{"jsonrpc":"2.0","method":"do","params":["b"]}]') is None


def test_a_batch_is_bounded_and_refused_whole() -> None:
    DONE.clear()
    one = b'{"jsonrpc":"2.0","id":1,"method":"do","params":["x"]}'
    assert code(said(b"[" + b",".join([one] * 101) + b"]")) == INVALID_REQUEST
    assert DONE == []
    assert len(said(b"[" + b",".join([one] * 100) + b"]")) == 100


@pytest.mark.parametrize("how", ["unforeseen", "surrogate", "strange"])
def test_an_unforeseen_failure_shows_nothing_but_is_logged_whole(how: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = call("fail", [how])
    assert code(answer) == INTERNAL_ERROR
    assert answer["error"]["message"] == "internal error; the daemon's log tells more"
    assert "Traceback" in caplog.text


def test_a_store_that_cannot_write_is_unavailable_and_says_why() -> None:
    answer = call("fail", ["store"])
    assert code(answer) == UNAVAILABLE
    assert "the disk is full" in answer["error"]["message"]


def test_an_error_raised_on_purpose_is_told() -> None:
    answer = call("fail", ["known"])
    assert (code(answer), answer["error"]["message"]) == (REFUSED, "line 3: no")


def test_what_changes_something_leaves_a_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        call("add", [1])
        assert caplog.text == ""
        call("do", ["private words"])
    assert "local did do" in caplog.text
    assert "private" not in caplog.text


def test_calls_are_counted_under_names_that_strangers_cannot_multiply() -> None:
    def count(method: str, result: str) -> float:
        return telemetry.rpc_calls.labels(method, result)._value.get()

    before = count("add", "ok"), count("unknown", "no_such_method"), count("add", "invalid_params")
    call("add", [1])
    call("stranger-1")
    call("add", ["x"])
    after = count("add", "ok"), count("unknown", "no_such_method"), count("add", "invalid_params")
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 1]
    assert "stranger-1" not in {sample.labels["method"] for sample in telemetry.rpc_calls.collect()[0].samples}


def test_a_refusal_names_every_request_that_waits_for_an_answer() -> None:
    def refused(raw: bytes) -> Any:
        answer = jsonrpc.refuse(raw, OVERLOADED, "too much")
        return None if answer is None else msgspec.json.decode(answer)

    assert refused(b'{"jsonrpc":"2.0","id":"x","method":"add"}')["id"] == "x"
    assert [one["id"] for one in refused(b'[{"id":1,"method":"a"},{"method":"n"},{"id":2,"method":"a"},3]')] == [
        1,
        2,
        None,
    ]
    assert refused(b'{"jsonrpc":"2.0","method":"n"}') is None
    assert refused(b"not json")["id"] is None
    assert code(refused(b"[]")) == OVERLOADED
