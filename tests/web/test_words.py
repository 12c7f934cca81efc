"""The words of the page: the same in both languages, all of them used, and figures that never say too much."""

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import daemon.web
from daemon.history.stretches import Time
from daemon.web import words
from daemon.web.view import TIMES, Day
from daemon.web.words import WORDS

HERE = Path(daemon.web.__file__).parent
UP, DEGRADED, DOWN, UNKNOWN = Time.UP, Time.DEGRADED, Time.DOWN, Time.UNKNOWN
MAINTENANCE, PAUSED = Time.MAINTENANCE, Time.PAUSED
AT = dt.datetime(2026, 11, 21, 1, 0, tzinfo=dt.UTC).timestamp()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def day(**lengths: int) -> Day:
    return tuple(lengths.get(time.value, 0) * 1_000 for time in TIMES)


def test_both_languages_say_the_same() -> None:
    english, chinese = WORDS["en"], WORDS["zh"]
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w*\}", text)) == sorted(re.findall(r"\{\w*\}", chinese[key])), key


def test_every_word_is_used() -> None:
    said = (HERE / "templates/status.html").read_text() + "".join(path.read_text() for path in HERE.glob("*.py"))
    said = said.replace((HERE / "words.py").read_text(), "")
    by_code = {f"some_{time}" for time in Time} | {f"n_{time}" for time in Time} | {time.value for time in Time}
    phases = {
        "resolve",
        "connect",
        "proxy",
        "tls",
        "starttls",
        "first_byte",
        "download",
        "run",
        "total",
        "rest",
        "reply",
    }
    phases |= {"answer", "metadata", "committed", "ends"}
    windows = {"24h", "7d", "30d", "90d"}
    own = {"all_up", "nothing", "comma"}  # words.py says them itself
    for key in WORDS["en"].keys() - by_code - phases - windows - own:
        assert re.search(rf"words\.{key}\b|\"{key}\"|'{key}'", said), f"nobody says {key}"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (None, "–"), (1.0, "100%"), (0.9999999, "99.99%"), (0.99995, "99.99%"), (0.5, "50.00%"), (0.0, "0.00%"),
        (0.999, "99.90%"), (1 - 1 / (90 * 86_400), "99.99%"), (0.29, "29.00%"),
    ],
)  # fmt: skip
def test_a_percentage_is_never_rounded_up(part: float | None, expected: str) -> None:
    assert words.percent(part) == expected


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (None, "–"), (0.0, "0"), (2.4e-06, "2 µs"), (1e-09, "1 µs"),
        (0.0004, "0.4 ms"), (0.0099, "9.9 ms"), (0.00996, "10 ms"), (0.123, "123 ms"),
        (0.9994, "999 ms"), (0.9996, "1.00 s"), (1.234, "1.23 s"), (9.999, "10 s"), (75.4, "75 s"),
    ],
)  # fmt: skip
def test_a_time_has_three_digits(time: float | None, expected: str) -> None:
    assert words.took(time) == expected


@pytest.mark.parametrize(
    ("one", "en", "zh"),
    [
        (day(up=86_400), "100%", "100%"),
        (day(), "no data", "无数据"),
        (day(unwatched=86_400), "no data", "无数据"),
        (day(unknown=86_400), "not seen 1 d", "状态未知 1天"),
        (day(up=86_399, down=1), "99.99%, down 1 s", "99.99%，故障 1秒"),
        (
            day(up=80_000, down=600, degraded=5_400, maintenance=400),
            "99.30%, down 10 min, degraded 1 h 30 min, maintenance 6 min",
            "99.30%，故障 10分钟，性能下降 1小时30分钟，维护中 6分钟",
        ),
    ],
)
def test_what_a_day_was_in_words(one: Day, en: str, zh: str) -> None:
    assert words.of_a_day(one, "en") == en
    assert words.of_a_day(one, "zh") == zh


@pytest.mark.parametrize(
    ("states", "en", "zh"),
    [
        ([], "Nothing is shown here yet", "暂无可显示的内容"),
        ([UP], "Up", "正常"),
        ([DOWN], "Down", "故障"),
        ([UP, UP], "All systems are up", "所有服务运行正常"),
        ([UP, PAUSED], "All systems are up", "所有服务运行正常"),
        ([PAUSED, PAUSED], "Nobody looks at the moment", "暂无检测"),
        ([UP, DOWN, DOWN], "2 of 3 down", "3 项中有 2 项故障"),
        ([UP, DEGRADED, DOWN, MAINTENANCE], "1 of 4 down, 1 degraded, 1 in maintenance", None),
        ([UP, UNKNOWN], "1 of 2 cannot be seen at the moment", "2 项中有 1 项暂时无法检测"),
        ([UNKNOWN, MAINTENANCE], "1 of 2 cannot be seen at the moment, 1 in maintenance", None),
    ],
)
def test_how_everything_is_in_a_few_words(states: list[Time], en: str, zh: str | None) -> None:
    assert words.sentence(states, "en") == en
    assert zh in (None, words.sentence(states, "zh"))


def test_times_are_those_of_the_page() -> None:
    assert words.clock(AT - 60, SHANGHAI, AT) == "08:59"
    assert words.clock(AT - 86_400, SHANGHAI, AT) == "2026-11-20 09:00"
    assert words.between(AT, AT + 60, SHANGHAI) == "2026-11-21 09:00 – 09:01"
    assert words.between(AT, AT + 16 * 3_600, SHANGHAI) == "2026-11-21 09:00 – 2026-11-22 01:00"


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        (dt.UTC, "UTC"), (SHANGHAI, "UTC+08:00"), (ZoneInfo("America/St_Johns"), "UTC−03:30"),
        (ZoneInfo("Asia/Kathmandu"), "UTC+05:45"), (ZoneInfo("Europe/Berlin"), "UTC+01:00"),
    ],
)  # fmt: skip
def test_a_zone_is_said_as_everybody_knows_it(zone: dt.tzinfo, expected: str) -> None:
    assert words.offset(zone, AT) == expected


def test_a_phase_that_nobody_translated_has_its_own_name() -> None:
    assert words.phase("first_byte", "zh") == "等待首字节"
    assert words.phase("odd_one", "en") == "odd one"
