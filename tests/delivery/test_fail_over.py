"""From one channel to the next, and the alarms that tell of it."""

import gevent
import pytest
from gevent.event import Event

from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance, Phase
from daemon.store import outbox
from delivering import Post, Provider, raising


def test_a_refused_message_goes_on_over_the_next_channel_at_once(post: Post) -> None:
    first, second = Provider(answer=raising(SendRefused("no", code="E1"))), Provider()
    post.channel("sms", first)
    post.channel("backup", second)
    post.courier.start()
    (one,) = post.put("sms", "backup")
    post.quiet()
    assert post.row(one).phase is Phase.FAILED_OVER
    went = post.rows()[1].delivery
    assert (went.channel, went.phase, went.then) == ("backup", Phase.SENT, [])
    assert went.recipient == post.row(one).recipient
    assert post.raised() == ["fail_over:sms"]
    assert "no (E1)" in post.alarms[0].text


def test_a_chain_is_walked_to_its_end_and_only_then_is_the_message_dead(post: Post) -> None:
    for name in ("a", "b", "c"):
        post.channel(name, Provider(answer=raising(SendRefused(f"{name} says no"))))
    post.courier.start()
    post.put("a", "b", "c")
    post.go(1)
    assert [row.delivery.phase for row in post.rows()] == [Phase.FAILED_OVER, Phase.FAILED_OVER, Phase.DEAD]
    assert post.rows()[1].delivery.reason == "b says no"
    assert sorted(post.raised()) == ["dead:c", "fail_over:a", "fail_over:b"]


def test_failures_are_borne_for_a_while_before_the_next_channel_takes_over(post: Post) -> None:
    first, second = Provider(answer=raising(SendFailed("503"))), Provider()
    post.channel("sms", first, fail_over_after=20.0)
    post.channel("backup", second)
    post.courier.start()
    post.put("sms", "backup")
    post.go(15)
    assert second.heard == []
    post.go(6)
    assert len(second.heard) == 1
    assert 2 <= len(first.heard) <= 5


def test_a_wait_that_is_longer_than_failures_are_borne_fails_over_at_once(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendWait("hour limit", seconds=3600.0))))
    backup = Provider()
    post.channel("backup", backup)
    post.courier.start()
    post.put("sms", "backup")
    post.quiet()
    assert len(backup.heard) == 1


def test_an_accounts_daily_limit_sends_whoever_has_another_way_there_and_buries_only_what_met_it(post: Post) -> None:
    limit = SendWait("day limit", seconds=86_400.0, scope=Scope.CHANNEL)
    sms, backup = Provider(answer=raising(limit, limit, None)), Provider()
    post.channel("sms", sms)
    post.channel("backup", backup)
    post.courier.start()
    (met,) = post.put("sms")
    post.quiet()
    (over,), (waits,) = post.put("sms", "backup"), post.put("sms")
    post.go(3_590)
    phases = [post.row(one).phase for one in (met, over, waits)]
    assert phases == [Phase.DEAD, Phase.FAILED_OVER, Phase.WAITING]
    assert (len(sms.heard), len(backup.heard)) == (1, 1)
    post.go(20)
    assert post.row(waits).phase is Phase.DEAD, "tried again after an hour, and told of the same limit"


def test_short_waits_do_not_add_up_beyond_what_is_borne(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendWait("busy", seconds=8.0))), fail_over_after=30.0)
    backup = Provider()
    post.channel("backup", backup)
    post.courier.start()
    post.put("sms", "backup")
    post.go(31)
    assert len(backup.heard) == 1


def test_once_the_breaker_is_open_whoever_has_another_way_takes_it(post: Post) -> None:
    first, backup = Provider(answer=raising(SendFailed("down"))), Provider()
    post.channel("sms", first, pool=1)
    post.channel("backup", backup)
    post.courier.start()
    alone = [post.put("sms")[0] for _ in range(5)]
    post.quiet()
    assert post.lane().breaker == "open"
    tried = len(first.heard)
    post.put("sms", "backup")
    post.quiet()
    assert len(backup.heard) == 1
    assert len(first.heard) == tried
    assert {post.row(one).phase for one in alone} == {Phase.WAITING}
    assert "several failures in a row: down" in post.rows()[-2].delivery.reason
    assert "breaker:sms" in post.raised()


def test_a_channel_that_is_refused_as_such_is_left_alone_after_one_message(post: Post) -> None:
    broke = SendRefused("in arrears", code="isv.AMOUNT_NOT_ENOUGH", scope=Scope.CHANNEL)
    first, backup = Provider(answer=raising(broke)), Provider()
    post.channel("sms", first, pool=1)
    post.channel("backup", backup)
    for _ in range(20):
        post.put("sms", "backup")
    post.courier.start()
    post.quiet()
    assert len(first.heard) == 1
    assert len(backup.heard) == 20
    lane = post.lane("sms")
    assert lane.breaker == "open"
    assert "in arrears" in lane.reason


def test_a_trial_after_the_pause_brings_the_channel_back(post: Post) -> None:
    broke = SendRefused("bad key", scope=Scope.CHANNEL)
    sms = Provider(answer=raising(broke, broke, None))
    post.channel("sms", sms, pool=4)
    post.courier.start()
    for _ in range(8):
        post.put("sms")
    post.quiet()
    # four were under way before the first refusal was known: one script entry each
    waiting = [row for row in post.rows() if row.delivery.phase is Phase.WAITING]
    post.go(11)
    assert all(post.row(row.delivery.id).phase in {Phase.SENT, Phase.DEAD} for row in waiting)
    assert post.lane().breaker == "closed"


def test_only_one_message_is_risked_in_a_trial(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("down")))
    post.channel("sms", sms, pool=10)
    post.courier.start()
    for _ in range(30):
        post.put("sms")
    post.quiet()
    assert post.lane().breaker == "open"
    before = len(sms.heard)
    post.go(11)
    assert len(sms.heard) == before + 1
    post.go(18)
    assert len(sms.heard) == before + 1
    post.go(3)
    assert len(sms.heard) == before + 2


def test_without_another_way_a_message_is_not_held_for_ever_by_an_open_breaker(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendFailed("down"))), deadline=1_800.0)
    post.courier.start()
    ids = [post.put("sms")[0] for _ in range(40)]
    post.go(1_700)
    assert Phase.DEAD not in {post.row(one).phase for one in ids}
    post.go(700)
    assert {post.row(one).phase for one in ids} == {Phase.DEAD}


def test_what_outlived_its_deadline_while_tocsin_was_down_is_still_tried(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("network is not up yet"), None))
    post.channel("sms", sms, deadline=3600.0)
    (one,) = post.put("sms")
    post.clock.advance(8 * 3600)
    post.courier.start()
    post.go(10)
    assert post.row(one).phase is Phase.SENT


def test_a_channel_that_is_gone_hands_its_rows_on_or_buries_them(post: Post) -> None:
    backup = Provider()
    post.channel("backup", backup)
    (over,), (dead,) = post.put("old", "backup"), post.put("old")
    post.courier.start()
    post.quiet()
    assert post.row(over).phase is Phase.FAILED_OVER
    assert len(backup.heard) == 1
    assert post.row(dead).phase is Phase.DEAD
    assert post.row(dead).reason == "channel old is no longer configured"
    assert [lane.channel for lane in post.courier.status()] == ["backup"]


def test_a_dead_letter_revived_on_a_channel_nobody_serves_does_not_wait_for_ever(post: Post) -> None:
    post.channel("sms", Provider())
    (one,) = post.put("old")
    post.courier.start()
    post.quiet()
    post.stop()
    post.new_courier().start()
    now = post.clock.now()
    assert post.store.store.write(lambda tx: outbox.retry(tx, one, now))
    post.go(20)
    assert post.row(one).phase is Phase.DEAD


def test_hundreds_of_rows_of_a_channel_that_is_gone_all_go(post: Post) -> None:
    post.put("old", to=tuple(f"p{i}" for i in range(450)))
    post.courier.start()
    post.quiet()
    assert set(post.phases().values()) == {Phase.DEAD}
    assert post.raised() == ["dead:old"]


def test_an_alarm_about_a_channel_that_dies_over_that_channel_makes_no_further_alarm(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendRefused("no"))))
    post.courier.start()
    post.put("sms", source="tocsin", labels={"check": "dead", "channel": "sms"})
    post.quiet()
    assert post.raised() == []
    post.put("sms", source="tocsin", labels={"check": "dead", "channel": "other"})
    post.quiet()
    assert post.raised() == ["dead:sms"]


def test_a_storm_of_dead_letters_is_one_alarm_a_minute(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendRefused("no"))))
    post.courier.start()
    for _ in range(50):
        post.put("sms")
    post.go(30)
    assert post.raised() == ["dead:sms"]
    post.go(31)
    post.put("sms")
    post.quiet()
    assert post.raised() == ["dead:sms", "dead:sms"]


def test_a_hanging_channel_does_not_delay_another(post: Post) -> None:
    never = Event()
    post.channel("hangs", Provider(answer=lambda _: never.wait() and Acceptance(), timeout=60.0), pool=3)
    quick = Provider()
    post.channel("quick", quick)
    post.courier.start()
    for _ in range(10):
        post.put("hangs")
        post.put("quick")
    post.quiet()
    assert len(quick.heard) == 10
    lane = post.lane("hangs")
    assert (lane.busy, lane.pool) == (3, 3)


def test_a_call_that_hangs_beyond_its_time_out_is_broken_off_and_may_have_arrived(post: Post) -> None:
    never = Event()
    sms = Provider(answer=lambda _: never.wait() and Acceptance(), timeout=0.02)
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    with gevent.Timeout(3):
        while not post.row(one).reason:
            gevent.idle()
    row = post.row(one)
    assert (row.phase, row.interrupted) == (Phase.WAITING, True)
    assert "no answer within" in row.reason


@pytest.mark.parametrize("found", [True, False])
def test_what_may_have_arrived_is_asked_after_before_it_is_repeated(post: Post, found: bool) -> None:
    sms = Provider(answer=raising(SendFailed("time-out", ambiguous=True), None))
    post.channel("sms", sms)
    post.courier.start()
    (one,) = post.put("sms")
    post.quiet()
    if found:
        sms.known[f"{post.store.name}-D{one}"] = Acceptance(provider_id="B-7", detail="it has it")
    post.go(10)
    row = post.row(one)
    assert row.phase is Phase.SENT
    assert [message.repeat for message in sms.heard] == ([False] if found else [False, True])
    assert row.provider_id == ("B-7" if found else "yes")
    assert sms.asked[0][1] == post.rows()[0].notice.at
