"""One text, in the Markdown of each messenger."""

import html
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.senders.dialect import DINGTALK, FEISHU, WECOM, Dialect, unmentioning, untagged, written
from daemon.template.words import markdown

DIALECTS = [WECOM, DINGTALK, FEISHU]
SIGNS = st.text(alphabet="\\`*_{}[]<>()#+!|~@&- \nab1;:/数", max_size=40)
_MENTION = re.compile(r"<\s*/?\s*(?:@|at\b)")


@given(words=SIGNS)
@settings(max_examples=200)
def test_an_alarms_own_words_stay_words(words: str) -> None:
    for dialect in DIALECTS:
        said = written(markdown(words), dialect)
        assert "](" not in said
        assert "<" not in said
        assert not re.search(r"\*|`|\[(?=[^\]]*&#93;\()", said)
        assert not any(line.lstrip(" ").startswith(("#", ">")) for line in said.split("\n"))
    as_read = html.unescape(written(markdown(words), FEISHU))
    assert [line.rstrip() for line in as_read.split("\n")] == [line.rstrip(" \t") for line in words.split("\n")]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_link_in_an_alarms_own_words_leads_where_it_led(dialect: Dialect) -> None:
    assert "https://g.example/d?a=1&region=cn&b=x" in written(
        markdown("see https://g.example/d?a=1&region=cn&b=x"), dialect
    )


@pytest.mark.parametrize("dialect", [WECOM, DINGTALK])
def test_no_entity_of_an_alarms_own_words_is_read(dialect: Dialect) -> None:
    for words in ("&lt;@all&gt;", "&#60;at id=all>", "&LT", "&ltat id=all", "&nbsp;&copy;", "&amp;lt;"):
        assert "&" not in written(markdown(words), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_markup_that_is_meant_stays(dialect: Dialect) -> None:
    said = written("**a\\*b**  \n- [graph](https://g.example/a_b?c=1&d=2)", dialect)
    assert said.startswith("**a")
    assert said.endswith(f"b**{dialect.line_break}- [graph](https://g.example/a_b?c=1&d=2)")


def test_a_mention_is_none_whoever_wrote_it() -> None:
    for text in (
        "<@all>",
        "< / @lin>",
        "<at id=all></at>",
        '<AT user_id="all">x</at>',
        "@all",
        "(@所有人)",
        "@Everyone",
    ):
        for said in (written(text, WECOM), unmentioning(text), untagged(text)):
            assert not _MENTION.search(said.lower())
            assert not re.search("@(all|everyone|所有人)", said, re.IGNORECASE)


def test_addresses_and_comparisons_stay_as_they_are() -> None:
    text = "ops@all.example.com a < b <= c << d x<5 @allen"
    assert untagged(text) == text


def test_no_text_takes_long() -> None:
    began = time.perf_counter()
    for text in ("<" + " " * 20_000, "<" * 20_000, " " * 20_000 + "\\#", "\\#" * 10_000, "@" * 20_000, "\n" * 20_000):
        for dialect in DIALECTS:
            written(text, dialect)
        untagged(text)
    assert time.perf_counter() - began < 2
