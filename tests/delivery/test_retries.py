"""One channel, over simulated hours: what is sent, when, how often, and what becomes of it in the end."""

import itertools

import pytest

from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.event import Severity
from daemon.notice import Acceptance, Phase
from daemon.store import outbox
from delivering import Batching, Post, Provider, raising


def test_a_message_goes_out_at_once_and_its_row_keeps_the_providers_id(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    row = post.row(one)
    assert (row.phase, row.provider_id, row.attempts) == (Phase.SENT, f"P-D{one}", 1)
    assert [(m.code, m.repeat, m.recipients[0].address) for m in sms.heard] == [(f"D{one}", False, "+86lin")]


def test_what_waited_before_the_start_goes_out(post: Post) -> None:
    post.channel("sms", Provider())
    (one,) = post.put("sms")
    post.courier.start()
    post.quiet()
    assert post.row(one).phase is Phase.SENT


def test_a_failing_provider_is_tried_for_hours_with_growing_pauses_and_then_it_is_a_dead_letter(post: Post) -> None:
    times = []

    def answer(_: object) -> Acceptance:
        times.append(post.clock.now())
        raise SendFailed("no connection", code="ECONNREFUSED")

    post.channel("sms", Provider(answer=answer), deadline=6 * 3600.0)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(6 * 3600 - 30)
    assert post.row(one).phase is Phase.WAITING
    post.go(1000)
    row = post.row(one)
    assert row.phase is Phase.DEAD
    assert "6h" in row.reason
    assert "no connection (ECONNREFUSED)" in row.reason
    pauses = [later - sooner for sooner, later in itertools.pairwise(times)]
    assert all(2.5 <= pause <= 605 for pause in pauses[:-1])
    assert pauses[0] <= 5
    assert pauses[5] > 60
    assert 30 <= len(times) <= 90
    assert times[-1] - times[0] <= 6 * 3600 + 1
    assert "dead:sms" in post.raised()
    assert len(post.rows()) == 1


def test_it_succeeds_when_the_provider_comes_back(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("503"), SendFailed("503"), SendFailed("503"), None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(60)
    assert post.row(one).phase is Phase.SENT
    assert post.row(one).attempts == 4
    assert "dead:sms" not in post.raised()


def test_retry_after_is_honoured_to_the_second(post: Post) -> None:
    sms = Provider(answer=raising(SendWait("slow down", seconds=120.0, code="429"), None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(119.9)
    assert len(sms.heard) == 1
    assert post.row(one).phase is Phase.WAITING
    post.go(13)
    assert post.row(one).phase is Phase.SENT
    assert post.lane().breaker == "closed"


@pytest.mark.parametrize("seconds", [0.0, -5.0, float("nan")])
def test_a_provider_that_asks_for_nonsense_does_not_make_it_spin(post: Post, seconds: float) -> None:
    sms = Provider(answer=raising(SendWait("busy", seconds=seconds)))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    post.go(10)
    assert 5 <= len(sms.heard) <= 11


def test_a_wait_beyond_the_deadline_is_not_waited_for(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendWait("day limit", seconds=86_400.0, code="DAY"))))
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    assert post.row(one).phase is Phase.DEAD
    assert "day limit (DAY)" in post.row(one).reason


def test_a_wait_of_the_whole_channel_lets_nothing_else_through_meanwhile(post: Post) -> None:
    sms = Provider(answer=raising(SendWait("429", seconds=30.0, scope=Scope.CHANNEL), None))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    post.quiet()
    post.put("sms")
    post.go(29)
    assert len(sms.heard) == 1
    post.go(10)
    assert set(post.phases().values()) == {Phase.SENT}


@pytest.mark.parametrize(("seconds", "rests"), [(1_800.0, 1_800.0), (86_400.0, 3_600.0)])
def test_a_wait_of_the_whole_channel_is_kept_to_its_end_but_no_longer_than_an_hour(
    post: Post, seconds: float, rests: float
) -> None:
    sms = Provider(answer=raising(SendWait("429", seconds=seconds, scope=Scope.CHANNEL), None))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    post.quiet()
    (other,) = post.put("sms")
    post.go(rests - 1)
    assert len(sms.heard) == 1
    post.go(2)
    assert post.row(other).phase is Phase.SENT


def test_a_wait_of_one_number_lets_the_others_through(post: Post) -> None:
    sms = Provider(answer=raising(SendWait("this number's limit", seconds=3600.0), None))
    post.channel("sms", sms)
    post.courier.start()
    post.put("sms")
    post.quiet()
    (other,) = post.put("sms")
    post.quiet()
    assert post.row(other).phase is Phase.SENT


def test_a_refused_message_is_a_dead_letter_at_once_and_never_sent_again(post: Post) -> None:
    sms = Provider(answer=raising(SendRefused("illegal text", code="isv.CONTENT")))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(7 * 3600)
    assert post.row(one).phase is Phase.DEAD
    assert post.row(one).reason == "illegal text (isv.CONTENT)"
    assert len(sms.heard) == 1
    assert post.raised() == ["dead:sms"]


def test_a_revived_dead_letter_has_its_whole_deadline_again_and_short_pauses_again(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("down")))
    post.channel("sms", sms, deadline=600.0)
    post.courier.start()
    (one,) = post.put("sms")
    post.go(1_300)
    assert post.row(one).phase is Phase.DEAD
    now = post.clock.now()
    assert post.store.store.write(lambda tx: outbox.retry(tx, one, now))
    before = len(sms.heard)
    post.go(300)
    assert post.row(one).phase is Phase.WAITING
    assert len(sms.heard) >= before + 1
    post.go(1_300)
    assert post.row(one).phase is Phase.DEAD


def test_urgent_overtakes_what_is_only_queued(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms, pool=1)
    post.put("sms", severity=Severity.INFO, title="chatter 1")
    post.put("sms", severity=Severity.INFO, title="chatter 2")

    def answer(_: object) -> Acceptance:
        if len(sms.heard) == 1:
            post.put("sms", severity=Severity.CRITICAL, title="fire")
        return Acceptance()

    object.__setattr__(sms, "answer", answer)
    post.courier.start()
    post.quiet()
    assert [message.alert.title for message in sms.heard] == ["chatter 1", "fire", "chatter 2"]


def test_one_bad_number_in_a_batch_costs_the_others_nothing(post: Post) -> None:
    def answer(message: object) -> Acceptance:
        addresses = [recipient.address for recipient in message.recipients]  # type: ignore[attr-defined]
        if "+86wang" in addresses:
            raise SendRefused("not a number", code="isv.MOBILE_NUMBER_ILLEGAL", scope=Scope.RECIPIENT)
        return Acceptance(provider_id=",".join(addresses))

    sms = Batching(answer=answer)
    post.channel("sms", sms)
    ids = post.put("sms", to=("lin", "wang", "zhao"))
    post.courier.start()
    post.quiet()
    assert [post.row(one).phase for one in ids] == [Phase.SENT, Phase.DEAD, Phase.SENT]
    assert [len(message.recipients) for message in sms.heard] == [3, 1, 1, 1]
    assert [post.row(one).provider_id for one in ids] == ["+86lin", "", "+86zhao"]
    assert "isv.MOBILE_NUMBER_ILLEGAL" in post.row(ids[1]).reason


def test_one_number_over_its_limit_does_not_make_the_whole_batch_wait(post: Post) -> None:
    def answer(message: object) -> Acceptance:
        addresses = [recipient.address for recipient in message.recipients]  # type: ignore[attr-defined]
        if "+86wang" in addresses:
            raise SendWait("number limit", seconds=3600.0)
        return Acceptance()

    post.channel("sms", Batching(answer=answer))
    ids = post.put("sms", to=("lin", "wang", "zhao"))
    post.courier.start()
    post.quiet()
    assert [post.row(one).phase for one in ids] == [Phase.SENT, Phase.WAITING, Phase.SENT]


def test_more_numbers_than_fit_go_in_several_requests_that_share_the_notices_id(post: Post) -> None:
    sms = Batching()
    post.channel("sms", sms, pool=1)
    post.put("sms", to=("a", "b", "c", "d", "e", "f", "g"))
    post.courier.start()
    post.quiet()
    assert [len(message.recipients) for message in sms.heard] == [3, 3, 1]
    assert {message.out_id for message in sms.heard} == {f"{post.store.name}-N1"}
    assert set(post.phases().values()) == {Phase.SENT}


def test_a_number_that_two_rows_share_stands_once_in_the_request_and_settles_both(post: Post) -> None:
    sms = Batching()
    post.channel("sms", sms)
    ids = post.put("sms", to=("lin", "lin"))
    post.courier.start()
    post.quiet()
    assert [len(message.recipients) for message in sms.heard] == [1]
    assert {post.row(one).phase for one in ids} == {Phase.SENT}


def test_a_template_that_failed_is_an_alarm_and_the_message_is_sent(post: Post) -> None:
    post.channel("sms", Provider(answer=lambda _: Acceptance(warnings=("template_params.name: 'x' is undefined",))))
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    assert post.row(one).phase is Phase.SENT
    assert post.raised() == ["amended:sms"]
    assert "'x' is undefined" in post.alarms[0].text
