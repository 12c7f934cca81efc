"""An alarm in a few characters: what matters most, whatever there is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon import fitting
from daemon.event import Severity, State
from daemon.fitting import Size, Unit
from daemon.notice import in_templates
from daemon.template import Template
from daemon.template.words import Lang
from daemon.texts.brief import Facts, brief, chosen, facts, value, where, whole_code
from daemon.texts.built_in import Kind
from messages import message
from readings import GROUP, alarm, told

DISK = alarm(labels={"host": "db-1.shop.internal", "job": "node"}, title="磁盘空间不足", text="使用率97%，剩余不多。")


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (1, ""),
        (2, "17"),
        (3, "A17"),
        (4, "A17"),
        (5, "重 A17"),
        (6, "严重 A17"),
        (10, "严重 A17"),
        (11, "严重 A17 磁盘空…"),
        (13, "严重 A17 磁盘空间不足"),
        (17, "严重 A17 磁盘空间不足"),
        (18, "严重 A17 磁盘空间不足 db-1"),
        (22, "严重 A17 磁盘空间不足 db-1 97%"),
        (70, "严重 A17 磁盘空间不足 db-1 97%"),
    ],
)
def test_room_is_spent_by_importance(room: int, line: str) -> None:
    assert brief(facts(DISK, 0, "zh"), Size(room)) == line


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (5, "C A17"),
        (8, "CRIT A17"),
        (35, "CRIT A17 Instance is run… web-1 91%"),
        (36, "CRIT A17 Instance is runn… web-1 91%"),
        (60, "CRIT A17 Instance is running out of memory soon web-1 91%"),
        (70, "CRITICAL A17 Instance is running out of memory soon web-1 91%"),
    ],
)
def test_a_long_title_leaves_room_for_where_and_how_much(room: int, line: str) -> None:
    one = alarm(
        title="Instance is running out of memory soon", labels={"instance": "web-1:9100"}, text="It is at 91 %."
    )
    assert brief(facts(one, 0, "en"), Size(room)) == line


def test_how_many_there_are_and_that_it_is_over_is_told() -> None:
    assert brief(facts(alarm(), 11, "en"), Size(40)).startswith("CRIT A17 +11 Disk full")
    assert brief(facts(alarm(over=True), 0, "zh"), Size(6)) == "恢复 A17"


def test_a_test_says_so_and_what_no_store_knows_has_no_code() -> None:
    assert brief(facts(alarm(0, title="Test of sms", labels={}, text=""), 0, "en", is_test=True), Size(40)) == (
        "TEST Test of sms"
    )


@pytest.mark.parametrize("kind", ["line", "short", "long", "markdown", "html"])
def test_a_text_for_which_nothing_fits_still_has_the_code(kind: Kind) -> None:
    one = told(alarm(title="Instance is running out of memory " * 4), kind=kind)
    short = one.fitted(Size(40))
    assert short == "CRIT A17 Instance is running o… db-1 97%" if kind != "markdown" else short.startswith("CRIT A17 ")
    assert Size(40).fits(short)
    assert one.fitted(Size(3)) == "A17"


def test_bytes_are_counted_where_the_vendor_counts_bytes() -> None:
    line = brief(facts(DISK, 0, "zh"), Size(37, Unit.BYTES))
    assert line == "严重 A17 磁盘空间不足 db-1"
    assert len(line.encode()) == 34


# ---- properties

_words = st.text(st.characters() | st.sampled_from("e\u0301👩\u200d🔥🇨🇳字"), max_size=40)
_facts = st.builds(
    lambda marks, number, others, what, where_, worth: Facts(
        marks, f"A{number}", others, fitting.line(what), fitting.line(where_), fitting.line(worth)
    ),
    st.sampled_from([("C", "CRIT", "CRITICAL"), ("重", "严重", "严重"), ("R", "OK", "RESOLVED")]),
    st.integers(1, 10**9),
    st.sampled_from(["", "+3", "+120"]),
    _words,
    _words,
    st.text("0123456789.%", max_size=8),
)
_units = st.sampled_from(list(Unit))


@settings(max_examples=200)
@given(_facts, st.integers(0, 120), _units)
def test_it_is_within_its_room_has_the_code_and_is_cut_between_characters(told_: Facts, room: int, unit: Unit) -> None:
    size = Size(room, unit)
    line = brief(told_, size)
    assert size.fits(line)
    assert whole_code(line, told_.code) or not size.fits(told_.code)
    if size.most >= size.of(f"{told_.marks[0]} {told_.code}"):
        assert line.startswith(told_.marks)
    if whole_code(line, told_.code):
        parts = chosen(told_, size)
        assert parts["value"] in {"", told_.value}
        for name, whole in (("what", told_.what), ("where", told_.where)):
            seen = list(fitting.clusters(whole))
            begun = {"".join(seen[:n]) for n in range(len(seen) + 1)}
            assert parts[name] == whole or parts[name].removesuffix("…") in begun


@settings(max_examples=150)
@given(_facts, st.integers(0, 100), st.integers(0, 40), _units)
def test_more_room_never_tells_less(told_: Facts, room: int, more: int, unit: Unit) -> None:
    small, large = (chosen(told_, Size(room + one, unit)) for one in (0, more))
    assert ("", *told_.marks).index(small["mark"]) <= ("", *told_.marks).index(large["mark"])
    for piece in ("others", "what", "where", "value"):
        assert large[piece].startswith(small[piece].removesuffix("…")), (piece, small, large)


# ---- where and how much


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ({"instance": "10.0.0.7:9100", "job": "node"}, "10.0.0.7"),
        ({"instance": "db-1.shop.internal:9100"}, "db-1"),
        ({"instance": "db-1.shop.internal:9100", "host": "db-alias"}, "db-alias"),
        ({"service": "checkout", "env": "prod"}, "checkout"),
        ({"pod": "web-7f9-x2", "namespace": "shop"}, "web-7f9-x2"),
        ({"url": "https://user:pw@shop.example.com/health?x=1"}, "shop"),
        ({"instance": "[2001:db8::1]:9100"}, "[2001:db8::1]"),
        ({"host": " "}, ""),
        ({"severity": "critical"}, ""),
    ],
)
def test_where_is_the_label_that_tells_most(labels: dict[str, str], place: str) -> None:
    assert where(labels) == place


@pytest.mark.parametrize(
    ("labels", "text", "worth"),
    [
        ({"value": "97.5"}, "", "97.5"),
        ({"current_value": "3 GB"}, "97 %", "3 GB"),
        ({"value": "x" * 40}, "97 %", "97%"),
        ({}, "使用率97%，请处理", "97%"),
        ({}, "It is at 97 %.", "97%"),
        ({}, "97% for 5 minutes on 10.0.0.7:9100", "97%"),
        ({}, "97% (limit 90%)", ""),
        ({}, "down for 5 minutes", ""),
        ({}, "current value: 42", "42"),
        ({}, "当前值为 3.5", "3.5"),
        ({}, "latency 350ms", "350ms"),
        ({}, "version 1.2.3, build a97%x", ""),
    ],
)
def test_the_value_is_what_is_beyond_doubt(labels: dict[str, str], text: str, worth: str) -> None:
    assert value(alarm(labels=labels, text=text)) == worth


# ---- in templates


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{{ what }} / {{ where }} / {{ value }}", "Disk full / db-1 / 97%"),
        ("{{ brief(16) }}", "CRIT A17 Disk f…"),
        ("{{ brief(18) }}", "CRIT A17 Disk full"),
        ("{{ brief(23, 'bytes') }}", "CRIT A17 Disk full db-1"),
        ("{{ brief(70) | upper }}", "CRITICAL A17 DISK FULL DB-1 97%"),
    ],
)
def test_templates_may_use_them(source: str, said: str) -> None:
    one = message(labels={"host": "db-1"}, text="97 % of /data is used.")
    assert Template(source).render(in_templates(one)) == said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_group_is_told_by_its_worst(lang: Lang) -> None:
    told_ = told(*GROUP, lang=lang)
    line = Template("{{ brief(60) }}").render(in_templates(told_))
    assert "A17 +2 Disk full on db-1" in line


@pytest.mark.parametrize("severity", list(Severity))
def test_every_severity_has_its_words(severity: Severity) -> None:
    for lang in ("en", "zh"):
        marks = facts(alarm(severity=severity, state=State.FIRING), 0, lang).marks
        assert [len(mark) for mark in marks] == sorted(len(mark) for mark in marks)


@pytest.mark.parametrize(
    ("over", "lang", "word"), [(False, "zh", "严重"), (True, "zh", "恢复"), (False, "en", "CRIT"), (True, "en", "OK")]
)
def test_the_mark_says_how_bad_it_is_or_that_it_is_over(over: bool, lang: Lang, word: str) -> None:
    said = told(alarm(over=over), lang=lang)
    assert Template("{{ mark }}").render(in_templates(said)) == word
