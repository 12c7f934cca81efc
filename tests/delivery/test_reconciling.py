"""A try whose answer was lost, at a provider that can be asked, but not at once and not always."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from daemon.errors import SendFailed
from daemon.notice import Acceptance, Message, Phase
from daemon.store import outbox
from delivering import Post, Provider, raising

LOST = SendFailed("time-out", ambiguous=True)
CLEAR_NO = SendFailed("no connection")


@dataclass(frozen=True, kw_only=True, eq=False)
class Askable(Provider):
    """Knows of a message some seconds after it took it; `deaf` holds what it raises in place of an answer."""

    knows_after: ClassVar[float] = 20.0

    deaf: list[Exception] = field(default_factory=list)

    def find(self, message: Message, since: float) -> Acceptance | None:
        found = super().find(message, since)
        if self.deaf:
            raise self.deaf[0]
        return found


def deaf(*answers: Exception | None) -> Askable:
    """Answers sends like this, and no question."""
    return Askable(answer=raising(*answers), deaf=[SendFailed("the query is down", code="E9")])


def crashing(
    post: Post, *, then: Callable[[Message], Acceptance] = lambda _: Acceptance(provider_id="again")
) -> Askable:
    """The process dies while the first message is being sent."""
    dying = [post.stop_dead]

    def answer(message: Message) -> Acceptance:
        if dying:
            dying.pop()()
        return then(message)

    return Askable(answer=answer)


# ---- it cannot be asked


def test_what_may_have_arrived_twice_is_not_sent_a_third_time_unasked_and_ends_with_a_reason(post: Post) -> None:
    sms = deaf(LOST)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(6 * 3600 + 30)
    assert [message.repeat for message in sms.heard] == [False, True]
    assert len(sms.asked) > 10, "it is asked again and again"
    row = post.row(one)
    assert row.phase is Phase.DEAD
    assert row.reason == (
        "given up, 6h is the longest it is tried: it may have arrived, and the provider cannot be asked:"
        " the query is down (E9)"
    )
    assert "dead:sms" in post.raised()


def test_it_fails_over_with_the_same_reason(post: Post) -> None:
    sms, backup = deaf(LOST), Provider()
    post.channel("sms", sms, fail_over_after=120.0)
    post.channel("backup", backup)
    post.courier.start()
    (one,) = post.put("sms", "backup")
    post.go(119)
    assert backup.heard == []
    post.go(2)
    assert (len(sms.heard), len(backup.heard)) == (2, 1)
    assert post.row(one).reason == "it may have arrived, and the provider cannot be asked: the query is down (E9)"


@pytest.mark.parametrize("there", [True, False])
def test_as_soon_as_it_can_be_asked_it_is_settled_or_sent(post: Post, there: bool) -> None:
    sms = deaf(LOST, LOST, None)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(3600)
    assert (post.row(one).phase, len(sms.heard)) == (Phase.WAITING, 2)
    if there:
        sms.known[f"{post.store.name}-D{one}"] = Acceptance(provider_id="B-1")
    sms.deaf.clear()
    post.go(600)
    assert (post.row(one).phase, len(sms.heard)) == (Phase.SENT, 2 if there else 3)


def test_a_clear_no_is_no_copy_so_it_goes_on(post: Post) -> None:
    sms = deaf(LOST, CLEAR_NO, CLEAR_NO, CLEAR_NO, None)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(600)
    assert (post.row(one).phase, len(sms.heard)) == (Phase.SENT, 5)


@pytest.mark.parametrize("killed", [False, True])
def test_a_restart_does_not_forget_how_often_it_may_have_arrived(post: Post, killed: bool) -> None:
    sms = deaf(LOST)
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    for _ in range(4):
        post.go(100)
        if killed:
            post.stop_dead()
            post.go(1)
        else:
            post.stop()
        post.new_courier().start()
    post.go(600)
    assert len(sms.heard) == 2


def test_a_try_that_a_crash_broke_off_counts_too(post: Post) -> None:
    sms = crashing(post, then=raising(LOST))
    sms.deaf.append(SendFailed("the query is down"))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    post.quiet()
    post.new_courier().start()
    post.go(3600)
    assert len(sms.heard) == 2


@pytest.mark.parametrize("bug", [ZeroDivisionError("our own"), TypeError("token=hunter2")])
def test_a_bug_in_asking_is_no_answer_either(post: Post, bug: Exception, caplog: pytest.LogCaptureFixture) -> None:
    sms = Askable(answer=raising(LOST), deaf=[bug])
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(3600)
    assert len(sms.heard) == 2
    assert "hunter2" not in post.row(one).reason
    assert "the sender of sms broke on D1" in caplog.text


def test_the_channel_is_not_broken_because_it_cannot_be_asked(post: Post) -> None:
    sms = deaf(LOST)
    post.channel("sms", sms)
    post.courier.start()
    lost = [post.put("sms")[0] for _ in range(2)]
    post.go(900)
    assert (len(sms.heard), post.lane().breaker) == (4, "closed")
    assert "it may have arrived" in post.lane().last_error
    assert {post.row(one).phase for one in lost} == {Phase.WAITING}


def test_an_operator_who_revives_it_has_it_sent_once_more(post: Post) -> None:
    sms = deaf(LOST)
    post.channel("sms", sms, deadline=600.0)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(700)
    assert (post.row(one).phase, len(sms.heard)) == (Phase.DEAD, 2)
    now = post.clock.now()
    assert post.store.store.write(lambda tx: outbox.retry(tx, one, now))
    post.go(700)
    assert (post.row(one).phase, len(sms.heard)) == (Phase.DEAD, 3)


def test_a_provider_that_finds_nonsense_has_not_found_it(post: Post) -> None:
    sms = Askable(answer=raising(LOST), known={f"{post.store.name}-D1": "yes"})  # type: ignore[dict-item]
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(60)
    row = post.row(one)
    assert (row.phase, len(sms.heard)) == (Phase.WAITING, 2)
    assert row.reason.startswith("it may have arrived, and the provider cannot be asked: the sender broke (TypeError)")


# ---- it cannot know yet


def test_after_a_crash_it_is_asked_once_it_can_know(post: Post) -> None:
    sms = crashing(post)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(3)
    post.new_courier().start()
    post.go(16.9)
    assert sms.asked == []
    sms.known[f"{post.store.name}-D{one}"] = Acceptance(provider_id="B-1")
    post.go(0.2)
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "B-1")
    assert (len(sms.asked), len(sms.heard)) == (1, 1)


def test_what_it_does_not_know_by_then_is_sent_again_at_once(post: Post) -> None:
    sms = crashing(post)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.new_courier().start()
    post.go(20.1)
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "again")


def test_after_a_long_time_down_it_is_asked_at_once(post: Post) -> None:
    sms = crashing(post)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.clock.advance(30)
    post.new_courier().start()
    post.quiet()
    assert post.row(one).phase is Phase.SENT


def test_a_try_that_a_stop_broke_off_is_asked_after_once_it_can_be_known(post: Post) -> None:
    sms = Askable(answer=raising(None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    object.__setattr__(sms, "answer", lambda _: post.clock.sleep(9_999) or Acceptance())
    post.quiet()
    post.stop(timeout=5.0)
    object.__setattr__(sms, "answer", raising(None))
    assert post.row(one).interrupted == 1
    post.new_courier().start()
    post.go(19)
    assert sms.asked == []
    post.go(2)
    assert (len(sms.asked), len(sms.heard), post.row(one).phase) == (1, 2, Phase.SENT)


def test_a_lost_answer_is_asked_after_once_it_can_be_known_and_a_clear_no_is_tried_sooner(post: Post) -> None:
    lost, failed = Askable(answer=raising(LOST, None)), Askable(answer=raising(CLEAR_NO, None))
    post.channel("lost", lost)
    post.channel("failed", failed)
    post.courier.start()
    post.put("lost")
    post.put("failed")
    post.go(5.1)
    assert (len(failed.asked), len(failed.heard)) == (0, 2)
    post.go(14.8)
    assert lost.asked == []
    post.go(0.2)
    assert (len(lost.asked), len(lost.heard)) == (1, 2)


def test_nobody_waits_for_an_answer_beyond_the_moment_of_fail_over(post: Post) -> None:
    sms, backup = Askable(answer=raising(LOST)), Provider()
    post.channel("sms", sms, fail_over_after=10.0)
    post.channel("backup", backup)
    post.courier.start()
    post.put("sms", "backup")
    post.go(10.1)
    assert (len(sms.asked), len(backup.heard)) == (1, 1)


def test_a_provider_that_cannot_be_asked_is_not_waited_for(post: Post) -> None:
    sms = Provider(answer=raising(LOST, None))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    post.go(5.1)
    assert len(sms.heard) == 2
