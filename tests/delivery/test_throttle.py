"""How often a channel may be used: no stretch of a window's length ever holds more requests than its rate."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.declared import Each, Rate
from daemon.delivery.throttle import Throttle
from daemon.errors import SendWait
from daemon.notice import Phase, Recipient
from daemon.store import canaries
from daemon.store.canaries import Sent
from daemon.units import Seconds
from delivering import Batching, Post, Provider


def rate(most: int, within: float, each: Each = Each.CHANNEL) -> Rate:
    return Rate(most=most, within=Seconds(within), each=each)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 3)), min_size=1, max_size=60),
    st.integers(1, 4),
    st.floats(0.5, 10),
)
def test_no_stretch_of_the_length_of_a_window_holds_more_than_the_rate(
    steps: list[tuple[float, float]], most: int, within: float
) -> None:
    throttle, now, spans = Throttle([rate(most, within)]), 0.0, []
    for pause, took in steps:
        now += pause
        if throttle.left(now):
            assert throttle.free_in(now) == 0
            throttle.begin([""])
            spans.append((now, now + took))
            now += took
            throttle.end([""], now)
        else:
            assert throttle.free_in(now) > 0
    for earlier, later in zip(spans, spans[most:], strict=False):
        assert later[0] - earlier[1] >= within - 1e-9  # even where the provider counted one late and the other early


def test_a_full_window_says_when_the_next_may_begin() -> None:
    throttle = Throttle([rate(2, 60)])
    for now in (0.0, 10.0):
        throttle.begin([""])
        throttle.end([""], now)
    assert (throttle.left(20.0), throttle.free_in(20.0)) == (0, 40.0)
    assert (throttle.left(60.0), throttle.free_in(60.0)) == (1, 0.0)


def test_several_windows_count_together_and_each_recipient_by_itself() -> None:
    throttle = Throttle([rate(5, 1), rate(6, 60), rate(1, 30, Each.RECIPIENT)])
    for _ in range(5):
        throttle.begin(["a"])
        throttle.end(["a"], 0.0)
    assert throttle.left(0.5) == 0
    assert throttle.left(1.0) == 1
    full = throttle.full("a", 1.0)
    assert full
    assert full.seconds == 29.0
    assert throttle.full("b", 1.0) is None
    assert throttle.room(1.0, 3.0) == 1
    assert throttle.room_each(60.0) == 3


def test_windows_that_are_over_are_forgotten() -> None:
    throttle = Throttle([rate(1, 1, Each.RECIPIENT)])
    for number in range(10_000):
        throttle.begin([str(number)])
        throttle.end([str(number)], float(number))
    assert len(throttle._recipients) < 5_000


def test_a_lane_sends_no_faster_than_its_channels_rate(post: Post) -> None:
    times: list[float] = []
    robot = Provider(answer=lambda message: times.append(post.clock.now()) or Provider().answer(message))
    post.channel("robot", robot, rates=(rate(3, 60),), digest_after=3600.0)
    post.courier.start()
    ids = [post.put("robot", fingerprint=f"f{n}")[0] for n in range(8)]
    post.go(59)
    assert len(times) == 3
    post.go(130)
    assert len(times) == 8
    assert all(post.row(one).phase is Phase.SENT for one in ids)
    for earlier, later in zip(times, times[3:], strict=False):
        assert later - earlier >= 60


def test_whoever_may_be_told_no_more_takes_the_next_channel_and_the_others_go(post: Post) -> None:
    sms, mail = Batching(), Provider()
    post.channel("sms", sms, rates=(rate(1, 3600, Each.RECIPIENT),), digest_after=7200.0)
    post.channel("mail", mail)
    post.courier.start()
    post.put("sms", "mail", to=("lin",), fingerprint="f1")
    post.quiet()
    first, second = post.put("sms", "mail", to=("lin", "wang"), fingerprint="f2")
    post.go(1)
    assert post.row(first).phase is Phase.FAILED_OVER
    assert "1 message in 1 h to each recipient" in post.row(first).reason.replace("1h", "1 h")
    assert post.row(second).phase is Phase.SENT
    assert [m.recipients[0].name for m in mail.heard] == ["lin"]


def test_without_another_channel_a_full_recipient_waits_for_its_window(post: Post) -> None:
    sms = Provider()
    post.channel("sms", sms, rates=(rate(1, 30, Each.RECIPIENT),), digest_after=7200.0)
    post.courier.start()
    ids = [post.put("sms", fingerprint=f"f{n}")[0] for n in range(2)]
    post.go(29)
    assert len(sms.heard) == 1
    post.go(30)
    assert [post.row(one).phase for one in ids] == [Phase.SENT, Phase.SENT]


def test_what_went_out_before_a_restart_still_counts(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=(rate(2, 60),), digest_after=3600.0)
    post.courier.start()
    for n in range(2):
        post.put("robot", fingerprint=f"f{n}")
    post.go(10)
    post.stop()
    post.new_courier().start()
    post.put("robot", fingerprint="f3")
    post.go(45)
    assert len(robot.heard) == 2
    post.go(10)
    assert len(robot.heard) == 3


def test_rates_can_be_lifted_and_set_by_a_reload(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=(rate(1, 600),), digest_after=3600.0)
    post.courier.start()
    for n in range(3):
        post.put("robot", fingerprint=f"f{n}")
    post.go(1)
    assert len(robot.heard) == 1
    post.channel("robot", robot, rates=())
    post.courier.reload()
    post.go(1)
    assert len(robot.heard) == 3


def test_one_notice_in_two_languages_is_two_requests_and_still_keeps_to_the_rate(post: Post) -> None:
    sms = Batching()
    people = {
        name: replace(person, lang="zh" if name == "wang" else "en") for name, person in post.settings.people.items()
    }
    post.settings = replace(post.settings, people=people)
    post.channel("sms", sms, rates=(rate(1, 60),), digest_after=3600.0)
    post.courier.start()
    ids = post.put("sms", to=("lin", "wang"))
    post.go(50)
    assert len(sms.heard) == 1
    post.go(20)
    assert {message.lang for message in sms.heard} == {"en", "zh"}
    assert [post.row(one).phase for one in ids] == [Phase.SENT, Phase.SENT]


def test_other_rates_count_what_went_out_under_the_former_ones(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=(rate(5, 60),), digest_after=3600.0)
    post.courier.start()
    for n in range(3):
        post.put("robot", fingerprint=f"f{n}")
    post.go(1)
    post.channel("robot", robot, rates=(rate(4, 120),), digest_after=3600.0)
    post.courier.reload()
    for n in range(3):
        post.put("robot", fingerprint=f"g{n}")
    post.go(100)
    assert len(robot.heard) == 4
    post.go(30)
    assert len(robot.heard) == 6


def test_a_channel_that_was_gone_for_a_moment_has_not_forgotten(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=(rate(1, 60),), digest_after=3600.0)
    post.courier.start()
    post.put("robot", fingerprint="f1")
    post.go(1)
    post.without("robot")
    post.courier.reload()
    post.go(1)
    post.channel("robot", robot, rates=(rate(1, 60),), digest_after=3600.0)
    post.courier.reload()
    post.put("robot", fingerprint="f2")
    post.go(50)
    assert len(robot.heard) == 1


def test_a_test_keeps_to_the_rate_too(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=(rate(1, 60), rate(1, 600, Each.RECIPIENT)))
    post.courier.start()
    lin, wang = (Recipient(name=name, address=f"+86{name}") for name in ("lin", "wang"))
    post.courier.test("robot", lin)
    with pytest.raises(SendWait, match=r"1 request in 1 ?m"):
        post.courier.test("robot", wang)
    post.clock.advance(61)
    with pytest.raises(SendWait, match="to each recipient"):
        post.courier.test("robot", lin)
    post.courier.test("robot", wang)
    assert len(robot.heard) == 2


def test_after_a_restart_a_batch_counts_as_the_one_request_that_it_was(post: Post) -> None:
    sms = Batching()
    post.channel("sms", sms, rates=(rate(2, 60),), digest_after=3600.0)
    post.courier.start()
    post.put("sms", to=("lin", "wang"))
    post.go(1)
    assert len(sms.heard) == 1
    post.stop()
    post.new_courier().start()
    post.put("sms", fingerprint="f2")
    post.go(10)
    assert len(sms.heard) == 2


def test_a_canary_counts_after_a_restart_too(post: Post) -> None:
    robot = Provider()
    post.channel("robot", robot, rates=(rate(1, 60),), digest_after=3600.0)
    sent = Sent(channel="robot", sent_at=post.clock.now(), taken=True)
    post.store.store.write(lambda tx: canaries.put(tx, sent))
    post.courier.start()
    post.put("robot", fingerprint="f1")
    post.go(50)
    assert not robot.heard
    post.go(60)
    assert len(robot.heard) == 1
