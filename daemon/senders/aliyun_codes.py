"""What each code of Aliyun's text message and voice services means for a message: one of four outcomes, or a cure.

The text message codes are those of help.aliyun.com 101346, the voice codes those of "the error code list" of the
voice service; the codes of the gateway in front of both (signature, key, throttling) are common to all of Aliyun.
"""

from enum import StrEnum, auto
from typing import Final

from daemon.declared import Answers, failed, refused, sent, wait
from daemon.errors import Scope

OK = "OK"
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class Cure(StrEnum):
    """What can be tried once more, at once, before it counts as failed."""

    RESIGN = auto()  # the same request with a new nonce and time
    REWRITE = auto()  # the same message in plainer and shorter words


_RESIGN: Final = ("SignatureNonceUsed", "InvalidTimeStamp.Expired")
_REWRITE: Final = (
    "isv.PARAM_LENGTH_LIMIT",
    "isv.PARAM_NOT_SUPPORT_URL",
    "isv.UNSUPPORTED_CONTENT",
    "isv.SMS_CONTENT_ILLEGAL",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE",
)
_CURES: Final = dict.fromkeys(_RESIGN, Cure.RESIGN) | dict.fromkeys(_REWRITE, Cure.REWRITE)
_PER_NUMBER: Final = "isv.BUSINESS_LIMIT_CONTROL"
_PER_ACCOUNT: Final = ("isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL")
_COMMON: Final = (
    sent(OK, means="taken: the id in the answer is kept"),
    refused(
        "isv.OUT_OF_SERVICE",
        "isv.AMOUNT_NOT_ENOUGH",
        means="arrears, or the package is used up",
        scope=Scope.CHANNEL,
    ),
    refused(
        "isv.PRODUCT_UN_SUBSCRIPT",
        "isv.PRODUCT_UNSUBSCRIBE",
        "isv.ACCOUNT_NOT_EXISTS",
        "isv.ACCOUNT_ABNORMAL",
        means="the account, or it has not opened the service",
        scope=Scope.CHANNEL,
    ),
    refused(
        "isv.SECURITY_FROZEN_ACCOUNT",
        "isv.DENY_IP_RANGE",
        means="the account is frozen, or this box's address is not on its list",
        scope=Scope.CHANNEL,
    ),
    refused(
        "isp.RAM_PERMISSION_DENY",
        "isv.RAM_PERMISSION_DENY",
        "Forbidden*",
        "NoPermission*",
        means="the AccessKey may not do this",
        scope=Scope.CHANNEL,
    ),
    refused(
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "InvalidAccessKeyId*",
        "InvalidSecurityToken*",
        "MissingSecurityToken*",
        "InvalidVersion",
        "InvalidAction.NotFound",
        means="the AccessKey, its token or the endpoint is wrong",
        scope=Scope.CHANNEL,
    ),
    failed(*_RESIGN, means="signed once more at once, by the gateway's clock; then"),
    refused("isv.MOBILE_NUMBER_ILLEGAL", means="no number of the kind that the service reaches", scope=Scope.RECIPIENT),
    wait(
        _PER_NUMBER,
        means="this number's limit: 60 s, 1 h or 24 h by the limit that the words name",
        seconds=MINUTE,
        scope=Scope.RECIPIENT,
    ),
    wait(*_PER_ACCOUNT, means="the account's limit", seconds=DAY),
)
_OTHERS: Final = (
    refused("isv.*", means="the message: its parameters, or what nobody has seen before"),
    failed("isp.*", "Throttling*", "ServiceUnavailable*", "InternalError*", means="the service itself"),
)
SMS: Final = Answers(
    *_COMMON,
    refused(
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.SMS_SIGN_ILLEGAL",
        "isv.SIGN_STATE_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
        "isv.EXTEND_CODE_ERROR",
        "isv.ONE_CODE_MULTIPLE_SIGN",
        "isv.CODE_ERROR",
        "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT",
        means="the signature is not approved, or not for this",
        scope=Scope.CHANNEL,
    ),
    refused(
        "isv.SMS_TEMPLATE_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        means="the template is not approved, or `template_params` lacks one of its variables",
        scope=Scope.CHANNEL,
    ),
    refused(*_REWRITE, means="the text: once more at once in plainer words; then"),
    refused(
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.CUSTOMER_REFUSED",
        "isv.SMS_TEST_NUMBER_LIMIT",
        means="this number: too many, barred, unsubscribed, or not bound to a test template",
        scope=Scope.RECIPIENT,
    ),
    *_OTHERS,
)
VOICE: Final = Answers(
    *_COMMON,
    refused(
        "isv.TTS_TEMPLATE_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
        means="the template is not approved, or `template_params` lacks one of its variables",
        scope=Scope.CHANNEL,
    ),
    refused(
        "isv.DISPLAY_NUMBER_ILLEGAL",
        means="`show_number` is not yours, or not for this template",
        scope=Scope.CHANNEL,
    ),
    refused("isv.BLACK_KEY_CONTROL_LIMIT", means="a word of the text is on the service's list"),
    refused(
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        means="the text: once more at once in plainer words; then",
    ),
    *_OTHERS,
)
_TIERS: Final = (  # as the gateway's message names them; "天级" before "小时" so that neither hides the other
    (("分钟", "minute"), MINUTE),
    (("小时", "hour"), HOUR),
    (("天", "日", "day"), DAY),
    (("月", "month"), DAY),
)


def cure(code: str) -> Cure | None:
    """What to try once more at once, if anything."""
    return _CURES.get(code)


def named(code: str, words: str) -> float | None:
    """How long a limit lasts, whatever the HTTP answer says; None where the code is not one of a limit."""
    if code == _PER_NUMBER:
        return tier(words)
    return DAY if code in _PER_ACCOUNT else None


def tier(words: str) -> float:
    """How long the limit that the words name lasts; the shortest when they name none."""
    lowered = words.lower()
    for names, seconds in _TIERS:
        if any(name in lowered for name in names):
            return seconds
    return MINUTE
