"""Conditions are read whole or refused with what would be right."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conditions_by_hand import GIVES, GOOD, Ask
from daemon.conditions.condition import Span
from daemon.conditions.parse import parse
from daemon.errors import ConditionError

ASK = Ask()

BAD = {
    "": "it is empty; write for example status == 200",
    "   ": "it is empty; write for example status == 200",
    "status": "what must status be? write one of == != < <= > >= ~ !~ in has exists",
    "status ==": "nothing stands behind ==; it wants a number, such as 4 or 0.5",
    "status = 200": "= is not known here; write ==",
    "status => 200": "=> is not known here; write >=",
    "status =~ 200": "=~ is not known here; write ~",
    "status is 200": "is is not known here; write ==",
    "status 200": "'200' stands where one of == != < <= > >= ~ !~ in has exists should",
    'status "200"': "status is one value, and takes no name behind it",
    "status == ok": "ok is not a number, such as 4 or 0.5",
    'status == "200"': "status is compared with a number, such as 4 or 0.5, not with a text in quotes",
    "status == true": "status is compared with a number, such as 4 or 0.5, not with true",
    "status == 200ms": "200ms is not a number, such as 4 or 0.5; its values have no unit",
    "status == 200-299": "a range is asked for with in: status in 200-299",
    "status in 299-200": "the range 299-200 begins after its end",
    "status in 200,": "another value is missing at the end of the list",
    "status in [200": "the list is not closed: ] is missing",
    "status in": "nothing stands behind in; it wants a number, such as 4 or 0.5",
    "status in , 200": ", stands where a value should; write for example status == 200",
    'status ~ "2.."': "status cannot be asked ~, only == != < <= > >= exists in",
    "status not == 200": "not stands before in, has or exists only; write the opposite of ==",
    "not status == 200": "not stands before in, has or exists: status not in 500-599",
    "status == 200 or status == 204": "or: each condition stands on its own line, and all of them must hold",
    "status == 200 && time < 1s": "&&: each condition stands on its own line, and all of them must hold",
    "status exists 5": "'5' is left over at the end",
    "status == 200 from": "from which node? write its name behind it",
    "time < 300": "300 of what? write 300ms or 300s",
    "time < 3 s": "3 of what? write 3ms or 3s",
    "time < 2sec": "2sec is not a time with its unit, such as 300ms or 2s",
    "time < fast": "fast is not a time with its unit, such as 300ms or 2s",
    "time < 20%": "20% is not a time with its unit, such as 300ms or 2s",
    "cert.days > soon": "soon is not days, such as 14 or 14d",
    "loss < 0.2": "0.2 of what? write 20%, or 0.2% if so little is meant",
    "loss < 2s": "2s is not a share, such as 20%",
    "body.size > 10XB": "10XB is not a size, such as 10KB",
    "body ~ checkout": 'a pattern is written in quotes: ~ "checkout"',
    'body ~ "(?=x)"': "'(?=x)' is not an RE2 pattern: invalid perl operator: (?=",
    'body ~ "(ab){800}"': "the pattern repeats too much: it would take too long in a large body",
    'body ~ "a': "a quote is not closed; in YAML, put the whole condition in single quotes: 'body ~ \"a: #1\"'",
    'body contains "x"': "contains is not known here; write has",
    'body < "x"': "< compares numbers; of a text can be asked == != ~ !~ has",
    "body == ok": 'ok is not a text in quotes, such as "ok"; a text is written in quotes: "ok"',
    'header ~ "json"': 'which header? write it in quotes behind it, such as header "name"',
    'header "" ~ "json"': 'which header? write it in quotes behind it, such as header "name"',
    "json $.ok == true": 'which json? write it in quotes behind it, such as json "$.status"',
    'json "ok" == true': "'ok' is not a path: it begins with $",
    'json "$.a b" == 1': "'$.a b' is not a path from ' b' on: write .name, ['any name'], [0], [-1] or [*], "
    "and a last ? for what may be missing",
    'json "$.ok" == ok': 'ok is not a number, a text in quotes such as "ok", true, false or null; '
    'a text is written in quotes: "ok"',
    'json "$.n" > 5MB': '5MB is not a number, a text in quotes such as "ok", true, false or null; '
    'its values have no unit; a text is written in quotes: "5MB"',
    'json "$.s[*].ok" == true': "$.s[*].ok leads to several values; write any, all or length before json",
    'json "$.x?" exists': "leave out the ?: it says that json need not exist",
    "answers == 5": "answers is a list; write has, or any, all or length before it",
    "answers has 1.2.3.4": '1.2.3.4 is not a text in quotes or a number, such as "1.2.3.4"; '
    'a text is written in quotes: "1.2.3.4"',
    "any status == 200": "status is one value: leave out any",
    "length status > 3": "status is a number, such as 4 or 0.5: it has no length",
    "length answers > 3s": "3s is not a number, such as 4 or 0.5; its values have no unit",
    'length answers has "x"': "answers cannot be asked has, only == != < <= > >= in",
    "secure > 1": "secure cannot be asked >, only == != exists in",
    "secure == null": "secure is compared with true or false, not with null",
    "(status == 200)": "it begins with the value that it is about: status == 200",
    "[STATUS] == 200": "it begins with the value that it is about: status == 200",
    "len(body) > 3": 'there is no value "len"; a probe of type http can say',
    "staus == 200": 'there is no value "staus"; a probe of type http can say time, time.connect, status,',
}  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_condition_is_read_and_printed_as_it_was_written(text: str) -> None:
    read = ASK.condition(text)
    assert str(read) == text.strip()
    assert ASK.condition(str(read)) == read
    assert hash(ASK.condition(str(read))) == hash(read)


@pytest.mark.parametrize(("text", "sentence"), BAD.items(), ids=list(BAD))
def test_what_is_no_condition_is_refused_with_what_would_be_right(text: str, sentence: str) -> None:
    with pytest.raises(ConditionError) as caught:
        ASK.condition(text)
    assert str(caught.value).startswith(sentence)
    assert sentence.endswith((str(caught.value), "can say", "status,"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("time < 300ms", 0.3),
        ("time < 2s", 2),
        ("time < 1m30s", 90),
        ("time > 0", 0),
        ("cert.days > 14", 14),
        ("cert.days > 14d", 14),
        ("cert.days > 2w", 14),
        ("cert.days > 36h", 1.5),
        ("loss < 20%", 20),
        ("loss < 20", 20),
        ("loss < 0.5%", 0.5),
        ("body.size > 10KB", 10_240),
        ("body.size > 2M", 2 * 1024**2),
        ("body.size > 17", 17),
        ("status in 200-299", Span(200, 299)),
        ("time in 100ms-2s", Span(0.1, 2)),
        ("loss in 1%-5%", Span(1, 5)),
        ('perfdata "x" in -5--1', Span(-5, -1)),
        ('json "$.x" == -1.50', -1.5),
        ('json "$.x" == "5"', "5"),
        (r'body == "a\"b\\c\nd\d"', 'a"b\\c\nd\\d'),
        (r"body == 'a\n\'", "a\\n\\"),
    ],
)
def test_what_is_compared_with_is_in_the_unit_of_the_value(text: str, value: object) -> None:
    assert ASK.condition(text).test.values[0] == value


def test_a_node_is_kept_apart() -> None:
    read = ASK.condition("time < 2s from guangdong-telecom")
    assert (read.node, read.test.values) == ("guangdong-telecom", (2.0,))


def test_a_misspelt_name_comes_with_all_that_there_are() -> None:
    with pytest.raises(ConditionError) as caught:
        ASK.condition("tiem.connect < 2s")
    assert caught.value.wrong == "tiem.connect"
    assert "time.connect" in caught.value.known


def test_a_kind_that_lacks_the_value_says_what_it_has() -> None:
    with pytest.raises(ConditionError, match=r"a probe of type tcp can say time$"):
        parse("status == 200", {"time": GIVES["time"]}, "tcp")
    with pytest.raises(ConditionError, match="a probe of type mute says nothing that a condition could ask"):
        parse("status == 200", {}, "mute")


def test_only_who_has_a_body_has_json() -> None:
    with pytest.raises(ConditionError, match='there is no value "json"'):
        parse('json "$.ok" == true', {"time": GIVES["time"]}, "tcp")


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(ConditionError, match="it has 2001 characters; at most 2000 are taken"):
        ASK.condition("status == 200".ljust(2001, "0"))
    with pytest.raises(ConditionError, match="at most 1000 are taken"):
        ASK.condition(f'body ~ "{"a" * 1001}"')


WORDS = (
    'json "$.a" "$.a[*]" any all length not in has exists from == < >= ~ !~ , [ ] ( 200 2s 20% 1KB 1-2 -1--2 "x" true'
    " null 'y' ｓ ٣ 1e9 $ \\ \""
)
TEXTS = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from([*GIVES, *WORDS.split(" "), "\x00", "\ud800", "9" * 30]),
        max_size=8,
    ).map(" ".join),
)


@given(TEXTS)
@example("status == 9999999999999999999999999")
@example("time < 99999999999999y")
@example("status == ١٢")
@example('json "$' + "[0]" * 160 + '" == 1')
@example("(" * 2000)
@example('"' * 1999)
def test_any_text_is_a_condition_or_a_condition_error(text: str) -> None:
    try:
        read = ASK.condition(text)
    except ConditionError:
        return
    again = ASK.condition(str(read))
    assert (again, again.test, again.node, again.quantity) == (read, read.test, read.node, read.quantity)
