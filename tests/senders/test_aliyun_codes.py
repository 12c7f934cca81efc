"""Every code of the gateway, sorted."""

import pytest

from daemon.errors import Scope, SendFailed, SendRefused, SendWait
from daemon.senders.aliyun_codes import Cure, cure, error

ACCOUNT = [
    "isv.OUT_OF_SERVICE",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.PRODUCT_UN_SUBSCRIPT",
    "isv.PRODUCT_UNSUBSCRIBE",
    "isv.ACCOUNT_NOT_EXISTS",
    "isv.ACCOUNT_ABNORMAL",
    "isv.SECURITY_FROZEN_ACCOUNT",
    "isp.RAM_PERMISSION_DENY",
    "isv.RAM_PERMISSION_DENY",
    "isv.DENY_IP_RANGE",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId.NotFound",
    "InvalidAccessKeyId.Inactive",
    "Forbidden.RAM",
    "InvalidSecurityToken.Expired",
]
CONFIGURED = [
    "isv.SMS_SIGNATURE_ILLEGAL",
    "isv.SMS_SIGN_ILLEGAL",
    "isv.SIGN_STATE_ILLEGAL",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
    "isv.SMS_TEMPLATE_ILLEGAL",
    "isv.TEMPLATE_MISSING_PARAMETERS",
    "isv.EXTEND_CODE_ERROR",
    "isv.ONE_CODE_MULTIPLE_SIGN",
    "isv.CODE_ERROR",
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT",
    "InvalidVersion",
    "InvalidAction.NotFound",
]
THIS_TEXT = [
    "isv.TEMPLATE_PARAMS_ILLEGAL",
    "isv.INVALID_PARAMETERS",
    "isv.INVALID_JSON_PARAM",
    "isv.NEVER_SEEN_BEFORE",
    "isv.PARAM_LENGTH_LIMIT",
    "isv.PARAM_NOT_SUPPORT_URL",
    "isv.UNSUPPORTED_CONTENT",
    "isv.SMS_CONTENT_ILLEGAL",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE",
]
NUMBER = [
    "isv.MOBILE_NUMBER_ILLEGAL",
    "isv.MOBILE_COUNT_OVER_LIMIT",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
    "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.CUSTOMER_REFUSED",
    "isv.SMS_TEST_NUMBER_LIMIT",
]
PASSING = [
    "isp.SYSTEM_ERROR",
    "isp.GATEWAY_ERROR",
    "isp.NEVER_SEEN_BEFORE",
    "Throttling",
    "Throttling.User",
    "ServiceUnavailable",
    "InternalError",
    "SignatureNonceUsed",
    "InvalidTimeStamp.Expired",
    "SomethingNew",
]


@pytest.mark.parametrize(
    ("code", "scope"),
    [(code, Scope.CHANNEL) for code in ACCOUNT + CONFIGURED]
    + [(code, Scope.MESSAGE) for code in THIS_TEXT]
    + [(code, Scope.RECIPIENT) for code in NUMBER],
)
def test_what_is_refused_for_good(code: str, scope: Scope) -> None:
    refused = error(code, "said", "")
    assert isinstance(refused, SendRefused)
    assert (refused.scope, refused.code, str(refused)) == (scope, code, "said")


@pytest.mark.parametrize("code", PASSING)
def test_what_may_pass(code: str) -> None:
    failed = error(code, "said", "")
    assert isinstance(failed, SendFailed)
    assert not failed.ambiguous, "the gateway said no, in so many words"


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("触发分钟级流控Permits:1", 60), ("触发小时级流控Permits:5", 3600), ("触发天级流控Permits:10", 86400),
        ("触发号码天级流控Permits:40", 86400), ("触发月级流控Permits:100", 86400), ("Minute limit", 60),
        ("hourly limit", 3600), ("daily: one DAY", 86400), ("", 60), ("touched some limit", 60),
    ],
)  # fmt: skip
def test_a_number_over_its_limit_waits_for_the_tier_that_is_named(message: str, seconds: float) -> None:
    wait = error("isv.BUSINESS_LIMIT_CONTROL", "said", message)
    assert isinstance(wait, SendWait)
    assert (wait.seconds, wait.scope) == (seconds, Scope.RECIPIENT)


@pytest.mark.parametrize("code", ["isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"])
def test_an_account_over_its_limit_waits_as_a_whole(code: str) -> None:
    wait = error(code, "said", "触发分钟级流控")
    assert isinstance(wait, SendWait)
    assert (wait.seconds, wait.scope) == (86_400, Scope.CHANNEL)


def test_only_signatures_and_texts_are_mended() -> None:
    mended = {code: cure(code) for code in ACCOUNT + CONFIGURED + THIS_TEXT + NUMBER + PASSING + ["OK"]}
    assert {code for code, how in mended.items() if how is Cure.RESIGN} == {
        "SignatureNonceUsed",
        "InvalidTimeStamp.Expired",
    }
    assert {code for code, how in mended.items() if how is Cure.REWRITE} == set(THIS_TEXT[4:])
