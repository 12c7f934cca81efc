"""Quotas in the lanes: what is over goes elsewhere or waits for company, what is critical goes, nothing is lost."""

from collections import Counter
from dataclasses import replace

import gevent.event
import pytest

from daemon import telemetry
from daemon.config.quota import Counted, Per, Quota, Then
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.event import Severity, State
from daemon.notice import Acceptance, Message, Phase, Reason, Recipient
from daemon.store import attempts
from daemon.units import Seconds, Share
from daemon.zone import Zone
from delivering import Batching, Post, Provider, raising

NEAR_MIDNIGHT = Zone("Etc/GMT+2")  # there the tests begin at 23:00
HOUR = 3600.0


def quota(most: int, reserve: int = 0, **more: object) -> Quota:
    told: dict[str, object] = {"per": Per.DAY, "time_zone": NEAR_MIDNIGHT, "reserve": Share(number=reserve)}
    return Quota(most=most, **(told | more))  # type: ignore[arg-type]


def digests(most: int, reserve: int, every: float = 600.0, **more: object) -> Quota:
    return quota(most, reserve, then=Then.DIGEST, digest_every=Seconds(every), **more)


def storm(post: Post, count: int, *ways: str, name: str = "f", **more: object) -> list[int]:
    ways = ways or ("sms",)
    return [
        post.put(*ways, fingerprint=f"{name}{n}", title=f"{name} {n}", state=State.FIRING, **more)[0]
        for n in range(count)
    ]


def shown(name: str) -> float | None:
    return telemetry.REGISTRY.get_sample_value(name, {"channel": "sms", "each": "channel", "per": "day"})


def phases(post: Post, rows: list[int]) -> Counter[Phase]:
    return Counter(post.row(one).phase for one in rows)


def test_what_is_over_takes_the_next_channel_and_what_is_critical_the_reserve(post: Post) -> None:
    sms, mail = Provider(), Provider()
    post.channel("sms", sms, quotas=(quota(5, 2),))
    post.channel("mail", mail)
    post.courier.start()
    rows = storm(post, 6, "sms", "mail")
    post.quiet()
    assert phases(post, rows) == {Phase.SENT: 3, Phase.FAILED_OVER: 3}
    assert "of the quota of 5 messages a day all is used but the 2 reserved" in post.row(rows[-1]).reason
    critical = storm(post, 3, "sms", "mail", name="c", severity=Severity.CRITICAL)
    post.quiet()
    assert phases(post, critical) == {Phase.SENT: 2, Phase.FAILED_OVER: 1}
    assert post.row(critical[-1]).reason == "not sent: the quota of 5 messages a day is used up"
    assert (len(sms.heard), len(mail.heard)) == (5, 4)
    (tried,) = post.store.store.read(lambda tx: attempts.of_delivery(tx, critical[-1]))
    assert (tried.code, tried.step) == ("quota", "failed_over")


def test_many_at_once_do_not_pass_the_quota_together(post: Post) -> None:
    go = gevent.event.Event()
    sms = Provider(answer=lambda message: go.wait() and Acceptance(provider_id=message.code))
    post.channel("sms", sms, quotas=(quota(7),), pool=50)
    post.courier.start()
    rows = storm(post, 30)
    post.quiet()
    assert len(sms.heard) == 7
    go.set()
    post.quiet()
    assert phases(post, rows) == {Phase.SENT: 7, Phase.WAITING: 23}


def test_what_the_provider_refuses_or_never_heard_of_is_not_counted(post: Post) -> None:
    sms = Provider(answer=raising(SendRefused("no such number"), SendFailed("no connection"), None))  # type: ignore[arg-type]
    post.channel("sms", sms, quotas=(quota(1),))
    post.courier.start()
    rows = storm(post, 1) + storm(post, 1, name="g")
    post.go(20)
    assert [post.row(one).phase for one in rows] == [Phase.DEAD, Phase.SENT]
    assert len(sms.heard) == 3


def test_of_a_request_to_several_only_those_count_whom_the_provider_took(post: Post) -> None:
    no = SendRefused("no such number", scope=Scope.RECIPIENT)
    sms = Batching(answer=lambda message: Acceptance(provider_id=message.code, errors={"+86b": no}))
    post.channel("sms", sms, quotas=(quota(3),))
    post.courier.start()
    rows = post.put("sms", to=("a", "b", "c"))
    post.quiet()
    rows += storm(post, 2, to=("d",))
    post.go(6)
    assert [post.row(one).phase for one in rows] == [Phase.SENT, Phase.DEAD, Phase.SENT, Phase.SENT, Phase.WAITING]


def test_what_may_have_arrived_is_counted(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("time-out", ambiguous=True)))
    post.channel("sms", sms, quotas=(quota(1),))
    post.courier.start()
    storm(post, 1)
    post.go(60)
    assert len(sms.heard) == 1


def test_without_another_channel_it_waits_for_the_new_day_and_is_then_told_in_company(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms, quotas=(quota(2),))
    post.courier.start()
    rows = storm(post, 6)
    post.go(HOUR - 1)
    assert len(sms.heard) == 2
    post.go(2)
    assert len(sms.heard) == 3
    assert sms.heard[-1].notice.reason is Reason.DIGEST
    assert sms.heard[-1].notice.firing == 4
    assert phases(post, rows) == {Phase.SENT: 2, Phase.FOLDED: 4}


def test_what_would_wait_longer_than_its_deadline_is_a_dead_letter_with_the_reason(post: Post) -> None:
    post.channel("sms", Provider(), quotas=(quota(1),), deadline=Seconds(1800.0))
    post.courier.start()
    _, dead = storm(post, 2)
    post.go(6)  # the first of the two might have failed
    assert post.row(dead).phase is Phase.DEAD
    assert "the quota of 1 messages a day is used up" in post.row(dead).reason


def test_beyond_the_quota_there_are_digests_and_half_of_the_reserve_stays(post: Post) -> None:
    sms, mail = Provider(), Provider()
    post.channel("sms", sms, quotas=(digests(7, 4),))
    post.channel("mail", mail)
    post.courier.start()
    storm(post, 8, "sms", "mail")
    post.go(599)
    assert len(sms.heard) == 3
    storm(post, 2, "sms", "mail", name="late")
    post.go(2)
    assert sms.heard[-1].notice.firing == 7
    storm(post, 3, "sms", "mail", name="next")
    post.go(600)
    assert [message.notice.firing for message in sms.heard] == [1, 1, 1, 7, 3]
    assert not mail.heard
    elsewhere = storm(post, 2, "sms", "mail", name="last")
    storm(post, 3, "sms", "mail", name="c", severity=Severity.CRITICAL)
    post.quiet()
    assert phases(post, elsewhere) == {Phase.FAILED_OVER: 2}
    assert len(sms.heard) == 7
    assert len(mail.heard) == 3


def test_each_recipient_has_a_digest_of_their_own_and_who_is_not_over_hears_at_once(post: Post) -> None:
    sms = Batching()
    post.channel("sms", sms, quotas=(digests(5, 2, each=Counted.RECIPIENT),))
    post.courier.start()
    storm(post, 5, to=("lin",))
    post.quiet()
    assert len(sms.heard) == 3
    storm(post, 1, name="both", to=("lin", "wang"))
    post.quiet()
    assert [one.name for one in sms.heard[-1].recipients] == ["wang"]
    post.go(600)
    assert [one.name for one in sms.heard[-1].recipients] == ["lin"]
    assert sms.heard[-1].notice.firing == 3


def test_a_digest_that_could_not_be_sent_goes_as_soon_as_it_can(post: Post) -> None:
    down = [False]

    def answer(message: Message) -> Acceptance:
        if down[0]:
            raise SendFailed("no connection")
        return Acceptance(provider_id=message.code)

    sms = Provider(answer=answer)
    post.channel("sms", sms, quotas=(digests(4, 2),))
    post.courier.start()
    storm(post, 5)
    post.go(590)
    down[0] = True
    post.go(20)
    down[0] = False
    post.go(30)
    assert [message.notice.firing for message in sms.heard if message.notice.reason is Reason.DIGEST][-1:] == [3]
    assert Counter(row.delivery.phase for row in post.rows()) == {Phase.SENT: 3, Phase.FOLDED: 3}


def test_what_was_used_and_what_was_under_way_counts_after_a_crash(post: Post) -> None:
    never = gevent.event.Event()
    sms = Provider(
        answer=lambda message: never.wait() if message.alert.title == "hangs 0" else Acceptance(provider_id="p")  # type: ignore[arg-type,return-value]
    )
    post.channel("sms", sms, quotas=(quota(4),), pool=5)
    post.courier.start()
    storm(post, 1)
    storm(post, 1, name="hangs")
    post.quiet()
    post.stop_dead()
    post.new_courier().start()
    rows = storm(post, 5, name="after")
    post.go(30)
    assert len(sms.heard) <= 4
    assert phases(post, rows)[Phase.WAITING] == 4  # the one that hung is repeated, and counted once more


def test_over_a_restart_and_midnight_nothing_is_lost_and_nothing_goes_twice(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms, quotas=(digests(6, 2, every=2_400.0),))
    post.courier.start()
    rows = storm(post, 7)
    post.go(60)
    post.stop()
    post.new_courier().start()
    rows += storm(post, 2, name="after")
    post.go(2_400)
    assert [message.notice.firing for message in sms.heard] == [1, 1, 1, 1, 5]  # 3 from before the restart, 2 after it
    rows += storm(post, 2, name="evening")
    post.go(1_200)  # past midnight
    rows += storm(post, 1, name="next day")
    post.quiet()
    assert [message.notice.firing for message in sms.heard[5:]] == [2, 1]
    assert phases(post, rows) == {Phase.SENT: 5, Phase.FOLDED: 7}
    told = [alert.title for message in sms.heard for alert in message.notice.alerts]
    assert len(told) == len(set(told)) == 12


def test_the_new_month_and_a_raised_quota_let_messages_through(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms, quotas=(quota(1), quota(2, per=Per.MONTH)))
    post.courier.start()
    rows = storm(post, 2)
    post.quiet()
    assert len(sms.heard) == 1
    post.channel("sms", sms, quotas=(quota(5), quota(5, per=Per.MONTH)))
    post.courier.reload()
    rows += storm(post, 1, name="g")
    post.quiet()
    assert len(sms.heard) == 2


def test_a_test_message_counts_and_may_use_the_reserve(post: Post) -> None:
    post.channel("sms", Provider(), quotas=(quota(2, 1),))
    post.courier.start()
    lin = Recipient(name="lin", address="+86lin")
    post.courier.test("sms", lin)
    post.courier.test("sms", lin)
    with pytest.raises(SendRefused, match="the quota of 2 messages a day is used up") as refused:
        post.courier.test("sms", lin)
    assert refused.value.code == "quota"


def test_a_test_that_failed_is_not_counted_and_an_ill_store_does_not_hinder_one(post: Post) -> None:
    sms = Provider(answer=raising(SendFailed("no"), None))  # type: ignore[arg-type]
    post.channel("sms", sms, quotas=(quota(1),))
    post.courier.start()
    lin = Recipient(name="lin", address="+86lin")
    with pytest.raises(SendFailed):
        post.courier.test("sms", lin)
    post.courier.test("sms", lin)
    post.store.ill = True
    post.courier.test("sms", lin)
    post.store.ill = False
    assert len(sms.heard) == 3


def test_the_alarms_say_how_long_it_lasts_and_end_with_the_day(post: Post) -> None:
    sms = Provider()
    post.settings = replace(post.settings, texts=replace(post.settings.texts, time_zone=NEAR_MIDNIGHT))
    post.channel("sms", sms, quotas=(quota(40, 10),))
    post.courier.start()
    storm(post, 26)
    post.go(16)
    (soon,) = post.alarms
    assert soon.key == "quota:sms:day"
    assert "26 of 40 messages this day are used, 10 are reserved; at this rate gone at 23:0" in soon.text
    storm(post, 6, name="g")
    post.go(16)
    assert post.raised()[1:] == ["quota:sms:day", "quota_spent:sms:day"]
    assert "what is not critical goes elsewhere; new at 00:00 on 2026-11-21" in post.alarms[-1].text
    assert "quota:sms:day" not in post.over
    assert shown("tocsin_quota_used") == 30
    assert shown("tocsin_quota_most") == 40
    post.go(HOUR)
    assert {"quota:sms:day", "quota_spent:sms:day"} <= set(post.over)


def test_alarms_from_before_a_restart_end_when_the_quota_was_raised(post: Post) -> None:
    post.channel("sms", Provider(), quotas=(quota(40),))
    post.courier.start()
    post.go(16)
    assert post.over == ["quota:sms:day", "quota_spent:sms:day"]
    post.go(60)
    assert len(post.over) == 2


def test_a_quota_that_is_no_longer_configured_has_no_alarm(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms, quotas=(quota(1),))
    post.courier.start()
    storm(post, 1)
    post.go(16)
    assert post.raised() == ["quota:sms:day", "quota_spent:sms:day"]
    post.channel("sms", sms)
    post.courier.reload()
    post.go(16)
    assert post.over == ["quota:sms:day", "quota_spent:sms:day"]
    assert shown("tocsin_quota_most") is None
