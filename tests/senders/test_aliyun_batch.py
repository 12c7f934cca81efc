"""Text messages that say something else to each recipient: one SendBatchSms."""

import pytest

from daemon.errors import Scope, SendRefused
from daemon.notice import Recipient
from daemon.senders.aliyun_sms import AliyunSms
from daemon.template import Template
from fake_aliyun import FakeAliyun
from messages import LIN, WANG, message
from opened import sms

TO_EACH = {"name": Template("{{ alert.title }}"), "who": Template("{{ recipient.name }}")}


def test_variables_that_name_the_recipient_are_filled_for_each_in_one_request(gateway: FakeAliyun) -> None:
    receipt = sms(gateway.endpoint, template_params=TO_EACH).send(message(LIN, WANG, out_id="N4"))
    assert [(one.number, one.params, one.sign, one.out_id) for one in gateway.sent] == [
        ("13800000001", {"name": "Disk full", "who": "lin"}, "托辛", "N4"),
        ("13800000002", {"name": "Disk full", "who": "wang"}, "托辛", "N4"),
    ]
    assert [call.action for call in gateway.calls] == ["SendBatchSms"]
    assert receipt.provider_id == gateway.sent[0].biz_id == gateway.sent[1].biz_id


def test_a_channel_that_speaks_to_each_takes_a_hundred_at_once_and_any_other_a_thousand(gateway: FakeAliyun) -> None:
    sender = sms(gateway.endpoint, template_params=TO_EACH)
    assert (sender.batch, sms(gateway.endpoint).batch, AliyunSms.batch) == (100, 1_000, 1_000)
    sender.send(message(*(Recipient(name=f"p{n}", address=f"138{n:08}") for n in range(sender.batch))))
    assert [one.params["who"] for one in gateway.sent] == [f"p{n}" for n in range(100)]
    assert len(gateway.calls) == 1


def test_one_recipient_alone_is_spoken_to_by_name_in_a_message_of_the_usual_kind(gateway: FakeAliyun) -> None:
    """Batches may be delayed, says the provider: what need not be one is none."""
    twin = Recipient(name="lin's desk", address="8613800000001")
    sms(gateway.endpoint, template_params=TO_EACH).send(message(LIN, twin))
    assert gateway.calls[0].action == "SendSms"
    assert [one.params["who"] for one in gateway.sent] == ["lin"]


def test_the_same_text_to_many_stays_one_request_of_the_usual_kind(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint).send(message(LIN, WANG))
    assert [call.action for call in gateway.calls] == ["SendSms"]


def test_a_text_that_is_refused_goes_once_more_in_plainer_words_to_all(gateway: FakeAliyun) -> None:
    where = {"where": Template("www.example.com {{ recipient.name }}")}
    receipt = sms(gateway.endpoint, template_params=where, plain=False).send(message(LIN, WANG))
    assert [one.params for one in gateway.sent] == [{"where": "lin"}, {"where": "wang"}]
    assert receipt.detail == "sent in plainer words"
    assert len(gateway.calls) == 2


def test_a_number_that_is_refused_refuses_the_batch_for_somebody_in_it(gateway: FakeAliyun) -> None:
    gateway.number_codes["13800000002"] = ("isv.BLACK_KEY_CONTROL_LIMIT", "黑名单管控")
    with pytest.raises(SendRefused) as caught:
        sms(gateway.endpoint, template_params=TO_EACH).send(message(LIN, WANG))
    assert caught.value.scope is Scope.RECIPIENT
    assert not gateway.sent


def test_a_variable_that_does_not_render_warns_once_however_many_it_is_sent_to(gateway: FakeAliyun) -> None:
    broken = {"who": Template("{{ recipient.telex }}")}
    receipt = sms(gateway.endpoint, template_params=broken).send(message(LIN, WANG))
    assert len(receipt.warnings) == 1
    assert [one.params for one in gateway.sent] == [{"who": "[CRITICAL] Disk full (A17)"}] * 2


def test_a_number_over_its_day_is_refused_by_the_gateway_and_waits() -> None:
    with FakeAliyun(limited=True) as gateway:
        sender = sms(gateway.endpoint)
        (rate,) = AliyunSms.rates
        for _ in range(rate.most):
            sender.send(message(LIN))
        with pytest.raises(Exception, match="触发天级流控Permits:50") as caught:
            sender.send(message(LIN))
        assert caught.value.seconds == rate.within == 86_400
        sender.send(message(WANG))
