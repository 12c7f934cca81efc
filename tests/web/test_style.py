"""The colours of the page: text can be read and shapes can be seen, in light and in dark."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

import daemon.web
from contrast import ratio
from daemon.web.page import policy

HERE = Path(daemon.web.__file__).parent / "templates"
STYLE = (HERE / "status.css").read_text()
PAGE = (HERE / "status.html").read_text()

SCHEMES = [dict(re.findall(r"--(\w+):(#\w+)", block)) for block in re.findall(r":root\{(.*?)\}", STYLE, re.DOTALL)]


def test_dark_has_a_colour_for_everything_that_light_has() -> None:
    light, dark = SCHEMES
    assert light.keys() == dark.keys()
    assert "prefers-color-scheme:dark" in STYLE


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
@pytest.mark.parametrize("text", ["text", "soft", "link"])
@pytest.mark.parametrize("ground", ["back", "card"])
def test_text_can_be_read(scheme: dict[str, str], text: str, ground: str) -> None:
    assert ratio(scheme[text], scheme[ground]) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
@pytest.mark.parametrize("shape", ["up", "degraded", "down", "unknown", "maintenance", "p1", "text"])
def test_shapes_can_be_seen(scheme: dict[str, str], shape: str) -> None:
    assert ratio(scheme[shape], scheme["card"]) >= 3


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark"])
def test_no_two_states_have_one_colour(scheme: dict[str, str]) -> None:
    states = [scheme[state] for state in ("up", "degraded", "down", "unknown", "maintenance")]
    assert len(set(states)) == len(states)
    assert all(one != other for one, other in pairwise(scheme[f"p{number}"] for number in range(8)))


def test_nothing_comes_from_elsewhere_and_nothing_runs() -> None:
    foreign = re.compile(r"https?:|//|@import|<script|javascript:|\son\w+=|\sstyle=")
    for text in (STYLE, PAGE):
        assert not foreign.search(text)
        assert set(re.findall(r"url\((.*?)\)", text)) <= {"#hatch"}


def test_the_policy_lets_nothing_in_but_the_style_and_the_icon() -> None:
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='; img-src data:; base-uri 'none';"
        r" form-action 'none'; frame-ancestors 'none'",
        policy(),
    )


def test_every_class_of_the_page_has_a_style_and_every_style_a_use() -> None:
    made = PAGE + "".join(path.read_text() for path in HERE.parent.glob("*.py"))
    styled = set(re.findall(r"\.([a-z][\w-]*)(?=[^{}]*\{)", STYLE))
    states = {"up", "degraded", "down", "unknown", "maintenance"}
    used = {name for names in re.findall(r'class="([^"{]+)', made) for name in names.split()}
    phases = {f"p{number}" for number in range(8)}
    drawn = {"u", "d", "g", "m", "n", "o", "k", "l", "w"}
    assert styled - used - states - phases - drawn == set()
    assert used - styled - {"p"} == {"bars-of"} - styled
