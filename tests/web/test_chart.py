"""Response times as a chart: phases on top of one another, gaps where nothing was answered, a scale one can read."""

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon.history.query import Timing
from daemon.web.chart import HIGH, REST, WIDE, chart, round_up, spark
from daemon.web.view import Hour, Response

NUMBER = re.compile(r"[ML]?(-?[\d.]+(?:e-?\d+)?) (-?[\d.]+(?:e-?\d+)?)")


def hour(mean: float | None, p95: float | None = None, **phases: float) -> Hour:
    return Hour(begin=0.0, phases=phases, mean=mean, p95=p95)


def timing(value: float = 1.0) -> Timing:
    return Timing(count=1, mean=value, least=value, most=value, p50=value, p95=value, p99=value)


def response(*hours: Hour, phases: str = "a b") -> Response:
    return Response(hours=hours, phases={name: timing() for name in phases.split()}, total=timing())


def drawn(svg: str) -> dict[str, list[list[tuple[float, float]]]]:
    """The points of each path, by its class."""
    found: dict[str, list[list[tuple[float, float]]]] = {}
    for path in ET.fromstring(svg).iter("path"):
        points = [(float(x), float(y)) for x, y in NUMBER.findall(path.get("d", ""))]
        found.setdefault(path.get("class", ""), []).append(points)
    return found


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, 0.001), (0.001, 0.001), (0.0011, 0.002), (0.003, 0.004), (0.041, 0.05), (0.055, 0.06), (0.07, 0.08),
        (0.09, 0.1), (0.1, 0.1), (0.101, 0.2), (1.0, 1.0), (9.99, 10.0), (30.0, 40.0), (59.9, 60.0),
    ],
)  # fmt: skip
def test_the_scale_ends_at_a_number_that_is_easily_read(value: float, expected: float) -> None:
    assert round_up(value) == pytest.approx(expected)


def test_phases_lie_on_top_of_one_another_and_their_sum_is_the_line() -> None:
    made = chart(response(hour(0.08, 0.1, a=0.02, b=0.06), hour(0.04, 0.1, a=0.01, b=0.03)), "said")
    assert made is not None
    assert (made.top, made.phases) == (0.1, ("a", "b"))
    found = drawn(made.svg)
    (below,), (above,), (line,), (most,) = found["p0"], found["p1"], found["l"], found["w"]
    assert [y for _, y in below[:4]] == pytest.approx([96, 96, 108, 108])
    assert [y for _, y in above[:4]] == [y for _, y in line] == pytest.approx([24, 24, 72, 72])
    assert [x for x, _ in line] == [0, WIDE / 4, 3 * WIDE / 4, WIDE]
    assert {y for _, y in most} == {0}
    assert 'aria-label="said"' in made.svg


def test_hours_without_an_answer_are_gaps() -> None:
    made = chart(response(hour(1.0, 1.0, a=1.0), hour(None), hour(None), hour(1.0, 1.0, a=1.0)), "l")
    assert made is not None
    lines = drawn(made.svg)["l"]
    assert [[x for x, _ in line] for line in lines] == [[0, 62.5, 125], [375, 437.5, 500]]


def test_what_no_phase_says_is_the_rest_where_it_is_worth_it() -> None:
    much, little = (chart(response(hour(1.0, 1.0, a=0.5, b=b)), "l") for b in (0.3, 0.49))
    assert much is not None
    assert little is not None
    assert much.phases == ("a", "b", REST)
    assert little.phases == ("a", "b")
    kind_without = chart(response(hour(1.0, 1.0), phases=""), "l")
    assert kind_without is not None
    assert kind_without.phases == (REST,)


def test_a_phase_that_an_hour_did_not_reach_is_nothing_in_it() -> None:
    made = chart(response(hour(0.5, 0.5, a=0.5), hour(1.0, 1.0, a=0.5, b=0.5)), "l")
    assert made is not None
    (above,) = drawn(made.svg)["p1"]
    assert above[0][1] == 60
    assert above[-1][1] == 60  # as thick as nothing where it was not reached


@pytest.mark.parametrize("hours", [(), (hour(None),), (hour(None), hour(None))])
def test_nothing_to_draw_is_no_drawing(hours: tuple[Hour, ...]) -> None:
    assert chart(response(*hours), "l") is None
    assert spark(response(*hours)) == ""


def test_what_takes_no_time_can_be_drawn() -> None:
    made = chart(response(hour(0.0, 0.0)), "l")
    assert made is not None
    assert made.top == 0.001
    assert spark(response(hour(0.0, 0.0))) == ""


TIMES = st.floats(0, 1e6)
HOURS = st.lists(
    st.one_of(
        st.just(hour(None)),
        st.builds(lambda mean, p95, a, b: hour(mean, p95, a=a, b=b), TIMES, TIMES, TIMES, TIMES),
    ),
    max_size=30,
)


@given(HOURS)
@example([hour(0.0, 5e-324, a=0.0, b=0.0)])
def test_whatever_was_measured_is_drawn_inside(hours: list[Hour]) -> None:
    made = chart(response(*hours), "l")
    for svg in (made.svg if made else "", spark(response(*hours))):
        for lines in drawn(svg).values() if svg else ():
            for line in lines:
                assert all(0 <= x <= WIDE * 1.001 and -0.01 <= y <= HIGH * 1.001 for x, y in line)


def test_more_phases_than_there_are_colours_are_drawn_all_the_same() -> None:
    names = [f"x{number}" for number in range(20)]
    made = chart(response(hour(1.0, 1.0, **dict.fromkeys(names, 0.05)), phases=" ".join(names)), "l")
    assert made is not None
    assert set(drawn(made.svg)) == {"a", "l", "w", *(f"p{number}" for number in range(8))}
