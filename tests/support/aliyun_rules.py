"""What Aliyun's gateway checks in a request; both signatures by the official SDK's own signer."""

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

KEY_ID = "LTAI5tEXAMPLE0000000"
KEY_SECRET = "s3cr3tEXAMPLEkey+/x"
WINDOW = 15 * 60
MAX_PARAM = 35
MAX_CALL_PARAMS = 249
_URL_OR_IP = re.compile(r"https?://|www\.|\d+\.\d+\.\d+\.\d+")
_MOBILE = re.compile(r"1[3-9]\d{9}")


class Refusal(Exception):
    """The gateway says no."""

    def __init__(self, code: str, message: str = "", status: int = 200) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(code)


@dataclass
class Call:
    """One request, as it came."""

    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, str] = field(default_factory=dict)
    method: str = "POST"
    body: bytes = b""

    @property
    def asked(self) -> dict[str, str]:
        """All parameters, wherever they stood."""
        return self.query | self.form

    @property
    def by_headers(self) -> bool:
        return "authorization" in self.headers

    def said(self, header: str, parameter: str) -> str:
        """What V3 says in a header and the older signature in a parameter."""
        return self.headers.get(header, "") if self.by_headers else self.asked.get(parameter, "")

    @property
    def action(self) -> str:
        return self.said("x-acs-action", "Action")

    @property
    def nonce(self) -> str:
        return self.said("x-acs-signature-nonce", "SignatureNonce")

    @property
    def date(self) -> str:
        return self.said("x-acs-date", "Timestamp")


class _Request:
    """What the SDK's signer wants to see of a request."""

    def __init__(self, method: str, query: dict[str, str], headers: dict[str, str]) -> None:
        self.method, self.query, self.headers = method, query, headers
        self.pathname = "/"


def check_signature(call: Call, keys: dict[str, str], token: str) -> None:
    """Whichever of the two it is, it must be right and cover everything."""
    if call.by_headers:
        _check_headers(call, keys)
    else:
        _check_parameters(call, keys)
    if call.said("x-acs-version", "Version") != "2017-05-25":
        raise Refusal("InvalidVersion", "Specified parameter Version is not valid.", 400)
    if call.said("x-acs-security-token", "SecurityToken") != token:
        raise Refusal("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", 400)


def _check_headers(call: Call, keys: dict[str, str]) -> None:
    from alibabacloud_tea_openapi.utils import Utils  # noqa: PLC0415 - slow to load, and not for --trust

    headers = call.headers
    scheme, _, rest = headers["authorization"].partition(" ")
    given = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
    secret = _secret(given.get("Credential", ""), keys)
    hashed = hashlib.sha256(call.body).hexdigest()
    names = given["SignedHeaders"].split(";")
    must = {"host", *(name for name in headers if name.startswith("x-acs-")), *(["content-type"] if call.body else [])}
    if not must <= set(names) or headers.get("x-acs-content-sha256") != hashed:
        raise Refusal("IncompleteSignature", "a header is not signed", 400)
    request = _Request(call.method, call.query, {name: headers[name] for name in names})
    right = Utils.get_authorization(request, scheme, hashed, given["Credential"], secret)
    _compared(headers["authorization"], right if scheme == "ACS3-HMAC-SHA256" else "")


def _check_parameters(call: Call, keys: dict[str, str]) -> None:
    from alibabacloud_tea_openapi.utils import Utils  # noqa: PLC0415 - slow to load, and not for --trust

    asked = call.asked
    secret = _secret(asked.get("AccessKeyId", ""), keys)
    given = asked.pop("Signature", "")
    if asked.get("SignatureMethod") != "HMAC-SHA1" or asked.get("SignatureVersion") != "1.0":
        raise Refusal("IncompleteSignature", "SignatureMethod", 400)
    _compared(given, Utils.get_rpcsignature(asked, call.method, secret))


def _secret(key_id: str, keys: dict[str, str]) -> str:
    if key_id not in keys:
        raise Refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    return keys[key_id]


def _compared(given: str, right: str) -> None:
    if given != right:
        raise Refusal("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", 400)


def check_time(call: Call, now: float) -> None:
    stamp = dt.datetime.strptime(call.date, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
    if abs(stamp.timestamp() - now) > WINDOW:
        raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)


def check_number(number: str) -> None:
    if not _MOBILE.fullmatch(number):
        raise Refusal("isv.MOBILE_NUMBER_ILLEGAL", f"{number}invalid mobile number")


def parsed(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        raise Refusal("isv.INVALID_JSON_PARAM", "JSON参数不合法") from None


def checked_params(written: str) -> dict[str, str]:
    return check_params(parsed(written)) if written else {}


def check_params(params: dict[str, str]) -> dict[str, str]:
    for name, value in params.items():
        if not isinstance(value, str) or not value or re.search(r"[\x00-\x1f]", value):
            raise Refusal("isv.TEMPLATE_PARAMS_ILLEGAL", name)
        if len(value) > MAX_PARAM:
            raise Refusal("isv.PARAM_LENGTH_LIMIT", name)
        if _URL_OR_IP.search(value):
            raise Refusal("isv.PARAM_NOT_SUPPORT_URL", name)
    return params


def checked_call(asked: dict[str, str]) -> dict[str, str]:
    """What a call is checked for; the variables it reads out."""
    for name, least, most in (("PlayTimes", 1, 3), ("Volume", 0, 100), ("Speed", -500, 500)):
        if name in asked and not least <= int(asked[name]) <= most:
            raise Refusal("isv.INVALID_PARAMETERS", name)
    if "OutId" in asked and not 1 <= len(asked["OutId"].encode()) <= 15:
        raise Refusal("isv.INVALID_PARAMETERS", "OutId")
    if not asked["TtsCode"].startswith("TTS_"):
        raise Refusal("isv.TTS_TEMPLATE_ILLEGAL", "未找到审核通过的文本转语音模板")
    written = asked.get("TtsParam", "")
    if len(written) > MAX_CALL_PARAMS:
        raise Refusal("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
    params: dict[str, str] = parsed(written) if written else {}
    if any(_URL_OR_IP.search(value) for value in params.values()):
        raise Refusal("isv.PARAM_NOT_SUPPORT_URL", "变量不支持url参数")
    return params
