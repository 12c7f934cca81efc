"""The older signature, against known vectors and the official SDK's own signer."""

from urllib.parse import parse_qsl

from alibabacloud_tea_openapi.utils import Utils
from hypothesis import given, settings
from hypothesis import strategies as st

from aliyun_rules import KEY_ID, KEY_SECRET
from daemon.senders import acs1, acs3

PARAMETERS = {
    "AccessKeyId": KEY_ID,
    "Action": "SendSms",
    "Format": "JSON",
    "PhoneNumbers": "13800000001",
    "RegionId": "cn-hangzhou",
    "SignName": "托辛",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureNonce": "nonce-1",
    "SignatureVersion": "1.0",
    "TemplateCode": "SMS_154950909",
    "TemplateParam": '{"name":"db-1 ~*+ %"}',
    "Timestamp": "2026-11-21T01:00:00Z",
    "Version": "2017-05-25",
}


def test_the_known_vectors() -> None:
    assert acs1.signature(acs3.query(PARAMETERS), KEY_SECRET, "GET") == "//EmPFhLyDWe1yxs1+nMcHqxdp0="
    with_type = acs3.query(PARAMETERS | {"SignatureType": ""})
    assert acs1.signature(with_type, KEY_SECRET, "GET") == "+gabxEqWL8ykAxfGu28iATyZKfY="


_name = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.0123456789", min_size=1)
_text = st.text(st.characters(exclude_categories=("Cs",)))


@settings(max_examples=50)
@given(st.dictionaries(_name, _text, min_size=1), _text.filter(bool))
def test_any_parameters_are_signed_as_the_official_sdk_signs_them(parameters: dict[str, str], secret: str) -> None:
    sent = dict(parse_qsl(acs1.signed(parameters, secret), keep_blank_values=True))
    assert sent.pop("Signature") == Utils.get_rpcsignature(parameters, "POST", secret)
    assert sent == {name: value for name, value in parameters.items() if name != "Signature"}
