"""What each code of the Aliyun SMS gateway means for a message: one of the four outcomes, or one cure."""

from enum import StrEnum, auto

from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait

OK = "OK"
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


class Cure(StrEnum):
    """What can be tried once more, at once, before it counts as failed."""

    RESIGN = auto()  # the same request with a new nonce and time
    REWRITE = auto()  # the same message in plainer and shorter words


_RESIGN = frozenset(("SignatureNonceUsed", "InvalidTimeStamp.Expired"))
_REWRITE = frozenset((
    "isv.PARAM_LENGTH_LIMIT",
    "isv.PARAM_NOT_SUPPORT_URL",
    "isv.UNSUPPORTED_CONTENT",
    "isv.SMS_CONTENT_ILLEGAL",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE",
))  # fmt: skip
# Nothing goes over this account, signature or template before a person changes something.
_CHANNEL = frozenset((
    "isv.OUT_OF_SERVICE",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.PRODUCT_UN_SUBSCRIPT",
    "isv.PRODUCT_UNSUBSCRIBE",
    "isv.ACCOUNT_NOT_EXISTS",
    "isv.ACCOUNT_ABNORMAL",
    "isv.SECURITY_FROZEN_ACCOUNT",
    "isv.RAM_PERMISSION_DENY",
    "isp.RAM_PERMISSION_DENY",
    "isv.DENY_IP_RANGE",
    "isv.SMS_SIGNATURE_ILLEGAL",
    "isv.SMS_SIGN_ILLEGAL",
    "isv.SIGN_STATE_ILLEGAL",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
    "isv.SMS_TEMPLATE_ILLEGAL",
    "isv.TEMPLATE_MISSING_PARAMETERS",  # a name in template_params that the template does not have, or lacks
    "isv.EXTEND_CODE_ERROR",
    "isv.ONE_CODE_MULTIPLE_SIGN",
    "isv.CODE_ERROR",
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT",
    "SignatureDoesNotMatch",
    "IncompleteSignature",
    "InvalidVersion",
    "InvalidAction.NotFound",
))  # fmt: skip
# The same of the gateway in front of the service, where one family has many members.
_CHANNEL_FAMILIES = ("InvalidAccessKeyId", "Forbidden", "NoPermission", "InvalidSecurityToken", "MissingSecurityToken")
_RECIPIENT = frozenset((
    "isv.MOBILE_NUMBER_ILLEGAL",
    "isv.MOBILE_COUNT_OVER_LIMIT",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
    "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.CUSTOMER_REFUSED",
    "isv.SMS_TEST_NUMBER_LIMIT",  # a test template goes only to the numbers bound to it
))  # fmt: skip
_PER_NUMBER_LIMIT = "isv.BUSINESS_LIMIT_CONTROL"
_ACCOUNT_LIMIT = {"isv.DAY_LIMIT_CONTROL": DAY, "isv.MONTH_LIMIT_CONTROL": DAY}
_TIERS = (  # as the gateway's message names them; "天级" before "小时" so that neither hides the other
    (("分钟", "minute"), MINUTE),
    (("小时", "hour"), HOUR),
    (("天", "日", "day"), DAY),
    (("月", "month"), DAY),
)


def cure(code: str) -> Cure | None:
    """What to try once more at once, if anything."""
    if code in _RESIGN:
        return Cure.RESIGN
    return Cure.REWRITE if code in _REWRITE else None


def error(code: str, said: str, message: str) -> SendError:
    """Make the error that a code means; `said` is its text, `message` the gateway's own words for it."""
    if code == _PER_NUMBER_LIMIT:
        return SendWait(said, seconds=tier(message), code=code, scope=Scope.RECIPIENT)
    if code in _ACCOUNT_LIMIT:
        return SendWait(said, seconds=_ACCOUNT_LIMIT[code], code=code, scope=Scope.CHANNEL)
    if code in _RECIPIENT:
        return SendRefused(said, code=code, scope=Scope.RECIPIENT)
    if code in _CHANNEL or code.startswith(_CHANNEL_FAMILIES):
        return SendRefused(said, code=code, scope=Scope.CHANNEL)
    if code.startswith("isv."):
        return SendRefused(said, code=code, scope=Scope.MESSAGE)
    # isp.*, Throttling*, ServiceUnavailable, a nonce or time still refused, and what nobody has seen before.
    return SendFailed(said, code=code)


def passing(code: str) -> bool:
    """Whether the code says no more than "not now", so that the answer's Retry-After says when."""
    return code != OK and cure(code) is None and isinstance(error(code, "", ""), SendFailed)


def tier(message: str) -> float:
    """How long the limit that the message names lasts; the shortest when it names none."""
    lowered = message.lower()
    for words, seconds in _TIERS:
        if any(word in lowered for word in words):
            return seconds
    return MINUTE
