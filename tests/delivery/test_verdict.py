"""What becomes of a delivery after one try: one row per case."""

from typing import Any

import msgspec
import pytest

from daemon.delivery.breaker import Crashed
from daemon.delivery.verdict import MAX_REASON, Step, Terms, each, judge, lesson
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance, Delivery, Hop, Phase, Recipient

NOW = 10_000.0
NEXT = [Hop(channel="backup")]
DELIVERY = Delivery(
    id=1,
    notice_id=1,
    channel="sms",
    recipient=Recipient(name="lin", address="1"),
    urgency=0,
    phase=Phase.SENDING,
    created_at=NOW,
    due_at=NOW,
    lease_until=NOW + 60,
    attempts=1,
    first_try_at=NOW,
    settled_at=None,
    provider_id="",
    reason="",
    then=[],
    alone=False,
    interrupted=False,
)
TERMS = Terms(deadline=3600.0, fail_over_after=60.0, serving_since=0.0, shut=False, batch=1)


def verdict(
    outcome: Acceptance | SendError, *, terms: dict[str, Any] | None = None, now: float = NOW, **row: Any
) -> Any:
    delivery = msgspec.structs.replace(DELIVERY, **row)
    return judge(outcome, delivery, msgspec.structs.replace(TERMS, **(terms or {})), now, lambda: 0.0)


FAILED = SendFailed("503", code="E503")
TEXT = SendRefused("bad text")
NUMBER = SendRefused("bad number", scope=Scope.RECIPIENT)
CHANNEL = SendRefused("arrears", scope=Scope.CHANNEL)


@pytest.mark.parametrize(
    ("outcome", "more", "step"),
    [
        (Acceptance(), {}, Step.SENT),
        (Acceptance(), {"terms": {"shut": True}, "now": NOW + 9e9}, Step.SENT),
        (FAILED, {}, Step.LATER),
        (FAILED, {"then": NEXT}, Step.LATER),
        (FAILED, {"then": NEXT, "terms": {"shut": True}}, Step.FAIL_OVER),
        (FAILED, {"terms": {"shut": True}}, Step.LATER),
        (FAILED, {"then": NEXT, "now": NOW + 60}, Step.FAIL_OVER),
        (FAILED, {"then": NEXT, "now": NOW + 59.9}, Step.LATER),
        (FAILED, {"now": NOW + 3599}, Step.LATER),
        (FAILED, {"now": NOW + 3600}, Step.DEAD),
        (FAILED, {"then": NEXT, "now": NOW + 3600}, Step.FAIL_OVER),
        (Crashed("bug"), {}, Step.LATER),
        (SendError("untold"), {}, Step.LATER),
        (TEXT, {}, Step.DEAD),
        (TEXT, {"then": NEXT}, Step.FAIL_OVER),
        (TEXT, {"terms": {"batch": 9}}, Step.DEAD),
        (NUMBER, {}, Step.DEAD),
        (NUMBER, {"then": NEXT}, Step.FAIL_OVER),
        (NUMBER, {"then": NEXT, "terms": {"batch": 2}}, Step.ALONE),
        (CHANNEL, {}, Step.LATER),
        (CHANNEL, {"now": NOW + 3600}, Step.DEAD),
        (CHANNEL, {"then": NEXT, "terms": {"batch": 2}}, Step.FAIL_OVER),
        (SendWait("busy", seconds=30), {}, Step.LATER),
        (SendWait("busy", seconds=30), {"then": NEXT}, Step.LATER),
        (SendWait("busy", seconds=61), {"then": NEXT}, Step.FAIL_OVER),
        (SendWait("busy", seconds=61), {}, Step.LATER),
        (SendWait("busy", seconds=3601), {}, Step.DEAD),
        (SendWait("busy", seconds=float("inf")), {}, Step.DEAD),
        (SendWait("limit", seconds=30), {"terms": {"batch": 2}}, Step.ALONE),
        (SendWait("429", seconds=30, scope=Scope.CHANNEL), {"terms": {"batch": 2}}, Step.LATER),
    ],
)
def test_the_step(outcome: Acceptance | SendError, more: dict[str, Any], step: Step) -> None:
    assert verdict(outcome, **more).step is step


def test_the_next_try_is_never_after_the_moment_the_next_channel_takes_over() -> None:
    assert verdict(FAILED, then=NEXT, attempts=9).due_at == NOW + 60


def test_the_last_try_is_made_at_the_deadline_itself() -> None:
    assert verdict(FAILED, attempts=9, now=NOW + 3500).due_at == NOW + 3600


def test_whoever_waited_while_tocsin_was_down_is_tried_for_ten_minutes_all_the_same() -> None:
    started = {"serving_since": NOW + 90_000}
    assert verdict(FAILED, terms=started, now=NOW + 90_500).step is Step.LATER
    assert verdict(FAILED, terms=started, now=NOW + 90_600).step is Step.DEAD
    assert verdict(FAILED, terms=started | {"deadline": 60.0}, now=NOW + 90_060).step is Step.DEAD


def test_the_reason_carries_the_providers_code_once() -> None:
    assert verdict(FAILED).reason == "503 (E503)"
    assert verdict(SendFailed("E503: busy", code="E503")).reason == "E503: busy"
    assert verdict(SendFailed("")).reason == "SendFailed"


def test_a_given_up_delivery_says_how_long_it_was_tried() -> None:
    assert verdict(FAILED, now=NOW + 3600).reason == "given up, 1h is the longest it is tried: 503 (E503)"


def test_reasons_are_bounded() -> None:
    assert len(verdict(SendRefused("x" * 10_000)).reason) == MAX_REASON
    assert len(verdict(Acceptance(detail="x" * 10_000)).reason) == MAX_REASON


@pytest.mark.parametrize("more", [{}, {"now": NOW + 3600}, {"then": NEXT, "now": NOW + 60}])
def test_what_may_have_arrived_stays_marked_whatever_is_decided(more: dict[str, Any]) -> None:
    assert verdict(SendFailed("time-out", ambiguous=True), **more).ambiguous
    assert not verdict(SendFailed("refused connection"), **more).ambiguous


# ---- a request whose recipients have an answer each


def test_each_recipient_has_an_answer_of_their_own() -> None:
    receipt = Acceptance(detail="accepted", ids={"1": "S-1", "2": "S-2"}, errors={"3": NUMBER})
    first, second, third = each(receipt, ["1", "2", "3"])
    assert first == (Acceptance(provider_id="S-1", detail="accepted"), 1)
    assert second == (Acceptance(provider_id="S-2", detail="accepted"), 1)
    assert third == (NUMBER, 1)


def test_who_has_no_id_of_their_own_has_that_of_the_request() -> None:
    assert each(Acceptance(provider_id="B", errors={"2": NUMBER}), ["1"]) == [(Acceptance(provider_id="B"), 1)]
    assert each(Acceptance(provider_id="B"), ["1", "2"]) == [(Acceptance(provider_id="B"), 2)] * 2


def test_one_cause_that_several_share_is_about_all_of_them() -> None:
    """So a number that the provider refuses in a request of many is sent to alone, and one that it names is not."""
    shared = SendRefused("one of you", scope=Scope.RECIPIENT)
    assert each(shared, ["1", "2"]) == [(shared, 2)] * 2
    partly = each(Acceptance(errors={"1": shared, "2": shared, "3": NUMBER}), ["1", "2", "3", "4"])
    assert [sharing for _, sharing in partly] == [2, 2, 1, 1]


@pytest.mark.parametrize(
    ("outcomes", "learnt"),
    [
        ([Acceptance(), NUMBER], 0),
        ([NUMBER, Acceptance()], 1),
        ([NUMBER, FAILED], 0),
        ([Acceptance(), FAILED, CHANNEL], 2),
        ([Acceptance(), SendWait("429", seconds=30, scope=Scope.CHANNEL)], 1),
        ([Acceptance(), SendWait("limit", seconds=30)], 0),
    ],
)
def test_what_reaches_the_whole_channel_is_the_lesson_of_a_request(
    outcomes: list[Acceptance | SendError], learnt: int
) -> None:
    assert lesson(outcomes) is outcomes[learnt]
