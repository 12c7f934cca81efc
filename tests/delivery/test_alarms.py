"""Alarms about channels: raised once, ended when the channel works, never in a loop, and never lost."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon import internal
from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.audience import Leg, Receiver, Route
from daemon.delivery import standing
from daemon.delivery.alarms import Voice
from daemon.delivery.courier import Courier
from daemon.delivery.standing import HOLD, Standing
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.event import Event, Severity, State
from daemon.internal import Check
from daemon.notice import Acceptance, Message, Phase
from daemon.store import alerts
from delivering import Post, Provider, raising
from made import settings

ARREARS = SendRefused("arrears", scope=Scope.CHANNEL)
WINDOW = 3_600.0


def own(check: Check, channel: str) -> dict[str, object]:
    """An alarm about a channel, as `Post.put` takes it."""
    event = internal.event(check, channel, title="x")
    return {"source": event.source, "labels": event.labels, "key": event.key, "state": State.FIRING}


def test_the_alarm_about_a_breaker_ends_when_the_channel_has_worked_for_a_while(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(ARREARS, None)))
    post.courier.start()
    post.put("sms")
    post.quiet()
    assert post.raised() == ["breaker:sms"]
    post.go(30)  # the trial has succeeded
    assert post.lane().breaker == "closed"
    assert post.over == []
    post.go(60)
    assert post.over[:1] == ["breaker:sms"]
    post.go(600)
    assert Counter(post.over)["breaker:sms"] == 1


@pytest.mark.parametrize("check", ["dead", "fail_over"])
def test_what_was_given_up_or_took_another_way_ends_with_a_success_and_not_without_one(post: Post, check: str) -> None:
    post.channel("sms", Provider(answer=raising(SendRefused("no"), None)))
    post.channel("mail", Provider())
    post.courier.start()
    post.put(*(("sms",) if check == "dead" else ("sms", "mail")))
    post.go(600)
    assert post.raised() == [f"{check}:sms"]
    assert f"{check}:sms" not in post.over, "nothing was sent since: nobody knows whether it works"
    post.put("sms")
    post.go(20)
    assert Counter(post.over)[f"{check}:sms"] == 1


def test_a_test_message_that_arrives_ends_it_too(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendRefused("no"), None)))
    post.courier.start()
    post.put("sms")
    post.go(100)
    post.courier.test("sms", post.rows()[0].delivery.recipient)
    post.go(20)
    assert "dead:sms" in post.over


def test_a_broken_channel_over_which_nothing_is_sent_keeps_its_alarm_open(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(ARREARS)))
    post.courier.start()
    post.put("sms")
    post.quiet()
    refused = post.courier._lanes["sms"]._carrier
    assert refused is not None
    post.store.store.write(lambda tx: tx.run("DELETE FROM deliveries"))
    post.go(7_200)
    raised = Counter(post.raised())["breaker:sms"]
    assert 90 <= raised <= 121, "once in a minute or so, else it would be closed for being quiet"
    assert "breaker:sms" not in post.over


def test_a_channel_that_is_taken_out_of_the_configuration_has_no_open_alarm(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(ARREARS)))
    post.courier.start()
    post.put("sms")
    post.quiet()
    post.without("sms")
    post.courier.reload()
    post.quiet()
    assert "breaker:sms" in post.over
    raised = len(post.alarms)
    post.go(600)
    assert [alarm.key for alarm in post.alarms[raised:]] == [], "nobody trusts it with anything any more"


def test_what_was_open_before_a_restart_is_ended_by_a_channel_that_works(post: Post) -> None:
    post.channel("sms", Provider())
    post.courier.start()
    post.put("sms")
    post.go(100)
    assert sorted(post.over) == ["breaker:sms", "dead:sms", "fail_over:sms"]
    post.put("sms")
    post.go(600)
    assert len(post.over) == 3


def test_a_channel_that_works_and_fails_by_turns_makes_a_few_alarms_a_day() -> None:
    one: Standing | None = None
    ended = 0
    for minute in range(24 * 60):
        now = minute * 60.0
        if minute % 10 == 0:
            one = standing.troubled(one, now, WINDOW)
        if one is not None and one.is_over(now, worked_at=now):
            one, ended = standing.ended(one, now), ended + 1
    assert ended <= 5


@given(st.lists(st.tuples(st.floats(0, 1_000), st.booleans()), max_size=60))
def test_an_alarm_is_ended_only_after_its_hold_without_trouble(steps: list[tuple[float, bool]]) -> None:
    one: Standing | None = None
    now = last = 0.0
    for pause, trouble in steps:
        now += pause
        if trouble:
            one, last = standing.troubled(one, now, WINDOW), now
            assert HOLD <= one.hold <= WINDOW
        elif one is not None and one.is_over(now, now):
            assert now - last >= one.hold
            one = standing.ended(one, now)
            assert not one.is_over(now, now)


def test_an_alarm_about_a_channel_raises_none_about_it_whatever_its_kind(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(ARREARS)))
    post.courier.start()
    for check in (Check.DEAD, Check.FAIL_OVER, Check.BREAKER, Check.AMENDED):
        post.put("sms", **own(check, "sms"))
    post.go(600)
    assert post.raised() == []


def test_a_chain_from_one_channel_to_another_and_back_is_cut(post: Post) -> None:
    for name in ("x", "y"):
        post.channel(name, Provider(answer=raising(SendRefused("no"))))
    post.courier.start()
    post.put("x")
    post.quiet()
    post.put("y", **own(Check.DEAD, "x"))
    post.quiet()
    assert post.raised() == ["dead:x", "dead:y"]
    post.go(61)
    post.put("x", **own(Check.DEAD, "y"))
    post.quiet()
    assert post.raised() == ["dead:x", "dead:y"]


def test_an_own_alarm_that_is_given_up_everywhere_goes_to_the_last_resort_once(post: Post) -> None:
    for name in ("x", "y"):
        post.channel(name, Provider(answer=raising(SendRefused("no"))))
    post.courier.start()
    post.put("x", "y", **own(Check.DEAD, "z"))
    post.go(3_600)
    assert post.last == ["dead:z"]


def test_an_own_alarm_that_waits_for_channels_that_do_not_work_goes_there_long_before_its_deadline(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(SendFailed("down"))))
    post.courier.start()
    (one,) = post.put("sms", **own(Check.DEAD, "z"))
    post.go(300)
    assert post.row(one).phase is Phase.WAITING
    assert post.last == ["dead:z"]


def test_an_own_alarm_that_somebody_was_told_does_not(post: Post) -> None:
    post.channel("sms", Provider(answer=lambda message: _only_lin(message.recipients[0].name)))
    post.courier.start()
    post.put("sms", to=("lin", "wang"), **own(Check.DEAD, "z"))
    post.put("sms", to=("wang",), state=State.FIRING)  # somebody else's alarm is no business of the last resort
    post.go(600)
    assert post.last == []


def _only_lin(name: str) -> Acceptance:
    if name != "lin":
        raise SendRefused("no")
    return Acceptance()


def test_an_own_alarm_that_two_pauses_of_the_breaker_delay_does_not(post: Post) -> None:
    post.channel("sms", Provider(answer=raising(ARREARS, ARREARS, None)))
    post.courier.start()
    post.put("sms", **own(Check.DEAD, "z"))
    post.go(600)
    assert post.last == []


def whole(post: Post) -> Intake:
    """A courier whose alarms take the real way: through the pipeline into its own outbox."""
    post.settings = settings(
        channels=post.settings.channels,
        receivers={"ops": Receiver(name="ops", notify=(Leg(by=("x", "y"), to=("lin",)), Leg(by=("y",), to=("wang",))))},
        route=Route(receiver="ops"),
    )
    intake = Intake(post.store, post.clock, lambda: Rules(post.settings), lambda key, *_: post.last.append(key))
    voice = Voice(alarm=intake.alarm, over=intake.alarm_over, last_resort=lambda key, *_: post.last.append(key))
    post.courier = Courier(post.store, post.clock, lambda: post.settings, voice, seed=7, grace=0.01, gap=0.0)
    return intake


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", [SendRefused("no"), SendFailed("down"), ARREARS], ids=["refused", "failed", "arrears"]
)
def test_a_day_in_which_both_channels_fail_makes_a_bounded_number_of_alarms(post: Post, error: Exception) -> None:
    for name in ("x", "y"):
        post.channel(name, Provider(answer=raising(error)))
    intake = whole(post)
    post.courier.start()
    for hour in range(24):
        intake.events([Event(source="shop", key=f"k{hour}", title="till is stuck", severity=Severity.ERROR)])
        post.go(3_600)
    known = post.store.read(lambda tx: alerts.newest(tx, source="tocsin", limit=10_000))
    assert {alert.key.partition(":")[2] for alert in known} == {"x", "y"}
    assert len(known) <= 6, [alert.key for alert in known]
    assert 1 <= len(post.last) <= 6, post.last
    assert len(post.rows()) < 200


@pytest.mark.slow
def test_a_day_in_which_a_channel_works_and_fails_by_turns_makes_a_few_alarms(post: Post) -> None:
    def answer(_: Message) -> Acceptance:
        if int(post.clock.now() / 300) % 2:
            raise ARREARS
        return Acceptance()

    post.channel("x", Provider(answer=answer))
    post.channel("y", Provider())
    intake = whole(post)
    post.courier.start()
    for minute in range(0, 24 * 60, 4):
        intake.events([Event(source="shop", key=f"k{minute}", title="till is stuck", severity=Severity.ERROR)])
        post.go(240)
    known = post.store.read(lambda tx: alerts.newest(tx, source="tocsin", limit=10_000))
    kinds = Counter(alert.key for alert in known)
    assert set(kinds) <= {"breaker:x", "fail_over:x"}
    assert max(kinds.values()) <= 8, kinds
    assert post.last == []


def test_a_bug_in_one_look_ends_no_other(
    post: Post, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    post.channel("sms", Provider(answer=raising(SendRefused("no"))))
    post.courier.start()
    monkeypatch.setattr(post.courier._alarms, "look", broken)
    post.put("sms", **own(Check.DEAD, "z"))
    post.go(60)
    assert post.last == ["dead:z"]
    assert "stumbled in a look" in caplog.text


def test_a_store_that_cannot_write_sends_the_alarm_to_the_last_resort(post: Post) -> None:
    post.channel("x", Provider())
    intake = whole(post)
    post.store.ill = True
    for _ in range(3):
        intake.alarm(Check.CLOCK, title="jumped", text="")
    intake.alarm_over(Check.CLOCK)
    assert post.last == ["clock"] * 3
