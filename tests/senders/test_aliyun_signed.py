"""Both signatures and all calls, against a gateway that checks them with the vendor's own signer."""

import time
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from alibabacloud_dysmsapi20170525 import models as sms_models
from alibabacloud_dysmsapi20170525.client import Client as SmsSdk
from alibabacloud_dyvmsapi20170525 import models as voice_models
from alibabacloud_dyvmsapi20170525.client import Client as VoiceSdk
from alibabacloud_tea_openapi.utils_models import Config

from aliyun_rules import KEY_ID, KEY_SECRET
from daemon.clock import Clock
from daemon.errors import Scope, SendError, SendFailed, SendRefused
from daemon.secret import Secret
from daemon.senders.aliyun_sms import AliyunSms
from daemon.template import Template
from fake_aliyun import Drop, FakeAliyun, Say
from fake_clock import BEGIN, FakeClock
from messages import LIN, WANG, message
from opened import sms, voice

BOTH = ("v3", "rpc")
TO_EACH = {"name": Template("{{ alert.title }}"), "who": Template("{{ recipient.name }}")}


@pytest.fixture
def gateway() -> Iterator[FakeAliyun]:
    with FakeAliyun(token="sts/+1=") as started:
        yield started


def signed(signature: str) -> dict[str, object]:
    return {"signature": signature, "security_token": Secret("sts/+1=")}


@pytest.mark.parametrize("signature", BOTH)
def test_every_call_is_signed_and_complete(signature: str, gateway: FakeAliyun) -> None:
    sender = sms(gateway.endpoint, **signed(signature))
    sender.send(message(LIN, title='a "b" ~*+ %&=数据'))
    assert sender.find(message(LIN), time.time()) is not None
    sms(gateway.endpoint, template_params=TO_EACH, **signed(signature)).send(message(LIN, WANG))
    voice(gateway.endpoint, **signed(signature)).send(message(LIN))
    assert [call.action for call in gateway.calls] == ["SendSms", "QuerySendDetails", "SendBatchSms", "SingleCallByTts"]
    assert len(gateway.sent) == 3
    assert len(gateway.rung) == 1
    assert gateway.sent[0].params == {"name": 'a "b" ~*+ %&=数据'}


@pytest.mark.parametrize("signature", BOTH)
def test_a_wrong_key_is_refused_and_never_shown(signature: str, gateway: FakeAliyun) -> None:
    wrong = signed(signature) | {"access_key_secret": Secret("wr0ng+key/x")}
    with pytest.raises(SendRefused) as caught:
        sms(gateway.endpoint, **wrong).send(message(LIN))
    assert (caught.value.scope, caught.value.code) == (Scope.CHANNEL, "SignatureDoesNotMatch")
    for secret in ("wr0ng", "sts/", "sts%2F"):
        assert secret not in f"{caught.value} {caught.value!r}"


def test_the_older_signature_keeps_the_token_out_of_the_url(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint, **signed("rpc")).send(message(LIN))
    (call,) = gateway.calls
    assert not call.query
    assert call.form["SecurityToken"] == "sts/+1="


@pytest.mark.parametrize("repeated", ["SecurityToken=sts%2F%2B1%3D&x=1", "token sts/+1= is bad"])
def test_a_token_that_the_gateway_repeats_is_blotted_out(repeated: str, gateway: FakeAliyun) -> None:
    gateway.then(Say("InvalidSecurityToken.Expired", repeated))
    with pytest.raises(SendRefused) as caught:
        sms(gateway.endpoint, **signed("rpc")).send(message(LIN))
    assert "sts" not in str(caught.value)


@pytest.mark.parametrize("signature", BOTH)
def test_a_box_whose_clock_is_wrong_is_mended_in_every_call(signature: str) -> None:
    class Slow(AliyunSms):
        clock: ClassVar[Clock] = FakeClock(BEGIN)

    with FakeAliyun(now=lambda: BEGIN + 3_600) as gateway:
        sender = sms(gateway.endpoint, Slow, signature=signature)
        sender.send(message(LIN))
        assert sender.find(message(LIN), BEGIN) is not None
        assert [call.date[11:13] for call in gateway.calls] == ["01", "02", "01", "02"]


@pytest.mark.parametrize("signature", BOTH)
def test_a_used_nonce_is_replaced_and_the_time_kept_once(signature: str, gateway: FakeAliyun) -> None:
    gateway.then(Say("SignatureNonceUsed", status=400), Say("SignatureNonceUsed", status=400))
    with pytest.raises(SendFailed):
        sms(gateway.endpoint, **signed(signature)).send(message(LIN))
    assert gateway.calls[0].nonce != gateway.calls[1].nonce
    assert len(gateway.calls) == 2


@pytest.mark.parametrize("signature", BOTH)
def test_each_of_a_batch_whose_answer_was_lost_is_found(signature: str, gateway: FakeAliyun) -> None:
    sender = sms(gateway.endpoint, template_params=TO_EACH, **signed(signature))
    gateway.then(Drop())
    with pytest.raises(SendError) as caught:
        sender.send(message(LIN, WANG, out_id="3f2a9c1e-N4"))
    assert caught.value.ambiguous
    for one in (LIN, WANG):
        assert sender.find(message(one, out_id="3f2a9c1e-N4"), time.time() - 5) is not None
    assert sender.find(message(LIN, out_id="3f2a9c1e-N5"), time.time() - 5) is None


# ---- the vendor's own clients, against the same gateway: else what it checks might be our own idea of it


def config(gateway: FakeAliyun, **more: object) -> Config:
    made = Config(access_key_id=KEY_ID, access_key_secret=KEY_SECRET, security_token="sts/+1=", protocol="http", **more)
    made.endpoint = gateway.endpoint.removeprefix("http://")
    return made


OLDER = {"signature_algorithm": "v2"}


def send_one(sdk: SmsSdk) -> object:
    return sdk.send_sms(
        sms_models.SendSmsRequest(
            phone_numbers="13800000001", sign_name="托辛", template_code="SMS_1", template_param='{"name":"x"}'
        )
    ).body.code


def send_each(sdk: SmsSdk) -> object:
    return sdk.send_batch_sms(
        sms_models.SendBatchSmsRequest(
            phone_number_json='["13800000001","13800000002"]',
            sign_name_json='["托辛","托辛"]',
            template_code="SMS_1",
            template_param_json='[{"name":"x"},{"name":"y"}]',
            out_id="D1",
        )
    ).body.code


def call_one(sdk: VoiceSdk) -> object:
    return sdk.single_call_by_tts(
        voice_models.SingleCallByTtsRequest(
            called_number="13800000001", tts_code="TTS_1", tts_param='{"name":"x"}', play_times=3, volume=90, speed=5
        )
    ).body.code


@pytest.mark.parametrize("more", [{}, OLDER], ids=["v3", "rpc"])
@pytest.mark.parametrize(("sdk", "ask"), [(SmsSdk, send_one), (SmsSdk, send_each), (VoiceSdk, call_one)])
def test_the_official_sdk_is_understood(
    sdk: type, ask: Callable[[object], object], more: dict[str, object], gateway: FakeAliyun
) -> None:
    assert ask(sdk(config(gateway, **more))) == "OK"
    assert gateway.sent or gateway.rung
    assert gateway.calls[0].by_headers is not bool(more)
