"""Matchers: Alertmanager's syntax, its anchoring, and patterns that cannot stall."""

import pytest

from daemon.errors import MatcherError
from daemon.matcher import Matcher, parse


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ('severity="critical"', {"severity": "critical"}, True),
        ("severity=critical", {"severity": "critical"}, True),
        (' severity = "critical" ', {"severity": "critical"}, True),
        ('severity!="critical"', {"severity": "info"}, True),
        ('severity!="critical"', {}, True),
        ('absent=""', {}, True),
        ('absent!=""', {}, False),
        ('team=~"db|web"', {"team": "web"}, True),
        ('team=~"db|web"', {"team": "webshop"}, False),
        ('team!~"db.*"', {"team": "dbx"}, False),
        ('team!~"db.*"', {}, True),
        ('{a="1", b!="2"}', {"a": "1"}, True),
        ('a="x, y"', {"a": "x, y"}, True),
        ('a="\\"quoted\\" \\\\ \\n"', {"a": '"quoted" \\ \n'}, True),
        ('名="值"', {"名": "值"}, True),
    ],
)
def test_it_matches(text: str, labels: dict[str, str], expected: bool) -> None:
    assert all(matcher.matches(labels) for matcher in parse(text)) is expected


@pytest.mark.parametrize(
    "text", ["", "{}", "severity", '="x"', 'a=="b"', 'a="b" c="d"', 'a=~"("', 'a="b', 'a=~"(?=x)"']
)
def test_what_is_not_a_matcher_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MatcherError) as caught:
        parse(text)
    assert len(str(caught.value)) > 15


def test_a_catastrophic_pattern_is_harmless() -> None:
    (matcher,) = parse('a=~"(a+)+$"')
    assert not matcher.matches({"a": "a" * 50_000 + "b"})


def test_a_matcher_prints_as_it_is_written() -> None:
    written = Matcher("a", "=~", 'x"\\d')
    assert parse(str(written)) == (written,)


@pytest.mark.parametrize("once", ["((((a?){10}){10}){10})", "((((.?){10}){10}){10})", r"\pL{100}"])
@pytest.mark.parametrize("times", [2, 3, 40])
def test_a_pattern_that_would_take_long_on_every_alert_is_refused(once: str, times: int) -> None:
    with pytest.raises(MatcherError):
        parse(f'a=~"{once * times}"'.replace("\\", "\\\\"))


@pytest.mark.parametrize(
    "text", [r"\\pL+-\\pN+", "(?i)" + "ks" * 490, "|".join(f"db-{n}[.]example[.]com" for n in range(40))]
)
def test_long_patterns_and_those_over_all_letters_are_taken(text: str) -> None:
    assert parse(f'a=~"{text}"')
