"""Text messages, against a gateway that checks what the real one checks."""

import time
from typing import ClassVar

import pytest
from alibabacloud_dysmsapi20170525 import models as sdk_models
from alibabacloud_dysmsapi20170525.client import Client as SdkClient
from alibabacloud_tea_openapi.utils_models import Config

from aliyun_rules import KEY_ID, KEY_SECRET
from daemon.clock import Clock
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Recipient
from daemon.secret import Secret
from daemon.senders.aliyun_sms import AliyunSms
from daemon.template import Template
from fake_aliyun import FakeAliyun, Hang, Say
from fake_clock import BEGIN, FakeClock
from messages import LIN, WANG, message
from opened import sms


def refusal(gateway: FakeAliyun, *recipients: Recipient, **settings: object) -> SendError:
    with pytest.raises(SendError) as caught:
        sms(gateway.endpoint, **settings).send(message(*recipients or (LIN,)))
    return caught.value


# ---- what is sent


def test_a_message_reaches_the_number_signed_and_complete(gateway: FakeAliyun) -> None:
    receipt = sms(gateway.endpoint).send(message(LIN, out_id="D17", title="Disk full"))
    (sent,) = gateway.sent
    assert (sent.number, sent.sign, sent.template) == ("13800000001", "托辛", "SMS_154950909")
    assert (sent.params, sent.out_id) == ({"name": "Disk full"}, "D17")
    assert receipt.provider_id == sent.biz_id
    assert receipt.warnings == ()


def test_the_official_sdk_is_understood_by_the_same_gateway(gateway: FakeAliyun) -> None:
    """Otherwise what the gateway checks might be our own idea of it."""
    config = Config(access_key_id=KEY_ID, access_key_secret=KEY_SECRET, protocol="http")
    config.endpoint = gateway.endpoint.removeprefix("http://")
    asked = sdk_models.SendSmsRequest(
        phone_numbers="13800000001", sign_name="托辛", template_code="SMS_1", template_param='{"name":"x"}', out_id="D1"
    )
    sdk = SdkClient(config)
    answer = sdk.send_sms(asked)
    assert answer.body.code == "OK"
    found = sdk.query_send_details(
        sdk_models.QuerySendDetailsRequest(
            phone_number="13800000001",
            send_date=time.strftime("%Y%m%d", time.gmtime(time.time() + 8 * 3600)),
            page_size=10,
            current_page=1,
        )
    )
    (detail,) = found.body.sms_send_detail_dtos.sms_send_detail_dto
    assert (detail.out_id, detail.send_status) == ("D1", 3)


def test_a_thousand_numbers_go_in_one_request(gateway: FakeAliyun) -> None:
    crowd = tuple(Recipient(name=f"p{n}", address=f"138{n:08}") for n in range(AliyunSms.batch))
    sms(gateway.endpoint).send(message(*crowd))
    assert len(gateway.sent) == 1_000
    assert len(gateway.calls) == 1


def test_two_people_with_one_telephone_get_one_message(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint).send(message(LIN, Recipient(name="lin2", address="8613800000001")))
    assert [sent.number for sent in gateway.sent] == ["13800000001"]


def test_temporary_credentials_carry_their_token() -> None:
    with FakeAliyun(token="sts-1") as gateway:
        sms(gateway.endpoint, security_token=Secret("sts-1")).send(message(LIN))
        assert len(gateway.sent) == 1
        assert refusal(gateway, security_token=Secret("sts-2")).code == "InvalidSecurityToken.Malformed"


def test_a_template_without_variables_has_no_parameter(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint, template_params={}).send(message(LIN))
    assert "TemplateParam" not in gateway.calls[0].query


def test_each_request_has_a_nonce_of_its_own(gateway: FakeAliyun) -> None:
    sender = sms(gateway.endpoint)
    for _ in range(3):
        sender.send(message(LIN))
    assert len({call.nonce for call in gateway.calls}) == 3


@pytest.mark.parametrize("number", ["+1 310 555 0100", "lin@example.com", "", "12345"])
def test_a_number_that_is_none_is_refused_without_a_call(number: str, gateway: FakeAliyun) -> None:
    error = refusal(gateway, WANG, Recipient(name="lin", address=number))
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.RECIPIENT
    assert "lin's number" in str(error)
    assert not number or number not in str(error)
    assert not gateway.calls


# ---- variables


@pytest.mark.parametrize(
    "title",
    [
        'he said "no", \\"never\\": {"a": 1}\\', "a\r\nb\tc\x00d", "数据库磁盘空间不足" * 20, "e\u0301" * 60,
        "👩‍👩‍👧" * 20,
        "half \ud83d a pair", "{{ 7 * 7 }}", "x" * 1_000_000, " ", "\u202e\u200b", "a&b=c+d%e/f?g#h",
    ],
)  # fmt: skip
def test_no_title_keeps_a_message_from_going_out(title: str, gateway: FakeAliyun) -> None:
    """The gateway takes 1 to 35 characters without control characters, in JSON that parses."""
    sms(gateway.endpoint).send(message(LIN, title=title))
    (sent,) = gateway.sent
    assert 1 <= len(sent.params["name"]) <= 35
    assert len(gateway.calls) == 1


def test_a_variable_is_cut_between_characters(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint, max_param=5).send(message(LIN, title="e\u0301" * 9))
    assert gateway.sent[0].params["name"] == "e\u0301e\u0301…"


def test_an_empty_variable_becomes_a_dash(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint, template_params={"name": Template("{{ alert.text }}")}).send(message(LIN, text=""))
    assert gateway.sent[0].params == {"name": "-"}


def test_a_template_that_does_not_render_sends_the_built_in_text_and_warns(gateway: FakeAliyun) -> None:
    params = {"name": Template("{{ alert.labels.nobody }}"), "code": Template("{{ alert.code }}")}
    receipt = sms(gateway.endpoint, template_params=params).send(message(LIN))
    assert gateway.sent[0].params == {"name": "[CRITICAL] Disk full (A17)", "code": "A17"}
    (warning,) = receipt.warnings
    assert warning.startswith("template_params.name: ")
    assert "nobody" in warning


@pytest.mark.parametrize("where", ["https://shop.example.com/x", "10.0.0.7", "www.example.com"])
def test_a_text_with_a_link_or_address_goes_once_more_in_plainer_words(where: str, gateway: FakeAliyun) -> None:
    """Where the operator has the texts as they are; else they are cleaned first, and no try is lost."""
    receipt = sms(gateway.endpoint, plain=False).send(message(LIN, title=f"down: {where}"))
    assert len(gateway.calls) == 2
    assert gateway.sent[0].params["name"] in {"down:", "down: 10-0-0-7"}
    assert receipt.detail == "sent in plainer words"
    assert gateway.calls[0].query["OutId"] == gateway.calls[1].query["OutId"]


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("down: https://shop.example.com/x", "down:"),
        ("10.0.0.7 is down", "10-0-0-7 is down"),
        ("db.example.com 97.5% of /var", "db-example-com 97.5% of /var"),
        ("🔥磁盘满⚠️", "磁盘满"),
    ],
)
def test_what_the_gateway_refuses_is_taken_out_before_it_is_asked(title: str, said: str, gateway: FakeAliyun) -> None:
    sms(gateway.endpoint).send(message(LIN, title=title))
    assert gateway.sent[0].params["name"] == said
    assert len(gateway.calls) == 1


def test_a_variable_that_is_too_long_for_this_template_goes_once_more_shorter(gateway: FakeAliyun) -> None:
    sms(gateway.endpoint, max_param=60).send(message(LIN, title="字" * 60))
    assert gateway.sent[0].params == {"name": "字" * 19}


def test_a_text_that_is_refused_twice_is_refused(gateway: FakeAliyun) -> None:
    gateway.then(Say("isv.SMS_CONTENT_ILLEGAL"), Say("isv.SMS_CONTENT_ILLEGAL"))
    error = refusal(gateway)
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.MESSAGE
    assert len(gateway.calls) == 2


# ---- codes


def test_ok_is_not_the_status_but_the_code(gateway: FakeAliyun) -> None:
    gateway.then(Say("isv.OUT_OF_SERVICE", "业务停机", status=200))
    error = refusal(gateway)
    assert isinstance(error, SendRefused)
    assert (error.scope, error.code) == (Scope.CHANNEL, "isv.OUT_OF_SERVICE")
    said = "isv.OUT_OF_SERVICE: 业务停机 (request R-1) (arrears, or the package is used up)"
    assert str(error) == f"{gateway.endpoint} answered {said}"


@pytest.mark.parametrize("status", [200, 400, 403, 500, 503])
def test_a_code_means_the_same_whatever_the_status(status: int, gateway: FakeAliyun) -> None:
    gateway.then(Say("isv.AMOUNT_NOT_ENOUGH", status=status))
    assert isinstance(refusal(gateway), SendRefused)
    gateway.then(Say("isp.SYSTEM_ERROR", status=status))
    assert isinstance(refusal(gateway), SendFailed)


def test_ok_with_a_status_that_says_no_may_have_arrived(gateway: FakeAliyun) -> None:
    gateway.then(Say("OK", status=500))
    error = refusal(gateway)
    assert isinstance(error, SendFailed)
    assert error.ambiguous


@pytest.mark.parametrize(
    ("status", "ambiguous"), [(200, True), (302, False), (403, False), (404, False), (500, True), (502, True)]
)
def test_an_answer_that_is_not_the_apis_decides_nothing(status: int, ambiguous: bool, gateway: FakeAliyun) -> None:
    gateway.then(Say(body=b"<html>please log in to the hotel's network</html>", status=status))
    error = refusal(gateway)
    assert isinstance(error, SendFailed)
    assert error.ambiguous is ambiguous


def test_a_busy_proxy_in_between_is_waited_for(gateway: FakeAliyun) -> None:
    gateway.then(Say(body=b"busy", status=503, headers={"Retry-After": "9"}))
    error = refusal(gateway)
    assert isinstance(error, SendWait)
    assert error.seconds == 9


@pytest.mark.parametrize(
    ("status", "code", "header", "seconds"),
    [
        (429, "Throttling.User", {"Retry-After": "120"}, 120.0),
        (429, "Throttling.User", {}, 30.0),
        (503, "ServiceUnavailable", {"Retry-After": "120"}, 120.0),
        (503, "isp.SYSTEM_ERROR", {"Retry-After": "7"}, 7.0),
    ],
)
def test_a_gateway_that_says_for_how_long_is_left_alone_so_long(
    status: int, code: str, header: dict[str, str], seconds: float, gateway: FakeAliyun
) -> None:
    gateway.then(Say(code, status=status, headers=header))
    error = refusal(gateway)
    assert isinstance(error, SendWait)
    assert (error.seconds, error.scope, error.code) == (seconds, Scope.CHANNEL, code)
    assert f"answered {code}: made up" in str(error)


@pytest.mark.parametrize(
    ("code", "kind"),
    [("isv.AMOUNT_NOT_ENOUGH", SendRefused), ("isv.MOBILE_NUMBER_ILLEGAL", SendRefused), ("SignatureNonceUsed", None)],
)
def test_a_retry_after_changes_nothing_about_what_is_no_matter_of_time(
    code: str, kind: type[SendError] | None, gateway: FakeAliyun
) -> None:
    gateway.then(Say(code, status=429, headers={"Retry-After": "120"}))
    if kind is None:
        sms(gateway.endpoint).send(message(LIN))
        assert len(gateway.sent) == 1
    else:
        assert isinstance(refusal(gateway), kind)


def test_a_wrong_key_stops_the_channel_and_shows_nothing(gateway: FakeAliyun) -> None:
    error = refusal(gateway, access_key_secret=Secret("wrong-s3cret"))
    assert isinstance(error, SendRefused)
    assert (error.scope, error.code) == (Scope.CHANNEL, "SignatureDoesNotMatch")
    assert "wrong-s3cret" not in str(error)


def test_a_number_over_its_limit_waits(gateway: FakeAliyun) -> None:
    gateway.number_codes["13800000001"] = ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5")
    error = refusal(gateway)
    assert isinstance(error, SendWait)
    assert (error.seconds, error.scope) == (3_600, Scope.RECIPIENT)


# ---- signed once more


def test_a_used_nonce_is_replaced_once(gateway: FakeAliyun) -> None:
    gateway.then(Say("SignatureNonceUsed", status=400))
    sms(gateway.endpoint).send(message(LIN))
    assert len(gateway.sent) == 1
    assert gateway.calls[0].nonce != gateway.calls[1].nonce
    gateway.then(Say("SignatureNonceUsed", status=400), Say("SignatureNonceUsed", status=400))
    assert isinstance(refusal(gateway), SendFailed)
    assert len(gateway.calls) == 4


def test_a_box_whose_clock_is_wrong_signs_by_the_gateways_clock() -> None:
    class Slow(AliyunSms):
        clock: ClassVar[Clock] = FakeClock(BEGIN)

    with FakeAliyun(now=lambda: BEGIN + 7_200) as gateway:
        sms(gateway.endpoint, Slow).send(message(LIN))
        assert [call.date for call in gateway.calls] == [
            "2026-11-21T01:00:00Z",
            "2026-11-21T03:00:00Z",
        ]
        assert len(gateway.sent) == 1


def test_a_text_is_mended_once_and_each_signature_once(gateway: FakeAliyun) -> None:
    gateway.then(*[Say("SignatureNonceUsed"), Say("isv.PARAM_LENGTH_LIMIT")] * 3)
    assert refusal(gateway).code == "isv.PARAM_LENGTH_LIMIT"
    assert len(gateway.calls) == 4


def test_mending_does_not_take_longer_than_one_try(gateway: FakeAliyun) -> None:
    gateway.then(Say("SignatureNonceUsed"), Hang())
    error = refusal(gateway, timeout=0.3)
    assert isinstance(error, SendFailed)
    assert error.ambiguous
    assert len(gateway.calls) == 2


# ---- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_param": 0}, "max_param is 0; it must be 1 to 500"),
        ({"max_param": 501}, "max_param is 501"),
        ({"sign_name": ""}, "sign_name is empty"),
        ({"sign_name": "【托辛】"}, "sign_name has 【】 in it"),
        ({"access_key_id": "LTAI\n5t"}, "access_key_id holds a control character"),
        ({"access_key_secret": Secret("")}, "access_key_secret is empty"),
        ({"endpoint": "dysmsapi.aliyuncs.com"}, "endpoint is not a URL"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], said: str, gateway: FakeAliyun) -> None:
    with pytest.raises(ValueError, match=said):
        sms(**({"endpoint": gateway.endpoint} | settings))  # type: ignore[arg-type]
