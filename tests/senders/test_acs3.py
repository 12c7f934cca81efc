"""The signature, against a known vector and the official SDK's own signer."""

from alibabacloud_tea_openapi.utils import Utils
from hypothesis import given
from hypothesis import strategies as st

from aliyun_rules import KEY_ID, KEY_SECRET
from daemon.senders import acs3
from fake_clock import BEGIN

PARAMETERS = {
    "PhoneNumbers": "13800000001",
    "SignName": "托辛",
    "TemplateCode": "SMS_154950909",
    "TemplateParam": '{"name":"db-1 ~*+ %"}',
}
HEADERS = {
    "host": "dysmsapi.aliyuncs.com",
    "x-acs-action": "SendSms",
    "x-acs-content-sha256": acs3.NO_BODY,
    "x-acs-date": acs3.date(BEGIN),
    "x-acs-signature-nonce": "nonce-1",
    "x-acs-version": "2017-05-25",
}


class Asked:
    """A request as the SDK's signer wants it."""

    method = "POST"
    pathname = "/"

    def __init__(self, query: dict[str, str], headers: dict[str, str]) -> None:
        self.query, self.headers = query, headers


def official(query: dict[str, str], headers: dict[str, str], secret: str) -> str:
    signed: str = Utils.get_authorization(Asked(query, headers), acs3.ALGORITHM, acs3.NO_BODY, KEY_ID, secret)
    return signed


def test_the_known_vector() -> None:
    query = acs3.query(PARAMETERS)
    assert query == (
        "PhoneNumbers=13800000001&SignName=%E6%89%98%E8%BE%9B&TemplateCode=SMS_154950909"
        "&TemplateParam=%7B%22name%22%3A%22db-1%20~%2A%2B%20%25%22%7D"
    )
    assert acs3.date(BEGIN) == "2026-11-21T01:00:00Z"
    assert acs3.authorization(KEY_ID, KEY_SECRET, query, HEADERS) == (
        f"ACS3-HMAC-SHA256 Credential={KEY_ID},SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;"
        "x-acs-signature-nonce;x-acs-version,Signature=1a0fe73054cf18bced1b6baa9d51c40b017e989bf3208fd454cea52e540a1bf2"
    )


_name = st.text(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.0123456789", min_size=1
)  # the SDK encodes no names
_text = st.text(st.characters(exclude_categories=("Cs",)))


@given(st.dictionaries(_name, _text), _text.filter(bool))
def test_any_parameters_are_signed_as_the_official_sdk_signs_them(parameters: dict[str, str], secret: str) -> None:
    headers = HEADERS | {"x-acs-security-token": "sts-token"}
    ours = acs3.authorization(KEY_ID, secret, acs3.query(parameters), headers)
    assert ours == official(parameters, headers, secret)
