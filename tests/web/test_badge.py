"""Badges: pictures of two words that can be read, whatever the words are."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contrast import ratio
from daemon.history.stretches import Time
from daemon.web.badge import LABEL, LONGEST, NEUTRAL, RESPONSE, badge, of_state, of_uptime

SVG = "{http://www.w3.org/2000/svg}"


def texts(raw: bytes) -> list[str]:
    return [one.text or "" for one in ET.fromstring(raw).iter(f"{SVG}text")]


def width(raw: bytes) -> float:
    return float(ET.fromstring(raw).get("width", 0))


def test_it_says_its_words_also_to_whoever_does_not_see() -> None:
    raw = badge("shop", "up", of_state(Time.UP))
    root = ET.fromstring(raw)
    assert texts(raw) == ["shop", "up"]
    assert (root.get("aria-label"), root.get("role"), root.get("height")) == ("shop: up", "img", "20")
    assert next(root.iter(f"{SVG}title")).text == "shop: up"


@given(st.text(), st.text())
def test_any_words_make_a_picture(label: str, value: str) -> None:
    found = texts(badge(label, value, NEUTRAL))
    assert len(found) == 2
    assert all(1 <= len(one) <= LONGEST for one in found)


def test_what_looks_like_markup_is_text() -> None:
    raw = badge('</text><script>alert("1")</script>', "a&b'\"", NEUTRAL)
    assert texts(raw) == ['</text><script>alert("1")</script>', "a&b'\""]
    assert b"<script" not in raw


def test_it_is_as_wide_as_its_words() -> None:
    narrow, wide, chinese = (width(badge(label, "up", NEUTRAL)) for label in ("iii", "WWW", "服务器"))
    assert narrow < wide < chinese
    lengths = ET.fromstring(badge("shop", "up", NEUTRAL)).iter(f"{SVG}text")
    assert [float(one.get("textLength", 0)) for one in lengths] == pytest.approx([26.6, 13.2], abs=2)


@pytest.mark.parametrize(
    "colour", sorted({LABEL, NEUTRAL, RESPONSE, *map(of_state, Time), *map(of_uptime, (1, 0.995, 0.96, 0))})
)
def test_white_on_it_can_be_read(colour: str) -> None:
    assert ratio("#ffffff", colour) >= 4.5


@pytest.mark.parametrize(("part", "like"), [(1.0, 0.999), (0.9989, 0.99), (0.9899, 0.95), (0.9499, 0.0), (0.0, 0.0)])
def test_the_colour_of_an_uptime_has_four_steps(part: float, like: float) -> None:
    assert of_uptime(part) == of_uptime(like)
    assert of_uptime(None) == NEUTRAL
    assert len({of_uptime(one) for one in (1.0, 0.99, 0.95, 0.9)}) == 4
