"""The style of the pages about applications: text can be read, shapes can be seen, every class has a use."""

import re
from pathlib import Path

import pytest

import daemon.web.apps
from contrast import ratio
from daemon.store.fault_news import What
from daemon.store.faults import State
from daemon.thresholds.standing import WORST
from daemon.web import words as status_words
from daemon.web.apps.words import WORDS

CODE = Path(daemon.web.apps.__file__).parent
TEMPLATES = CODE.parent / "templates"
STYLE = (TEMPLATES / "apps.css").read_text()
STATUS = (TEMPLATES / "status.css").read_text()
PAGES = "".join((TEMPLATES / f"{name}.html").read_text() for name in (
    "frame", "parts", "ranges", "apps", "app", "table", "errors", "error",
))  # fmt: skip


def schemes(style: str) -> list[dict[str, str]]:
    return [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{(.*?)\}", style, re.DOTALL)]


BOTH = [status | own for status, own in zip(schemes(STATUS), schemes(STYLE), strict=True)]


@pytest.mark.parametrize("scheme", BOTH, ids=["light", "dark"])
def test_text_can_be_read_and_lines_can_be_seen(scheme: dict[str, str]) -> None:
    for text in ("error", "p95", "text", "soft", "link"):
        for ground in ("card", "back"):
            assert ratio(scheme[text], scheme[ground]) >= 4.5, (text, ground)
    assert ratio(scheme["text"], scheme["code"]) >= 4.5
    for line in ("p50", "p95", "p99"):
        assert ratio(scheme[line], scheme["card"]) >= 3
    assert len({scheme[line] for line in ("p50", "p95", "p99")}) == 3


def test_lines_differ_in_more_than_their_colour() -> None:
    dashes = {name: re.search(rf"\.{name}\{{[^}}]*stroke-dasharray:([\d ]+)", STYLE) for name in ("q50", "q95", "q99")}
    assert len({found[1] if found else "" for found in dashes.values()}) == 3


def test_nothing_comes_from_elsewhere_and_nothing_runs() -> None:
    foreign = re.compile(r"https?:|//|@import|<script|javascript:|\son\w+=|\sstyle=|url\(")
    for text in (STYLE, PAGES):
        assert not foreign.search(text)


def test_every_class_has_a_style_and_every_style_a_use() -> None:
    made = PAGES + "".join(path.read_text() for path in CODE.glob("*.py"))
    styled = set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", STYLE))
    used = {name for names in re.findall(r'class="([^"{]+)', made) for name in names.split()}
    told = {
        "lesser",
        "bad",
        "b",
        "f",
        "e",
        "t",
        "q50",
        "q95",
        "q99",
        "error",
        "fatal",
        "warning",
        "firing",
        "pending",
        "clearing",
    }
    both = {"plot", "x", "chart", "spark", "key", "keys", "hours"}
    assert styled - used - told - both == set()
    status = set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", STATUS))
    assert used - styled - status == set()


def test_both_languages_say_everything_with_the_same_places_to_fill_in() -> None:
    english, chinese = WORDS["en"], WORDS["zh"]
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        assert set(re.findall(r"\{(\w*)", text)) == set(re.findall(r"\{(\w*)", chinese[name])), name
    asked = set(re.findall(r"words\.(\w+)", PAGES))
    assert asked <= english.keys()


def test_every_word_is_used_and_none_is_missing() -> None:
    made = PAGES + "".join(path.read_text() for path in CODE.glob("*.py") if path.stem not in ("words", "links"))
    shared = status_words.WORDS["en"]
    own = {name for name, text in WORDS["en"].items() if shared.get(name) != text}
    by_kind = {f"news_{one.value}" for one in What} | {one.value for one in (*WORST, *State)}
    assert by_kind <= own
    assert own - by_kind - set(re.findall(r"\w+", made)) == set()
    said = set(re.findall(r'said\["(\w+)"\]', made))
    assert said <= WORDS["en"].keys()
