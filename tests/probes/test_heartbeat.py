"""What is made of calls: new, up, late, failed, hanging, out of order; the kind alone, without a scheduler."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.calendars.cron import Cron, Firings
from daemon.calendars.pace import Pace
from daemon.probes import lifeline
from daemon.probes.heartbeat import Heartbeat
from daemon.reading import Health, Past, Reading, Sign, SignKind
from daemon.secret import Secret
from daemon.units import Seconds
from daemon.zone import Zone

KEY = Secret("k" * 16)
T = 1_795_222_800.0  # 2026-11-21 01:00:00 UTC
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
START, SUCCESS, FAIL, LOG = SignKind.START, SignKind.SUCCESS, SignKind.FAIL, SignKind.LOG


def daily(**more: Any) -> Heartbeat:
    return Heartbeat(key=KEY, grace=Seconds(HOUR), **more)


class Job:
    """One heartbeat and what it was told."""

    def __init__(self, every: float = DAY, cron: str = "", zone: str = "UTC", **more: Any) -> None:
        self.kind = daily(**more)
        info = Zone(zone).info
        self.pace = Pace(every, Firings(Cron.parse(cron), info, "job") if cron else None, info)
        self.notes = b""
        self.since: Mapping[str, float] = {}

    def say(self, kind: SignKind, at: float, run: str = "", code: int | None = None, body: bytes = b"") -> "Job":
        sign = Sign(kind=kind, at=at, run=run, code=code, body=body, size=len(body))
        self.notes = self.kind.heard(self.notes, sign)
        return self

    def at(self, now: float) -> Reading:
        return self.kind.look_on(Past(now=now, notes=self.notes, pace=self.pace, **self.since))


def test_before_the_first_call_nothing_is_known_and_nothing_is_due() -> None:
    reading = Job().at(T)
    assert (reading.health, reading.detail, reading.again_at) == (Health.UNKNOWN, "no sign yet", None)
    assert reading.values == {}


def test_a_success_is_up_until_it_is_due_and_a_grace_later() -> None:
    job = Job().say(SUCCESS, T)
    reading = job.at(T + 1)
    assert (reading.health, reading.again_at) == (Health.UP, T + DAY + HOUR)
    assert reading.detail == "succeeded 2026-11-21 01:00:00 UTC"
    assert reading.values == {"age": 1.0, "late": 0.0, "missed": 0}
    assert job.at(T + DAY + HOUR - 1).health is Health.UP


def test_what_is_late_is_down_with_since_when_and_when_it_was_due() -> None:
    job = Job(zone="Asia/Shanghai").say(SUCCESS, T)
    reading = job.at(T + DAY + HOUR)
    assert reading.health is Health.DOWN
    assert reading.detail == "no sign since 2026-11-21 09:00:00 CST, was due 2026-11-22 09:00:00 CST"
    assert reading.values == {"age": DAY + HOUR, "late": HOUR, "missed": 1}
    assert reading.again_at == T + 2 * DAY + HOUR
    assert not reading.sure


def test_each_time_that_it_is_missed_is_one() -> None:
    job = Job().say(SUCCESS, T)
    assert [job.at(T + days * DAY + HOUR).values["missed"] for days in range(1, 5)] == [1, 2, 3, 4]
    assert [job.at(T + days * DAY + HOUR + 1).again_at for days in (1, 2)] == [T + 2 * DAY + HOUR, T + 3 * DAY + HOUR]
    assert job.at(T + 2_000 * DAY).values["missed"] == 100


def test_a_failure_is_down_at_once_and_is_not_doubted() -> None:
    reading = Job().say(SUCCESS, T).say(FAIL, T + HOUR, code=3, body=b"no space left\n").at(T + HOUR)
    assert (reading.health, reading.sure) == (Health.DOWN, True)
    assert reading.detail == "failed with exit code 3 2026-11-21 02:00:00 UTC"
    assert reading.values["exit"] == 3
    assert reading.evidence["output"] == "no space left"
    assert reading.evidence["last success"] == "2026-11-21 01:00:00 UTC"
    assert reading.body == b"no space left\n"


def test_a_success_after_a_failure_is_up() -> None:
    assert Job().say(FAIL, T).say(SUCCESS, T + 1).at(T + 2).health is Health.UP


def test_a_failure_counts_as_a_sign_for_what_is_due() -> None:
    job = Job().say(SUCCESS, T).say(FAIL, T + DAY)
    assert job.at(T + DAY + 2 * HOUR).detail.startswith("failed")
    assert job.at(T + 2 * DAY + HOUR).detail.startswith("no sign since 2026-11-22")


def test_a_start_and_its_end_give_the_time_of_the_run() -> None:
    reading = Job().say(START, T, "a").say(SUCCESS, T + 90, "a", code=0).at(T + 100)
    assert reading.values["duration"] == 90.0
    assert reading.values["exit"] == 0
    assert reading.detail == "succeeded 2026-11-21 01:01:30 UTC, after 1m"


def test_what_was_not_said_is_absent_and_not_zero() -> None:
    values = Job().say(SUCCESS, T).at(T).values
    assert "exit" not in values
    assert "duration" not in values


def test_a_start_without_an_end_is_down_after_the_longest_run() -> None:
    job = Job(longest=Seconds(600.0)).say(SUCCESS, T).say(START, T + HOUR)
    reading = job.at(T + HOUR + 1)
    assert (reading.health, reading.again_at) == (Health.UP, T + HOUR + 600)
    reading = job.at(T + HOUR + 600)
    assert reading.health is Health.DOWN
    assert reading.detail == "began 2026-11-21 02:00:00 UTC and has not ended in 10m"


def test_a_run_that_began_in_time_is_not_late_while_it_may_last() -> None:
    job = Job(longest=Seconds(4 * HOUR)).say(SUCCESS, T).say(START, T + DAY)
    assert job.at(T + DAY + 2 * HOUR).health is Health.UP
    assert job.at(T + DAY + 4 * HOUR).health is Health.DOWN


def test_without_a_longest_run_only_an_end_is_a_sign() -> None:
    job = Job().say(SUCCESS, T).say(START, T + DAY)
    assert job.at(T + DAY + HOUR).health is Health.DOWN


def test_a_run_that_begins_while_the_last_one_hangs_does_not_make_it_well() -> None:
    job = Job(longest=Seconds(600.0)).say(SUCCESS, T).say(START, T + HOUR).say(START, T + DAY)
    reading = job.at(T + DAY + 1)
    assert (reading.health, reading.detail) == (Health.DOWN, "the run that began 2026-11-21 02:00:00 UTC never ended")
    assert job.say(SUCCESS, T + DAY + 60).at(T + DAY + 61).health is Health.UP


def test_a_success_lets_go_of_runs_that_should_have_ended_long_ago() -> None:
    job = Job(longest=Seconds(600.0)).say(START, T, "a").say(START, T + HOUR, "b").say(SUCCESS, T + HOUR + 5, "b")
    assert job.at(T + HOUR + 6).health is Health.UP


def test_runs_side_by_side_are_told_apart_by_their_names() -> None:
    job = Job(longest=Seconds(600.0)).say(START, T, "a").say(START, T + 60, "b").say(SUCCESS, T + 90, "b")
    assert job.at(T + 91).values["duration"] == 30.0
    assert job.at(T + 600).detail.startswith("began 2026-11-21 01:00:00 UTC and has not ended")
    assert job.say(SUCCESS, T + 601, "a").at(T + 602).values["duration"] == 601.0


def test_a_first_run_that_never_ends_is_down_too() -> None:
    job = Job(longest=Seconds(600.0)).say(START, T)
    reading = job.at(T + 1)
    assert (reading.health, reading.again_at) == (Health.UNKNOWN, T + 600)
    assert reading.detail == "began 2026-11-21 01:00:00 UTC, and no run has ended yet"
    assert job.at(T + 600).health is Health.DOWN


def test_a_start_that_is_heard_after_its_end_begins_nothing() -> None:
    job = Job(longest=Seconds(600.0)).say(SUCCESS, T, "a").say(START, T + 1, "a")
    reading = job.at(T + HOUR)
    assert reading.health is Health.UP
    assert "under way since" not in reading.evidence


def test_the_same_call_twice_is_the_same_run() -> None:
    job = Job().say(START, T, "a").say(START, T + 5, "a").say(SUCCESS, T + 60, "a").say(SUCCESS, T + 65, "a")
    assert job.at(T + 70).values["duration"] == 60.0


def test_a_log_changes_nothing_and_is_shown() -> None:
    job = Job().say(FAIL, T).say(LOG, T + 1, body=b"cleaning up")
    reading = job.at(T + 2)
    assert reading.health is Health.DOWN
    assert reading.evidence["log"] == "cleaning up"
    assert Job().say(LOG, T).at(T + 1).health is Health.UNKNOWN


@pytest.mark.parametrize(
    ("zone", "last", "due"),
    [
        ("UTC", "2026-11-21T02:05:00", "2026-11-22T02:00:00"),
        ("Asia/Shanghai", "2026-11-21T02:05:00", "2026-11-21T18:00:00"),
        ("America/New_York", "2026-03-08T01:00:00", "2026-03-08T07:00:00"),  # 02:00 is left out: right after it
    ],
)
def test_by_cron_it_is_due_at_the_next_instant_of_its_line(zone: str, last: str, due: str) -> None:
    job = Job(cron="0 2 * * *", zone=zone).say(SUCCESS, stamp(last))
    reading = job.at(stamp(last) + 1)
    assert (reading.health, reading.again_at) == (Health.UP, stamp(due) + HOUR)
    assert job.at(stamp(due) + HOUR - 1).health is Health.UP
    assert job.at(stamp(due) + HOUR).health is Health.DOWN


def test_a_line_with_no_more_instants_expects_nothing() -> None:
    job = Job(cron="0 0 2 * * ? 2026").say(SUCCESS, stamp("2026-12-31T02:01:00"))
    reading = job.at(stamp("2028-01-01T00:00:00"))
    assert (reading.health, reading.again_at) == (Health.UP, None)
    assert "late" not in reading.values


def test_what_fell_into_a_pause_was_not_expected() -> None:
    job = Job().say(SUCCESS, T)
    job.since = {"awake_since": T + 7 * DAY}
    assert job.at(T + 7 * DAY + 2 * HOUR).health is Health.UP
    assert job.at(T + 8 * DAY + HOUR).health is Health.DOWN


def test_after_a_start_of_tocsin_there_is_a_grace_to_make_up_for_a_call() -> None:
    job = Job(longest=Seconds(600.0)).say(SUCCESS, T).say(START, T + HOUR)
    job.since = {"heard_since": T + 2 * DAY}
    reading = job.at(T + 2 * DAY + 1)
    assert (reading.health, reading.again_at) == (Health.UP, T + 2 * DAY + HOUR)
    assert job.at(T + 2 * DAY + HOUR).health is Health.DOWN


def test_a_start_of_tocsin_puts_off_nothing_that_is_to_come() -> None:
    job = Job().say(SUCCESS, T)
    job.since = {"heard_since": T + HOUR}
    assert job.at(T + 2 * HOUR).again_at == T + DAY + HOUR


def test_a_call_from_the_future_was_heard_before_the_clock_was_set_back() -> None:
    """Else it would not be missed until that future comes."""
    job = Job().say(SUCCESS, T + 3_650 * DAY)
    job.since = {"heard_since": T}  # the clock was set then
    reading = job.at(T + 1)
    assert (reading.health, reading.again_at) == (Health.UP, T + DAY + HOUR)
    assert reading.values["age"] == 1.0
    assert job.at(T + DAY + HOUR).health is Health.DOWN


def test_a_run_from_the_future_has_its_time_from_now_on() -> None:
    job = Job(longest=Seconds(600.0)).say(START, T + 3_650 * DAY)
    job.since = {"heard_since": T}
    assert job.at(T + 1).again_at == T + 600
    assert job.at(T + 600).health is Health.DOWN


def test_output_that_is_no_text_is_shown_without_harm() -> None:
    body = b"\xff\xfe\x00\x1b[31m red \xe7\xa3" + b"x" * 9_000 + b" the end"
    shown = Job().say(FAIL, T, body=body).at(T).evidence["output"]
    assert len(shown) <= 4_000
    assert shown.endswith("the end")
    assert "\x1b" not in shown
    assert "\x00" not in shown


@given(st.binary(max_size=300))
def test_notes_that_nobody_can_read_are_as_good_as_none(notes: bytes) -> None:
    job = Job()
    job.notes = notes
    assert job.at(T).health in Health
    assert job.say(SUCCESS, T).at(T).health is Health.UP


some_calls = st.tuples(
    st.sampled_from(SignKind), st.floats(-DAY, DAY), st.sampled_from(("", "a", "b", "c")), st.binary(max_size=5)
)


@given(st.lists(some_calls, max_size=60), st.floats(-2 * DAY, 2 * DAY))
def test_calls_in_any_order_have_a_reading_and_stay_small(
    calls: list[tuple[SignKind, float, str, bytes]], now: float
) -> None:
    job = Job(longest=Seconds(600.0))
    for kind, at, run, body in calls:
        job.say(kind, T + at, run, None, body)
    reading = job.at(T + now)
    assert len(job.notes) < 2_000
    assert reading.again_at is None or reading.again_at > T + now
    assert all(value >= 0 for value in reading.values.values())
    ends = [kind for kind, *_ in calls if kind in (SUCCESS, FAIL)]
    assert (reading.health is Health.UNKNOWN) <= (not ends)


def test_many_runs_that_never_end_are_forgotten_one_by_one() -> None:
    job = Job()
    for number in range(1_000):
        job.say(START, T + number, f"run-{number}")
    assert len(lifeline.read(job.notes).runs) == lifeline.RUNS
    assert len(job.notes) < 2_000


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("short", "a key has 16 to 128 characters"),
        ("x" * 129, "a key has 16 to 128 characters"),
        ("with/a/slash/in/it/", "letters, digits, and . _ ~ -"),
        ("with a space in it", "letters, digits, and . _ ~ -"),
        ("钥匙" * 10, "letters, digits, and . _ ~ -"),
    ],
)
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str, says: str) -> None:
    check = Heartbeat.__dataclass_fields__["key"].metadata["check"]
    with pytest.raises(ValueError, match=r"^a key") as refused:
        check(Secret(key))
    assert says in str(refused.value)
    assert key not in str(refused.value)


def test_the_key_shows_nowhere() -> None:
    job = Job().say(FAIL, T)
    shown = repr(job.kind) + job.kind.target() + repr(job.at(T + DAY)) + repr(job.notes)
    assert KEY.reveal() not in shown


def stamp(text: str) -> float:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()
