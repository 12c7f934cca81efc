"""Times as other programs write them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.payload.stamps import instant

BEGIN = 1_795_222_800.0  # 2026-11-21 01:00:00 UTC


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-11-21T01:00:00Z", BEGIN),
        ("2026-11-21t01:00:00z", BEGIN),
        ("2026-11-21 01:00:00", BEGIN),
        (" 2026-11-21T01:00:00 UTC ", BEGIN),
        ("2026-11-21T09:00:00+08:00", BEGIN),
        ("2026-11-21T01:00:00.000+0000", BEGIN),
        ("2026-11-20T20:00:00-05:00", BEGIN),
        ("2026-11-21T06:30:00+05:30", BEGIN),
        ("2026-11-21T01:00:00.5Z", BEGIN + 0.5),
        ("2026-11-21T01:00:00,25Z", BEGIN + 0.25),
        ("2026-11-21T00:59:60Z", BEGIN),
        (1_795_222_800, BEGIN),
        ("1795222800", BEGIN),
        ("1795222800.5", BEGIN + 0.5),
        (1_795_222_800_000, BEGIN),
        ("1795222800123", BEGIN + 0.123),
        (1_795_222_800_000_000, BEGIN),
        (1_795_222_800_000_000_000, BEGIN),
    ],
)
def test_a_time_is_read_whatever_its_fraction_offset_or_unit(written: object, meant: float) -> None:
    assert instant(written) == pytest.approx(meant, abs=1e-5)


@pytest.mark.parametrize("written", ["2026-11-21 09:00:00", "2026-11-21T01:00:00Z", "2026-11-21T01:00:00+00:00", BEGIN])
def test_a_time_that_names_no_offset_has_the_source_s_own(written: object) -> None:
    assert instant(written, "+08:00") == BEGIN


def test_nanoseconds_are_not_cut_to_another_second() -> None:
    assert instant("2026-11-21T01:00:00.999999999Z") == pytest.approx(BEGIN + 0.999999999, abs=1e-5)


@pytest.mark.parametrize(
    "written",
    [
        "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
        "0000-00-00T00:00:00Z", "1969-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-11-21T25:00:00Z",
        "2026-11-21", "yesterday", "", "null", "$DATE", 0, -1, "0", "-5", True, False, None, [], {}, 1e300, 10**400,
        float("nan"), float("inf"), "9" * 300, "٢٠٢٦-١١-٢١T٠١:٠٠:٠٠Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_none(written: object) -> None:
    assert instant(written) is None


@pytest.mark.slow
@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(8999, 12, 31), timezones=st.timezones()))  # noqa: DTZ001
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_every_time_with_a_whole_minute_offset_is_read_as_written(when: datetime) -> None:
    offset = when.utcoffset()
    assert offset is not None
    if offset.total_seconds() % 60:
        return  # local mean time of the nineteenth century, which RFC 3339 cannot write
    assert instant(when.isoformat()) == pytest.approx(when.astimezone(UTC).timestamp(), abs=1e-3)


@given(st.text() | st.from_regex(r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)\Z"))
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_no_text_raises(text: str) -> None:
    instant(text)
