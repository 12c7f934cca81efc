"""What comes in the series gets to the disk, once, and adds up there whenever it is asked for."""

import math
from collections.abc import Callable

import pytest

from daemon import telemetry
from daemon.errors import StoreUnavailable
from daemon.series import distinct
from daemon.series.key import Kind
from daemon.series.live import GaugeLive
from daemon.series.table import SLOT
from fake_clock import BEGIN
from measured import Measured

Begin = Callable[..., Measured]


def test_what_came_is_asked_for_by_time_and_label(here: Measured) -> None:
    for route, times in (("/pay", 3), ("/list", 5)):
        for _ in range(times):
            here.live("views", route=route, app="shop").add(1)
    here.close()
    here.live("views", route="/pay", app="shop").add(10)
    here.close()
    assert here.total("views") == 18
    assert here.total('views{route="/pay"}') == 13
    assert here.total("views", BEGIN + 10) == 10
    assert here.total("vi*", 0, BEGIN + 10) == 8
    by_route = here.all("views", by=("route",))
    assert {dict(group)["route"]: steps[0][1].total for group, steps in by_route.items()} == {"/pay": 13, "/list": 5}
    assert [start for start, _ in here.all("views", step=10)[()]] == [BEGIN, BEGIN + 10]
    assert [(one.name, one.series) for one in here.query.names()] == [("views", 2)]


def test_each_kind_comes_back_as_it_went(here: Measured) -> None:
    for value in (3.5, -1.0, 2.0):
        here.live("gauge", Kind.GAUGE).add(value)
    for number in range(1_000):
        here.live("spread", Kind.SPREAD, "s").add(number / 1_000)
        here.live("set", Kind.SET).add(distinct.hashed(b"%d" % (number % 50)))
    here.live("one", Kind.SPREAD).add(0.25, 4.0)
    here.close()
    (gauge,) = [tally for _, tally in here.all("gauge")[()]]
    assert (gauge.count, gauge.total, gauge.low, gauge.high, gauge.last) == (3, 4.5, -1, 3.5, 2)
    (spread,) = [tally for _, tally in here.all("spread")[()]]
    assert (spread.count, spread.low, spread.high) == (1_000, 0, 0.999)
    assert spread.quantile(0.5) == pytest.approx(0.5, rel=0.03)
    (there,) = [tally for _, tally in here.all("set")[()]]
    assert (there.count, there.different) == (1_000, 50)
    (one,) = [tally for _, tally in here.all("one")[()]]
    assert (one.count, one.total, one.quantile(0.9)) == (4, 1.0, 0.25)


def test_what_waits_for_the_disk_is_told_too_and_only_once(here: Measured) -> None:
    live = here.live("views")
    live.add(1)
    here.pass_over()
    assert here.total("views") == 1  # it has no number yet
    here.recorder.flush()
    live.add(2)
    here.pass_over()
    assert here.total("views") == 3
    here.recorder.flush()
    assert here.total("views") == 3


def test_a_value_of_the_past_counts_where_it_belongs_in_every_tier(here: Measured) -> None:
    live = here.live("views")
    for _ in range(400):
        live.add(1)
        here.close()
    now = here.clock.now()
    for ago in (15, 65, 700, 3_599):
        here.table.late(live, 1_000, now - ago)
    heard: list[tuple[int, float]] = []
    here.table.on_closed(lambda start, rows: heard.extend((start, tally.total) for _, tally in rows))
    here.close()
    assert here.total("views") == 4_400
    for ago in (15, 65, 700, 3_599):
        slot = (now - ago) // SLOT * SLOT
        assert here.total("views", slot, slot + 10) == 1_001
        assert (slot, 1_000) in heard
        for step in (60, 3_600):
            at = slot // step * step
            found = dict(here.all("views", at, at + step, step=step)[()])
            assert found[at].total == here.total("views", at, at + step)
    assert here.shown()["views"][1] == 4_400


def test_what_is_far_away_in_time_is_not_taken(here: Measured) -> None:
    live, now, before = here.live("views"), here.clock.now(), numbers("tocsin_series_out_of_time_total")
    for at in (now - 3_601, now + 61, 0, -1e300, 1e300, math.inf, -math.inf, math.nan):
        here.table.late(live, 1, at)
    here.close()
    assert here.total("views") == 0
    assert numbers("tocsin_series_out_of_time_total") == before + 8
    here.table.late(live, 1, here.clock.now() + 59)
    here.close()
    assert here.total("views") == 1


def numbers(name: str) -> float:
    return telemetry.REGISTRY.get_sample_value(name) or 0.0


def test_when_too_much_waits_the_oldest_goes_but_not_from_the_totals(
    here: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = here.live("views")
    live.add(1)
    here.close()
    before = numbers("tocsin_series_dropped_total")
    monkeypatch.setattr("daemon.series.recorder.MOST_WAITING", 8_000)  # two slots of one block, with its totals
    for _ in range(10):
        live.add(1)
        here.pass_over()
    assert numbers("tocsin_series_dropped_total") == before + 8
    assert len(here.recorder.waiting()) == 2
    here.recorder.flush()
    assert here.total("views") == 3
    assert here.shown()["views"][1] == 11
    assert telemetry.series_live.collect()[0].samples[0].value == 1


def test_an_old_value_of_a_gauge_does_not_change_what_it_is(here: Measured) -> None:
    live = here.live("room", Kind.GAUGE)
    live.add(20)
    here.close(3)
    here.table.late(live, 5, here.clock.now() - 25)
    here.close()
    assert here.shown()["room"][2] == 20
    here.live("room", Kind.GAUGE).shift(1)  # type: ignore[attr-defined]
    here.close()
    assert here.all("room", here.clock.now() - 10)[()][0][1].last == 21


def test_too_much_of_the_past_is_bounded(here: Measured) -> None:
    lives = [here.live("views", number=str(number)) for number in range(60)]
    for ago in range(10, 3_600, 10):
        for live in lives:
            here.table.late(live, 1, here.clock.now() - ago)
    here.close()
    assert here.total("views") == 20_000


def test_a_series_that_expired_goes_on_from_its_totals(here: Measured) -> None:
    live = here.live("views")
    live.add(5)
    here.live("room", Kind.GAUGE).add(7)
    here.close()
    here.skip(3_700)
    here.close()
    assert not live.is_live
    assert here.shown() == {}
    here.live("views").add(1)
    shifted = here.live("room", Kind.GAUGE)
    assert isinstance(shifted, GaugeLive)
    shifted.shift(3)
    here.close()
    assert here.shown() == {"views": (2, 6, 0), "room": (2, 10, 10)} or here.shown()["views"][:2] == (2, 6)
    assert here.shown()["room"][2] == 10


def test_a_series_to_which_only_old_values_come_lives(here: Measured) -> None:
    live = here.live("views")
    for _ in range(3):
        here.skip(2_000)
        here.table.late(live, 1, here.clock.now() - 1_000)
        here.close()
    assert live.is_live
    assert here.shown()["views"][1] == 3


def test_what_came_in_the_last_slot_of_a_series_is_in_its_totals(begin: Begin) -> None:
    here = begin(most_per_name=1, idle=60)
    here.live("views", user="first").add(1)
    other = here.live("views", user="second")
    for _ in range(8):
        other.add(1)
        here.close()
    here.table.make_room("views")
    other.add(1)
    here.close(2)
    assert len(here.table) == 0
    here.live("views", other="true").add(1)
    here.close()
    assert here.shown()['views{other="true"}'][1] == 10


def test_one_that_makes_way_before_it_has_a_number_takes_no_totals_with_it(begin: Begin) -> None:
    here = begin(most_per_name=1)
    stays = here.live("views", user="first")
    stays.add(1)
    here.close()
    here.live("views", user="second").add(5)
    here.table.make_room("views")
    here.recorder.flush()
    here.close(2)
    stays.add(1)
    here.close()
    assert here.shown()['views{user="first"}'][1] == 2
    here.live("views", user="third").add(1)
    here.close()
    assert here.shown()['views{other="true"}'][1] == 6


def test_totals_are_kept_when_the_last_series_of_a_block_expires_while_another_begins(
    here: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.live("old").add(5)
    here.close()
    here.skip(3_700)
    here.live("new").add(1)
    read = here.store.read

    def slow(work: Callable[..., object]) -> object:
        here.pass_over()
        here.pass_over()
        return read(work)

    with monkeypatch.context() as late:
        late.setattr(here.store, "read", slow)
        here.recorder.flush()
    here.live("old").add(1)
    here.close()
    assert (here.shown()["old"][1], here.shown()["new"][1]) == (6, 1)


def test_percentiles_are_shown_of_the_last_slot_only(here: Measured) -> None:
    live = here.live("times", Kind.SPREAD)
    live.add(1)
    here.close()  # too new to have a number then
    live.add(1)
    here.close()
    assert [one.tally is not None for one in here.table.exposed()] == [True]
    here.close()
    assert [(one.count, one.tally) for one in here.table.exposed()] == [(2, None)]


def test_totals_go_on_after_a_restart_and_never_show_what_is_not_on_disk(begin: Begin) -> None:
    here = begin()
    here.live("views").add(5.1)
    here.close()
    here.live("views").add(1.7)
    here.pass_over()  # and is never written
    assert here.shown()["views"][1] == 5.1
    here = begin()
    here.live("views").add(0.2)
    here.close()
    assert here.shown()["views"][:2] == (2, 5.1 + 0.2)


def test_a_slot_begun_before_a_restart_is_added_to_after_it(begin: Begin) -> None:
    here = begin()
    here.live("views").add(5)
    here.clock.advance(3)
    here.recorder.stop()
    here = begin()
    here.live("views").add(2)
    here.close()
    assert here.total("views", BEGIN, BEGIN + 10) == 7
    assert here.shown()["views"][:2] == (2, 7)


def test_a_clock_that_was_set_back_counts_nothing_twice_and_loses_nothing(here: Measured) -> None:
    live = here.live("views")
    for _ in range(100):
        live.add(1)
        here.close()
    here.clock.jump(-600)
    here.table.open = int(here.clock.now()) // SLOT * SLOT
    for _ in range(100):
        live.add(1)
        here.close()
    assert here.total("views") == 200
    assert here.shown()["views"][1] == 200
    for step in (10, 60, 3_600):
        assert sum(tally.total for _, tally in here.all("views", step=step)[()]) == 200


def test_a_store_that_cannot_write_keeps_slots_waiting(here: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    live = here.live("views")
    live.add(1)
    here.close()

    def refuse(_: object) -> object:
        raise StoreUnavailable("full")

    with monkeypatch.context() as broken:
        broken.setattr(here.store, "write", refuse)
        for _ in range(5):
            live.add(1)
            here.live("new").add(1)
            here.pass_over()
            with pytest.raises(StoreUnavailable):
                here.recorder.flush()
        assert here.total("views") == 6
        assert here.total("new") == 5
        assert here.shown()["views"][1] == 1
    here.close()
    assert here.total("views") == 6
    assert here.total("new") == 5
    assert (here.shown()["views"][1], here.shown()["new"][1]) == (6, 5)


def test_a_slot_that_was_written_though_nobody_heard_is_not_written_again(
    here: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = here.live("views")
    live.add(1)
    here.close()
    write = here.store.write

    def deaf(work: Callable[..., object]) -> object:
        write(work)
        raise StoreUnavailable("nobody knows")

    live.add(1)
    with monkeypatch.context() as broken:
        broken.setattr(here.store, "write", deaf)
        here.pass_over()
        with pytest.raises(StoreUnavailable):
            here.recorder.flush()
    here.recorder.flush()
    assert here.total("views") == 2
    assert here.shown()["views"][1] == 2


def test_what_is_no_number_and_no_text_harms_nobody_else(here: Measured) -> None:
    here.live("good").add(1)
    bad = here.live("bad", Kind.SPREAD)
    bad.add(math.inf)
    here.table.find("b\udc80d", Kind.COUNTER, (("a\ud800", "\udfff"),), "\udcff").add(1)
    here.close()
    assert here.total("good") == 1
    assert not bad.is_live
    here.live("bad", Kind.SPREAD).add(2)
    here.close()
    assert here.total("bad") == 2


def test_too_large_an_answer_is_refused(here: Measured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("daemon.series.query.MOST", 10)
    for number in range(11):
        here.live("views", number=str(number)).add(1)
    here.close()
    assert here.total("views") == 11
    with pytest.raises(ValueError, match="fewer labels"):
        here.all("views", by=None)


def test_numbers_beyond_all_measure_spoil_no_other_series(here: Measured) -> None:
    for value in (1e308, 1e308, -1e308):
        for kind in (Kind.COUNTER, Kind.SPREAD, Kind.GAUGE):
            here.live(f"huge.{kind}", kind).add(value)
    for _ in range(3):
        here.live("huge.weight", Kind.SPREAD).add(5.0, 1e300)
    here.live("views").add(1)
    here.close()
    for name in ("huge.counter", "huge.weight", "views"):
        here.live(name, Kind.SPREAD if name == "huge.weight" else Kind.COUNTER).add(2)
    here.close(8)
    assert here.total("views") == 3
    assert here.shown()["huge.counter"][1] == 2  # what is no number is not in a total
    ((_, tally),) = here.all("huge.weight")[()]
    assert tally.quantile(0.5) == pytest.approx(5.0, rel=0.02)
