"""Time zones by name, and what is said of names that are none."""

import datetime as dt
import time

import pytest

from daemon.zone import Zone


@pytest.mark.parametrize("name", ["UTC", "Local", "Asia/Shanghai", "Etc/GMT-8", "America/Argentina/Buenos_Aires"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    zone = Zone.parse(name)
    assert str(zone) == name
    assert zone == Zone(name)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("asia/shanghai", "Asia/Shanghai"),
        ("Asia/Shangai", "Asia/Shanghai"),
        ("Shanghai", "Asia/Shanghai"),
        ("Beijing", "Asia/Shanghai"),
        ("Asia/Beijing", "Asia/Shanghai"),
        ("New York", "America/New_York"),
        ("local", "Local"),
        ("utc", "UTC"),
    ],
)
def test_a_zone_that_was_nearly_named_is_suggested(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f'^is not a time zone; did you mean "{meant}"\\?$'):
        Zone.parse(name)


@pytest.mark.parametrize(
    "name", ["", "Asia", "GMT+8", "UTC+08:00", "right/UTC", "../../etc/passwd", "/etc", "x" * 5_000, "\0"]
)
def test_what_is_like_no_zone_gets_an_example(name: str) -> None:
    with pytest.raises(ValueError, match=r"^is not a time zone; write for example Asia/Shanghai, UTC or Local$"):
        Zone.parse(name)


def test_the_machine_s_own_zone_is_called_as_the_machine_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        local = Zone("Local").info
        assert f"{dt.datetime(2026, 7, 1, tzinfo=local):%Z} {dt.datetime(2026, 12, 1, tzinfo=local):%Z}" == "CEST CET"
        assert local.tzname(None) == "Local"
    finally:
        monkeypatch.undo()
        time.tzset()
