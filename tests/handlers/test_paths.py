"""Paths into a JSON value."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.payload.paths import Path, PathNotFound

BODY = {
    "a": {"b": [{"c": 1}, {"c": 2}, {"d": 3}]},
    "odd key": {"it's": "x", 'a"b': "y", "a.b": "z"},
    "items": {"x": {"n": 1}, "y": {"n": 2}},
    "nothing": None,
    "empty": [],
    "payload": '{"repo": {"name": "shop"}}',
    "broken": '{"repo": ',
    "单位": "毫秒",
    "kebab-case": True,
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", BODY),
        ("$.a.b[0].c", 1),
        ("$.a.b[-1].d", 3),
        ("$['odd key']['it\\'s']", "x"),
        ('$["odd key"]["a\\"b"]', "y"),
        ("$['odd key']['a.b']", "z"),
        ("$.a.b[*].c", [1, 2]),
        ("$.items[*].n", [1, 2]),
        ("$.items.*.n", [1, 2]),
        ("$.empty[*]", []),
        ("$.empty[*].x", []),
        ("$.nothing", None),
        ("$.missing?", None),
        ("$.a.missing.deeper?", None),
        ("$.a.b[7]?", None),
        ("$.a.b[*].nowhere?", None),
        ("$.payload.repo.name", "shop"),
        ("$.单位", "毫秒"),
        ("$.kebab-case", True),
    ],
)
def test_a_path_leads_to_its_value(path: str, value: Any) -> None:
    assert Path(path).find(BODY) == value


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("$.x", "there is no 'x' in $; there are a, odd key, items"),
        ("$.a.x", "there is no 'x' in $.a; there are b"),
        ("$.a.b.c", "$.a.b is a list, not an object"),
        ("$.a.b[9]", "there is no element 9 in $.a.b, which has 3"),
        ("$.a[0]", "$.a is an object, not a list"),
        ("$.nothing.x", "$.nothing is null, not an object"),
        ("$.nothing[*]", "$.nothing is null, not a list"),
        ("$.a.b[*].x", "there is no 'x' in $.a.b[*]; there are c"),
        ("$.broken.repo", "$.broken is a text, not an object"),
        ("$.kebab-case.x", "$.kebab-case is true or false, not an object"),
    ],
)
def test_a_path_that_leads_nowhere_says_how_far_it_came_and_what_is_there(path: str, sentence: str) -> None:
    with pytest.raises(PathNotFound) as caught:
        Path(path).find(BODY)
    assert sentence in str(caught.value)


def test_an_object_with_a_thousand_long_keys_is_not_listed_whole() -> None:
    with pytest.raises(PathNotFound) as caught:
        Path("$.x").find({f"{number}{'k' * 1_000}": 1 for number in range(1_000)})
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "source",
    ["", "a.b", "$a", "$.", "$..a", "$.a[", "$.a[]", "$.a[1:2]", "$.a[?(@.b)]", "$.a[b]", "$.a b", "$.a.", "$['a]",
     "$.a??", "?", "$.a[1,2]", "$.a[99999999999]", "$" + ".a" * 500],
)  # fmt: skip
def test_what_is_not_a_path_is_refused_with_what_would_be_one(source: str) -> None:
    with pytest.raises(ValueError, match="path"):
        Path(source)


names = st.text(min_size=1, max_size=6)


@given(st.lists(names, max_size=5), st.integers())
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_any_key_can_be_written_in_brackets(keys: list[str], leaf: int) -> None:
    value: Any = leaf
    for key in reversed(keys):
        value = {key: value}
    escaped = ("['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']" for key in keys)
    assert Path("$" + "".join(escaped)).find(value) == leaf


@given(
    st.text(alphabet="$.[]*?'\"\\ab0-1@() ", max_size=20), st.sampled_from([BODY, [], {}, 1, None, json.dumps(BODY)])
)
@settings(max_examples=500, deadline=None, database=None, derandomize=True)
def test_no_text_does_anything_but_lead_or_be_refused(source: str, body: Any) -> None:
    try:
        Path(source).find(body)
    except (ValueError, PathNotFound) as error:
        assert str(error)  # noqa: PT017 - it may also lead somewhere
