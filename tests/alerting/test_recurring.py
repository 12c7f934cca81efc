"""Recurring silences, also on the days on which clocks are put on and back."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from daemon.alerting.silence import State, state
from daemon.config import recurring
from daemon.store.silences import Silence
from daemon.store.sqlite import SqliteStore
from fake_clock import BEGIN
from hushed import HOUR, WEB, Hushed

NIGHTLY = '{times: [{start_time: "02:00", end_time: "04:00"}], location: Europe/Berlin}'
DAY = 24 * HOUR


def berlin(text: str, fold: int = 0) -> float:
    """Seconds since the epoch of a time in Berlin; with `fold`, the second of two that are called so."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=fold).timestamp()


def nightly(during: str = NIGHTLY) -> Silence:
    return Silence(
        matchers=[WEB], starts_at=0, ends_at=None, during=recurring.written(recurring.read(during)),
        author="lin", comment="", created_at=0, updated_at=0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "stands"),
    [
        (berlin("2026-11-21 01:59"), State.RESTING),
        (berlin("2026-11-21 02:00"), State.ACTIVE),
        (berlin("2026-11-21 03:59"), State.ACTIVE),
        (berlin("2026-11-21 04:00"), State.RESTING),
        # 2027-03-28: 02:00 is 03:00, so that only one hour is left of the two.
        (berlin("2027-03-28 03:00") - 1, State.RESTING),
        (berlin("2027-03-28 03:00"), State.ACTIVE),
        (berlin("2027-03-28 03:00") + HOUR - 1, State.ACTIVE),
        (berlin("2027-03-28 03:00") + HOUR, State.RESTING),
        # 2026-10-25: 03:00 is 02:00 once more, so that it holds for three hours.
        (berlin("2026-10-25 02:00") - 1, State.RESTING),
        (berlin("2026-10-25 02:00"), State.ACTIVE),
        (berlin("2026-10-25 02:00", fold=1), State.ACTIVE),
        (berlin("2026-10-25 02:00") + 3 * HOUR - 1, State.ACTIVE),
        (berlin("2026-10-25 02:00") + 3 * HOUR, State.RESTING),
    ],
)
def test_a_nightly_silence_holds_by_the_clock_on_the_wall(at: float, stands: State) -> None:
    assert state(nightly(), at) is stands


def test_one_of_several_intervals_is_enough() -> None:
    both = nightly('[{weekdays: [saturday]}, {times: [{start_time: "02:00", end_time: "04:00"}]}]')
    saturday, night, neither = "2026-11-21T12:00+00:00", "2026-11-23T03:00+00:00", "2026-11-23T05:00+00:00"
    found = [state(both, dt.datetime.fromisoformat(at).timestamp()) for at in (saturday, night, neither)]
    assert found == [State.ACTIVE, State.ACTIVE, State.RESTING]


def test_what_another_version_wrote_and_this_one_cannot_read_hides_nothing() -> None:
    silence = Silence(
        matchers=[WEB], starts_at=0, ends_at=None, during='[{"phases_of_moon": ["full"]}]',
        author="lin", comment="", created_at=0, updated_at=0,
    )  # fmt: skip
    assert state(silence, BEGIN) is State.RESTING


def test_it_hides_in_its_hours_day_after_day_and_what_fires_on_is_told_after_them(store: SqliteStore) -> None:
    """It begins on a Saturday at 01:00 UTC, which is the beginning of the silence in Berlin."""
    story = Hushed(store)
    story.hush(during=NIGHTLY)
    story.web("a")
    story.to(2 * HOUR + 29)
    assert story.told() == []
    story.to(3 * HOUR).ends("a")
    story.to(DAY + 600).web("b")
    story.to(DAY + 2 * HOUR - 1)
    assert story.told() == [(7_230, "first", "a", ""), (10_830, "all_resolved", "", "a")]
    story.to(2 * DAY)
    assert story.told()[2:] == [(DAY + 600 + 30 + 6_600, "first", "b", "")]


def test_it_ends_where_it_has_an_end(store: SqliteStore) -> None:
    story = Hushed(store)
    story.hush(during=NIGHTLY, end=DAY)
    story.to(DAY + 600).web("b")
    assert story.to(DAY + 700).told() == [(DAY + 630, "first", "b", "")]


def test_what_is_written_reads_as_the_same_again() -> None:
    text = (
        '[{times: [{start_time: "08:00", end_time: "24:00"}], weekdays: ["monday:friday", sunday], '
        "days_of_month: [1, '-3:-1'], months: [march], years: ['2026:2028'], location: Local, workdays: cn}, "
        "{holidays: cn}]"
    )
    found = recurring.read(text)
    assert recurring.read(recurring.written(found)) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nights", "must be an interval, or a list of 1 to 20 of them"),
        ("[]", "must be an interval, or a list of 1 to 20 of them"),
        (f"[{', '.join(['{years: [2027]}'] * 21)}]", "a list of 1 to 20"),
        ("{", "cannot be read as YAML"),
        ("{weekdays: [funday]}", '"funday" names no day of the week; they are sunday'),
        ("{weekday: [sunday]}", 'unknown key "weekday"; did you mean "weekdays"?'),
        ('{times: [{start_time: "22:00", end_time: "06:00"}]}', "write two: 22:00 to 24:00, and 00:00 to 06:00"),
        ("{days_of_month: [31], months: [february]}", "can never be: there is no day with"),
        ("{location: Berlin}", 'is not a time zone; did you mean "Europe/Berlin"?'),
        ("{location: '${HOME}'}", "cannot refer to files or to the environment"),
        ("{location: 'file:/etc/passwd'}", "cannot refer to files or to the environment"),
        ("{years: []}", "names nothing"),
        ("x" * 4_001, "4001 characters; at most 4000"),
        ("\0", "is not allowed in YAML"),
    ],
)
def test_what_is_no_interval_is_refused_with_what_would_be_right(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        recurring.read(text)
