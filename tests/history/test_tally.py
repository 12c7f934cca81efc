"""What looks add up to: the same in whichever parts, and no rubbish is taken for it."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from daemon.history import phases, tally
from daemon.history.tally import Gathering, Tally
from daemon.reading import Health

UP, DOWN = 1, 3

PHASES = st.dictionaries(
    st.sampled_from(["total", "resolve", "connect", "首字节", "x" * 60]), st.floats(0, 1e5), max_size=4
)
LOOKS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**9), PHASES), max_size=40)


def gathered(looks: Sequence[tuple[int, int, dict[str, float]]]) -> Tally:
    found = Gathering()
    for health, took, named in looks:
        found.add(health, took, phases.packed(named))
    return found.tally()


@given(LOOKS, LOOKS)
def test_looks_add_up_in_whichever_parts(
    one: list[tuple[int, int, dict[str, float]]], other: list[tuple[int, int, dict[str, float]]]
) -> None:
    parts = Tally()
    for looks in (one, other):
        parts.merge(tally.unpacked(tally.packed(gathered(looks))))
    assert parts == gathered([*one, *other])
    assert sum(parts.looks) == len(one) + len(other)


@given(st.binary(max_size=200))
def test_no_rubbish_is_a_tally(blob: bytes) -> None:
    try:
        found = tally.unpacked(blob)
    except ValueError:
        return
    assert all(spread.count == sum(spread.counts.values()) for spread in found.phases.values())


@given(LOOKS, st.data())
def test_a_tally_with_one_wrong_byte_is_refused_or_is_one(
    looks: list[tuple[int, int, dict[str, float]]], data: st.DataObject
) -> None:
    blob = bytearray(tally.packed(gathered(looks)))
    blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = tally.unpacked(bytes(blob))
    except ValueError:
        return
    for spread in found.phases.values():
        assert 0 <= spread.least <= spread.most <= spread.total
        assert spread.least / 1e6 <= spread.quantile(0.5) <= spread.most / 1e6
    assert tally.unpacked(tally.packed(found)) == found


@given(st.binary(max_size=100))
def test_no_rubbish_breaks_what_is_added_up(blob: bytes) -> None:
    found = Gathering()
    found.add(UP, 5, blob)
    found.add(UP, 7, phases.packed({"connect": 0.001}))
    made = found.tally()
    assert made.looks[UP] == 2
    assert tally.unpacked(tally.packed(made)) == made


def test_times_are_those_of_looks_that_were_answered() -> None:
    """A refused connection took a millisecond, and a time-out ten seconds: neither says how fast anything is."""
    made = gathered([(UP, 30_000, {"connect": 0.01}), (DOWN, 10_000_000, {"connect": 0.5}), (2, 50_000, {})])
    assert made.looks == [0, 1, 1, 1]
    assert (made.phases["total"].count, made.phases["total"].most) == (2, 50_000)
    assert made.phases["connect"].total == 10_000


def test_a_kind_s_own_total_is_the_total() -> None:
    assert gathered([(UP, 30_000, {"total": 0.02})]).phases["total"].total == 20_000


def test_what_is_no_time_is_left_out_and_breaks_nothing() -> None:
    odd = {"nan": float("nan"), "inf": float("inf"), "back": -1.0, "text": "soon", "\ud800": 0.25, "none": None}
    assert phases.unpacked(phases.packed(odd)) == {"?": 250_000}  # type: ignore[arg-type]
    many = {f"p{number}": 1.0 for number in range(100)}
    assert len(phases.unpacked(phases.packed(many))) == phases.MOST


def test_the_numbers_of_names_never_change() -> None:
    """They stand in stores: the list only grows at its end."""
    assert phases.NAMES[:8] == ("total", "resolve", "connect", "tls", "first_byte", "download", "starttls", "run")
    assert list(tally.HEALTHS) == [Health.UNKNOWN, Health.UP, Health.DEGRADED, Health.DOWN]


def test_a_day_of_one_phase_is_small() -> None:
    rng = random.Random(5)
    looks: list[tuple[int, int, dict[str, float]]] = [
        (UP, int(rng.lognormvariate(-4, 0.6) * 1e6), {}) for _ in range(8_640)
    ]
    assert len(tally.packed(gathered(looks))) < 500
