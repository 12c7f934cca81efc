"""The language of rules: what is read, and what is said where it cannot be."""

import msgspec
import pytest

from daemon.errors import ExpressionError
from daemon.expressions.expression import KNOWN, LONGEST_NAME, TAKES
from daemon.expressions.level import Level, shown
from daemon.expressions.parse import parse
from daemon.series import key, standard
from daemon.series.key import Kind
from daemon.series.table import Table
from fake_clock import FakeClock
from ruled import tried

P95 = "p95(http.time) over 5m"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ('p95(http.time{route="/pay"}) over 5m', 'p95(http.time{route="/pay"}) over 5m'),
        ("p99.9 ( http.time )over 300s", "p99.9(http.time) over 5m"),
        ("rate(orders) each over 1h", "rate(orders) each over 1h"),
        ("sum(a/b) / count(c) by (x, app) over 90s", "sum(a/b) / count(c) by (app, x) over 90s"),
        ('sum(a{x="}(",y!="\\""}) over 1d', 'sum(a{x="}(",y!="\\""}) over 1d'),
        ("sum(orders) over 1h vs last week", "sum(orders) over 1h vs last week"),
        ("sum(orders) vs yesterday over 2h", "sum(orders) over 2h vs yesterday"),
        ('absent(beat{host="a"}) by (host) over 10m', 'absent(beat{host="a"}) by (host) over 10m'),
        ("max(node.*{}) over 10s", "max(node.*) over 10s"),
        ('last("a name") over 30s', 'last("a name") over 30s'),
        (r'last("say \"a\" \\ b") over 30s', r'last("say \"a\" \\ b") over 30s'),
        ("different(users) over 1d", "different(users) over 1d"),
    ],
)
def test_what_is_read_is_written_again(text: str, again: str) -> None:
    try:
        assert str(parse(text)) == again
    except ExpressionError as error:
        pytest.fail(str(error))


def test_a_name_in_quotes_is_meant_as_it_is_called() -> None:
    assert parse(r'last("say \"a\" \\ b") over 30s').value.name == 'say "a" \\ b'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty; write for example p95("),
        ("p95", "after p95 comes the series in parentheses"),
        ("p95()", "which series? write its name"),
        ('p95("") over 5m', "which series? write its name"),
        (f"p95({'a' * 201}) over 5m", "has 201 characters; none has more than 200"),
        ("p95(http.time)", "does not say over how long; write for example over 5m"),
        ("p95(http.time[5m])", "windows are written behind: over 5m"),
        ("p95(http.time over 5m", "the parenthesis of p95( is not closed before 'over 5m'"),
        ('p95(http.time{route="/pay) over 5m', "the braces do not close"),
        ("p95(http.time{route=~'('}) over 5m", "the labels of http.time"),
        ("p95(http.time{route}) over 5m", "is not a matcher"),
        ("p100(http.time) over 5m", "p100 is no percentile; there are p50"),
        ("p0(http.time) over 5m", "p0 is no percentile"),
        ("mean(x) over 5m", 'there is no function "mean"; did you mean avg?'),
        ("smu(x) over 5m", "did you mean sum?"),
        ("qqq(x) over 5m", "there are rate, sum, avg"),
        ("sum by (route) (x) over 5m", "by stands behind the value"),
        ("over 5m", "over stands behind the value"),
        (
            "p95(http.errors) over 5m",
            "http.errors is a counter: of a counter can be asked rate, sum and count, not p95",
        ),
        ("sum(x) / p95(errors) over 5m", "errors is a counter"),
        ("different(http.time) over 5m", "of values such as times can be asked percentiles"),
        ("sum(x) over", "over: how long?; write for example over 5m"),
        ("sum(x) over 5x", "'5x' is no duration"),
        ("sum(x) over 5s", "over 5s is shorter than a slot"),
        ("sum(x) over 15s", "not a multiple of 10s"),
        ("sum(x) over 90m10s", "beyond 1h windows are whole minutes"),
        ("sum(x) over 2d", "over 2d is too long: at most 1d; only comparisons"),
        ("sum(x) over 8d vs last week", "at most 7d"),
        ("sum(x) over 2d vs yesterday", "reaches into what it is compared with"),
        ("sum(x) over 10m vs last week", "what there was last week is kept by hours"),
        ("sum(x) over 50s vs yesterday", "what there was yesterday is kept by minutes"),
        ("sum(x) over 1h vs tomorrow", "vs compares with yesterday or last week"),
        ("sum(x) over 1h over 2h", "over stands twice"),
        ("sum(x) by route over 1h", "by takes labels in parentheses"),
        ("sum(x) by () over 1h", "by takes labels in parentheses"),
        ("sum(x) by (a, a) over 1h", "a label stands twice behind by"),
        ("sum(x) by (a) each over 1h", "by makes groups and each makes none"),
        ("sum(x) + sum(y) over 1h", "'+ sum(y) over 1h' stands where one of over, by, each or vs should"),
        ("absent(x) / sum(y) over 1h", "absent stands alone"),
        ("sum(x) over 1h" + " " * 2_000, "at most 2000 are taken"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_would_be(text: str, says: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("text", "value", "again"),
    [
        ("800ms", 0.8, "800ms"),
        ("2s", 2, "2s"),
        ("1h30m", 5_400, "1h30m"),
        ("50%", 0.5, "50%"),
        ("150 %", 1.5, "150%"),
        ("10MB", 10 * 2**20, "10MB"),
        ("1.5KB", 1_536, "1.5KB"),
        ("5/s", 5, "5/s"),
        ("300/m", 5, "5/s"),
        ("10MB/s", 10 * 2**20, "10MB/s"),
        ("-3.5", -3.5, "-3.5"),
        ("12345", 12_345, "12.3k"),
        ("0", 0, "0"),
    ],
)
def test_thresholds_have_units(text: str, value: float, again: str) -> None:
    level = Level.parse(text)
    assert level.value == pytest.approx(value)
    assert str(level) == again


@pytest.mark.parametrize("text", ["", "much", "5x", "1e400", "NaN", "inf", "5/", "5/fortnight", "1 2", "٣"])
def test_what_is_no_threshold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 800ms"):
        Level.parse(text)


def test_numbers_are_short_for_people() -> None:
    assert [shown(one, "s") for one in (0, 2e-5, 0.0123, 1.234, 119, 150)] == [
        "0s",
        "20µs",
        "12.3ms",
        "1.23s",
        "119s",
        "2m",
    ]
    assert [shown(one, "B") for one in (0, 1_000, 3_565_158)] == ["0B", "1000B", "3.4MB"]
    assert shown(float("nan"), "") == "no number"
    assert shown(1_234_567, "") == "1.23M"


WRONG = [
    ("expr: p95(http.time) over 5m, above: 800ms, clear: 900ms", "clear (900ms) is on the wrong side of above (800ms)"),
    ("expr: p95(http.time) over 5m, below: 800ms, clear: 700ms", "clear (700ms) is on the wrong side of below (800ms)"),
    ("expr: p95(http.time) over 5m", "says neither above nor below; write for example above: 800ms"),
    ("expr: p95(http.time) over 5m, above: 1s, below: 2s", "says both above and below: write two rules"),
    ("expr: p95(http.time) over 5m, above: 50%", "50% of what?"),
    ("expr: p95(http.time) over 5m, above: 5/s", "so many in a second is what rate gives"),
    ("expr: rate(http.time) over 5m, above: 800ms", "rate gives how many in a second"),
    ("expr: count(http.time) over 5m, above: 800ms", "count gives how many; a time is no such number"),
    ("expr: sum(x) over 1h vs yesterday, above: 10MB", "a comparison gives a share of what it was: 150%, or 1.5"),
    ("expr: absent(x) over 5m, above: 1", "absent is so or not: leave out above"),
    ("expr: absent(x) over 5m, no_data: alarm", "leave out no_data and at_least"),
    ("expr: sum(x) over 5m, above: 1, for: 8d", "is too large"),
    ("expr: sum(x) over 5m, above: 1, at_least: -1", "is too small"),
    ("expr: sum(x) over 5m, above: 1, no_data: maybe", "is not one of keep, ok, alarm"),
    ("expr: sum(x) over 5m, above: 1, labels: {severity: bad}", "is no severity; there are critical"),
    ("expr: sum(x) over 5m, above: 1, treshold: 3", "unknown key"),
    ("above: 1", "expr: is missing"),
]


@pytest.mark.parametrize(("text", "says"), WRONG)
def test_a_rule_that_cannot_be_meant_is_told_with_its_line(text: str, says: str) -> None:
    found, problems = tried(f"{{name: r, {text}}}")
    assert found is None or "unknown key" in says
    (problem,) = problems
    assert problem.startswith("tocsin.yml:1: rules")
    assert says in problem


def test_the_names_that_all_share_are_of_the_kinds_that_are_known_at_load() -> None:
    table = Table(FakeClock())
    standard.viewed(table, "a", "/", 1.0, 0.0, is_error=True)
    standard.viewed(table, "a", "/", None, 0.0, is_error=False)
    standard.used(table, "a", "db", "x", 1.0, 0.0, is_error=True)
    made = {live.key.name: live.key.kind.value for live in table}
    assert made == {name: kind for name, kind in KNOWN.items() if name in made}
    assert LONGEST_NAME == key.LONGEST_NAME
    assert {kind for kinds in TAKES.values() for kind in kinds} == {kind.value for kind in Kind}


def test_two_rules_that_say_the_same_are_the_same() -> None:
    one, other = (tried(f"{{name: r, expr: '{text}', above: 1s}}")[0] for text in (P95, " p95( http.time)  over 300s"))
    assert one is not None
    assert other is not None
    assert one.digest == other.digest
    assert one.digest != msgspec.json.encode(one.name).decode()
