"""Tiers against a model, a week in a hurry, and whatever is asked for in parts."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.series import Series
from daemon.series import distinct
from daemon.series.covering import kept_since, pieces
from daemon.series.key import Kind
from daemon.series.packing import merged, packed, unpacked
from daemon.series.tally import Tally
from daemon.series.writing import DAY, HOUR, MINUTE, TIERS
from daemon.sketch import counted
from daemon.store import spans
from daemon.units import Seconds
from fake_clock import BEGIN, FakeClock
from measured import Measured

Begin = Callable[..., Measured]
NOON = BEGIN // DAY * DAY + 12 * HOUR

values = st.lists(st.floats(-1e6, 1e6).map(lambda one: round(one, 3)), max_size=20)


def tally(found: list[float]) -> Tally:
    whole = Tally()
    for value in found:
        hashes = {distinct.hashed(repr(value).encode())}
        whole.merge(Tally(1.0, value, value, value, value, counted([value]), hashes))
    return whole


@given(values, values, values)
def test_tallies_add_up_in_any_parts(first: list[float], second: list[float], third: list[float]) -> None:
    left, right = tally(first), tally(second)
    left.merge(tally(second))
    left.merge(tally(third))
    right.merge(tally(third))
    whole = tally(first)
    whole.merge(right)
    assert left.total == pytest.approx(whole.total)
    assert (left.count, left.low, left.high) == (whole.count, whole.low, whole.high)
    assert (left.counts, left.distinct) == (whole.counts, whole.distinct)


@given(st.dictionaries(st.integers(0, 127), values.filter(bool).map(tally), max_size=6))
def test_what_is_packed_comes_back(found: dict[int, Tally]) -> None:
    back = unpacked(packed(found.items()))
    assert back is not None
    for place, one in found.items():
        assert (back[place].count, back[place].total, back[place].distinct) == (one.count, one.total, one.distinct)


@given(st.binary(max_size=60))
def test_a_broken_blob_is_nothing_and_can_be_added_to(blob: bytes) -> None:
    unpacked(blob)
    assert 3 in (unpacked(merged(blob, {3: tally([1.0])})) or {})


@settings(max_examples=300)
@given(
    st.integers(0, 200 * DAY), st.integers(1, 120 * DAY), st.sampled_from([0, 10, 60, 300, 3_600, 86_400, 604_800]),
    st.integers(0, 3 * HOUR),
)  # fmt: skip
def test_every_instant_is_read_once_from_a_tier_that_is_there(ago: int, length: int, step: int, behind: int) -> None:
    now = int(NOON) + 12_345
    kept = kept_since(Series(), now)
    upto = {span: (now - behind) // span * span for span in (MINUTE, HOUR, DAY)}
    begin = now - ago
    found = pieces(begin, begin + length, step, kept, upto)
    at = 0
    for piece in found:
        assert piece.begin >= max(at, begin)
        assert piece.begin % piece.span == 0
        assert piece.begin >= kept[piece.span]
        assert piece.end <= begin + length
        at = -(-piece.end // piece.span) * piece.span
    recent = [one for one in found if one.begin >= kept[10]]
    if begin >= kept[10]:
        whole = sum(one.end - one.begin for one in recent)
        assert 0 <= length - whole < 10 or not recent


def test_a_week_keeps_every_number_in_every_tier_that_should_have_it(begin: Begin) -> None:
    here = begin(FakeClock(NOON), hours=3 * DAY)
    model: dict[int, float] = {}
    end = NOON + 7 * DAY
    number = 0
    while here.clock.now() < end:
        number += 1
        here.live("views", route=f"/{number % 7}").add(number)
        here.live("time", Kind.SPREAD, "s", route="/").add(number % 50 + 1)
        model[here.table.open] = number
        here.close()
        here.skip(7_190)
    for ago, step in ((5, DAY), (2, HOUR), (0.07, 10)):
        since = (end - ago * DAY) // DAY * DAY if step == DAY else (end - ago * DAY) // HOUR * HOUR
        found = dict(here.all("views", since, end, step=step)[()])
        wanted: dict[int, float] = {}
        for start, value in model.items():
            if start >= since:
                wanted[start // step * step] = wanted.get(start // step * step, 0) + value
        assert {at: one.total for at, one in found.items()} == wanted
    assert here.total("views") == sum(model.values())
    times = here.all("time", NOON - DAY)[()][0][1]
    assert times.count == len(model)
    middle = sorted(value % 50 + 1 for value in model.values())[len(model) // 2]
    assert times.quantile(0.5) == pytest.approx(middle, rel=0.05)
    oldest = {span: here.store.read(lambda tx, span=span: spans.first_since(tx, span, 0)) for span in TIERS}
    for span, age in ((10, 7_200), (MINUTE, 3 * DAY), (HOUR, 3 * DAY)):
        assert end - age - 2 * HOUR <= (oldest[span] or 0) < end - age + DAY


def test_a_process_that_dies_half_way_makes_the_same_rows_again(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.series.roller.TOGETHER", 1)
    here = begin(FakeClock(NOON), most_per_name=1_000)
    lives = [here.live("views", number=str(number)) for number in range(400)]
    for _ in range(7):
        for live in lives:
            live.add(1)
        here.pass_over()
        here.recorder.flush()
    for number, _ in enumerate(here.recorder._pieces()):
        if number == 1:  # two of four blocks of the minute
            break
    here.table.late(lives[0], 5, NOON + 1)
    here.table.late(lives[399], 5, NOON + 1)
    here.close()
    assert here.total("views") == 2_810
    assert here.all("views", NOON, NOON + 60, step=60)[()][0][1].total == 2_410
    monkeypatch.undo()
    here = begin()
    here.close(6)
    assert here.all("views", NOON, NOON + 60, step=60)[()][0][1].total == 2_410


def test_rows_that_cannot_be_read_are_passed_over(here: Measured) -> None:
    here.live("views").add(1)
    here.close()
    here.live("views").add(2)
    here.close()
    here.store.write(lambda tx: tx.run("UPDATE series_tiers SET tallies = x'93' WHERE start = ?", (BEGIN,)))
    assert here.total("views") == 2
    here.close(12)
    assert dict(here.all("views", step=60)[()])[int(BEGIN)].total == 2


@pytest.mark.parametrize("by", [(), None, ("app",), ("route",), ("app", "route"), ("nothing",)])
@pytest.mark.parametrize("step", [0, 10, 60, 120])
def test_a_question_is_answered_as_brute_force_would(
    asked: tuple[Measured, list[tuple[int, Mapping[str, str], float]]], by: tuple[str, ...] | None, step: int
) -> None:
    here, told = asked
    for begin, end in ((BEGIN, BEGIN + 600), (BEGIN + 35, BEGIN + 333), (BEGIN + 61, BEGIN + 62), (0, BEGIN)):
        wanted: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
        for start, labels, value in told:
            if begin <= start < end and labels["route"] != "/3":
                group = tuple(sorted((n, v) for n, v in labels.items() if by is None or n in by))
                at = start // step * step if step else int(begin)
                steps = wanted.setdefault(group, {})
                steps[at] = steps.get(at, 0) + value
        found = here.all('views{route!="/3"}', begin, end, step=step, by=by)
        assert {group: {at: one.total for at, one in steps} for group, steps in found.items()} == wanted


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Measured, list[tuple[int, Mapping[str, str], float]]]:
    path: Path = tmp_path_factory.mktemp("asked") / "measured.db"
    here = Measured(path, settings=lambda: Series(slots=Seconds(7_200.0)))
    told = []
    for number in range(60):
        for one in range(12):
            if (number + one) % 3:
                labels = {"app": f"app{one % 2}", "route": f"/{one % 4}", "host": str(one)}
                here.live("views", **labels).add(number + one)
                told.append((here.table.open, labels, float(number + one)))
        here.close()
    return here, told
