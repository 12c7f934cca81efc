"""Whatever comes in, what goes out is JSON-RPC."""

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from small_table import said

WORDS = st.text('a2.é磁\x00\\"', max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": JSON,
        "method": st.sampled_from(["add", "point", "do", "fail", ""]) | JSON,
        "params": st.lists(JSON, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "what"]), JSON) | JSON,
    },
)
RIGHT = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0"), "id": st.integers(0, 9), "method": st.sampled_from(["add", "point", "do"])},
    optional={"params": st.dictionaries(st.sampled_from(["a", "b", "what", "severity", "limit"]), JSON, max_size=3)},
)
calmly = settings(deadline=None, derandomize=True)


def well_formed(answer: Any) -> None:
    for one in answer if isinstance(answer, list) else [answer]:
        assert one["jsonrpc"] == "2.0"
        assert ("result" in one) != ("error" in one)
        assert "id" in one


@calmly
@given(st.binary(max_size=200))
def test_any_bytes_at_all_make_a_well_formed_answer(raw: bytes) -> None:
    answer = said(raw)
    if answer is not None:
        well_formed(answer)


@calmly
@given(REQUESTS | RIGHT | st.lists(REQUESTS | RIGHT, min_size=1, max_size=3))
def test_any_json_shaped_like_a_request_makes_a_well_formed_answer(body: Any) -> None:
    answer = said(msgspec.json.encode(body))
    if answer is not None:
        well_formed(answer)
