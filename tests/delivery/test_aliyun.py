"""Text messages from the outbox to the handset: the courier, the real sender, and a gateway that checks."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from daemon.clock import Clock
from daemon.config.receipts import Receipts
from daemon.notice import Phase
from daemon.secret import Secret
from daemon.senders.aliyun_sms import AliyunSms
from daemon.template import Template
from daemon.units import Seconds
from delivering import Post
from fake_aliyun import FakeAliyun, sms_reports
from fake_clock import FakeClock
from opened import close_all, sms
from until import until

NUMBERS = ("13800000001", "13800000002")
TO_EACH = {"who": Template("{{ recipient.name }}: {{ alert.title }}")}
Opens = Callable[..., AliyunSms]


@pytest.fixture
def gateway(clock: FakeClock) -> Iterator[FakeAliyun]:
    with FakeAliyun(now=clock.now) as started:
        yield started
    close_all()


@pytest.fixture
def opens(gateway: FakeAliyun, post: Post, clock: FakeClock) -> Opens:
    """Make the channel, and have two people told over it."""
    by_hand = clock

    class Timed(AliyunSms):
        clock: ClassVar[Clock] = by_hand

    def make(receipts: Receipts | None, **settings: object) -> AliyunSms:
        sender = sms(gateway.endpoint, Timed, **settings)
        post.channel("sms", sender, receipts=receipts)
        post.put("sms", to=NUMBERS, title="Disk full")
        post.courier.start()
        until(lambda: phases(post) == {Phase.SENT})
        return sender

    return make


def phases(post: Post) -> set[Phase]:
    return {row.delivery.phase for row in post.rows()}


def test_people_who_are_spoken_to_by_name_share_a_request(opens: Opens, post: Post, gateway: FakeAliyun) -> None:
    opens(None, template_params=TO_EACH)
    assert [call.action for call in gateway.calls] == ["SendBatchSms"]
    assert [(one.number, one.params["who"]) for one in gateway.sent] == [
        (number, f"{number}: Disk full") for number in NUMBERS
    ]
    assert {one.out_id for one in gateway.sent} == {f"{post.store.name}-N1"}


def test_reports_that_are_brought_say_what_is_on_the_handset(opens: Opens, post: Post, gateway: FakeAliyun) -> None:
    sender = opens(Receipts(token=Secret("t0ken")))
    gateway.sent[1].status = 2
    channel = post.settings.channels["sms"]
    post.courier.hear(channel, sender.heard(sms_reports(*gateway.sent)))
    rows = {row.delivery.recipient.name: row.delivery for row in post.rows()}
    assert rows[NUMBERS[0]].phase is Phase.DELIVERED
    assert rows[NUMBERS[1]].phase is Phase.DEAD
    assert "MOBILE_NOT_ON_SERVICE" in rows[NUMBERS[1]].reason


def test_reports_are_asked_for_where_none_can_be_brought(opens: Opens, post: Post, gateway: FakeAliyun) -> None:
    opens(Receipts(poll=Seconds(30.0)), signature="rpc")
    post.go(40)
    until(lambda: phases(post) == {Phase.DELIVERED})
    assert {call.action for call in gateway.calls} == {"SendSms", "QuerySendDetails"}
