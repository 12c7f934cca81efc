"""What must not lose or repeat a message: an ill store, a bug, a clock that is set, rows that cannot be read."""

import logging
from typing import ClassVar

import gevent
import pytest
from gevent.event import Event

from daemon.errors import SendFailed, SendWait
from daemon.notice import Acceptance, Message, Phase
from delivering import Batching, Post, Provider, raising


def test_an_answer_that_cannot_be_written_is_kept_and_the_message_is_not_sent_again(post: Post) -> None:
    def answer(_: Message) -> Acceptance:
        post.store.ill = True
        return Acceptance(provider_id="once")

    sms = Provider(answer=answer)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(600)
    assert post.row(one).phase is Phase.SENDING
    post.store.ill = False
    post.go(31)
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "once")
    assert len(sms.heard) == 1


def test_while_the_store_is_ill_nothing_is_claimed_and_it_is_not_hammered(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms)
    post.courier.start()
    post.quiet()
    post.store.ill = True
    post.put("sms")
    post.store.writes = 0
    post.go(300)
    assert sms.heard == []
    assert post.store.writes < 25
    post.store.ill = False
    post.go(31)
    assert len(sms.heard) == 1


def test_a_bug_in_a_sender_stops_neither_the_lane_nor_that_message(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(message: Message) -> Acceptance:
        if message.alert.title == "poison" and len(sms.heard) < 9:
            raise KeyError("token=hunter2")
        return Acceptance()

    sms = Provider(answer=answer)
    post.channel("sms", sms)
    post.courier.start()
    (poison,) = post.put("sms", title="poison")
    others = [post.put("sms")[0] for _ in range(6)]
    post.quiet()
    assert {post.row(one).phase for one in others} == {Phase.SENT}
    row = post.row(poison)
    assert (row.phase, row.interrupted) == (Phase.WAITING, True)
    assert "KeyError" in row.reason
    assert "hunter2" not in row.reason
    assert any(record.exc_info for record in caplog.records if record.levelno == logging.ERROR)
    assert post.lane().breaker == "closed"
    post.go(120)
    assert post.row(poison).phase is Phase.SENT


def test_many_bugs_in_a_row_do_not_open_the_breaker(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(ZeroDivisionError())))
    post.courier.start()
    for _ in range(8):
        post.put("sms")
    post.quiet()
    assert post.lane().breaker == "closed"


def test_a_find_that_fails_does_not_keep_the_message_from_being_repeated(post: Post) -> None:
    class Deaf(Provider):
        def find(self, message: Message, since: float) -> Acceptance | None:  # noqa: ARG002
            raise SendFailed("the query is down")

    sms = Deaf(answer=raising(SendFailed("time-out", ambiguous=True), None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(10)
    assert post.row(one).phase is Phase.SENT
    assert [message.repeat for message in sms.heard] == [False, True]


def test_setting_the_clock_forward_does_not_send_twice_what_is_being_sent(post: Post) -> None:
    gate = Event()
    sms = Provider(answer=lambda _: gate.wait() and Acceptance(provider_id="once"))
    post.channel("sms", sms, pool=2)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.clock.jump(7 * 86_400)
    post.put("sms")
    post.go(61)
    assert [message.code for message in sms.heard].count(f"D{one}") == 1
    gate.set()
    post.quiet()
    assert (post.row(one).phase, post.row(one).attempts) == (Phase.SENT, 1)


def test_setting_the_clock_back_does_not_put_off_what_was_due_soon(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("503"), None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.clock.jump(-86_400)
    post.go(40)
    assert post.row(one).phase is Phase.SENT


def test_setting_the_clock_back_does_not_put_off_the_fail_over(post: Post) -> None:
    backup = Provider()
    post.channel("sms", Provider(answer=raising(SendWait("busy", seconds=20))))
    post.channel("backup", backup)
    post.courier.start()
    post.put("sms", "backup")
    post.quiet()
    post.clock.jump(-86_400)
    post.go(90)
    assert len(backup.heard) == 1


@pytest.mark.parametrize("under_way", [False, True])
def test_setting_the_clock_forward_does_not_end_anybodys_patience(post: Post, *, under_way: bool) -> None:
    gate = Event()
    if not under_way:
        gate.set()
    post.channel("sms", Provider(answer=lambda message: gate.wait() and answers(message)))
    answers = raising(SendFailed("503"), SendFailed("503"), None)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.clock.jump(30 * 86_400)
    gate.set()
    post.go(60)
    assert post.row(one).phase is Phase.SENT


@pytest.mark.parametrize("answer", [None, "ok", {}])
def test_a_sender_that_returns_no_receipt_has_not_sent(post: Post, answer: object) -> None:
    post.channel("sms", Provider(answer=lambda _: answer))  # type: ignore[arg-type, return-value]
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    assert post.row(one).phase is Phase.WAITING
    assert "TypeError" in post.row(one).reason


def test_a_senders_own_timeout_that_it_forgot_to_catch_is_a_failed_try(post: Post) -> None:
    def answer(_: Message) -> Acceptance:
        raise gevent.Timeout(1)

    post.channel("sms", Provider(answer=answer))
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    assert (post.row(one).phase, post.row(one).interrupted) == (Phase.WAITING, True)


def test_a_row_that_cannot_be_read_is_buried_and_the_others_go(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms)
    (broken,), (sound,) = post.put("sms"), post.put("sms")
    post.store.store.write(
        lambda tx: tx.run("UPDATE notices SET alerts = '{\"id\": 1}' WHERE id = (SELECT min(id) FROM notices)")
    )
    post.courier.start()
    post.quiet()
    assert post.row(sound).phase is Phase.SENT
    stands = post.store.store.read(lambda tx: tx.one("SELECT phase, reason FROM deliveries WHERE id = ?", (broken,)))
    assert stands is not None
    assert stands[0] == "dead"
    assert "cannot be read" in stands[1]
    assert post.raised() == ["unreadable:sms"]


def test_words_that_cannot_be_stored_do_not_keep_an_answer_off_the_disk(post: Post) -> None:
    sms = Provider(answer=lambda _: Acceptance(provider_id="\ud800", detail="\udfff" * 10_000))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(3_600)
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "?")
    assert len(sms.heard) == 1


def test_a_row_that_cannot_be_settled_comes_back_with_its_lease_and_is_asked_after(post: Post) -> None:
    def answer(_: Message) -> Acceptance:
        post.store.bugs = 2 if len(sms.heard) == 1 else 0
        return Acceptance(provider_id="again")

    sms = Provider(answer=answer)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(300)
    assert (post.row(one).phase, post.row(one).attempts) == (Phase.SENT, 2)
    assert [message.repeat for message in sms.heard] == [False, True]


def test_a_round_that_failed_settles_its_answers_one_by_one(post: Post) -> None:
    def answer(_: Message) -> Acceptance:
        post.store.bugs = 1
        return Acceptance(provider_id="once")

    sms = Provider(answer=answer)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    assert (post.row(one).phase, post.row(one).provider_id) == (Phase.SENT, "once")
    assert len(sms.heard) == 1


def test_ten_thousand_rows_wait_in_the_outbox_and_not_in_memory(post: Post) -> None:
    gate = Event()

    class Slow(Provider):
        most: ClassVar[int] = 0

    sms = Slow(answer=lambda _: gate.wait() and Acceptance())
    post.channel("sms", sms, pool=7)
    post.courier.start()
    post.put("sms", to=tuple(f"p{i}" for i in range(10_000)))
    post.quiet()
    (lane,) = post.courier._lanes.values()
    assert len(sms.heard) == 7
    assert len(lane._held) == 7
    assert len(lane._sending) == 7
    gate.set()
    with gevent.Timeout(4):
        while len(sms.heard) < 100:
            gevent.idle()
    assert len(lane._held) <= 7
    post.courier._lanes["sms"].drain()
    post.quiet()


def test_a_batching_lane_holds_no_more_than_its_pool_times_its_batch(post: Post) -> None:
    gate = Event()
    sms = Batching(answer=lambda _: gate.wait() and Acceptance())
    post.channel("sms", sms, pool=2)
    post.courier.start()
    for _ in range(4):
        post.put("sms", to=tuple("abcdefgh"))
    post.quiet()
    (lane,) = post.courier._lanes.values()
    assert len(sms.heard) == 2
    assert len(lane._held) <= 6
    gate.set()
    post.quiet()
    assert set(post.phases().values()) == {Phase.SENT}


@pytest.mark.parametrize("back", [60, 3_600, 86_400, 400 * 86_400])
@pytest.mark.parametrize("tried", [True, False])
def test_what_waits_over_a_restart_with_the_clock_set_back_is_not_put_off(
    post: Post, back: float, *, tried: bool
) -> None:
    sms = Provider(answer=raising(SendFailed("503"), None) if tried else raising(None))
    post.channel("sms", sms)
    if tried:
        post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.stop()
    post.clock.jump(-back)
    post.new_courier().start()
    post.go(6)
    assert post.row(one).phase is Phase.SENT


def test_what_was_tried_for_hours_waits_no_longer_than_its_pause_after_such_a_restart(post: Post) -> None:
    sms = Provider(answer=raising(*[SendFailed("503")] * 40, None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    while len(sms.heard) < 25:
        post.go(60)
    post.stop()
    before, age = post.row(one).due_at - post.clock.now(), post.clock.now() - post.row(one).created_at
    post.clock.jump(-3_600)
    post.new_courier().start()
    post.quiet()
    now, row = post.clock.now(), post.row(one)
    assert before <= row.due_at - now <= 600
    assert abs(now - row.created_at - age) <= 600, "its patience is as far gone as it was"


def test_a_crash_and_the_clock_set_back_meanwhile_put_nothing_off(post: Post) -> None:
    answers = [post.stop_dead, lambda: None]
    sms = Provider(answer=lambda _: (answers.pop(0)(), Acceptance())[1])
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    post.clock.jump(-86_400)
    post.new_courier().start()
    post.go(1)
    assert post.row(one).phase is Phase.SENT
