"""Start, reload, stop, crash; and what goes past the outbox."""

from contextlib import suppress
from dataclasses import replace

import gevent
import pytest
from gevent.event import Event

from daemon.config.audience import Leg, Receiver, Route
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.event import Severity
from daemon.notice import Acceptance, Message, Phase, Reason, Recipient
from delivering import Batching, Post, Provider, raising


def test_a_crash_between_send_and_settle_is_reconciled_with_the_provider(post: Post) -> None:
    sms = Provider(answer=lambda _: (post.stop_dead(), Acceptance())[1])
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    assert post.row(one).phase is Phase.SENDING
    sms.known[f"{post.store.name}-D{one}"] = Acceptance(provider_id="B-1")
    post.new_courier().start()
    post.quiet()
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "B-1")
    assert len(sms.heard) == 1


def test_after_a_crash_what_the_provider_does_not_know_is_sent_again_and_marked(post: Post) -> None:
    answers = [post.stop_dead, lambda: None]
    sms = Provider(answer=lambda _: (answers.pop(0)(), Acceptance(provider_id="second"))[1])
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.new_courier().start()
    post.quiet()
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "second")
    assert [message.repeat for message in sms.heard] == [False, True]


def test_after_a_crash_another_stores_message_of_the_same_number_is_not_taken_for_ours(post: Post) -> None:
    answers = [post.stop_dead, lambda: None]
    sms = Provider(answer=lambda _: (answers.pop(0)(), Acceptance(provider_id="ours"))[1])
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    for other in (f"D{one}", f"00000000-D{one}"):
        sms.known[other] = Acceptance(provider_id="theirs")
    post.new_courier().start()
    post.quiet()
    assert post.row(one).provider_id == "ours"


def test_after_a_crash_each_row_of_a_batch_is_asked_after_by_the_batchs_id_and_its_own_number(post: Post) -> None:
    sms = Batching(answer=lambda _: (post.stop_dead(), Acceptance())[1])
    post.channel("sms", sms)
    post.put("sms", to=("lin", "wang"))
    post.courier.start()
    post.quiet()
    sms.known[f"{post.store.name}-N1"] = Acceptance(provider_id="B-1")
    post.new_courier().start()
    post.quiet()
    assert [(m.out_id, [r.address for r in m.recipients]) for m, _ in sms.asked] == [
        (f"{post.store.name}-N1", ["+86lin"]),
        (f"{post.store.name}-N1", ["+86wang"]),
    ]
    assert set(post.phases().values()) == {Phase.SENT}


def test_reload_keeps_rows_and_sends_and_replaces_the_sender_when_its_last_send_has_ended(post: Post) -> None:
    gate = Event()
    old, new = Provider(answer=lambda _: gate.wait() and Acceptance(provider_id="old")), Provider()
    post.channel("sms", old, pool=1)
    post.courier.start()
    (under_way,), (queued,) = post.put("sms"), post.put("sms")
    post.quiet()
    post.channel("sms", new, pool=1)
    post.courier.reload()
    post.quiet()
    assert old.closed == []
    gate.set()
    post.quiet()
    assert old.closed == [True]
    assert post.row(under_way).provider_id == "old"
    assert post.row(queued).provider_id == f"P-D{queued}"
    assert new.closed == []


def test_reload_serves_new_channels_and_buries_what_is_left_on_removed_ones(post: Post) -> None:
    gate = Event()
    old = Provider(answer=lambda _: gate.wait() and Acceptance())
    post.channel("sms", old, pool=1)
    post.courier.start()
    (under_way,), (queued,), (over,) = post.put("sms"), post.put("sms"), post.put("sms", "mail")
    post.quiet()
    post.without("sms")
    mail = Provider()
    post.channel("mail", mail)
    post.courier.reload()
    post.quiet()
    assert post.row(queued).phase is Phase.DEAD
    assert post.row(over).phase is Phase.FAILED_OVER
    assert len(mail.heard) == 1
    gate.set()
    post.quiet()
    assert post.row(under_way).phase is Phase.SENT
    assert old.closed == [True]


def test_a_channel_that_comes_back_by_reload_works_again(post: Post) -> None:
    post.channel("sms", Provider())
    post.courier.start()
    post.without("sms")
    post.courier.reload()
    back = Provider()
    post.channel("sms", back)
    post.courier.reload()
    post.put("sms")
    post.quiet()
    assert len(back.heard) == 1


def test_reload_with_mended_credentials_tries_at_once_although_the_breaker_was_open(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendFailed("down"))), pool=1)
    post.courier.start()
    for _ in range(6):
        post.put("sms")
    post.quiet()
    assert post.lane().breaker == "open"
    mended = Provider()
    post.channel("sms", mended, pool=1)
    post.courier.reload()
    post.quiet()
    assert post.lane().breaker == "closed"
    assert len(mended.heard) >= 1


def test_what_the_old_sender_is_still_told_does_not_shut_the_channel_for_the_new_one(post: Post) -> None:
    gate = Event()
    expired = SendRefused("the key has expired", scope=Scope.CHANNEL)
    post.channel("sms", Provider(answer=lambda message: gate.wait() and raising(expired)(message)))
    post.courier.start()
    post.put("sms")
    post.quiet()
    mended = Provider()
    post.channel("sms", mended)
    post.courier.reload()
    gate.set()
    post.quiet()
    assert post.lane().breaker == "closed"
    post.put("sms")
    post.quiet()
    assert len(mended.heard) == 1


def test_a_reload_that_does_not_touch_the_sender_keeps_it_and_its_breaker(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("down")))
    post.channel("sms", sms, pool=1)
    post.courier.start()
    for _ in range(6):
        post.put("sms")
    post.quiet()
    post.channel("sms", sms, pool=9)
    post.courier.reload()
    post.quiet()
    lane = post.lane()
    assert (lane.breaker, lane.pool) == ("open", 9)
    assert sms.closed == []


def test_stop_lets_what_is_being_sent_finish_and_claims_no_more(post: Post) -> None:
    gate = Event()
    sms = Provider(answer=lambda _: gate.wait() and Acceptance())
    post.channel("sms", sms, pool=1)
    post.courier.start()
    (under_way,), (queued,) = post.put("sms"), post.put("sms")
    post.quiet()
    stopping = gevent.spawn(post.courier.stop, 20.0)
    post.quiet()
    gate.set()
    post.quiet()
    assert stopping.dead
    assert post.row(under_way).phase is Phase.SENT
    assert post.row(queued).phase is Phase.WAITING
    assert not post.row(queued).interrupted
    assert len(sms.heard) == 1
    assert sms.closed == [True]


def test_what_does_not_finish_in_time_is_given_back_and_repeated_by_the_next_start(post: Post) -> None:
    never = Event()
    post.channel("sms", Provider(answer=lambda _: never.wait() and Acceptance()))
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.stop(timeout=5.0)
    row = post.row(one)
    assert (row.phase, row.interrupted) == (Phase.WAITING, True)
    again = Provider()
    post.channel("sms", again)
    post.new_courier().start()
    post.quiet()
    assert [message.repeat for message in again.heard] == [True]


@pytest.mark.slow
def test_a_sender_that_cannot_be_killed_does_not_keep_the_others_answers_off_the_disk(post: Post) -> None:
    gate = Event()

    def answer(message: Message) -> Acceptance:
        if message.alert.title == "done":
            post.store.ill = True
            return Acceptance(provider_id="yes")
        while not gate.is_set():
            with suppress(gevent.GreenletExit):
                gate.wait()
        return Acceptance()

    post.channel("sms", Provider(answer=answer), pool=2)
    post.courier.start()
    (stubborn,), (done,) = post.put("sms", title="stubborn"), post.put("sms", title="done")
    post.quiet()
    post.store.ill = False
    post.stop(timeout=0.0)
    assert post.row(done).phase is Phase.SENT
    assert (post.row(stubborn).phase, post.row(stubborn).interrupted) == (Phase.WAITING, True)
    gate.set()


def test_stop_with_an_ill_store_ends_in_time(post: Post) -> None:
    def answer(_: Message) -> Acceptance:
        post.store.ill = True
        return Acceptance()

    post.channel("sms", Provider(answer=answer))
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.stop(timeout=5.0)
    assert post.row(one).phase is Phase.SENDING


def test_a_test_message_goes_past_the_outbox_and_tells_what_the_provider_said(post: Post) -> None:
    sms = Provider(answer=raising(SendRefused("bad sign", code="isv.SIGN"), None))
    post.channel("sms", sms)
    post.courier.start()
    lin = Recipient(name="lin", address="+861")
    with pytest.raises(SendRefused, match="bad sign"):
        post.courier.test("sms", lin)
    assert post.courier.test("sms", lin).provider_id == "yes"
    assert sms.heard[0].notice.reason is Reason.TEST
    assert sms.heard[0].recipients == (lin,)
    assert sms.heard[0].out_id.startswith(f"{post.store.name}-T")
    assert post.rows() == []
    with pytest.raises(SendRefused, match="no channel is called 'pager'"):
        post.courier.test("pager", lin)


def test_a_test_that_succeeds_closes_the_breaker(post: Post) -> None:
    sms = Provider(answer=raising(*[SendFailed("down")] * 5, None))
    post.channel("sms", sms, pool=1)
    post.courier.start()
    for _ in range(6):
        post.put("sms")
    post.quiet()
    assert post.lane().breaker == "open"
    post.courier.test("sms", Recipient(name="lin", address="+861"))
    post.go(6)
    assert post.lane().breaker == "closed"
    assert set(post.phases().values()) == {Phase.SENT}


def test_status_tells_what_was_sent_last_and_what_went_wrong_last(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendFailed("503", code="E503"), None)))
    post.courier.start()
    post.put("sms")
    post.quiet()
    lane = post.lane()
    assert (lane.last_sent_at, lane.last_error) == (None, "503 (E503)")
    assert lane.last_error_at == post.clock.now()
    post.go(6)
    assert post.lane().last_sent_at is not None


def root(post: Post, *legs: Leg) -> None:
    receiver = Receiver(name="ops", notify=legs)
    post.settings = replace(post.settings, receivers={"ops": receiver}, route=Route(receiver="ops"))


def test_an_emergency_reaches_everybody_of_the_root_route_without_the_store(post: Post) -> None:
    sms, room = Provider(), Provider()
    object.__setattr__(room, "address", "")
    post.channel("sms", sms)
    post.channel("room", room)
    root(post, Leg(by=("sms",), to=("lin", "wang")), Leg(by=("room",)))
    post.store.ill = True
    assert post.courier.emergency("The disk is full", "Nothing can be stored.") == 3
    assert sorted(message.recipients[0].address for message in sms.heard) == ["+8613800000001", "+8613800000002"]
    assert len(room.heard) == 1
    assert sms.heard[0].alert.severity is Severity.CRITICAL
    assert "The disk is full" in sms.heard[0].title


def test_an_emergency_is_told_once_a_window(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms)
    root(post, Leg(by=("sms",), to=("lin",)))
    assert post.courier.emergency("full", "") == 1
    assert post.courier.emergency("full", "") == 0
    post.clock.advance(post.settings.self_checks.window)
    assert post.courier.emergency("full", "") == 1
    assert len(sms.heard) == 2


def test_an_emergency_tries_the_next_way_and_tries_again_soon_when_nobody_was_reached(post: Post) -> None:
    sms, mail = Provider(answer=raising(SendFailed("down"))), Provider(answer=raising(RuntimeError("bug"), None))
    post.channel("sms", sms)
    post.channel("mail", mail)
    root(post, Leg(by=("sms", "mail"), to=("lin",)))
    assert post.courier.emergency("full", "") == 0
    assert post.courier.emergency("full", "") == 0
    assert len(sms.heard) == 1
    post.clock.advance(60)
    assert post.courier.emergency("full", "") == 1


def test_an_emergency_with_nobody_to_tell_goes_to_the_last_resort(post: Post) -> None:
    root(post)
    assert post.courier.emergency("full", "") == 0
    assert post.last == ["store"]
