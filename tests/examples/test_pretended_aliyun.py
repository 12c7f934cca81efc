"""The example's stand-in for Aliyun's gateway takes what the vendor's own SDK sends, and refuses what it must."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_dysmsapi20170525 import models
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_tea_openapi.models import Config

from daemon.errors import Scope, SendRefused
from daemon.secret import Secret
from daemon.senders import acs3
from messages import LIN, WANG, message
from opened import sms
from pretended_aliyun import Account, PretendedAliyun, signature

ACCOUNT = Account(
    "LTAI5tEXAMPLE0000000", "s3cr3tEXAMPLEkey+/x", "托辛", "SMS_154950909", "交易系统告警：${name}，请处理。"
)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def gateway(said: list[str]) -> Iterator[PretendedAliyun]:
    with PretendedAliyun(ACCOUNT, say=said.append) as opened:
        yield opened


def official(gateway: PretendedAliyun, *, secret: str = ACCOUNT.key_secret, **other: str) -> Any:
    """What the SDK is answered, as the API's code."""
    config = Config(access_key_id=ACCOUNT.key_id, access_key_secret=secret, protocol="http")
    config.endpoint = gateway.endpoint.removeprefix("http://")
    asked = {
        "phone_numbers": "13800000001",
        "sign_name": ACCOUNT.sign_name,
        "template_code": ACCOUNT.template_code,
        "template_param": '{"name":"db-1 ~*+ %"}',
        "out_id": "D1",
    }
    return Client(config).send_sms(models.SendSmsRequest(**asked | other)).body


def test_the_official_sdk_s_signature_is_good(gateway: PretendedAliyun, said: list[str]) -> None:
    assert official(gateway).code == "OK"
    (text,) = gateway.texts
    assert (text.number, text.out_id) == ("13800000001", "D1")
    assert text.words == "【托辛】交易系统告警：db-1 ~*+ %，请处理。"
    assert said == [f"signature good; SMS to 13800000001: {text.words}"]


def test_the_official_sdk_with_another_secret_is_refused(gateway: PretendedAliyun) -> None:
    with pytest.raises(Exception, match="SignatureDoesNotMatch"):
        official(gateway, secret="another")
    assert gateway.texts == []


def test_tocsin_s_own_messages_are_good(gateway: PretendedAliyun) -> None:
    sms(gateway.endpoint).send(message(LIN, WANG, title="Disk full"))
    assert [(text.number, text.words) for text in gateway.texts] == [
        ("13800000001", "【托辛】交易系统告警：Disk full，请处理。"),
        ("13800000002", "【托辛】交易系统告警：Disk full，请处理。"),
    ]


def test_tocsin_hears_that_its_key_is_wrong(gateway: PretendedAliyun) -> None:
    with pytest.raises(SendRefused) as refused:
        sms(gateway.endpoint, access_key_secret=Secret("another")).send(message(LIN))
    assert (refused.value.code, refused.value.scope) == ("SignatureDoesNotMatch", Scope.CHANNEL)


def test_the_known_vector() -> None:
    target = "/?" + acs3.query({
        "PhoneNumbers": "13800000001", "SignName": "托辛", "TemplateCode": "SMS_154950909",
        "TemplateParam": '{"name":"db-1 ~*+ %"}',
    })  # fmt: skip
    headers = {
        "host": "dysmsapi.aliyuncs.com",
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": acs3.NO_BODY,
        "x-acs-date": "2026-11-21T01:00:00Z",
        "x-acs-signature-nonce": "nonce-1",
        "x-acs-version": "2017-05-25",
    }
    right = "1a0fe73054cf18bced1b6baa9d51c40b017e989bf3208fd454cea52e540a1bf2"
    assert signature(ACCOUNT.key_secret, "POST", target, headers, sorted(headers)) == right


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sign_name": "运维"}, "isv.SMS_SIGNATURE_ILLEGAL"),
        ({"template_code": "SMS_2"}, "isv.SMS_TEMPLATE_ILLEGAL"),
        ({"phone_numbers": "110"}, "isv.MOBILE_NUMBER_ILLEGAL"),
        ({"template_param": "no"}, "isv.INVALID_JSON_PARAM"),
        ({"template_param": "[]"}, "isv.INVALID_JSON_PARAM"),
        ({"template_param": '{"name": 7}'}, "isv.TEMPLATE_PARAMS_ILLEGAL"),
        ({"template_param": '{"name": ""}'}, "isv.TEMPLATE_PARAMS_ILLEGAL"),
        ({"template_param": json.dumps({"name": "x" * 36})}, "isv.PARAM_LENGTH_LIMIT"),
        ({"template_param": '{"name": "https://x"}'}, "isv.PARAM_NOT_SUPPORT_URL"),
        ({"template_param": '{"other": "x"}'}, "isv.TEMPLATE_MISSING_PARAMETERS"),
    ],
)
def test_what_the_gateway_refuses(gateway: PretendedAliyun, said: list[str], asked: dict[str, str], code: str) -> None:
    assert official(gateway, **asked).code == code
    assert gateway.texts == []
    assert said[0].startswith(f"refuses: {code}")


def signed(**changed: str) -> dict[str, str]:
    """The headers of a request that is right but for what is changed before it is signed."""
    headers = {
        "host": "h",
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": acs3.NO_BODY,
        "x-acs-date": "2000-01-01T00:00:00Z",
        "x-acs-signature-nonce": "n1",
        "x-acs-version": "2017-05-25",
    } | changed
    return headers | {"authorization": acs3.authorization(ACCOUNT.key_id, ACCOUNT.key_secret, "", headers)}


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, b"", "InvalidAccessKeyId.NotFound"),
        ({"authorization": "ACS3-HMAC-SHA256 Credential=x"}, b"", "InvalidAccessKeyId.NotFound"),
        (signed(), b"another body", "IncompleteSignature"),
        (signed(), b"", "InvalidTimeStamp.Expired"),
        (signed(**{"x-acs-date": "today"}), b"", "InvalidTimeStamp.Expired"),
        (signed() | {"x-acs-date": "2000-01-01T00:00:01Z"}, b"", "SignatureDoesNotMatch"),
    ],
)
def test_what_is_not_signed_as_it_must_be(
    gateway: PretendedAliyun, headers: dict[str, str], body: bytes, code: str
) -> None:
    status, answer = gateway.answer("/?", headers, body)
    assert (answer["Code"], status >= 400) == (code, True)
