"""Every code of the gateways, sorted."""

import pytest

from daemon.declared import Outcome
from daemon.errors import Scope, SendFailed, SendRefused
from daemon.senders.aliyun_codes import SMS, VOICE, Cure, cure, named, tier

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


CALLS = [
    ("isv.TTS_TEMPLATE_ILLEGAL", Scope.CHANNEL),
    ("isv.DISPLAY_NUMBER_ILLEGAL", Scope.CHANNEL),
    ("isv.TEMPLATE_MISSING_PARAMETERS", Scope.CHANNEL),
    ("isv.MOBILE_NUMBER_ILLEGAL", Scope.RECIPIENT),
    ("isv.BLACK_KEY_CONTROL_LIMIT", Scope.MESSAGE),
    ("isv.INVALID_PARAMETERS", Scope.MESSAGE),
    ("isv.PARAM_LENGTH_LIMIT", Scope.MESSAGE),
    ("isv.PARAM_NOT_SUPPORT_URL", Scope.MESSAGE),
]


@pytest.mark.parametrize(
    ("code", "scope"),
    [(code, Scope.CHANNEL) for code in ACCOUNT + CONFIGURED]
    + [(code, Scope.MESSAGE) for code in THIS_TEXT]
    + [(code, Scope.RECIPIENT) for code in NUMBER],
)
def test_what_is_refused_for_good(code: str, scope: Scope) -> None:
    refused = SMS.error(code, "said")
    assert isinstance(refused, SendRefused)
    said = f"said ({SMS.meaning(code).means})" if scope is Scope.CHANNEL else "said"
    assert (refused.scope, refused.code, str(refused)) == (scope, code, said)


@pytest.mark.parametrize(("code", "scope"), CALLS)
def test_what_is_refused_for_good_of_a_call(code: str, scope: Scope) -> None:
    refused = VOICE.error(code, "said")
    assert isinstance(refused, SendRefused)
    assert refused.scope is scope


@pytest.mark.parametrize("code", PASSING)
def test_what_may_pass(code: str) -> None:
    for answers in (SMS, VOICE):
        failed = answers.error(code, "said")
        assert isinstance(failed, SendFailed)
        assert not failed.ambiguous, "the gateway said no, in so many words"


def test_a_word_that_the_service_bars_is_a_number_of_text_messages_and_a_text_of_calls() -> None:
    """The two services use one code for two things."""
    assert SMS.meaning("isv.BLACK_KEY_CONTROL_LIMIT").scope is Scope.RECIPIENT
    assert VOICE.meaning("isv.BLACK_KEY_CONTROL_LIMIT").scope is Scope.MESSAGE


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("触发分钟级流控Permits:1", 60), ("触发小时级流控Permits:5", 3600), ("触发天级流控Permits:10", 86400),
        ("触发号码天级流控Permits:40", 86400), ("触发月级流控Permits:100", 86400), ("Minute limit", 60),
        ("hourly limit", 3600), ("daily: one DAY", 86400), ("", 60), ("touched some limit", 60),
    ],
)  # fmt: skip
def test_a_number_over_its_limit_waits_for_the_tier_that_is_named(words: str, seconds: float) -> None:
    assert tier(words) == named("isv.BUSINESS_LIMIT_CONTROL", words) == seconds
    for answers in (SMS, VOICE):
        limit = answers.meaning("isv.BUSINESS_LIMIT_CONTROL")
        assert (limit.outcome, limit.scope) == (Outcome.WAIT, Scope.RECIPIENT)


@pytest.mark.parametrize("code", ["isv.DAY_LIMIT_CONTROL", "isv.MONTH_LIMIT_CONTROL"])
def test_an_account_over_its_limit_waits_as_a_whole(code: str) -> None:
    assert named(code, "触发分钟级流控") == 86_400
    assert SMS.meaning(code).scope is Scope.CHANNEL


def test_what_is_no_limit_names_no_wait() -> None:
    assert {named(code, "天") for code in ACCOUNT + CONFIGURED + THIS_TEXT + NUMBER + PASSING} == {None}


def test_only_signatures_and_texts_are_mended() -> None:
    mended = {code: cure(code) for code in ACCOUNT + CONFIGURED + THIS_TEXT + NUMBER + PASSING + ["OK"]}
    assert {code for code, how in mended.items() if how is Cure.RESIGN} == {
        "SignatureNonceUsed",
        "InvalidTimeStamp.Expired",
    }
    assert {code for code, how in mended.items() if how is Cure.REWRITE} == set(THIS_TEXT[4:])
