"""What each code of Tencent Cloud's two SMS APIs means for a message, and which of them a second try may cure.

Sources: the error codes in Tencent's own SDK (sms 2021-01-11), and the code table of the old v5 API.
"""

import datetime as dt
from enum import StrEnum, auto

from daemon.declared import Answers, failed, refused, sent, wait
from daemon.errors import Scope

OK, OK_V5 = "Ok", "0"
BEIJING = dt.timezone(dt.timedelta(hours=8))  # days are counted, and times written, as they are there
HALF_MINUTE, MINUTE, HOUR, DAY = 30.0, 60.0, 3_600.0, 86_400.0


class Cure(StrEnum):
    """What can be tried once more, at once, before it counts as failed."""

    RESIGN = auto()  # the same request by the server's clock
    REWRITE = auto()  # the same message in shorter words


_CURES = dict.fromkeys(("AuthFailure.SignatureExpire", "InternalError.RequestTimeException", "1021"), Cure.RESIGN)
_CURES |= dict.fromkeys(
    (
        "InvalidParameterValue.TemplateParameterLengthLimit",
        "InvalidParameterValue.TemplateParameterFormatError",
        "InvalidParameterValue.ContentLengthLimit",
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        "FailedOperation.ContainSensitiveWord",
        "1002",
        "1017",
        "1036",
    ),
    Cure.REWRITE,
)

# A natural day ends at midnight in Beijing; how long that is from now is said where the answer is read.
OF_A_DAY = frozenset((
    "LimitExceeded.PhoneNumberDailyLimit",
    "LimitExceeded.PhoneNumberSameContentDailyLimit",
    "LimitExceeded.AppDailyLimit",
    "LimitExceeded.AppMainlandChinaDailyLimit",
    "LimitExceeded.AppGlobalDailyLimit",
    "LimitExceeded.AppCountryOrRegionDailyLimit",
    "LimitExceeded.DailyLimit",
    "1022",
    "1025",
    "1026",
))  # fmt: skip

ANSWERS = Answers(
    sent(OK, means="taken for this number; its `SerialNo` is kept"),
    failed(
        "AuthFailure.SignatureExpire",
        "InternalError.RequestTimeException",
        means="our clock differs from theirs: signed once more by theirs, and only then failed",
    ),
    failed(
        "InternalError.Timeout",
        "InternalError.SendAndRecvFail",
        "InternalError.ParseBackendResponseFail",
        means="it lost sight of the message behind its door",
        ambiguous=True,
    ),
    failed(
        "InternalError*", "RequestLimitExceeded*", "FailedOperation.OtherError", "FailedOperation.FailResolvePacket",
        means="it is busy or unwell",
    ),
    wait("LimitExceeded.PhoneNumberThirtySecondLimit", means="half a minute's limit of this number",
         seconds=HALF_MINUTE, scope=Scope.RECIPIENT),
    wait("LimitExceeded.DeliveryFrequencyLimit", means="a limit of this number",
         seconds=MINUTE, scope=Scope.RECIPIENT),
    wait("LimitExceeded.PhoneNumberOneHourLimit", means="an hour's limit of this number",
         seconds=HOUR, scope=Scope.RECIPIENT),
    wait("LimitExceeded.PhoneNumberDailyLimit", "LimitExceeded.PhoneNumberSameContentDailyLimit",
         means="a day's limit of this number, until midnight in Beijing", seconds=DAY, scope=Scope.RECIPIENT),
    wait("LimitExceeded.AppDailyLimit", "LimitExceeded.AppMainlandChinaDailyLimit",
         "LimitExceeded.AppGlobalDailyLimit", "LimitExceeded.DailyLimit",
         means="the application's limit of the day, until midnight in Beijing", seconds=DAY),
    wait("LimitExceeded.AppCountryOrRegionDailyLimit", means="the day's limit of this number's country",
         seconds=DAY, scope=Scope.RECIPIENT),
    wait("LimitExceeded.GlobalSmsSendingRateLimit", "LimitExceeded*", means="a rate of the application",
         seconds=MINUTE),
    refused("LimitExceeded.AppCountryOrRegionInBlacklist", means="the country is barred", scope=Scope.RECIPIENT),
    refused("LimitExceeded.PhoneNumberCountLimit", means="more than 200 numbers"),
    refused(
        "AuthFailure*",
        "UnauthorizedOperation*",
        "FailedOperation.InsufficientBalanceInSmsPackage",
        "FailedOperation.NotEnterpriseCertification",
        "FailedOperation.ProhibitSubAccountUse",
        means="the account: arrears, an empty package, a wrong key, a missing permission",
        scope=Scope.CHANNEL,
    ),
    refused(
        "FailedOperation.SignatureIncorrectOrUnapproved",
        "FailedOperation.MissingSignature",
        "FailedOperation.SignIdNotExist",
        "FailedOperation.TemplateIncorrectOrUnapproved",
        "FailedOperation.TemplateUnapprovedOrNotExist",
        "FailedOperation.TemplateIdNotExist",
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        "FailedOperation.MarketingSendTimeConstraint",
        "InvalidParameterValue.SdkAppIdNotExist",
        "InvalidParameterValue.UnsupportedTemplateVariable",
        "InternalError.RestApiInterfaceNotExist",
        "InternalError.SigFieldMissing",
        "InternalError.SigVerificationFail",
        "InvalidAction*",
        "MissingParameter*",
        "NoSuchVersion",
        "UnknownParameter*",
        "UnsupportedOperation*",
        "UnsupportedRegion",
        means="the configuration: application, signature, template, or how many variables it has",
        scope=Scope.CHANNEL,
    ),
    refused(
        "InvalidParameterValue.TemplateParameterLengthLimit",
        "InvalidParameterValue.TemplateParameterFormatError",
        "InvalidParameterValue.ContentLengthLimit",
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        "FailedOperation.ContainSensitiveWord",
        means="the text: sent once more with shorter variables, and only then refused",
    ),
    refused("InvalidParameter*", "FailedOperation*", means="something else about the request"),
    refused(
        "InvalidParameterValue.IncorrectPhoneNumber",
        "FailedOperation.PhoneNumberInBlacklist",
        "FailedOperation.PhoneNumberParseFail",
        "UnsupportedOperation.ChineseMainlandTemplateToGlobalPhone",
        "UnsupportedOperation.GlobalTemplateToChineseMainlandPhone",
        "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
        "UnsupportedOperation.ContainDomesticPhoneNumber",
        "UnsupportedOperation.UnsupportedRegion",
        means="the number: not one, barred, or not for this template",
        scope=Scope.RECIPIENT,
    ),
)  # fmt: skip

ANSWERS_V5 = Answers(
    sent(OK_V5, means="taken for this number; its `sid` is kept"),
    failed("1021", means="our clock differs from theirs: signed once more by theirs, and only then failed"),
    failed("1008", "60008", means="it lost sight of the message behind its door", ambiguous=True),
    failed("1007", means="it is unwell"),
    wait("1023", means="half a minute's limit of this number", seconds=HALF_MINUTE, scope=Scope.RECIPIENT),
    wait("1013", means="a limit of this number", seconds=MINUTE, scope=Scope.RECIPIENT),
    wait("1024", means="an hour's limit of this number", seconds=HOUR, scope=Scope.RECIPIENT),
    wait("1025", "1026", means="a day's limit of this number, until midnight in Beijing",
         seconds=DAY, scope=Scope.RECIPIENT),
    wait("1022", means="the application's limit of the day, until midnight in Beijing", seconds=DAY),
    refused("1006", "1009", "1019", "1020", "1029", "1031", "1033",
            means="the account: no permission, an address not allowed, an empty package, arrears, marketing at night",
            scope=Scope.CHANNEL),
    refused("1001", "1003", "1004", "1012", "1014", means="the configuration: key, signature or template",
            scope=Scope.CHANNEL),
    refused("1002", "1017", "1036", means="the text: sent once more with shorter variables, and only then refused"),
    refused("1046", means="more than 200 numbers"),
    refused("1015", "1016", "1045", means="the number: barred, not one, or of a country that is not served",
            scope=Scope.RECIPIENT),
)  # fmt: skip


def cure(code: str) -> Cure | None:
    """What to try once more at once, if anything."""
    return _CURES.get(code)


def seconds(code: str, now: float) -> float | None:
    """How long a day's limit still holds; None for what the table says itself."""
    if code not in OF_A_DAY:
        return None
    local = dt.datetime.fromtimestamp(now, BEIJING)
    midnight = dt.datetime.combine(local.date() + dt.timedelta(days=1), dt.time(), BEIJING)
    return max(1.0, midnight.timestamp() - now)
