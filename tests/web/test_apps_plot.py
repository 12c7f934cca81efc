"""Charts of numbers over time: what is drawn is what is, and what was nothing is a gap."""

import math
import re
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from daemon.web.apps.plot import Row, plot, spark
from daemon.web.apps.words import count, part, spent
from daemon.web.chart import HIGH, WIDE

VALUES = st.lists(st.none() | st.floats(0, 1e12), min_size=1, max_size=40)


def paths(svg: str) -> dict[str, str]:
    return {path.get("class", ""): path.get("d", "") for path in ET.fromstring(svg).iter("path")}


def test_bars_stand_on_one_another_and_lines_break_where_nothing_was() -> None:
    made = plot(
        [Row("f", [1.0, 0.0, 0.0]), Row("b", [3.0, 0.0, 4.0])], [Row("q50", [1.0, None, 2.0])], ["a", "b", "c"], "x"
    )
    assert made.ticks == (4.0, 2.0, 0.0)
    found = paths(made.svg)
    assert found["f"].count("M") == 1
    assert found["b"].count("M") == 2
    assert f" {HIGH - 30:g}h" in found["b"]  # the first begins where the failed ones end
    assert found["q50"].count("M") == 2
    titles = [one.text for one in ET.fromstring(made.svg).iter("title")]
    assert titles == ["a", "b", "c"]


def test_what_somebody_wrote_is_text() -> None:
    made = plot([Row("b", [1.0])], [], ["<script>\"'&"], '"><script>')
    assert "<script>" not in made.svg
    (title,) = ET.fromstring(made.svg).iter("title")
    assert title.text == "<script>\"'&"
    assert ET.fromstring(made.svg).get("aria-label") == '"><script>'


def test_nothing_is_an_empty_chart_and_no_spark() -> None:
    assert plot([Row("b", [0.0, 0.0])], [], ["", ""], "x", least=2.0).top == 2.0
    assert plot([], [], [], "x").top > 0
    assert spark([]) == spark([0.0, None]) == ""


@given(VALUES, VALUES)
def test_whatever_the_numbers_are_nothing_is_drawn_outside(bars: list[float | None], line: list[float | None]) -> None:
    longest = max(len(bars), len(line))
    bars += [None] * (longest - len(bars))
    line += [None] * (longest - len(line))
    made = plot([Row("b", bars)], [Row("q50", line)], [""] * longest, "x")
    assert made.top >= max((value for value in (*bars, *line) if value is not None), default=0.0) * (1 - 1e-6)
    assert not re.search("nan|inf", made.svg)
    for x, y in re.findall(r"[ML]([\d.e+-]+) ([\d.e+-]+)", made.svg):
        assert -0.01 <= float(x) <= WIDE + 0.01
        assert -2 <= float(y) <= HIGH + 0.01


def test_figures_are_short_and_never_round_to_a_lie() -> None:
    counts = (None, 0.0, 0.25, 3.0, 12.4, 9_999.0, 10_000.0, 254_700.0, 1_234_567.0, 3e9)
    assert [count(one) for one in counts] == ["–", "0", "0.25", "3", "12", "9,999", "10k", "255k", "1.23M", "3G"]
    parts = (None, 0.0, 0.00001, 0.0123, 0.99999, 1.0)
    assert [part(one) for one in parts] == ["–", "0%", "<0.1%", "1.2%", "99.9%", "100%"]
    assert [spent(one) for one in (0.5, 59.0, 90.0, 7_200.0, 86_400.0 * 3)] == [
        "500 ms",
        "59 s",
        "1.5 min",
        "2 h",
        "3 d",
    ]


@given(st.floats(0, 1e15))
def test_a_count_can_be_written_whatever_it_is(number: float) -> None:
    assert len(count(number)) <= 8
    assert math.isfinite(number)
