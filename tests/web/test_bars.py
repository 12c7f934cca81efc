"""Ninety days as bars: what a day looks like, and that nothing is green of which nothing is known."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.web.bars import HIGH, KINDS, LEAST, MARK, STEP, bars
from daemon.web.view import TIMES, Day

HOURS = 24
SVG = "{http://www.w3.org/2000/svg}"


def day(**lengths: int) -> Day:
    return tuple(lengths.get(time.value, 0) for time in TIMES)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def pieces(one: Day, *, each: bool = True) -> list[tuple[str, float, float]]:
    """What a day is drawn of: class, top, height."""
    found = parsed(bars([one], ["t"], "l", each=each))
    return [
        (rect.get("class", ""), float(rect.get("y", 0)), float(rect.get("height", 0)))
        for rect in found.iter(f"{SVG}rect")
    ]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (day(up=HOURS), [("u", 0, 32)]),
        (day(up=9), [("u", 0, 32)]),  # today, as far as it has come
        (day(down=HOURS), [("d", 0, 32), ("k", 34, 4)]),
        (day(up=12, down=12), [("d", 0, 16), ("u", 16, 16), ("k", 34, 4)]),
        (day(up=10_000, down=1), [("d", 0, 14), ("u", 14, 18), ("k", 34, 4)]),  # never too little to be seen
        (day(up=1, down=10_000), [("d", 0, 26), ("u", 26, 6), ("k", 34, 4)]),
        (day(degraded=HOURS), [("g", 0, 32)]),
        (day(maintenance=HOURS), [("m", 0, 32)]),
        (day(unknown=HOURS), [("n", 0, 32)]),
        # of which nothing is known: a thin line
        (day(), [("o", 30, 2)]),
        (day(unwatched=HOURS), [("o", 30, 2)]),
        (day(paused=HOURS), [("o", 30, 2)]),
        (day(unwatched=12, up=12), [("u", 0, 32)]),  # its first day
    ],
)
def test_a_day(one: Day, expected: list[tuple[str, float, float]]) -> None:
    assert pieces(one) == expected


LENGTHS = st.lists(st.integers(0, 90_000_000), min_size=len(TIMES), max_size=len(TIMES)).map(tuple)


@given(LENGTHS, st.booleans())
def test_whatever_a_day_was_it_fits_and_everything_in_it_can_be_seen(one: Day, each: bool) -> None:
    found = [piece for piece in pieces(one, each=each) if piece[0] not in ("k", "o")]
    of = dict(zip(TIMES, one, strict=True))
    known = {kind: of[time] for time, kind in KINDS.items()}
    if found:
        assert {kind for kind, _, _ in found} == {kind for kind, length in known.items() if length}
        assert sum(height for _, _, height in found) == pytest.approx(HIGH, abs=0.1)
        assert min(height for _, _, height in found) > 2
        assert all(top >= 0 and top + height <= HIGH + 0.1 for _, top, height in found)
    elif each or not known["u"]:
        assert not any(known.values())


def test_each_day_says_what_it_was_in_its_title() -> None:
    found = parsed(bars([day(up=1), day(down=1)], ["one <b>", 'two "&"'], 'all & "<>"'))
    assert [title.text for title in found.iter(f"{SVG}title")] == ["one <b>", 'two "&"']
    assert found.get("aria-label") == 'all & "<>"'
    assert found.get("role") == "img"
    assert [rect.get("x") for rect in found.iter(f"{SVG}rect")] == ["0", str(STEP), str(STEP)]


def test_days_that_were_well_need_not_be_said_one_by_one() -> None:
    days = [day(up=1)] * 40 + [day(up=1, down=1)] + [day(up=1)] * 49
    full, terse = (bars(days, ["2026-11-21: 100%"] * 90, "l", each=each) for each in (True, False))
    assert len(terse) < len(full) / 4
    found = parsed(terse)
    assert len(list(found.iter(f"{SVG}title"))) == 1
    (path,) = found.iter(f"{SVG}path")
    assert path.get("class") == "u"
    assert path.get("d", "").count("M") == 89
    assert found.get("viewBox") == f"0 0 {90 * STEP - 1} {MARK}"


def test_what_one_of_many_was_does_not_look_as_if_half_of_them_had_been_it() -> None:
    svg = parsed(bars([day(up=49 * 86_400 + 80_000, down=6_400)], ["t"], "l", least=0.2))
    down, up, _mark = svg.iter(f"{SVG}rect")
    assert (down.get("class"), down.get("height")) == ("d", "2.8")
    assert (up.get("class"), up.get("height")) == ("u", "29.2")


def test_no_days_are_no_bars() -> None:
    assert not list(parsed(bars([], [], "l")))


def test_what_is_worse_is_never_smaller_than_what_is_not() -> None:
    assert list(LEAST.values()) == sorted(LEAST.values(), reverse=True)
