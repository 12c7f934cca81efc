"""What applications push to a list in a real Redis is counted: all of it and none of it twice, whatever happens."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon import telemetry
from daemon.intakes.redislist.drain import Tools
from daemon.intakes.redislist.reader import MOST_LISTS, Reader
from daemon.intakes.redislist.resp import Refused
from daemon.secret import Secret
from fake_clock import FakeClock
from pushed import LIST, Life
from real_servers import PASSWORD, Server, redis_server

PAY = 'http.time{app="shop",route="/pay"}'


@pytest.fixture(scope="module")
def redis() -> Iterator[Server]:
    with redis_server() as server:
        yield server


@pytest.fixture
def begin(redis: Server, tmp_path: Path) -> Iterator[Callable[..., Life]]:
    lives: list[Life] = []

    def begun(**given: Any) -> Life:
        first = not lives
        url = f"redis://127.0.0.1:{redis.port}/0"
        lives.append(Life(tmp_path / "measured.db", **{"url": url, "apps": {"0x00000001": "shop"}, **given}))
        if first:
            lives[0].ask("FLUSHALL")
        return lives[-1]

    yield begun
    for life in lives:
        life.crash()


def views(number: int, url: str = "/pay", **more: object) -> list[object]:
    return [{"url": url, "time_spent": 0.1, **more} for _ in range(number)]


def sent(life: Life) -> int:
    """Bytes that the server has sent."""
    told = life.ask("INFO", "stats")
    assert isinstance(told, bytes)
    return int(told.partition(b"total_net_output_bytes:")[2].partition(b"\r")[0])


def became(outcome: str) -> float:
    """How many entries became that."""
    value: float = telemetry.redis_entries.labels(outcome)._value.get()
    return value


def test_entries_are_counted_by_application_and_route(begin: Callable[..., Life]) -> None:
    life = begin()
    life.push(
        *views(3), {"url": "/pay?id=7", "time_spent": "0.5"}, {"url": "/cart#x", "time_spent": 1, "host": "web-1"}
    )
    life.push({"url": "/", "time_spent": 0.1}, key="apm:0x0000000f")
    life.read()
    life.close_slot()
    assert life.counted() == {
        PAY: 4,
        'http.time{app="shop",route="/cart"}': 1,
        'http.time{app="0x0000000f",route="/"}': 1,
    }


def test_a_status_of_500_is_an_error_and_one_of_404_is_none(begin: Callable[..., Life]) -> None:
    life = begin()
    life.push(*views(2, status=500), *views(3, status=404), {"url": "/pay", "status": "503"})
    life.read()
    life.close_slot()
    assert life.counted() == {
        PAY: 5,
        'http.errors{app="shop",route="/pay"}': 3,
        'http.views{app="shop",route="/pay"}': 1,
    }


def test_rubbish_is_passed_over_and_its_neighbours_are_counted(begin: Callable[..., Life]) -> None:
    life = begin()
    rubbish = (
        "", "null", "[]", "{", '{"url":"/pay"', '"time_spent":1}', b"\xff\xfe", "1,2", '{"url":1,"time_spent":1}',
        '{"url":"/pay","time_spent":1e999}', '{"url":"/pay","time_spent":-1}', '{"url":"","time_spent":1}',
        "[" * 5_000, '{"url":"/pay","time_spent":NaN}', '{"url":"?a","time_spent":1}',
        '{"url":"/pay","time_spent":1,"ts":"soon"}',
        '{"url":"/pay","time_spent":1},{"url":"/pay","time_spent":1}',
    )  # fmt: skip
    for one in rubbish:
        life.push(*views(1), one)
    before = became("bad")
    life.read()
    life.close_slot()
    assert life.counted() == {PAY: len(rubbish)}
    assert became("bad") == before + len(rubbish)


def test_an_entry_of_a_megabyte_is_not_even_sent(begin: Callable[..., Life]) -> None:
    life = begin(batch=100)
    large = json.dumps({"url": "/pay", "time_spent": 1, "x": "y" * 1024**2})
    life.push(*views(30), large, *views(30), large, large)
    before = sent(life)
    life.read()
    life.close_slot()
    assert life.counted() == {PAY: 60}
    assert sent(life) - before < 100_000


def test_what_is_read_stays_in_redis_until_it_is_on_disk(begin: Callable[..., Life]) -> None:
    life = begin()
    life.push(*views(50))
    life.read()
    assert life.ask("KEYS", "*") == [f"{LIST}:proc:{life.store.name}:0".encode()]
    assert life.ask("LLEN", f"{LIST}:proc:{life.store.name}:0") == 50
    life.close_slot()
    life.turns()
    assert life.ask("KEYS", "*") == []


@pytest.mark.parametrize("is_told", [True, False])
def test_a_crash_loses_nothing_and_doubles_nothing(begin: Callable[..., Life], *, is_told: bool) -> None:
    """At every stage: taken, read in part, read, on disk, on disk and Redis not told yet."""
    life = begin(batch=10)
    life.push(*views(200))
    life.reader.connect()
    life.reader.turn()  # a part of it
    life.close_slot(is_written=is_told)
    life.push(*views(7))
    life.crash()
    for number in range(5):
        life = begin(batch=10)
        life.reader.connect()
        for _ in range(number):
            life.reader.turn()
        life.push(*views(1))
        if number % 2:
            life.close_slot(is_written=is_told)
        life.crash()
    life = begin(batch=10)
    life.read()
    life.close_slot()
    life.turns()
    assert life.counted() == {PAY: 212}
    assert life.ask("KEYS", "*") == []


def test_a_crash_right_after_the_disk_had_it_counts_nothing_again(begin: Callable[..., Life]) -> None:
    life = begin()
    life.push(*views(20))
    life.read()
    life.close_slot(is_written=False)
    life.crash()
    life = begin()
    life.read()
    life.close_slot()
    assert life.counted() == {PAY: 20}


def test_other_settings_for_the_server_count_nothing_again(begin: Callable[..., Life]) -> None:
    """After a reload another reader goes on with what the one before has read, on disk or not."""
    life = begin(batch=10)
    life.push(*views(200))
    life.reader.connect()
    life.reader.turn()
    tools = Tools(life.table, life.clock, life.marks, life.store.name)
    life.reader.stop()
    life.reader = Reader(life.given, tools, lambda *_, **__: None, lambda *_: None)
    life.read()
    life.close_slot()
    life.turns()
    assert life.counted() == {PAY: 200}


def test_names_are_used_again_only_when_nothing_is_noted_about_them(begin: Callable[..., Life]) -> None:
    """Else what a pile of that name once was would be taken for what it is now."""
    life = begin()
    life.reader.connect()
    for number in range(200):
        life.push(*views(1))
        life.turns()
        if number % 3 == 0:
            life.close_slot()
    life.crash()
    life = begin()
    life.read()
    life.close_slot()
    assert life.counted() == {PAY: 200}


def test_while_nothing_comes_to_disk_what_is_pushed_waits_where_it_is(begin: Callable[..., Life]) -> None:
    life = begin()
    life.reader.connect()
    for _ in range(70):
        life.push(*views(1))
        life.turns()
    assert life.ask("LLEN", LIST) == 6
    for _ in range(3):
        life.close_slot()
        life.turns()
    life.turns()
    life.close_slot()
    assert life.counted() == {PAY: 70}


def test_a_server_that_was_emptied_is_read_on(begin: Callable[..., Life]) -> None:
    life = begin(batch=10)
    life.push(*views(500))
    life.reader.connect()
    life.reader.turn()
    life.ask("FLUSHALL")
    life.push(*views(5))
    life.turns()
    life.turns()
    life.close_slot()
    read = life.counted()[PAY]
    assert 5 <= read < 500
    life.turns()
    assert life.ask("KEYS", "*") == []


def test_what_is_no_list_is_told_once_and_the_others_are_read(begin: Callable[..., Life]) -> None:
    life = begin(keys=(LIST, "apm:text"))
    life.ask("SET", "apm:text", "x")
    life.push(*views(3))
    life.read()
    life.turns()
    assert life.alarms == [("redis_list", "apm:text")]
    life.close_slot()
    assert life.counted() == {PAY: 3}


def test_a_list_that_grows_too_long_is_told_and_cut_only_where_that_is_wanted(begin: Callable[..., Life]) -> None:
    life = begin(behind=100, batch=10)
    life.push(*views(300))
    life.reader.connect()
    life.reader.turn()
    assert life.alarms == [("redis_behind", LIST)]
    life.turns()
    life.turns()
    assert life.alarms == []
    life.close_slot()
    assert life.counted() == {PAY: 300}
    life.crash()
    life = begin(most=40)
    life.push(*views(100, "/old"), *views(40, "/new"))
    life.read()
    life.close_slot()
    assert life.counted()['http.time{app="shop",route="/new"}'] == 40
    assert 'http.time{app="shop",route="/old"}' not in life.counted()
    assert "100 entries" in life.texts[0]


def test_ten_million_that_wait_are_read_in_pieces_keep_no_other_list_waiting_and_may_be_cut(
    begin: Callable[..., Life],
) -> None:
    life = begin(behind=1_000_000, batch=1_000)
    many = "for _ = 1, 100000 do redis.call('LPUSH', KEYS[1], unpack(ARGV)) end"
    life.ask("EVAL", many, 1, LIST, *map(json.dumps, views(100)))
    life.push(*views(3), key="apm:0x00000002")
    life.reader.connect()
    before = sent(life)
    life.reader.turn()
    assert sent(life) - before < 1_000_000
    assert life.alarms == [("redis_behind", LIST)]
    assert "10,000,000" in life.texts[0]
    life.close_slot()
    assert life.counted()['http.time{app="0x00000002",route="/pay"}'] == 3
    assert 0 < life.counted()[PAY] <= 16_000
    life.crash()
    life = begin(most=500)
    life.read()
    life.close_slot()
    life.turns()
    number, _, what = life.texts[0].partition(" entries of the list ")
    assert what.startswith(f"{LIST} were thrown away")
    assert life.counted()[PAY] + int(number.replace(",", "")) == 10_000_000
    assert life.ask("KEYS", "*") == []


def test_an_alarm_is_raised_anew_while_it_goes_on(begin: Callable[..., Life], clock: FakeClock) -> None:
    """One that nobody repeats is taken for over after an hour (`self_checks.window`)."""
    life = begin(clock=clock, keys=(LIST, "apm:text"), behind=10, most=20)
    life.ask("SET", "apm:text", "x")
    life.reader.connect()
    before = became("skipped")
    for _ in range(12):  # four minutes
        life.push(*views(50))
        life.reader.turn()
        clock.advance(20)
    assert life.alarms.count(("redis_list", "apm:text")) == 4
    thrown = [text.partition(" ")[0] for text in life.texts if "thrown away" in text]
    assert thrown == ["30", "90", "90", "90"]
    assert became("skipped") == before + 360


def test_lists_that_are_gone_make_room_for_others(begin: Callable[..., Life]) -> None:
    life = begin()
    for number in range(MOST_LISTS):
        life.push(*views(1), key=f"apm:{number}")
    life.read()
    life.push(*views(5))
    life.read()
    assert life.ask("LLEN", LIST) == 5
    life.close_slot()
    life.turns()
    life.read()
    life.close_slot()
    assert life.counted()[PAY] == 5


def test_a_full_server_can_still_be_drained(begin: Callable[..., Life]) -> None:
    """At `maxmemory` without eviction every command is refused that may need memory: ours need none."""
    life = begin()
    life.push(*views(500))
    life.ask("CONFIG", "SET", "maxmemory", "1")
    try:
        with pytest.raises(Refused, match="OOM"):
            life.push(*views(1))
        life.read()
        life.close_slot()
        life.turns()
        assert life.counted() == {PAY: 500}
        assert life.ask("KEYS", "*") == []
    finally:
        life.ask("CONFIG", "SET", "maxmemory", "0")


def test_two_readers_share_a_list_and_count_each_entry_once(begin: Callable[..., Life], tmp_path: Path) -> None:
    one = begin(batch=10)
    other = Life(tmp_path / "other.db", url=one.given.url, apps=one.given.apps, batch=10)
    one.reader.connect()
    other.reader.connect()
    for _ in range(10):
        one.push(*views(25))
        one.reader.turn()
        one.push(*views(25))
        other.reader.turn()
    for life in (one, other):
        life.turns()
        life.close_slot()
    assert one.counted()[PAY] + other.counted()[PAY] == 500
    assert min(one.counted()[PAY], other.counted()[PAY]) > 100
    other.crash()


def test_a_password_is_sent_and_never_said(begin: Callable[..., Life], redis: Server) -> None:
    life = begin()
    life.ask("ACL", "SETUSER", "reader", "on", f">{PASSWORD}", "~apm:*", "+@all")
    tls = int((redis.home / "tls").read_text())
    life.push(*views(4))
    life.crash()
    locked = begin(url=f"rediss://127.0.0.1:{tls}/0", user="reader", password=Secret(PASSWORD), ca_file=redis.ca_file)
    locked.read()
    locked.close_slot()
    assert locked.counted() == {PAY: 4}
    locked.crash()
    wrong = begin(user="reader", password=Secret(PASSWORD + "x"))
    with pytest.raises(Refused) as refused:
        wrong.reader.connect()
    assert "WRONGPASS" in str(refused.value)
    assert PASSWORD not in str(refused.value) + repr(wrong.given)
