"""A label with ten thousand values fills nothing but its bound, and is told of by name."""

from collections.abc import Callable

import pytest

from daemon import telemetry
from daemon.internal import Check
from daemon.series.crowd import MOST_LABELS, OTHER
from daemon.series.key import Kind
from daemon.series.overseer import Overseer
from daemon.series.selector import Selector
from measured import Measured

Begin = Callable[..., Measured]


class Alarms:
    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self.raised = 0

    def alarm(self, check: Check, *about: str, title: str, text: str) -> None:
        assert check is Check.SERIES
        assert title
        self.raised += 1
        self.open[about[0]] = text

    def over(self, check: Check, *about: str) -> None:
        assert check is Check.SERIES
        del self.open[about[0]]


@pytest.fixture
def alarms() -> Alarms:
    return Alarms()


def overseer(here: Measured, alarms: Alarms) -> Overseer:
    found = Overseer(here.store, here.table, here.clock, alarms.alarm, alarms.over)
    found.start()
    found.stop()  # it looks when it is told to
    return found


def test_ten_thousand_values_of_a_label_are_bounded_named_and_still_add_up(begin: Begin, alarms: Alarms) -> None:
    here = begin(most_per_name=500)
    watch = overseer(here, alarms)
    for number in range(10_000):
        here.live("views", app="shop", user=f"user{number}").add(1)
    here.live("calm", app="shop").add(1)
    assert len(here.table) == 502
    here.close()
    watch.look()
    assert list(alarms.open) == ["views"]
    text = alarms.open["views"]
    assert "'user'" in text
    assert "user" in text.partition("such as ")[2]
    about = float(text.partition("about ")[2].partition(" ")[0])
    assert about == pytest.approx(10_000, rel=0.15)
    assert here.total("views") == 10_000
    assert here.total('views{other="true"}') == 9_500
    for number in range(1_000):
        here.live("views", app="shop", user=f"other{number}").add(1)
    here.close()
    watch.look()
    assert alarms.raised == 1


def test_it_is_told_again_each_minute_while_it_goes_on_also_after_a_restart(begin: Begin, alarms: Alarms) -> None:
    here = begin(most_per_name=10)

    def crowd() -> None:
        for number in range(30):
            here.live("views", user=str(number)).add(1)
        here.close()

    watch = overseer(here, alarms)
    for _ in range(13):  # of ten seconds each
        crowd()
        watch.look()
    assert alarms.raised == 3
    text = alarms.open["views"]
    watch = overseer(here, alarms)
    crowd()
    watch.look()
    assert alarms.raised == 4
    assert alarms.open["views"] == text


def test_it_is_over_when_there_is_room_again_also_after_a_restart(begin: Begin, alarms: Alarms) -> None:
    here = begin(most_per_name=10)
    watch = overseer(here, alarms)
    other = None
    for number in range(30):
        other = here.live("views", user=str(number))
        other.add(1)
    here.close()
    watch.look()
    watch.look()
    assert alarms.open
    here = begin(most_per_name=10)
    overseer(here, alarms).look()
    assert not alarms.open


def test_what_took_up_the_rest_makes_way(begin: Begin, alarms: Alarms) -> None:
    here = begin(most_per_name=10, idle=60)
    watch = overseer(here, alarms)
    for number in range(11):
        here.live("views", user=str(number)).add(1)
    other = here.live("views", user="10")
    assert other.key.labels == (("other", "true"),)
    here.close()
    watch.look()
    for _ in range(8):
        other.add(1)
        here.close()
    watch.look()
    assert not alarms.open
    other.add(1)
    here.close()
    assert not other.is_live
    assert here.live("views", user="10").key.labels == (("user", "10"),)
    assert here.total("views") == 20


def test_too_many_names_are_bounded_too(begin: Begin, alarms: Alarms) -> None:
    here = begin(most=100)
    watch = overseer(here, alarms)
    for number in range(3_000):
        here.live(f"name{number}").add(1)
    assert len(here.table) == 100 + 1_000 + 1
    here.close()
    watch.look()
    assert list(alarms.open) == ["*"]
    assert "different names" in alarms.open["*"]
    assert here.total("*") == 3_000


def test_made_up_names_of_labels_are_noted_up_to_a_bound(begin: Begin, alarms: Alarms) -> None:
    here = begin(most_per_name=10)
    watch = overseer(here, alarms)
    crowd = here.table._crowd
    for number in range(1_000):
        here.live("views", user=str(number), **{f"label{number}": "x"}).add(1)
    assert len(crowd._refused["views"].values) == MOST_LABELS
    watch.look()
    assert "'user'" in alarms.open["views"]


def test_who_is_told_of_already_is_not_looked_for_among_all_series(begin: Begin) -> None:
    table = begin(most_per_name=10).table
    crowd = table._crowd
    for told, looked in ((set(), 10), ({"views"}, 0)):
        for number in range(20):
            table.find("views", Kind.COUNTER, (("user", str(number)),))
        known = [live.key for live in table if live.key.labels != OTHER]
        left = iter(known)
        assert [one.name for one in crowd.refused(left, told)] == ["views"]
        assert len(known) - len(list(left)) == looked


def test_one_that_calls_itself_other_is_none_too_many(begin: Begin) -> None:
    here = begin(most_per_name=10, idle=60)
    for _ in range(2):
        here.live("views", other="true").add(1)
        here.close()
        here.skip(100)
        here.close()
    for number in range(10):
        assert here.live("views", user=str(number)).key.labels == (("user", str(number)),)


def test_a_set_of_many_takes_a_bounded_number_of_hashes(here: Measured) -> None:
    live = here.live("users", Kind.SET)
    for number in range(20_000):
        live.add(float(number * 922337203685477))
    here.close()
    assert here.all("users")[()][0][1].different == pytest.approx(20_000, rel=0.1)


def test_of_too_many_that_are_known_the_oldest_go_with_their_blocks_and_no_number_comes_again(begin: Begin) -> None:
    here = begin(known=300, most_per_name=1_000, idle=60)
    before = telemetry.series_forgotten._value.get()
    here.live("stays").add(1)
    highest = 0
    for day in range(4):
        lives = [here.live("views", day=str(day), number=str(number)) for number in range(200)]
        for live in lives:
            live.add(1)
        here.live("stays").add(1)
        here.close()
        assert min(live.number for live in lives) > highest
        highest = max(live.number for live in lives)
        here.skip(700)
        here.live("stays").add(1)
        here.close(7)
    known = here.query.list(Selector.parse("*"))
    assert len(known) == 300
    assert {one.key.name for one in known} == {"stays", "views"}
    assert {dict(one.key.labels).get("day") for one in known} == {"2", "3", None}
    assert telemetry.series_forgotten._value.get() - before == 501
    blocks = here.store.read(lambda tx: tx.all("SELECT block FROM series_blocks ORDER BY block"))
    totals = here.store.read(lambda tx: tx.all("SELECT block FROM series_totals ORDER BY block"))
    assert {row[0] for row in totals} <= {row[0] for row in blocks}
    assert len(blocks) <= 1 + 300 // 128 + 2
    assert here.shown()["stays"][1] == 9
