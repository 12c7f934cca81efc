"""Texts and templates in the configuration: what they may be, and what is said of those that cannot be used."""

from collections.abc import Callable

import pytest

from daemon.config.load import Loaded
from daemon.config.styles import style

Load = Callable[..., Loaded]

TEXT = """\
receivers: [{name: ops, notify: [{by: [sms], to: [lin, wang]}, {by: [hall]}]}]
route: {receiver: ops}
people:
  lin: {phone: +8613800000001, lang: zh}
  wang: {phone: +8613800000002}
channels:
  sms: {type: sms, key: "${KEY}"}
  hall:
    type: room
    lang: en
    templates: {line: "hall {{ alert.code }}", long: {zh: 大厅, en: hall}}
texts: {lang: zh, time_zone: Asia/Shanghai}
templates:
  line: "all {{ alert.code }}"
  short: {zh: "短 {{ alert.code }}"}
"""


def test_a_person_has_a_language_else_the_channel_else_the_house(load_text: Load) -> None:
    settings = load_text(TEXT, KEY="k").settings
    sms, hall = settings.channels["sms"], settings.channels["hall"]
    assert [style(settings, sms, who).lang for who in ("lin", "wang", "")] == ["zh", "zh", "zh"]
    assert [style(settings, hall, who).lang for who in ("lin", "wang", "")] == ["zh", "en", "en"]
    assert style(settings, hall, "lin", "en").lang == "en"
    assert str(style(settings, hall).zone) == "Asia/Shanghai"


def test_a_channels_templates_come_before_those_of_all(load_text: Load) -> None:
    settings = load_text(TEXT, KEY="k").settings
    sources = {
        (name, lang): {kind: one.source for kind, one in style(settings, settings.channels[name], "", lang).own.items()}
        for name in ("sms", "hall")
        for lang in ("zh", "en")
    }
    assert sources == {
        ("sms", "zh"): {"line": "all {{ alert.code }}", "short": "短 {{ alert.code }}"},
        ("sms", "en"): {"line": "all {{ alert.code }}"},
        ("hall", "zh"): {"line": "hall {{ alert.code }}", "short": "短 {{ alert.code }}", "long": "大厅"},
        ("hall", "en"): {"line": "hall {{ alert.code }}", "long": "hall"},
    }


def test_nothing_need_be_said(load_text: Load) -> None:
    text = "receivers: [{name: ops, notify: [{by: [hall]}]}]\nroute: {receiver: ops}\nchannels: {hall: {type: room}}\n"
    settings = load_text(text).settings
    said = style(settings, settings.channels["hall"])
    assert (said.lang, said.kind, said.zone, dict(said.own)) == ("en", "long", None, {})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("short: {zh: \"{% include 'x' %}\"}", "short.zh: \"{% include 'x' %}\" line 1: include is not for messages"),
        (
            "long: \"{% import 'os' as os %}\"",
            "long.both: \"{% import 'os' as os %}\" line 1: import is not for messages",
        ),
        ("long: \"{% from 'os' import x %}\"", "long.both: \"{% from 'os' import x %}\" line 1: fromimport is not for"),
        ("long: \"{% extends 'x' %}\"", "long.both: \"{% extends 'x' %}\" line 1: extends is not for messages"),
        ('line: "{{ alert.title"', 'line.both: "{{ alert.title" line 1: unexpected end of template'),
        ('line: "{{ 1 | nofilter }}"', "line.both: \"{{ 1 | nofilter }}\" line 1: No filter named 'nofilter'."),
        ("shrot: x", ': unknown key "shrot"; did you mean "short"?'),
        ("short: {de: x}", 'short: unknown key "de"; known here: both, en, zh'),
        ("short: [x]", "short: must be a mapping: lines of `name: value`, indented below it"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_with_its_line(
    written: str, said: str, problems_of: Callable[..., list[str]]
) -> None:
    (problem,) = problems_of(TEXT.partition("templates:\n  line")[0] + f"templates:\n  {written}\n", KEY="k")
    assert problem.startswith(f"tocsin.yml:14: templates{said if said.startswith(':') else f'.{said}'}")


@pytest.mark.parametrize(
    ("written", "path", "said"),
    [
        ("line: '{{ alert.titel }}'", "line.both", "a firing alarm will not be told in these words: "),
        ("line: {zh: '{{ alert.titel }}'}", "line.zh", "a firing alarm will not be told in these words: "),
        ("line: '{% if not notice.firing %}{{ x }}{% endif %}'", "line.both", "a resolved alarm will not be told in "),
        ("line: '{% if alerts | length > 1 %}{{ x }}{% endif %}'", "line.both", "a group will not be told in these"),
        ("line: \"{% if notice.reason == 'digest' %}{{ x }}{% endif %}\"", "line.both", "a digest will not be told in"),
        ("line: \"{% if lang == 'zh' %}{{ x }}{% endif %}\"", "line.both", "a firing alarm will not be told in these"),
        ("line: '{{ alert.__class__.__mro__ }}'", "line.both", "a firing alarm will not be told in these words: "),
    ],
)
def test_a_template_without_words_for_something_is_a_warning(
    written: str, path: str, said: str, load_text: Load
) -> None:
    text = TEXT.partition("templates:\n  line")[0] + f"templates:\n  {written}\n"
    (warning,) = load_text(text, KEY="k").warnings
    assert warning.startswith(f"tocsin.yml:14: templates.{path}: {said}")


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% endfor %}",
        "{{ 9 ** (9 ** 9) }}",
        "{{ 'x' * 999999 }}",
        "{{ range(99999) | sort }}",
    ],
)
def test_a_template_without_end_is_refused_with_its_line(source: str, problems_of: Callable[..., list[str]]) -> None:
    text = TEXT.partition("templates:\n  line")[0] + f'templates:\n  line: "{source}"\n'
    (problem,) = problems_of(text, KEY="k")
    assert problem.startswith(
        "tocsin.yml:14: templates.line.both: a firing alarm cannot be told in these words: the template "
    )
    assert " more than " in problem


def test_a_channels_template_is_tried_too(load_text: Load) -> None:
    (warning,) = load_text(TEXT.replace("大厅", "'{{ x }}'"), KEY="k").warnings
    assert warning.startswith("tocsin.yml:11: channels.hall.templates.long.zh: a firing alarm will not be told")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("texts: {lang: de}", 'texts.lang: "de" is not one of en, zh'),
        ("texts: {time_zone: Beijing}", 'texts.time_zone: "Beijing" is not a time zone; did you mean "Asia/Shanghai"?'),
    ],
)  # fmt: skip
def test_a_language_or_zone_that_there_is_not(written: str, said: str, problems_of: Callable[..., list[str]]) -> None:
    assert problems_of(TEXT.replace("texts: {lang: zh, time_zone: Asia/Shanghai}", written), KEY="k") == [
        f"tocsin.yml:12: {said}"
    ]
