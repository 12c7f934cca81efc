"""Nothing of errors grows without end, and nothing secret is kept of them."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import telemetry
from daemon.config.errors import Errors
from daemon.faults import room, sample
from daemon.faults.event import ErrorEvent, Frame, Raised
from daemon.faults.faults import Change
from daemon.faults.rate import Rate, is_over, needed, usual
from daemon.faults.thinning import thinned
from daemon.store import fault_counts, fault_news, fault_samples
from daemon.store.fault_samples import Kept
from daemon.store.faults import State
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN, FakeClock
from faulty import Desk, call, error, message, raised, summary

CANARY = "hunter2-5e1d"


def kept(desk: Desk, fault: int = 1) -> list[Kept]:
    return desk.store.read(lambda tx: fault_samples.of(tx, fault))


def test_of_the_frequent_few_are_kept_of_the_rare_all(desk: Desk) -> None:
    for number in range(60):
        desk.come(error(), *([error("Rare")] if number % 10 == 0 else []))
        desk.clock.advance(60)
    assert len(kept(desk)) == 20
    assert len(kept(desk, 2)) == 6


def test_the_first_and_the_newest_stay_and_the_others_are_spread_over_time(desk: Desk) -> None:
    moments = [number * 60.0 for number in range(30)] + [86_400 + number * 0.5 for number in range(200)] + [200_000.0]
    for moment in moments:
        desk.clock.advance(BEGIN + moment - desk.clock.now())
        desk.come(error())
    times = [one.at - BEGIN for one in kept(desk)]
    assert (times[0], times[-1], len(times)) == (0.0, 200_000.0, 20)
    assert sum(one < 10_000 for one in times) >= 8  # the burst of the next day has not driven them out
    assert sum(86_400 <= one < 100_000 for one in times) >= 2


@given(st.lists(st.floats(0, 1e9), max_size=60), st.integers(2, 30))
def test_as_many_are_left_as_may_be_whatever_the_clock_did(times: list[float], most: int) -> None:
    every = [Kept(id=number, at=at, size=1) for number, at in enumerate(times)]
    gone = thinned(every, most)
    assert len(every) - len(gone) == min(len(every), most)
    assert not {0, len(every) - 1} & set(gone)


def test_one_batch_of_thousands_keeps_two(desk: Desk) -> None:
    desk.come(*(error(value=str(number)) for number in range(3_000)))
    assert len(kept(desk)) == 2


def test_the_most_different_errors_of_an_application_are_bounded(measured: SqliteStore, clock: FakeClock) -> None:
    desk = Desk(measured, clock, most=40)
    evicted = telemetry.errors_evicted.labels("shop")
    before = evicted._value.get()
    desk.come(*[error("Often")] * 2, error("Mended"), error("Ignored"))
    codes = {one.type: one.id for one in desk.all()}
    desk.faults.change(codes["Mended"], Change(state=State.RESOLVED, by="lin"))
    desk.faults.change(codes["Ignored"], Change(state=State.IGNORED, by="lin"))
    desk.come(error("Other", app="till"))
    for number in range(100):
        clock.advance(1)
        desk.come(error(f"Flood{'x' * number}"))
    left = {one.type for one in desk.all(app="shop")}
    assert len(left) <= 40
    assert {"Often", "Ignored", f"Flood{'x' * 99}"} <= left
    assert "Mended" not in left
    assert "Floodx" not in left
    assert [one.type for one in desk.all(app="till")] == ["Other"]
    assert evicted._value.get() - before == 103 - len(left)
    bits = measured.read(lambda tx: tx.all("SELECT DISTINCT fault FROM fault_samples"))
    assert {row[0] for row in bits} == {one.id for one in desk.all()}


def test_room_is_made_by_and_by_when_the_settings_take_it_away(measured: SqliteStore, clock: FakeClock) -> None:
    """A thousand errors forgotten in one transaction would keep all others from the disk."""
    desk = Desk(measured, clock, most=10_000, alarms={"alarm": ()})
    desk.write(*(error(f"First{'x' * number}") for number in range(room.AT_ONCE + 20)))
    desk.settings = Errors(most=10)
    desk.write(error("Last"))
    assert len(desk.all()) == 21
    desk.write(error("Other"))
    assert len(desk.all()) <= 10


def test_the_alarm_of_what_made_room_is_over(measured: SqliteStore, clock: FakeClock) -> None:
    desk = Desk(measured, clock, most=10, alarms={"storm": 1_000})
    desk.come(*(error(f"First{'x' * number}") for number in range(10)))
    clock.advance(1)
    told = summary(desk.come(error("Last")))
    assert told == [("first", "over"), ("first", "fires")]


def test_releases_and_tags_beyond_what_is_named_are_counted_together(desk: Desk) -> None:
    tags = [tuple((f"tag{name}", f"v{number}") for name in range(30)) for number in range(30)]
    for some in (tags[:15], tags[15:]):
        desk.come(*(error(release=f"1.{number}", tags=one) for number, one in enumerate(some)))
    found = desk.store.read(lambda tx: fault_counts.values(tx, 1))
    names = {one.name for one in found}
    assert len(names) <= 16
    assert sum(one.name == "tag0" and one.value != "" for one in found) == 20
    (others,) = [one for one in found if one.name == "tag0" and one.value == ""]
    assert others.count == 10


def test_of_releases_those_that_came_last_are_named(desk: Desk) -> None:
    for number in (0, *range(30), 1):
        desk.come(error(release=f"1.{number}"))
        desk.clock.advance(60)
    found = desk.store.read(lambda tx: fault_counts.values(tx, 1))
    releases = {one.value: one.count for one in found if one.name == "release"}
    assert set(releases) == {"", "1.1", *(f"1.{number}" for number in range(11, 30))}
    assert releases[""] == 12
    assert sum(releases.values()) == 32


def test_hours_are_counted_and_old_ones_forgotten(desk: Desk) -> None:
    for _ in range(20):
        desk.come(error(), error())
        desk.clock.advance(86_400)
    hours = desk.store.read(lambda tx: fault_counts.hours(tx, 1, 0, 10**9))
    assert [count for _, count in hours] == [2] * 15


def test_what_did_not_come_for_long_is_forgotten(desk: Desk) -> None:
    desk.come(error("Old"))
    desk.clock.advance(89 * 86_400)
    desk.come(error("New"))
    desk.clock.advance(2 * 86_400)
    desk.faults.tidy()
    assert [one.type for one in desk.all()] == ["New"]
    assert desk.store.read(lambda tx: fault_news.of(tx, 1))[0].what == "over"


def test_samples_beyond_their_bytes_go_but_never_the_first_nor_the_newest(
    measured: SqliteStore, clock: FakeClock
) -> None:
    desk = Desk(measured, clock, samples=100, samples_size=1024**2)
    large = [message("large", extra=tuple((f"k{n}", "x" * 180) for n in range(40))) for _ in range(70)]
    for one in large:
        desk.come(one)
        clock.advance(1)
    desk.come(error())
    before = kept(desk)
    measured.write(lambda tx: tx.run("UPDATE fault_samples SET size = 20000 WHERE fault = 1"))
    desk.faults.tidy()
    after = kept(desk)
    assert sum(one.size for one in after) <= 1024**2
    assert (after[0].id, after[-1].id) == (before[0].id, before[-1].id)
    assert len(kept(desk, 2)) == 1


def hostile() -> ErrorEvent:
    big = "汉\ud800\x00\x1b[31m'\"" * 20_000
    frames = tuple(
        Frame(module=big, filename=big, function=big, context_line=big, lineno=10**30, vars=((big, big),) * 50)
        for _ in range(500)
    )
    pairs = tuple((f"{number}{big[:300]}", big) for number in range(500))
    return ErrorEvent(
        app="shop", at=float("nan"), received_at=float("inf"), level=big, message=big, logger=big, transaction=big,
        exceptions=(Raised(type=big, value=big, frames=frames),) * 20, fingerprint=(big, {"a": big}, None, 10**50),
        release=big, environment=big, server_name=big, tags=pairs, request=pairs, extra=pairs, contexts=pairs,
        trail=(big,) * 500, size=10**30, user=big, sdk=big, trace_id=big,
    )  # fmt: skip


def test_the_worst_that_can_come_is_kept_within_its_bytes(desk: Desk) -> None:
    worst = hostile()
    assert len(desk.come(worst)) == 1
    (one,) = kept(desk)
    assert one.size <= sample.MOST
    body = desk.store.read(lambda tx: fault_samples.first(tx, 1))
    assert body is not None
    read = sample.unpacked(body)
    assert read.at == desk.clock.now()
    assert read.exceptions
    assert all(frame.module.isprintable() for frame in read.exceptions[0].frames)


def test_of_many_calls_the_innermost_and_a_few_of_the_first_are_kept() -> None:
    frames = tuple(call(f"f{number}") for number in range(1_000))
    packed = sample.packed(error(exceptions=(raised("E", "x", *frames),)), 0.0, keep_vars=False)
    functions = [frame.function for frame in sample.unpacked(packed).exceptions[0].frames]
    assert functions[0] == "f0"
    assert functions[-1] == "f999"
    assert len(functions) in {20, 50}


SECRETIVE = error(
    value=f"no way to postgres://shop:{CANARY}@db/shop",
    exceptions=(
        raised(
            "OSError",
            f"no way to postgres://shop:{CANARY}@db/shop with password={CANARY}",
            call(vars=(("password", CANARY), ("api_key", CANARY), ("order", "17"))),
        ),
    ),
    request=(
        ("Authorization", f"Bearer {CANARY}"),
        ("Cookie", f"sid={CANARY}"),
        ("url", f"https://shop.example.com/pay?token={CANARY}"),
        ("data", f'{{"password": "{CANARY}", "order": 17}}'),
    ),
    extra=(("db_password", CANARY), ("session_token", CANARY), ("order", "17")),
    tags=(("csrf", CANARY), ("shop", "eu")),
    trail=(f'login with "secret": "{CANARY}"',),
    message=f"token={CANARY}",
)


@pytest.mark.parametrize("keep_vars", [False, True])
def test_no_secret_is_kept_or_told(measured: SqliteStore, clock: FakeClock, *, keep_vars: bool) -> None:
    desk = Desk(measured, clock, keep_vars=keep_vars)
    (event,) = desk.come(SECRETIVE)
    assert CANARY not in repr(event)
    for (table,) in measured.read(lambda tx: tx.all("SELECT name FROM sqlite_master WHERE type = 'table'")):
        rows = measured.read(lambda tx, table=table: tx.all(f"SELECT * FROM {table}"))  # type: ignore[misc]
        assert CANARY not in repr(rows), table
    body = measured.read(lambda tx: fault_samples.first(tx, 1))
    assert body is not None
    assert b'"order","17"' in body  # what is no secret stays
    assert (("order", "17") in sample.unpacked(body).exceptions[0].frames[0].vars) is keep_vars


def test_the_count_of_the_last_five_minutes() -> None:
    rate = Rate().counted(3_000, 10).counted(3_299, 10)
    assert rate.recent(3_299) == 20
    assert rate.recent(3_450) == 10  # half of the stretch before has passed
    assert rate.counted(3_300, 5).recent(3_300) == 25
    assert rate.counted(3_300, 5).counted(3_100, 5).recent(3_300) == 30  # late
    assert rate.recent(4_000) == 0
    assert rate.counted(2_500, 7) == rate  # too old to matter
    assert rate.counted(3_000 - 86_400, 7).count == 7  # the clock was set back


@given(st.lists(st.tuples(st.floats(0, 1e7), st.integers(1, 1_000)), max_size=50), st.floats(0, 1e7))
def test_a_rate_is_never_negative_nor_more_than_all(came: list[tuple[float, int]], now: float) -> None:
    rate = Rate()
    for at, number in came:
        rate = rate.counted(at, number)
    assert 0 <= rate.recent(now) <= sum(number for _, number in came)


def test_what_a_spike_takes() -> None:
    assert usual([120] * 24, 24.0) == 10.0
    assert usual([120], 1.0) == 10.0
    assert usual([], 0.0) == 0.0
    assert needed(0.0, 10.0, 50) == 50.0
    assert needed(10.0, 10.0, 50) == 100.0
    assert [is_over(recent, 100.0) for recent in (50.0, 49.0)] == [False, True]


def test_a_day_of_anything_leaves_the_tables_bounded(measured: SqliteStore, clock: FakeClock) -> None:
    desk = Desk(measured, clock, most=50)
    chance = random.Random(17)
    for _ in range(60):
        desk.come(*(error(f"E{'x' * chance.randrange(120)}") for _ in range(10)))
        desk.later(chance.choice((1.0, 30.0, 600.0)))
        if chance.random() < 0.1:
            clock.jump(chance.choice((-7_200.0, 7_200.0)))
    assert len(desk.all()) <= 50
    (rows,) = measured.read(lambda tx: tx.all("SELECT count(*) FROM fault_samples"))
    assert rows[0] <= 50 * 20
