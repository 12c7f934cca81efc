"""A report as text and as CSV: right to the last place, and no cell is a formula."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.history import sheet
from daemon.history.query import Timing
from daemon.history.report import Line, Report, budget
from daemon.history.stretches import Shares, Time
from watching import at

HOUR = 3_600_000


def line(name: str = "shop", slo: float | None = None, **times: int) -> Line:
    shares = Shares({Time(time): length for time, length in times.items()})
    return Line(
        probe=name,
        uptime=shares.uptime,
        seconds=shares.seconds(),
        incidents=1,
        longest=90.0,
        mean_time_to_repair=45.5,
        looks={"up": 9, "down": 1},
        response=Timing(count=9, mean=0.1, least=0.05, most=2.0, p50=0.0834, p95=0.5, p99=1.5),
        budget=None if slo is None else budget(shares, slo),
    )


def made(*lines: Line) -> Report:
    return Report(
        period="2026-10",
        begin=at("2026-10-01"),
        end=at("2026-11-01"),
        time_zone="Europe/Berlin",
        lines=list(lines),
    )


def cells(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(sheet.as_csv(report), newline="")))


def test_as_csv_it_has_a_head_a_line_each_and_ends_as_the_rfc_says() -> None:
    text = sheet.as_csv(made(line(up=719 * HOUR, down=HOUR // 2, unknown=HOUR // 2, slo=0.999), line("till")))
    assert text.count("\r\n") == 3
    assert "\n" not in text.replace("\r\n", "")
    first, second = cells(made(line(up=719 * HOUR, down=HOUR // 2, unknown=HOUR // 2, slo=0.999), line("till")))
    assert first == {
        "probe": "shop",
        "period": "2026-10",
        "from": "2026-10-01 00:00:00+02:00",
        "to": "2026-11-01 00:00:00+01:00",
        "time_zone": "Europe/Berlin",
        "uptime_percent": "99.93",
        "up_seconds": "2588400",
        "degraded_seconds": "0",
        "down_seconds": "1800",
        "unknown_seconds": "1800",
        "maintenance_seconds": "0",
        "paused_seconds": "0",
        "unwatched_seconds": "0",
        "incidents": "1",
        "longest_seconds": "90",
        "mean_time_to_repair_seconds": "45.5",
        "looks": "10",
        "response_p50_seconds": "0.0834",
        "response_p95_seconds": "0.5",
        "response_p99_seconds": "1.5",
        "slo_percent": "99.9",
        "budget_seconds": "2590.2",
        "budget_used_seconds": "1800",
        "budget_spent_percent": "69.492703",
        "slo_kept": "yes",
    }
    assert (second["probe"], second["uptime_percent"], second["slo_percent"], second["slo_kept"]) == (
        "till",
        "",
        "",
        "",
    )


@given(st.text(min_size=1))
def test_whatever_a_probe_is_called_its_cell_is_its_name_and_no_formula(name: str) -> None:
    (row,) = cells(made(line(name, up=HOUR)))
    assert row["probe"].removeprefix("'") == name.removeprefix("'")
    assert not row["probe"].startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u200b=1", "\xa0-1", "＝1+1", '=HYPERLINK("x")'],
)
def test_a_formula_is_a_text(name: str) -> None:
    assert cells(made(line(name, up=HOUR)))[0]["probe"] == f"'{name}"


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.floats(0.5, 0.99999))
def test_no_number_begins_like_a_formula(up: int, down: int, slo: float) -> None:
    (row,) = cells(made(line(up=up, down=down, slo=slo)))
    assert not [name for name, cell in row.items() if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (1.0, "100.000%"), (0.0, "0.000%"), (0.9999996, "99.999%"), (0.999, "99.900%"), (0.29, "29.000%"),
        (1 - 1 / (90 * 86_400_000), "99.999%"), (None, "-"),
    ],
)  # fmt: skip
def test_what_was_down_at_all_is_never_a_hundred_percent(part: float | None, expected: str) -> None:
    assert sheet.percent(part) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.0, "0:00:00"), (0.2, "0:00:01"), (3_600.0, "1:00:00"), (90_061.0, "25:01:01"), (None, "-")],
)
def test_a_length_of_time_is_never_less_than_it_was(seconds: float | None, expected: str) -> None:
    assert sheet.clock(seconds) == expected


def test_as_text_it_lines_up_also_in_chinese() -> None:
    text = sheet.as_text(made(line("商城首页", up=HOUR, down=HOUR, slo=0.4), line("till\x1b[2J", slo=0.99, up=HOUR)))
    head, empty, names, first, second = text.splitlines()
    assert head == "2026-10: 2026-10-01 00:00:00+02:00 to 2026-11-01 00:00:00+01:00 (Europe/Berlin)"
    assert not empty
    assert names.split()[:4] == ["PROBE", "UPTIME", "DOWN", "INCIDENTS"]
    assert first.startswith("商城首页   50.000%  1:00:00")
    assert "40% kept" in first
    assert "\x1b" not in second
    assert len(first) + 4 == len(second) == len(names)
    assert sheet.as_text(made()).endswith("(none)\n")


def test_a_promise_that_is_broken_leaves_nothing() -> None:
    found = budget(Shares({Time.UP: 90 * HOUR, Time.DOWN: 10 * HOUR, Time.MAINTENANCE: 50 * HOUR}), 0.95)
    assert (round(found.allowed), found.used, found.left, found.is_kept) == (18_000, 36_000.0, 0.0, False)
    assert found.spent == pytest.approx(2.0)
    nothing = budget(Shares(), 0.999)
    assert (nothing.allowed, nothing.used, nothing.spent, nothing.is_kept) == (0.0, 0.0, None, None)


@pytest.mark.parametrize("slo", [0.9, 0.95, 0.99, 0.995, 0.999, 0.9995, 0.9999])
def test_a_promise_that_is_used_up_to_the_millisecond_is_kept(slo: float) -> None:
    down = round((1 - slo) * 10_000 * HOUR)
    whole = {Time.UP: 10_000 * HOUR - down, Time.DOWN: down}
    assert budget(Shares(whole), slo).is_kept
    assert not budget(Shares({Time.UP: whole[Time.UP] - 1, Time.DOWN: down + 1}), slo).is_kept


def test_nothing_is_said_of_a_promise_about_a_time_of_which_nothing_is_known() -> None:
    silent = made(line(unwatched=700 * HOUR, paused=44 * HOUR, slo=0.999))
    (row,) = cells(silent)
    assert (row["slo_percent"], row["slo_kept"], row["budget_seconds"]) == ("99.9", "", "0")
    text = sheet.as_text(silent).splitlines()[-1]
    assert text.endswith("99.9%            -")
    assert "kept" not in text


def test_as_text_it_says_how_much_of_the_time_nobody_looked() -> None:
    names, row = sheet.as_text(made(line(up=HOUR, unwatched=700 * HOUR, paused=43 * HOUR))).splitlines()[-2:]
    told = dict(zip(re.split(r"  +", names), re.split(r"  +", row), strict=True))
    assert (told["UPTIME"], told["PAUSED"], told["UNWATCHED"]) == ("100.000%", "43:00:00", "700:00:00")
