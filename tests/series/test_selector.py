"""Which series are meant."""

import pytest

from daemon.errors import MatcherError
from daemon.series.key import Key, Kind, labels
from daemon.series.selector import Selector


def key(name: str, **of: str) -> Key:
    return Key(name, Kind.COUNTER, labels(of.items()))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("http.time", True),
        (' http.time { route = "/pay" } ', True),
        ('http.time{route="/pay",app=~"sh.*"}', True),
        ('http.time{route!="/pay"}', False),
        ('http.time{other=""}', True),
        ("http.time{}", True),
        ("http.*", True),
        ("*", True),
        ("h*t*e", True),
        ("http", False),
        ("http.timex", False),
        ("httpxtime", False),
        ("xttp.*", False),
    ],
)
def test_name_and_labels_say_which_are_meant(text: str, meant: bool) -> None:
    assert Selector.parse(text).matches(key("http.time", route="/pay", app="shop")) is meant


@pytest.mark.parametrize(
    "text", ["", "  ", "{a=1}", "a{b", "a{b=1", "a{b}", 'a{b=~"("}', "x" * 201, "a{=1}", "a{b=1}}"]
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises((ValueError, MatcherError), match=r"\w+ \w+ \w+"):
        Selector.parse(text)


@pytest.mark.parametrize("text", ['a.b{c="d\\"e",f=~"g|h"}', "a.*", 'müll{x=""}', "a+b(c*"])
def test_it_gives_itself_back(text: str) -> None:
    assert str(Selector.parse(text)) == text
    assert Selector.parse(str(Selector.parse(text))) == Selector.parse(text)


def test_a_name_with_many_stars_takes_no_long_time() -> None:
    assert not Selector.parse("*a" * 90).matches(key("a" * 80 + "b" * 100))
