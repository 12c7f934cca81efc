"""Whether a condition holds of a reading, and what is said where it does not."""

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conditions_by_hand import GIVES, GOOD, Ask
from daemon.conditions.doubt import doubt
from daemon.conditions.holding import LONGEST, failures
from daemon.conditions.seen import Seen
from daemon.reading import Fact, Health, Reading

ASK = Ask()

BODY: dict[str, Any] = {
    "ok": False,
    "yes": True,
    "word": "true",
    "count": 7,
    "digits": "7",
    "price": "9.50",
    "name": "shop",
    "none": None,
    "empty": "",
    "tags": ["a", "b", 3],
    "nothing": [],
    "s": [{"state": "up"}, {"state": "up"}, {"state": "broken"}],
    "deep": {"odd key": {"x": [1]}},
    "huge": 10**30,
    "vast": 10**400,  # more than any float
    "long": "x" * 500,
    "nasty": "a\u001b[31mb\nc",
}
RAW = json.dumps(BODY).encode()

# condition -> what is said; nothing where it holds
OF_JSON = {
    'json "$.ok" == true': "it was false",
    'json "$.ok" == false': "",
    'json "$.yes" == true': "",
    'json "$.word" == true': "",
    'json "$.yes" == 1': "it was true",
    'json "$.count" == 7': "",
    'json "$.count" == "7"': "",
    'json "$.digits" == 7': "",
    'json "$.price" > 9': "",
    'json "$.price" == 9.5': "",
    'json "$.count" >= 8': "it was 7",
    'json "$.name" > 8': 'it was "shop"',
    'json "$.name" != "shop"': 'it was "shop"',
    'json "$.name" ~ "^sh"': "",
    'json "$.name" !~ "^sh"': 'it was "shop"',
    'json "$.count" ~ "^7$"': "",
    'json "$.none" == null': "",
    'json "$.none" != null': "it was null",
    'json "$.none" == ""': "it was null",
    'json "$.none" == 0': "it was null",
    'json "$.empty" == null': 'it was ""',
    'json "$.none" exists': "",
    'json "$.none" not exists': "it was null",
    'json "$.x" exists': "there is none",
    'json "$.x" not exists': "",
    'json "$.x" == 1': "there is no 'x' in $; there are ok, yes, word, count, digits, price, name, none, empty, "
    "tags, nothing, s, …",
    'json "$.x?" == 1': "",
    'json "$.count?" == 1': "it was 7",
    'json "$.name.x" == 1': "$.name is a text, not an object",
    'json "$.tags" has "a"': "",
    'json "$.tags" has 3': "",
    'json "$.tags" has "z"': 'it was a list of 3: "a", "b", 3',
    'json "$.tags" not has "a"': 'it was a list of 3: "a", "b", 3',
    'json "$.deep" has "odd key"': "",
    'json "$.deep" has 5': "it was an object",
    'json "$.count" has 7': "it was 7",
    'json "$.count" not has 7': "it was 7",
    'json "$.name" has "ho"': "",
    'json "$.tags" == "a"': 'it was a list of 3: "a", "b", 3',
    'json "$.tags" !~ "a"': 'it was a list of 3: "a", "b", 3',
    'json "$.deep" != 5': "",
    """json "$['deep']['odd key'].x[-1]" == 1""": "",
    'length json "$.tags" == 3': "",
    'length json "$.tags" > 3': "it was 3",
    'length json "$.deep" == 1': "",
    'length json "$.name" == 4': "",
    'length json "$.nothing" == 0': "",
    'length json "$.s[*].state" in 1-2': "it was 3",
    'length json "$.count" > 1': "it was 7, which has no length",
    'any json "$.s[*].state" == "up"': "",
    'any json "$.s[*].state" == "new"': 'so for none of 3, the first was "up"',
    'all json "$.s[*].state" == "up"': 'not so for 1 of 3, the first was "broken"',
    'all json "$.s[*].state" in "up", "broken"': "",
    'all json "$.tags" ~ "[ab]"': "not so for 1 of 3, the first was 3",
    'any json "$.name" == "shop"': 'it was "shop", not a list',
    'all json "$.nothing" == 1': "there are none",
    'all json "$.nothing[*].x" == 1': "there are none",
    'any json "$.nothing[*].x" == 1': "there are none",
    'all json "$.nothing[*].x?" == 1': "",
    'json "$.s[*].state" exists': "",
    'json "$.nothing[*]" exists': "there is none",
    'json "$.nothing[*]" not exists': "",
    'json "$.huge" > 5': "",
    'json "$.huge" < 5': "it was more than 10^18",
    'json "$.vast" > 5': "",
    'json "$.vast" == 1.5': "it was more than 10^18",
    'json "$.vast" in 1-2': "it was more than 10^18",
    'json "$.long" == "y"': 'it was "' + "x" * 59 + '…"',
    'json "$.nasty" == "y"': 'it was "a [31mb c"',
}

OF_VALUES: list[tuple[str, dict[str, Any], str]] = [
    ("status == 200", {"status": 200}, ""),
    ("status == 200", {"status": 503}, "it was 503"),
    ("status in 200-299, 304", {"status": 304}, ""),
    ("status in 200-299, 304", {"status": 305}, "it was 305"),
    ("status in 200-299", {"status": 200}, ""),
    ("status in 200-299", {"status": 299}, ""),
    ("status not in 500-599", {"status": 503}, "it was 503"),
    ("status == 200", {}, "not known, the look did not come so far"),
    ("status exists", {}, "there is none"),
    ("cert.days > 14", {}, "not known, the look did not come so far"),
    ("cert.days? > 14", {}, ""),
    ("cert.days? > 14", {"cert__days": 3}, "it was 3 days"),
    ('perfdata? "load1" < 4', {"perfdata": {}}, ""),
    ('perfdata? "load1" < 4', {}, ""),
    ("cert.days > 14d", {"cert__days": 3.256}, "it was 3.26 days"),
    ("cert.days > 48h", {"cert__days": 2.5}, ""),
    ("time.connect < 300ms", {"time__connect": 0.412}, "it was 412ms"),
    ("time.connect < 2s", {"time__connect": 3.1}, "it was 3.1s"),
    ("time < 2s", {"time__total": 1.9, "time__connect": 5.0}, ""),
    ("time < 2s", {"time__resolve": 1.5, "time__connect": 1.0}, "it was 2.5s"),
    ("time < 2s", {}, "not known, the look did not come so far"),
    ("loss < 20%", {"loss": 25}, "it was 25%"),
    ("loss < 20%", {"loss": math.nan}, "not known"),
    ("loss < 20%", {"loss": math.inf}, "it was inf"),
    ("loss < 20%", {"loss": None}, "not known, the look did not come so far"),
    ("body.size > 10KB", {"body__size": 512}, "it was 512 bytes"),
    ('header "Content-Type" ~ "json"', {"header": {"content-type": "application/json"}}, ""),
    ('header "content-type" ~ "json"', {"header": {"Content-Type": "text/html"}}, 'it was "text/html"'),
    ('header "X-Env" exists', {"header": {}}, "there is none"),
    ('header "X-Env" not exists', {"header": {}}, ""),
    ('header "X-Env" == "a"', {"header": {}}, "there is none"),
    ('header "Content-Length" > 100', {"header": {"content-length": "120"}}, ""),
    ('header "Content-Length" > 100', {"header": {"content-length": "many"}}, 'it was "many"'),
    ('perfdata "load1" < 4', {"perfdata": {"load1": 5.5}}, "it was 5.5"),
    ('perfdata "load1" < 4', {"perfdata": "rubbish"}, "not known"),
    ('answers has "1.2.3.4"', {"answers": ["1.2.3.4"]}, ""),
    ('answers has "1.2.3.4"', {"answers": ("1.2.3.5",)}, 'it was a list of 1: "1.2.3.5"'),
    ('any answers ~ "^10[.]"', {"answers": ["1.1.1.1", "10.0.0.1"]}, ""),
    ('all answers in "a", "b"', {"answers": ["a", "c", "d"]}, 'not so for 2 of 3, the first was "c"'),
    ("length answers == 2", {"answers": ["a", "b"]}, ""),
    ("secure == true", {"secure": False}, "it was false"),
]

OF_BODIES: list[tuple[str, bytes, dict[str, Any], str]] = [
    ('body ~ "checkout"', b"to the checkout", {}, ""),
    ('body ~ "checkout"', b"to the till", {}, "the body of 11 characters does not have it"),
    ('body ~ "checkout"', b"", {}, "there is no body"),
    ('body !~ "error"', b"an error", {}, "the body has it"),
    ('body !~ "error"', b"", {}, ""),
    ('body has "v1.2 (stable)"', b"is v1.2 (stable)!", {}, ""),
    ('body not has "x"', b"box", {}, "the body has it"),
    ('body == "pong"', b"pong", {}, ""),
    ('body == "pong"', b"ping\x00", {}, 'it was "ping"'),
    ("length body == 2", "中文".encode(), {}, ""),
    ('body == "中文"', "中文".encode("gbk"), {"header": {"content-type": "text/html; charset=GBK"}}, ""),
    ('body == "中文"', "中文".encode("utf-16"), {"header": {"Content-Type": 'text/plain;charset="utf-16"'}}, ""),
    ('json "$.a" == "é"', '{"a":"é"}'.encode("latin-1"), {"header": {"content-type": "x; charset=iso-8859-1"}}, ""),
    ('body has "ok"', b"\xff\xfe ok \xc3", {}, ""),
    ('body has "ok"', b"ok", {"header": {"content-type": "text/plain; charset=punycode"}}, ""),
    ('body has "ok"', b"ok", {"header": {"content-type": "text/plain; charset=unicode_escape"}}, ""),
    ('body has "ok"', b"ok", {"header": {"content-type": "text/plain; charset=iso-8859-99"}}, ""),
    ('json "$.a" == 1', b'\xef\xbb\xbf{"a":1}', {}, ""),
    ('json "$.a" == "\ufffd"', b'{"a":"\xff"}', {}, ""),
    ('json "$.a" == 2', b'{"a":1,"a":2}', {}, ""),
    ('json "$" == 5', b" 5 ", {}, ""),
    ('json "$.a" == 1', b"", {}, "there is no body"),
    ('json "$.a" exists', b"<html>", {}, "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
    ('json "$.a" not exists', b"<html>", {}, "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
    ('json "$.a?" == 1', b"<html>", {}, "the body is not JSON: JSON is malformed: invalid character (byte 0)"),
    ('json "$.a" > 1', b'{"a":NaN}', {}, "the body is not JSON: JSON is malformed: invalid character (byte 5)"),
    ('json "$.a" > 1', b'{"a":1e999}', {}, "the body is not JSON: Number out of range"),
    ('json "$.a" > 1', b'{"a":' + b"9" * 5000 + b"}", {}, "the body is not JSON: Integer value out of range"),
    ('json "$[0]" == 1', b"[" * 100_000 + b"]" * 100_000, {}, "the body is JSON that is nested too deeply"),
    ('json "$" == 1', b"[" * 500 + b"]" * 500, {}, "it was a list of 1"),
]


@pytest.mark.parametrize(("text", "said"), OF_JSON.items(), ids=list(OF_JSON))
def test_what_is_asked_of_json(text: str, said: str) -> None:
    assert ASK.of(text, RAW) == said


@pytest.mark.parametrize(("text", "values", "said"), OF_VALUES)
def test_what_is_asked_of_values(text: str, values: dict[str, Any], said: str) -> None:
    assert ASK.of(text, **values) == said


@pytest.mark.parametrize(("text", "body", "values", "said"), OF_BODIES)
def test_what_is_asked_of_bodies(text: str, body: bytes, values: dict[str, Any], said: str) -> None:
    assert ASK.of(text, body, **values) == said


UNSEEN = """\
status == 200
cert.days > 14
time < 2s
time.connect < 1s
secure == true
body ~ "x"
length body > 4
json "$.a" == 1
json "$.a" exists
header "a" == "b"
answers has "1"
"""


@pytest.mark.parametrize("text", UNSEEN.splitlines())
def test_what_a_failed_look_did_not_see_is_no_news(text: str) -> None:
    assert ASK.of(text, health=Health.DOWN, time__resolve=0.1) == ""


def test_what_a_failed_look_saw_is_told_all_the_same() -> None:
    assert ASK.of("status == 200", b"<html>", Health.DOWN, status=500) == "it was 500"
    assert ASK.of('json "$.ok" == true', b"<html>", Health.DOWN, status=500) == ""


def test_a_condition_of_another_node_is_not_asked() -> None:
    reading = Reading(health=Health.UP, detail="", phases={"total": 3.0})
    text = "time < 2s from guangdong"
    assert ASK.said(text, reading) == ""
    assert ASK.said(text, reading, "zhejiang") == ""
    assert ASK.said(text, reading, "guangdong") == f"{text}: it was 3s"


def test_a_sentence_is_one_short_line() -> None:
    text = 'json "$.a" == "' + "y" * 900 + '\n\x1b"'
    said = ASK.said(text, Reading(health=Health.UP, detail="", body=json.dumps({"a": "z\n\x1b[31m" * 999}).encode()))
    assert len(said) <= LONGEST
    assert said.isprintable()


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.binary(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
READINGS = st.builds(
    Reading,
    health=st.sampled_from(Health),
    detail=st.text(max_size=5),
    phases=st.dictionaries(st.sampled_from(["total", "connect", "tls"]), st.floats(), max_size=3),
    values=st.dictionaries(st.sampled_from([name for name in GIVES if name != "time"]), VALUES, max_size=8),
    body=st.one_of(st.binary(max_size=40), VALUES.map(lambda value: json.dumps(str(value)).encode()), st.just(RAW)),
)


@given(READINGS)
@settings(max_examples=100)
def test_asking_never_raises_whatever_was_read(reading: Reading) -> None:
    for said in failures([ASK.condition(text) for text in GOOD], Seen(reading), "a"):
        assert said
        assert said.isprintable()
        assert len(said) <= LONGEST


def test_a_megabyte_is_asked_in_little_time() -> None:
    """Time of this thread's processor: thirty conditions, and one reading of the JSON for all of them."""
    rows = [{"id": i, "ok": True, "name": f"name {i}"} for i in range(24_000)]
    body = json.dumps(rows).encode()
    assert len(body) > 1_000_000
    conditions = [ASK.condition(f'json "$[{i}].ok" == true') for i in range(28)]
    conditions += [ASK.condition('all json "$[*].ok" == true'), ASK.condition('body ~ "name 23999"')]
    began = time.thread_time()
    assert failures(conditions, Seen(Reading(health=Health.UP, detail="", body=body))) == ()
    assert time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "pattern", [r"(a?){100}a{100}$", r"(a|aa)+$", r"(.*a){20}b", r"([a-z]+)*\\d", r"a[ab]{200}c", r"(?i)(\\pL+)+\\d"]
)
def test_a_pattern_that_ruins_others_ends_soon(pattern: str) -> None:
    body = b"ab" * 100_000
    began = time.thread_time()
    ASK.of(f'body !~ "{pattern}"', body)
    assert time.thread_time() - began < 3


DOUBTED = ["status >= 500", "status == 500", "status in 500-599", "status != 200", "time > 2s", "loss > 20%"]
MEANT = ["status == 200", "status == 401", "status in 401, 403", "status < 500", "time < 2s", "loss < 5%"]


@pytest.mark.parametrize("text", [*DOUBTED, "secure == false"])
def test_what_says_what_is_wrong_is_doubted(text: str) -> None:
    assert "conditions say what must hold, not what is wrong" in doubt(ASK.condition(text), GIVES)


@pytest.mark.parametrize("text", [*MEANT, 'body ~ "error"', "status exists", 'any answers == "x"', "cert.days < 9"])
def test_what_may_be_meant_is_not_doubted(text: str) -> None:
    assert doubt(ASK.condition(text), GIVES) == ""


def test_the_doubt_says_of_what_it_would_fail() -> None:
    said = doubt(ASK.condition("time.connect > 2s"), {"time.connect": Fact("", "seconds", ideal=0.0)})
    assert said.endswith("this one fails when time.connect is 0ms")
