"""The two signatures, against known vectors and the official SDK's own signer."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tencentcloud.common.sign import Sign

from daemon import tc3
from daemon.senders import tencent_v5
from fake_clock import BEGIN

HOST, TYPE = "sms.tencentcloudapi.com", "application/json; charset=utf-8"


def test_the_known_vector() -> None:
    body = b'{"PhoneNumberSet":["+8613800000001"],"SmsSdkAppId":"1400006666"}'
    assert tc3.authorization("AKIDexample", "SKexample", "sms", HOST, TYPE, body, 1795222800) == (
        "TC3-HMAC-SHA256 Credential=AKIDexample/2026-11-21/sms/tc3_request, SignedHeaders=content-type;host, "
        "Signature=ffb29a2438c876c3785ad3d621d3bc6b08487c3f56a327c4d26e6cf7090d1918"
    )


@settings(max_examples=50)
@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1), st.integers(0, 4_102_444_800))
def test_any_key_and_time_derive_what_the_official_sdk_derives(key: str, at: int) -> None:
    import datetime as dt  # noqa: PLC0415 - only here

    date = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%d")
    derived = tc3._key(key, date, "sms")
    import hashlib  # noqa: PLC0415 - only here
    import hmac  # noqa: PLC0415 - only here

    assert hmac.new(derived, b"words", hashlib.sha256).hexdigest() == Sign.sign_tc3(key, date, "sms", "words")


def test_the_known_vector_of_the_old_api() -> None:
    signed = tencent_v5.signature("k1", 123456, 1795222800, ["13800000001", "13800000002"])
    assert signed == "36ff02a8426c23f75ecb80791bc34427db39f63dcb64a43f7141c8ca784157db"


def test_a_question_of_the_old_api_is_signed_without_numbers() -> None:
    """The example of the vendor's page about pullstatus4mobile."""
    signed = tencent_v5.signature("5f03a35d00ee52a21327ab048186a2c4", 7226249334, 1457336869)
    assert signed == "c13e54f047ed75e821e698730c72d030dc30e5b510b3f8a0fb6fb7605283d7df"


def test_times_are_dated_in_utc() -> None:
    assert "/2026-11-21/" in tc3.authorization("id", "key", "sms", HOST, TYPE, b"", int(BEGIN))
