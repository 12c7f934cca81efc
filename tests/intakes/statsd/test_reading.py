"""Lines as clients write them, and what comes of them in the table."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daemon import telemetry
from daemon.clock import SystemClock
from daemon.config.series import Series
from daemon.intakes.statsd import reading
from daemon.intakes.statsd.grammar import Dialect, Reason, Refused, number, numbers
from daemon.series import distinct
from daemon.series.table import Table
from fake_clock import BEGIN, FakeClock
from lag import calmly
from statsd_side import Side, rows

NOW = int(BEGIN)


@pytest.fixture
def side(clock: FakeClock) -> Side:
    return Side(clock)


# What datadog 0.56 and statsd 4.0 put on the wire, and what others may: a line, its series, how many, their sum.
LINES = [
    (b"app.page.views:1|c|#env:it", 'counter app.page.views{env="it"}', 1, 1.0),
    (b"app.temp:21.5|g|#room:a,x,env:it", 'gauge app.temp{env="it",room="a",x="true"}', 1, 21.5),
    (b"app.t:320|ms|#env:it", 'spread app.t{env="it"} s', 1, 0.32),
    (b"app.sampled:1|c|@0.5|#env:it", 'counter app.sampled{env="it"}', 1, 2.0),
    (b"app.sampled:1|c|#env:it|@0.5", 'counter app.sampled{env="it"}', 1, 2.0),
    (b"app.wt.gauge:7|g|#a:1,env:it|T%d" % NOW, 'gauge app.wt.gauge{a="1",env="it"}', 1, 7.0),
    (b"app.wt.count:7|c|@0.1|T%d|#a:1" % NOW, 'counter app.wt.count{a="1"}', 1, 7.0),
    (b"c3:1|c|c:ci-deadbeef|e:it-false,cn-web,pu-1|card:low", "counter c3", 1, 1.0),
    (b"c3:1|c|card:low|#a:b|e:it-false,cn-web|c:in-77", 'counter c3{a="b"}', 1, 1.0),
    (b"c3:1|c|x:what|y|#a:b|", 'counter c3{a="b"}', 1, 1.0),
    (b"page.ms:12:15:9|d|#env:it", 'spread page.ms{env="it"}', 3, 36.0),
    (b"page.ms:12:15:9|ms|@0.5", "spread page.ms s", 6, 0.072),
    (b"app.h:3|h|@0.25", "spread app.h", 4, 12.0),
    (b"p.t:12.300000|ms", "spread p.t s", 1, 0.0123),
    (b"p.t:12.3|ms\n", "spread p.t s", 1, 0.0123),
    (b"p.t:12.3|ms\r\n", "spread p.t s", 1, 0.0123),
    (b"app.neg:-3|g", "gauge app.neg", 1, -3.0),
    (b"app.neg:+3|g", "gauge app.neg", 1, 3.0),
    (b"stock:-2|c", "counter stock", 1, -2.0),
    (b"many:1e3|c", "counter many", 1, 1000.0),
    (b"g:5|g|@0.1", "gauge g", 1, 5.0),
    ("größe:1|c|#straße:süd".encode(), 'counter größe{straße="süd"}', 1, 1.0),
    (b"a name:1|c", "counter a name", 1, 1.0),
    (b"t:1|c|#url:http://x/y:z", 'counter t{url="http://x/y:z"}', 1, 1.0),
    (b"t:1|c|#a:1,a:2,:3,b:", 'counter t{a="2"}', 1, 1.0),
    (b"\xff:1|c|#\xfe:\xfd", 'counter \ufffd{\ufffd="\ufffd"}', 1, 1.0),
    (b"late:2|ms|T%d" % NOW, "spread late s", 1, 0.002),  # a time of its own is for counters and gauges only
]


@pytest.mark.parametrize(("line", "series", "count", "total"), LINES, ids=lambda value: repr(value)[:60])
def test_a_line_as_it_is_on_the_wire(side: Side, line: bytes, series: str, count: int, total: float) -> None:
    for _ in range(3):  # what is remembered means the same
        found = side.read(line)
        assert found.keys() == {series}
        assert found[series].count == pytest.approx(count)
        assert found[series].total == pytest.approx(total)


def test_values_of_one_series_are_told_apart_from_others_of_nearly_the_same_name(side: Side) -> None:
    side.read(b"am:1|c\na:1|ms\nams:1|c\na:1|c\na:1|g")
    found = side.read(b"am:2|c\na:2|ms\nams:2|c\na:2|c\na:2|g")
    assert {name: tally.total for name, tally in found.items()} == {
        "counter am": 2,
        "spread a s": 0.002,
        "counter ams": 2,
        "counter a": 2,
        "gauge a": 2,
    }


def test_who_was_there_is_counted_once(side: Side) -> None:
    found = side.read(b"users:lin|s\nusers:wang|s", b"users:lin|s", b"users:a:b|s|@0.1")
    assert found["set users"].different == 3
    assert side.read(b"users:a:b|s")["set users"].distinct == {distinct.hashed(b"a:b")}


def test_a_gauge_with_a_sign_moves_where_that_is_said(clock: FakeClock) -> None:
    side = Side(clock, Dialect(signs_shift=True))
    assert side.read(b"g:10|g\ng:+3|g\ng:-5|g")["gauge g"].last == 8
    assert side.read(b"g:-5|g")["gauge g"].last == 3
    assert side.read(b"p.g:0|g\np.g:-5|g")["gauge p.g"].last == -5  # how statsd 4.0 sets one below zero
    assert side.read(b"g:4|g")["gauge g"].last == 4
    assert side.read(b"c:-1|c")["counter c"].total == -1


def test_seconds_under_the_name_of_milliseconds(clock: FakeClock) -> None:
    """What datadog's `timed` does unless it is told otherwise."""
    assert Side(clock, Dialect(milliseconds=False)).read(b"t:0.25|ms")["spread t s"].total == 0.25


def test_other_settings_are_followed_at_once(side: Side) -> None:
    side.read(b"t:1|ms\ng:1|g")
    side.reader.follow(Dialect(signs_shift=True, milliseconds=False), 60.0)
    found = side.read(b"t:1|ms\ng:+1|g")
    assert (found["spread t s"].total, found["gauge g"].last) == (1, 2)


def test_what_clients_count_of_themselves_is_passed_over(side: Side) -> None:
    assert side.read(b"datadog.dogstatsd.client.metrics:7|c|#client:py\nx:1|c").keys() == {"counter x"}
    assert side.refused(b"datadog.dogstatsd.client.bytes_sent:7|c|#client:py") == {}


def test_a_time_far_away_changes_nothing_now(side: Side) -> None:
    assert side.read(b"x:1|c|T%d" % (NOW + 10**9)) == {}


WRONG = [
    (b"x", Reason.FORM),
    (b"x:1", Reason.FORM),
    (b"|c", Reason.FORM),
    (b"x|c", Reason.FORM),
    (b"bad name:|@#", Reason.TYPE),
    (b":1|c", Reason.NAME),
    (b"\x00\x01:1|c", Reason.NAME),
    (b"x:1|", Reason.TYPE),
    (b"x:1|q", Reason.TYPE),
    (b"x:1|cc", Reason.TYPE),
    (b"x:1|C", Reason.TYPE),
    (b"x:|c", Reason.VALUE),
    (b"x:one|c", Reason.VALUE),
    (b"x:1_000|c", Reason.VALUE),
    (b"x:0x10|c", Reason.VALUE),
    (b"x:nan|g", Reason.VALUE),
    (b"x:inf|g", Reason.VALUE),
    (b"x:-Infinity|ms", Reason.VALUE),
    (b"x:1e400|c", Reason.VALUE),
    (b"x:1e300|c", Reason.VALUE),
    (b"x:" + b"9" * 5_000 + b"|c", Reason.VALUE),
    (b"x:1:2:oops|d", Reason.VALUE),
    (b"x:1:|d", Reason.VALUE),
    (b"x:\xd9\xa1|c", Reason.VALUE),
    (b"x:1|c|@0", Reason.RATE),
    (b"x:1|c|@-1", Reason.RATE),
    (b"x:1|c|@1.01", Reason.RATE),
    (b"x:1|c|@nan", Reason.RATE),
    (b"x:1|c|@1e-300", Reason.RATE),
    (b"x:1|c|@", Reason.RATE),
    (b"x:1|c|@half", Reason.RATE),
    (b"x:1|c|Tomorrow", Reason.TIME),
    (b"x:1|c|T", Reason.TIME),
    (b"x:1|c|T-5", Reason.TIME),
    (b"x:1|c|T1795222800.5", Reason.TIME),
    (b"x:1|c|T" + b"9" * 300, Reason.TIME),
    (b"x" * 2_000 + b":1|c", Reason.LONG),
    (b"x:1|c|#" + b",".join(b"t%d:v" % n for n in range(10_000)), Reason.LONG),
]


@pytest.mark.parametrize(("line", "reason"), WRONG, ids=lambda value: repr(value)[:40])
def test_what_is_wrong_is_counted_by_why_and_its_neighbours_are_taken(side: Side, line: bytes, reason: Reason) -> None:
    side.read(b"x:1|c\nx:1|g\nx:1|ms\nx:1|d")  # remembered, so that the quick way is tried
    assert side.refused(line) == {reason.value: 1}
    found = side.read(b"before:1|c\n" + line + b"\nafter:1|c")
    assert found.keys() == {"counter before", "counter after"}


def test_a_tag_with_ten_thousand_values_leaves_the_reader_small(side: Side) -> None:
    for n in range(10_000):
        side.reader.read([b"x:1|c|#user:%d,app:shop" % n])
    assert len(side.reader._places) <= reading.MOST
    assert sum(tally.total for tally in side.read(b"").values()) == 10_000


def test_what_is_remembered_begins_anew_when_it_is_full(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST", 10)
    for n in range(95):
        side.reader.read([b"x%d:1|c\nu%d:a|s" % (n, n)])
    assert max(len(side.reader._places), len(side.reader._targets)) <= 10
    assert len(side.read(b"")) == 190


def test_a_series_that_expired_is_found_anew(side: Side) -> None:
    side.read(b"x:1|c|#a:b")
    (live,) = list(side.table)
    side.table._expire(live)
    side.reader.read([b"x:1|c|#a:b", b"x:2|c|#a:b"])
    (anew,) = list(side.table)
    assert anew is not live
    assert side.read(b"x:3|c|#a:b")['counter x{a="b"}'].total == 6


def test_between_the_last_look_at_a_series_and_its_end_nothing_is_lost(clock: FakeClock) -> None:
    """What comes while the slot is closed, in every turn of it, is in that slot or the next."""
    side = Side(clock)
    sent = taken = 0.0
    for _ in range(3):
        for n in range(50):
            side.reader.read([b"x%d:1|c\nx%d:1|c" % (n, n)])
            sent += 2
        for live in list(side.table):
            tally = live.take()
            taken += tally.total if tally else 0
            side.reader.read([b"%b:1|c" % live.key.name.encode()])
            sent += 1
            tally = live.take()
            taken += tally.total if tally else 0
            side.table._expire(live)
            side.reader.read([b"%b:1|c" % live.key.name.encode()])
            sent += 1
    taken += sum(tally.total for tally in side.read(b"").values())
    assert taken == sent
    assert len(side.reader._places) == len(side.reader._spellings) == len(side.table)


def test_where_room_is_made_the_rest_of_a_name_finds_series_of_its_own_at_once(clock: FakeClock) -> None:
    side = Side(clock)
    side.table = Table(clock, lambda: Series(most_per_name=2))
    side.reader = reading.Reader(side.table, clock, side.told.append, side.dialect, 60.0)
    lines = [b"x:1|c|#a:%d" % n for n in range(5)]
    for _ in range(3):
        side.reader.read(lines)
    first, *_, rest = list(side.table)
    side.table._expire(first)
    for _ in range(reading.MUCH):
        side.reader.read([lines[4]])
    assert rest.texts
    assert len(rest.texts.waiting) <= reading.MUCH
    side.table.make_room("x")
    side.reader.read([lines[4]])
    found = side.read(b"")
    assert found['counter x{a="4"}'].total == 1
    assert sum(tally.total for tally in found.values()) == 12 + reading.MUCH + 1


def test_a_series_that_only_gets_texts_lives_on(clock: FakeClock) -> None:
    side = Side(clock)
    side.reader.read([b"x:1|c"])
    (live,) = list(side.table)
    start = side.table.open
    for _ in range(1_000):
        side.reader.read([b"x:1|c"])
        side.table.close_slot(start)
        start += 10
    assert list(side.table) == [live]
    side.table.close_slot(start + 10_000_000)
    assert (len(side.table), side.reader._places, side.reader._spellings) == (0, {}, {})


def test_many_spellings_of_one_series_wait_in_one_place(side: Side) -> None:
    """Containers differ in what is passed over; samples of another rate are added at once."""
    lines = [b"x:2|ms|c:%d" % n for n in range(5)] + [b"x:2|ms|@0.5", b"x:2|ms|@0.1"]
    for _ in range(3):
        found = side.read(*lines, *lines)["spread x s"]
        assert (found.count, found.total) == (pytest.approx(34), pytest.approx(0.068))
        assert sum(found.counts.values()) == 34
    assert len(side.reader._places) == 5


def test_lines_with_blanks_around_them_are_remembered_once(side: Side) -> None:
    for _ in range(100):
        side.reader.read([b"x:1|c\r\n x:1|c \nx:1|c"])
    (live,) = list(side.table)
    assert side.reader._spellings == {live: [b"x:c"]}
    assert side.read(b"")["counter x"].total == 300
    side.table._expire(live)
    assert not side.reader._places


def test_what_waits_is_of_the_dialect_in_which_it_came(side: Side) -> None:
    side.reader.read([b"t:2000|ms", b"t:2000|ms"])
    side.reader.follow(Dialect(milliseconds=False), 60.0)
    found = side.read(b"t:2|ms\nt:2|ms")["spread t s"]
    assert (found.count, found.total) == (4, 8)


def test_a_gauge_told_in_several_ways_is_what_it_was_told_last(side: Side) -> None:
    side.read(b"g:1|g")
    assert side.read(b"g:2|g\ng:9|g\ng:7|g|T%d" % NOW)["gauge g"].last == 7
    found = side.read(b"g:2|g\ng:9|g\ng:3|g")["gauge g"]
    assert (found.count, found.total, found.low, found.high, found.last) == (3, 14, 2, 9, 3)


def test_a_wrong_value_among_thousands_is_refused_alone(side: Side) -> None:
    side.read(b"x:1|c\ny:1|d")
    lines = [b"x:1|c"] * 500 + [b"x:%b|c" % bad for bad in (b"1,5", b"]", b"", b"null", b"1],[2", b'"1"', b"1e99")]
    lines += [b"x:+2|c", b"x: 2|c", b"x:.5|c", b"y:1:2|d", b"y:1:nan|d"]
    assert side.refused(b"\n".join(lines)) == {Reason.VALUE.value: 8}
    side.reader.read([b"\n".join(lines)])
    found = rows(side.table)
    assert (found["counter x"].count, found["counter x"].total) == (503, 504.5)
    assert (found["spread y"].count, found["spread y"].total) == (2, 3)


def test_values_are_counted_when_they_are_added(side: Side) -> None:
    before = telemetry.statsd_metrics._value.get()
    side.read(b"x:1|c\nx:1|c\nx:1:2:3|c", b"x:oops|c", b"users:a|s")
    assert telemetry.statsd_metrics._value.get() == before + 6


def test_no_more_texts_of_one_series_wait_than_is_said(side: Side) -> None:
    side.reader.read([b"x:1|c", b"y:1|c"])
    waiting = [live.texts.waiting for live in side.table if live.texts]
    for _ in range(3_000):
        side.reader.read([b"x:12345|c"])
        assert sum(map(len, waiting)) <= reading.MUCH
    assert waiting[0]


def test_each_series_is_added_up_while_so_much_is_read_and_few_at_once(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "ALTOGETHER", 2_000)
    everybody = [b"x%03d:1|c" % number for number in range(100)]
    side.reader.read(everybody)
    waiting = [live.texts.waiting for live in side.table if live.texts]
    for _ in range(20):
        side.reader.read(everybody)  # 899 bytes: the turn of 45
        assert sum(map(bool, waiting)) >= 50
        assert sum(map(len, waiting)) <= 2 * 2_000
    assert max(map(len, waiting)) <= len("1|") * 6
    assert side.read(b"")["counter x099"].total == 21


@given(
    st.lists(st.one_of(st.binary(max_size=8), st.floats().map(lambda value: b"%r" % value)), min_size=1, max_size=20)
)
@example([b"1", b"2:3", b"1,2", b"[1]", b"", b"-0", b"1_0", b"1e23", b"1e24"])
def test_values_together_are_what_each_is_by_itself(texts: list[bytes]) -> None:
    lines = [text.replace(b"|", b"") for text in texts]
    values: list[float] = []
    refused = 0
    for line in lines:
        try:
            values += [number(one) for one in line.split(b":")]
        except Refused:
            refused += 1
    assert numbers(b"".join(line + b"|" for line in lines)) == (values, refused)


def test_empty_lines_and_packets_are_nothing(side: Side) -> None:
    assert side.refused(b"", b"\n\n\r\n", b" ") == {}


@given(st.lists(st.binary(max_size=200), max_size=5))
@example([b"_e{1,1}:|", b"_sc|", b"_e{", b"_sc||0"])
@example([b":::|||", b"x:1:|c|T|@|#"])
def test_whatever_bytes_come_nothing_is_raised(packets: list[bytes]) -> None:
    Side(FakeClock()).read(*packets)


PIECES = st.sampled_from(
    [b"x", b":", b"|", b"1", b"-1.5", b"c", b"ms", b"g", b"s", b"@", b"0.5", b"#", b"a:b", b",", b"T", b"\n", b"_e{",
     b"1,1}:", b"_sc|", b"|m:", b"d:1", b"\xff", b"nan", b"_", b" "]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40))
def test_whatever_is_made_of_their_signs_nothing_is_raised(pieces: list[bytes]) -> None:
    side = Side(FakeClock())
    for _ in range(2):
        found = side.read(b"".join(pieces))
    assert all(tally.count > 0 for tally in found.values())


@pytest.mark.parametrize(
    "packet",
    [
        b"\n".join([b"a"] * 30_000),
        b"\n".join(b"n%d:1|c|#a:%d" % (n, n) for n in range(4_000)),
        b"a:" + b":".join([b"1"] * 30_000) + b"|d",
        b"\n".join([b"a:1|d", b"a:" + b":".join([b"1", b"7.5", b"-3"] * 7_000) + b"|d"]),
        b"\n".join([b"a:1|d", b"a:" + b":".join([b"1"] * 30_000) + b":+1|d"]),
        b"\n".join([b"a:1|c"] * 10_000),
        b"\n".join(b"a:%s|c" % (b"1" * 2_000) for _ in range(32)),
        b"\n".join(b"_sc|a%d|1|#a:b" % n for n in range(4_000)),
    ],
    ids=[
        "lines that are none",
        "new names",
        "one line of values",
        "another one",
        "odd ones",
        "one series",
        "long numbers",
        "checks",
    ],
)
def test_the_worst_of_packets_holds_nobody_up(packet: bytes) -> None:

    side = Side(FakeClock())
    side.reader._clock = SystemClock()
    calmly(lambda: side.reader.read([packet]))
