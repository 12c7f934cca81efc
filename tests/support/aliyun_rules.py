"""What Aliyun's SMS gateway checks in a request; signatures by the official SDK's own signer."""

import datetime as dt
import json
import re

KEY_ID = "LTAI5tEXAMPLE0000000"
KEY_SECRET = "s3cr3tEXAMPLEkey+/x"
WINDOW = 15 * 60
MAX_PARAM = 35
_URL_OR_IP = re.compile(r"https?://|www\.|\d+\.\d+\.\d+\.\d+")
_NO_BODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class Refusal(Exception):
    """The gateway says no."""

    def __init__(self, code: str, message: str = "", status: int = 200) -> None:
        self.code, self.message, self.status = code, message, status
        super().__init__(code)


class _Request:
    """What the SDK's signer wants to see of a request."""

    def __init__(self, method: str, query: dict[str, str], headers: dict[str, str]) -> None:
        self.method, self.query, self.headers = method, query, headers
        self.pathname = "/"


def check_signature(
    method: str, query: dict[str, str], headers: dict[str, str], keys: dict[str, str], token: str
) -> None:
    from alibabacloud_tea_openapi.utils import Utils  # noqa: PLC0415 - slow to load, and not for --trust

    scheme, _, rest = headers.get("authorization", "").partition(" ")
    given = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
    secret = keys.get(given.get("Credential", ""))
    if scheme != "ACS3-HMAC-SHA256" or secret is None:
        raise Refusal("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    names = given["SignedHeaders"].split(";")
    must = {"host", *(name for name in headers if name.startswith("x-acs-"))}
    if not must <= set(names) or headers.get("x-acs-content-sha256") != _NO_BODY:
        raise Refusal("IncompleteSignature", "a header is not signed", 400)
    request = _Request(method, query, {name: headers[name] for name in names})
    right = Utils.get_authorization(request, scheme, _NO_BODY, given["Credential"], secret)
    if right != headers["authorization"]:
        raise Refusal("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.", 400)
    if headers.get("x-acs-version") != "2017-05-25":
        raise Refusal("InvalidVersion", "Specified parameter Version is not valid.", 400)
    if headers.get("x-acs-security-token", "") != token:
        raise Refusal("InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.", 400)


def check_time(headers: dict[str, str], now: float) -> None:
    stamp = dt.datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC)
    if abs(stamp.timestamp() - now) > WINDOW:
        raise Refusal("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.", 400)


def checked_params(written: str) -> dict[str, str]:
    if not written:
        return {}
    try:
        params = json.loads(written)
    except ValueError:
        raise Refusal("isv.INVALID_JSON_PARAM", "JSON参数不合法") from None
    for name, value in params.items():
        if not isinstance(value, str) or not value or re.search(r"[\x00-\x1f]", value):
            raise Refusal("isv.TEMPLATE_PARAMS_ILLEGAL", name)
        if len(value) > MAX_PARAM:
            raise Refusal("isv.PARAM_LENGTH_LIMIT", name)
        if _URL_OR_IP.search(value):
            raise Refusal("isv.PARAM_NOT_SUPPORT_URL", name)
    return params
