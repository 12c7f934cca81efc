"""What is told of each outcome: numbers that move and log lines that can be followed."""

import logging

import pytest

from daemon import telemetry
from daemon.delivery.alarms import Voice
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.event import Severity
from daemon.exposition import TEXT
from daemon.notice import Acceptance, Recipient
from delivering import Batching, Post, Provider, raising


def number(name: str, **labels: str) -> float:
    return telemetry.REGISTRY.get_sample_value(name, labels) or 0.0


def outcome(channel: str, name: str) -> float:
    return number("tocsin_deliveries_total", channel=channel, outcome=name)


def test_every_outcome_is_counted(post: Post) -> None:
    post.channel("sent", Provider())
    post.channel("later", Provider(answer=raising(SendFailed("x"))))
    post.channel("over", Provider(answer=raising(SendRefused("x"))))
    bad = SendRefused("x", scope=Scope.RECIPIENT)
    post.channel("alone", Batching(answer=raising(bad, None)))
    post.courier.start()
    post.put("sent")
    post.put("later")
    post.put("over")
    post.put("over", "sent")
    post.put("alone", to=("a", "b"))
    post.quiet()
    assert outcome("sent", "sent") == 2
    assert outcome("later", "later") == 1
    assert (outcome("over", "dead"), outcome("over", "failed_over")) == (1, 1)
    assert (outcome("alone", "alone"), outcome("alone", "sent")) == (2, 2)
    assert number("tocsin_send_seconds_count", channel="alone") == 3
    assert number("tocsin_delivery_seconds_count", channel="sent") == 2


def test_templates_that_did_not_render_are_counted_by_channel_once_a_message(post: Post) -> None:
    warned = Acceptance(warnings=("template_params.name: x", "template_params.code: y"))
    post.channel("worded", Batching(answer=lambda _: warned))
    post.courier.start()
    post.put("worded", to=("a", "b", "c"))
    post.quiet()
    assert number("tocsin_delivery_warnings_total", channel="worded") == 2
    post.courier.test("worded", Recipient(name="a", address="+861"))
    assert number("tocsin_delivery_warnings_total", channel="worded") == 4


def test_a_channel_that_was_taken_out_leaves_no_ghost_and_counts_anew_when_it_is_back(post: Post) -> None:
    made = Provider()
    post.channel("ghost", made)
    post.courier.start()
    post.put("ghost")
    post.quiet()
    post.without("ghost")
    post.courier.reload()
    assert 'channel="ghost"' not in telemetry.exposition(TEXT).decode()
    post.channel("ghost", made)
    post.courier.reload()
    post.put("ghost")
    post.quiet()
    assert outcome("ghost", "sent") == 1


def test_the_breakers_gauge_follows_it(post: Post) -> None:
    post.channel("gauge", Provider(answer=raising(SendRefused("arrears", scope=Scope.CHANNEL), None)))
    post.courier.start()
    post.put("gauge")
    post.quiet()
    assert number("tocsin_breaker_open", channel="gauge") == 1
    post.go(11)
    post.put("gauge")
    post.quiet()
    assert number("tocsin_breaker_open", channel="gauge") == 0


def test_each_outcome_is_one_line_with_the_codes_of_alert_delivery_and_channel(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tocsin.delivery")
    post.channel("sms", Provider(answer=raising(SendFailed("503", code="E"), None)))
    post.courier.start()
    (one,) = post.put("sms")
    post.go(6)
    lines = [record for record in caplog.records if getattr(record, "delivery", "") == f"D{one}"]
    assert [(line.levelname, line.getMessage()) for line in lines] == [
        ("WARNING", f"D{one} to lin over sms: later: 503 (E)"),
        ("INFO", f"D{one} to lin over sms: sent"),
    ]
    assert {(line.alert, line.channel) for line in lines} == {("A1", "sms")}  # type: ignore[attr-defined]


def test_an_alarm_that_cannot_be_raised_stops_nothing(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no pipeline")

    post.courier._alarms._voice = Voice(alarm=broken, over=broken)
    post.channel("sms", Provider(answer=raising(SendRefused("x"), None)))
    post.courier.start()
    post.put("sms")
    post.quiet()
    (other,) = post.put("sms")
    post.quiet()
    assert post.row(other).provider_id == "yes"
    assert "the alarm dead:sms could not be told or ended" in caplog.text


def test_alarms_say_how_bad_it_is_and_which_channel(post: Post) -> None:
    warned = Acceptance(warnings=("x",))
    post.channel("sms", Provider(answer=raising(SendRefused("x", scope=Scope.CHANNEL))))
    post.channel("backup", Provider(answer=lambda _: warned))
    post.courier.start()
    post.put("sms", "backup")
    post.quiet()
    assert {(alarm.key, alarm.severity) for alarm in post.alarms} == {
        ("breaker:sms", Severity.ERROR),
        ("fail_over:sms", Severity.WARNING),
        ("amended:backup", Severity.WARNING),
    }
    assert all(
        alarm.labels == dict(zip(("check", "channel"), alarm.key.split(":"), strict=True)) for alarm in post.alarms
    )
