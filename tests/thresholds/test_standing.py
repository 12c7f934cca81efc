"""When a rule fires and when that is over: values in, alarms out."""

import pytest

from daemon.thresholds.standing import Judged, Phase, Standing, end, step
from ruled import rule

ABOVE = "{name: r, expr: avg(x) over 10s, above: 10"
BELOW = "{name: r, expr: avg(x) over 10s, below: 10"


def story(text: str, *values: float | None) -> str:
    """One letter for each evaluation: o(k), p(ending), F(iring), c(learing); capital where something is told."""
    watched, standing, letters = rule(text + "}"), Standing(), ""
    for turn, value in enumerate(values):
        told = step(watched, standing, Judged(value, 5.0), 10.0 * turn, 10.0)
        letter = {"ok": "o", "pending": "p", "firing": "f", "clearing": "c"}[standing.phase.value]
        letters += letter.upper() if told else letter
    return letters


@pytest.mark.parametrize(
    ("text", "values", "becomes"),
    [
        (ABOVE, (10, 10.1, 11, 10, 9), "oFfOo"),
        (BELOW, (10, 9.9, 9, 10, 9), "oFfOF"),
        (ABOVE + ", clear: 6", (11, 8, 7, 6.1, 6, 8), "FfffOo"),
        (BELOW + ", clear: 12", (9, 11, 11.9, 12, 11), "FffOo"),
        (ABOVE + ", for: 20s", (11, 11, 11, 11), "ppFf"),
        (ABOVE + ", for: 20s", (11, 11, 9, 11, 11, 11), "ppoppF"),
        (ABOVE + ", for: 15s", (11, 11, 11), "ppF"),
        (ABOVE + ", clear_for: 20s", (11, 9, 9, 9, 9), "FccOo"),
        (ABOVE + ", clear_for: 20s", (11, 9, 9, 11, 9, 9, 9), "FccfccO"),
        (ABOVE + ", clear_for: 20s, clear: 6", (11, 6, 8, 6, 6, 6), "FcfccO"),
        # nothing to judge: whatever was stays, and no time passes
        (ABOVE + ", for: 20s", (11, None, None, 11, 11), "ppppF"),
        (ABOVE, (11, None, None, 9), "FffO"),
        (ABOVE + ", no_data: ok", (11, None, 11), "FOF"),
        (ABOVE + ", no_data: ok, for: 20s", (11, 11, None, 11), "ppop"),
        (ABOVE + ", no_data: alarm", (9, None, None, 9), "oFfO"),
        (ABOVE + ", no_data: alarm, for: 20s", (9, None, None, None, 11, 9), "oppFfO"),
        (ABOVE + ", at_least: 6", (11, 11), "oo"),
        (ABOVE + ", at_least: 5", (11,), "F"),
        (ABOVE + ", at_least: 6, no_data: alarm", (1,), "F"),
        (ABOVE, (0, -5, float("inf")), "ooF"),
    ],
)
def test_how_a_group_stands(text: str, values: tuple[float | None, ...], becomes: str) -> None:
    assert story(text, *values) == becomes


def test_the_worst_value_is_remembered() -> None:
    for text, values, worst in ((ABOVE, (11, 15, 12), 15), (BELOW, (9, 3, 5), 3)):
        watched, standing = rule(text + "}"), Standing()
        for value in values:
            step(watched, standing, Judged(float(value), 1.0), 0.0, 10.0)
        assert standing.worst == worst


def test_what_is_judged_no_more_is_over() -> None:
    standing = Standing(phase=Phase.FIRING)
    assert end(standing, 5.0) == "ended"
    assert end(standing, 6.0) is None
    assert end(Standing(phase=Phase.PENDING), 5.0) is None
