"""Operators' templates in place of the built-in texts, and what stands in for those that fail."""

import dataclasses
import re
from pathlib import Path

import msgspec
import pytest

from daemon.config.wording import Templates
from daemon.notice import Reason, in_templates
from daemon.template import Template
from daemon.template.words import FILTERS as WORDS
from daemon.template.words import duration, time
from daemon.texts import context
from daemon.texts.built_in import KINDS, LANGS, MOST, WHAT_FOR, Kind, template
from readings import GROUP, NOW, ONE, OVER, SHANGHAI, alarm, told

PAGE = Path(__file__).parents[2] / "docs/hearing/templates.md"
BUILT_IN = "[CRITICAL] Disk full on db-1 (A17)"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ alert.title }} {{ alert.code }}", "Disk full on db-1 A17"),
        ("{{ alerts | map(attribute='code') | join(' ') }}", "A17 A18 A15"),
        ("{{ alerts | selectattr('state', 'eq', 'firing') | list | length }}", "2"),
        ("{{ notice.firing }}/{{ notice.resolved }} {{ notice.group.alertname }} {{ notice.reason }}",
         "2/1 DiskFull some_resolved"),
        ("{{ receiver }} {{ recipient.name }} {{ recipient.address }}", "ops lin +8613800000001"),
        ("{{ labels | tojson }} {{ links.runbook }}", '{"alertname":"DiskFull"} https://wiki.example.com/disk'),
        ("{{ links.acknowledge | default('none') }}", "none"),
        ("{{ lang }} {{ late }} {{ (now - since) | duration }} {{ lasted | duration }}", "en 0.0 12 min 12 min"),
        ("{{ since | time }} {{ since | time(true) }}", "14:03 2026-11-21 14:03 CST"),
        ("{{ alert.severity | severity }} {{ 1 | plural('match', 'matches') }} {{ 2 | plural('match', 'matches') }}",
         "critical 1 match 2 matches"),
        ("{{ alert.title | fit(6) }} {{ 'a\nb' | cut(9) }} {{ 'a*b' | markdown }}", "Disk … a\nb a\\*b"),
        ("{{ '90s' | duration }} {{ 'soon' | duration }}", "1 min soon"),
        ("{{ message.title }}\n-- ops",
         "[CRITICAL] 2 firing, 1 resolved of alertname=DiskFull: Disk full on db-1 (A17)\n-- ops"),
    ],
)  # fmt: skip
def test_what_a_template_of_the_operators_can_say(source: str, text: str) -> None:
    message = told(*GROUP, reason=Reason.SOME_RESOLVED, of={"long": source})
    assert message.text == text
    assert message.speech.warnings == []


def test_filters_speak_the_language_of_the_message() -> None:
    source = "{{ lasted | duration }} {{ alert.severity | severity }} {{ 3 | plural('条') }}"
    assert told(*ONE, lang="zh", of={"long": source}).text == "12分钟 严重 3条"


def test_a_template_may_build_on_the_built_in_text_but_never_on_itself() -> None:
    message = told(*ONE, of={"long": "{{ message.text }}\n{{ message.title }}", "line": "!{{ message.title }}"})
    assert message.title == f"!{BUILT_IN}"
    assert message.text.endswith(f"disk\n{BUILT_IN}")


@pytest.mark.parametrize("source", ["{{ nobody }}", "{{ 1 / 0 }}", "{% for i in range(99999) %}{{ i }}{% endfor %}"])
def test_a_template_that_fails_gives_way_to_the_built_in_text_with_a_warning(source: str) -> None:
    message = told(*ONE, of={"line": source})
    assert message.title == BUILT_IN
    assert message.title == BUILT_IN  # asked twice, warned once
    (warning,) = message.speech.warnings
    assert warning.startswith("templates.line: ")


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_longer_than_its_kind_may_be(kind: Kind) -> None:
    message = told(*ONE, of={kind: "满" * 9_000 + "{{ '满' * 91_000 }}"}, kind=kind)
    assert len(message.text) <= MOST[kind]
    assert message.speech.warnings == (
        [f"templates.{kind}: more than {MOST[kind]} characters"] if MOST[kind] < 100_000 else []
    )


def test_the_acknowledging_link_is_one_of_the_links() -> None:
    message = told(*ONE, of={"long": "{{ links.acknowledge }}"}, acknowledge="https://t.example.com/ack/x")
    assert message.text == "https://t.example.com/ack/x"


def test_a_message_to_several_names_none_of_them() -> None:
    message = told(*ONE, of={"long": "<{{ recipient.name }}>"})
    assert message.text == "<lin>"
    assert msgspec.structs.replace(message, recipients=message.recipients * 2).text == "<>"


def test_the_times_are_those_of_what_fires_else_of_all() -> None:
    assert context.times(GROUP, NOW) == {"since": NOW - 720, "until": NOW, "lasted": 720}
    assert context.times(OVER, NOW) == {"since": NOW - 720, "until": NOW - 120, "lasted": 600}
    future = (alarm(ago=-5),)
    assert context.times(future, NOW)["lasted"] == 0


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (-5, "0 s", "0秒"),
        (0.4, "0 s", "0秒"),
        (59.4, "59 s", "59秒"),
        (60, "1 min", "1分钟"),
        (90, "1 min", "1分钟"),
        (600, "10 min", "10分钟"),
        (645, "10 min", "10分钟"),
        (3_600, "1 h", "1小时"),
        (3_661, "1 h 1 min", "1小时1分钟"),
        (86_400 * 2 + 3_600 * 4 + 59, "2 d 4 h", "2天4小时"),
    ],
)
def test_durations_as_people_say_them(seconds: float, english: str, chinese: str) -> None:
    assert (duration(seconds, "en"), duration(seconds, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("before", "said"),
    [(0, "14:15"), (14 * 3_600, "00:15"), (15 * 3_600, "11-20 23:15"), (86_400 * 400, "2025-10-17 14:15")],
)
def test_times_name_the_day_when_it_is_another(before: float, said: str) -> None:
    assert time(NOW - before, SHANGHAI, NOW) == said


def test_every_kind_has_its_setting_its_purpose_its_bound_and_its_texts() -> None:
    assert tuple(one.name for one in dataclasses.fields(Templates)) == KINDS == tuple(WHAT_FOR) == tuple(MOST)
    assert all(isinstance(template(kind, lang), Template) for kind in KINDS for lang in LANGS)


def test_the_page_names_what_templates_may_use() -> None:
    page = PAGE.read_text()
    for title, about in (("name", context.NAMES), ("filter", context.FILTERS)):
        table = page.partition(f"| {title} | is |\n|---|---|\n")[2].partition("\n\n")[0]
        assert table.splitlines() == [f"| `{name}` | {what} |" for name, what in about.items()]
    kinds = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| [\d,]+ \|$", page, re.MULTILINE))
    assert kinds == WHAT_FOR


def test_the_names_and_filters_are_those_that_there_are() -> None:
    assert set(context.NAMES) == {name for name in in_templates(told()) if not name.startswith(" ")}
    assert set(context.FILTERS) == set(WORDS)
