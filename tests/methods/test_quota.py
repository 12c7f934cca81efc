"""What a caller sees of quotas."""

import datetime as dt
from dataclasses import replace
from typing import ClassVar

import pytest

from daemon.cli import quota as shown
from daemon.config.quota import Counted, Per, Quota, Then
from daemon.config.settings import Channel
from daemon.delivery import ledger, spending
from daemon.delivery.outlook import Level, gone_at, level
from daemon.senders.base import Sender
from daemon.store.base import Tx
from daemon.store.quotas import Use
from daemon.units import Share
from daemon.zone import Zone
from fake_clock import BEGIN
from fake_parts import Desk

SHANGHAI = Zone("Asia/Shanghai")  # where the tests begin at 09:00


class Sms(Sender):
    address: ClassVar[str] = "phone"


def configure(desk: Desk, *quotas: Quota) -> None:
    settings = desk.settings
    channel = Channel(name="sms", type="sms", sender=Sms(), quotas=quotas)
    texts = replace(settings.texts, time_zone=SHANGHAI)
    desk.settings = replace(settings, texts=texts, channels={"sms": channel})


def spend(desk: Desk, *addresses: str) -> None:
    limits = ledger.limits(desk.settings.channels["sms"], SHANGHAI.info, desk.clock.now(), 60.0)

    def work(tx: Tx) -> None:
        for address in addresses:
            spending.take(tx, "sms", limits, address, desk.clock.now())

    desk.store.write(work)


def test_a_quota_says_what_is_used_and_when_it_will_be_gone(desk: Desk) -> None:
    configure(desk, Quota(most=100, per=Per.DAY), Quota(most=10_000, per=Per.MONTH))
    spend(desk, *["+86131"] * 60)
    day, month = desk.ask("quota.list")
    assert (day["used"], day["most"], day["reserve"], day["warn_at"], day["level"]) == (60, 100, 10, 72, "ok")
    assert day["forecast"] == "at this rate gone at 09:30"
    assert day["gone_at"] == BEGIN + 1_800
    assert month["forecast"] == "at this rate gone at 14:00 on 2026-11-27"


def test_the_rate_of_the_last_hour_fades_and_that_of_the_day_stays(desk: Desk) -> None:
    configure(desk, Quota(most=100, per=Per.DAY))
    spend(desk, *["+86131"] * 36)
    desk.clock.advance(3 * 3_600.0)
    (line,) = desk.ask("quota.list")
    assert line["forecast"] == "enough at this rate"
    assert line["ends_at"] - line["begins_at"] == 86_400


def test_each_recipient_shows_the_fullest_and_counts_the_others(desk: Desk) -> None:
    configure(desk, Quota(most=5, per=Per.DAY, each=Counted.RECIPIENT, reserve=Share(number=0), then=Then.FAIL_OVER))
    assert [one["key"] for one in desk.ask("quota.list")] == [""]
    spend(desk, "b", *["a"] * 9, *["c"] * 4)
    lines = desk.ask("quota.list")
    assert [(one["key"], one["used"], one["level"], one["others"]) for one in lines] == [
        ("a", 5, "gone", 1),
        ("c", 4, "soon", 1),
        ("b", 1, "ok", 1),
    ]
    assert lines[0]["forecast"] == "new at 00:00 on 2026-11-22"
    table = shown.lines(lines)
    assert table.splitlines()[0].split() == ["CHANNEL", "QUOTA", "OF", "USED", "RESERVE", "THEN", "LEVEL", "FORECAST"]
    assert "day-recipient  a   5/5   0        fail_over  gone   new at 00:00 on 2026-11-22" in table
    (command,) = shown.COMMANDS
    assert command.failed(lines)
    assert not command.failed(lines[1:])


@pytest.mark.parametrize(
    ("used", "expected"), [(0, Level.OK), (71, Level.OK), (72, Level.SOON), (90, Level.RESERVE), (100, Level.GONE)]
)
def test_how_far_a_quota_is_used_has_a_name(used: int, expected: Level) -> None:
    assert level(Quota(most=100, per=Per.DAY), used) is expected


@pytest.mark.parametrize(
    ("used", "pace", "expected"),
    [(0, 0.0, None), (90, 50.0, None), (50, 0.0, 8.0), (50, 20.0, 2.0), (10, 1.0, None), (50, 2.0, 8.0)],
)
def test_the_faster_of_two_rates_tells_when_it_is_gone(used: int, pace: float, expected: float | None) -> None:
    """Ten hours into a day of which 90 may be used; hours until they are."""
    quota = Quota(most=100, per=Per.DAY)
    now = dt.datetime(2026, 11, 21, 10, tzinfo=dt.UTC).timestamp()
    found = gone_at(quota, ledger.period(Per.DAY, dt.UTC, now), Use(key="", used=used, pace=pace), now)
    assert found == (None if expected is None else now + expected * 3_600)
