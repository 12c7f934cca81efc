"""The breaker: every transition, as a value."""

import pytest
from msgspec.structs import replace

from daemon.delivery.breaker import CLOSED, Breaker, Crashed, State, Unasked, Why, after
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance

FAILED = SendFailed("503")
CHANNEL = SendRefused("arrears", scope=Scope.CHANNEL)


def fed(breaker: Breaker, *outcomes: Acceptance | SendError, now: float = 100.0) -> Breaker:
    for outcome in outcomes:
        breaker = after(breaker, outcome, now, breaker.epoch)
    return breaker


def test_four_failures_are_borne_and_the_fifth_opens_it_for_ten_seconds() -> None:
    four = fed(CLOSED, *[FAILED] * 4)
    assert (four.state, four.reason) == (State.CLOSED, "")
    five = fed(four, FAILED)
    assert (five.state, five.until, five.why) == (State.OPEN, 110.0, Why.FAILURES)
    assert five.reason == "several failures in a row: 503"


@pytest.mark.parametrize(
    "answer",
    [Acceptance(), SendRefused("this text"), SendRefused("this number", scope=Scope.RECIPIENT)],
    ids=["sent", "message refused", "recipient refused"],
)
def test_an_answer_between_failures_begins_the_count_anew(answer: Acceptance | SendError) -> None:
    assert fed(CLOSED, *[FAILED] * 4, answer, *[FAILED] * 4).state is State.CLOSED


@pytest.mark.parametrize("outcome", [SendWait("busy", seconds=1), Crashed("bug"), Unasked("who knows")])
def test_waits_and_our_own_bugs_and_what_was_not_sent_do_not_count(outcome: SendError) -> None:
    assert fed(CLOSED, *[outcome] * 50).state is State.CLOSED
    assert fed(CLOSED, *[FAILED] * 4, outcome, FAILED).state is State.OPEN


def test_a_refusal_of_the_channel_opens_it_at_once() -> None:
    opened = fed(CLOSED, CHANNEL)
    assert (opened.state, opened.why) == (State.OPEN, Why.REFUSED)


def test_one_trial_after_the_pause_and_none_before() -> None:
    opened = fed(CLOSED, CHANNEL)
    assert not opened.may_try(109.999)
    assert opened.may_try(110.0)
    assert not opened.tried().may_try(1e9)
    assert not CLOSED.may_try(1e9)


def test_failed_trials_make_the_pause_grow_to_five_minutes() -> None:
    breaker, pauses = fed(CLOSED, CHANNEL), []
    for _ in range(8):
        pauses.append(breaker.pause)
        breaker = fed(breaker.tried(), FAILED, now=breaker.until)
        assert breaker.why is Why.TRIAL
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]


@pytest.mark.parametrize("outcome", [Acceptance(), SendWait("busy", seconds=9), SendRefused("text")])
def test_a_trial_that_was_answered_closes_it_and_forgets(outcome: Acceptance | SendError) -> None:
    closed = fed(fed(CLOSED, CHANNEL).tried(), outcome)
    assert replace(closed, epoch=0) == CLOSED


def test_a_trial_that_ended_in_our_bug_may_be_made_again() -> None:
    opened = fed(CLOSED, CHANNEL)
    assert fed(opened.tried(), Crashed("bug")).may_try(opened.until)


def test_late_failures_of_earlier_sends_do_not_make_the_pause_longer() -> None:
    opened = fed(CLOSED, *[FAILED] * 5)
    assert fed(opened, *[FAILED] * 90, CHANNEL, now=105.0) == opened


def test_a_late_success_of_an_earlier_send_closes_it() -> None:
    assert fed(fed(CLOSED, *[FAILED] * 5), Acceptance()).state is State.CLOSED


@pytest.mark.parametrize("late", [FAILED, CHANNEL, Crashed("bug"), Unasked("who knows")])
def test_a_late_failure_of_an_earlier_send_is_not_the_trials(late: SendError) -> None:
    opened = fed(CLOSED, *[FAILED] * 5)
    trial = opened.tried()
    assert after(trial, late, 111.0, CLOSED.epoch) == trial
    assert after(trial, late, 111.0, opened.epoch) == trial


@pytest.mark.parametrize("late", [FAILED, CHANNEL])
def test_a_late_failure_of_an_earlier_send_says_nothing_about_a_channel_that_works_again(late: SendError) -> None:
    again = fed(fed(CLOSED, *[FAILED] * 5).tried(), Acceptance())
    for _ in range(9):
        assert after(again, late, 111.0, CLOSED.epoch) == again
    assert fed(again, *[FAILED] * 5).state is State.OPEN
