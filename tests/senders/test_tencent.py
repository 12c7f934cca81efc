"""Text messages over Tencent's two APIs, against a fake of both that checks what the real ones check."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.sms.v20210111 import models
from tencentcloud.sms.v20210111.sms_client import SmsClient

from daemon.clock import Clock
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance, Recipient
from daemon.secret import Secret
from daemon.senders.tencent_sender import TencentSender
from daemon.senders.tencent_sms import TencentSms
from daemon.senders.tencent_sms_v5 import TencentSmsV5
from daemon.template import Template
from fake_clock import BEGIN, FakeClock
from fake_provider import hang, say
from fake_tencent import APP_ID, APP_KEY, SECRET_ID, SECRET_KEY, FakeTencent, callback
from messages import LIN, WANG, message

HERE = "+8613800000001", "+8613800000002"
SMITH = Recipient(name="smith", address="+1 310 555 0100")


class At9(TencentSms):
    clock: ClassVar[Clock] = FakeClock(BEGIN)


class At9V5(TencentSmsV5):
    clock: ClassVar[Clock] = FakeClock(BEGIN)


@pytest.fixture
def tencent() -> Iterator[FakeTencent]:
    with FakeTencent(now=lambda: BEGIN) as started:
        yield started


OPENED: list[TencentSender] = []


@pytest.fixture(autouse=True)
def _hung_up() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def sms(tencent: FakeTencent, **settings: object) -> At9:
    defaults: dict[str, object] = {
        "secret_id": Secret(SECRET_ID),
        "secret_key": Secret(SECRET_KEY),
        "sdk_app_id": APP_ID,
        "sign_name": "托辛",
        "template_id": "1110",
        "template_params": [Template("{{ where }}"), Template("{{ alert.code }}")],
        "endpoint": tencent.url,
        "timeout": 2.0,
    }
    OPENED.append(At9(**(defaults | settings)))  # type: ignore[arg-type]
    return OPENED[-1]  # type: ignore[return-value]


def v5(tencent: FakeTencent, **settings: object) -> At9V5:
    defaults: dict[str, object] = {
        "app_key": Secret(APP_KEY),
        "sdk_app_id": APP_ID,
        "sign_name": "托辛",
        "template_id": 7839,
        "template_params": [Template("{{ where }}"), Template("{{ alert.code }}")],
        "endpoint": tencent.url,
        "timeout": 2.0,
    }
    OPENED.append(At9V5(**(defaults | settings)))  # type: ignore[arg-type]
    return OPENED[-1]  # type: ignore[return-value]


BOTH = pytest.mark.parametrize("made", [sms, v5])
# The same refusals as each of the two says them.
BLACKLIST = {sms: "FailedOperation.PhoneNumberInBlacklist", v5: "1015"}
HALF_MINUTE = {sms: "LimitExceeded.PhoneNumberThirtySecondLimit", v5: "1023"}
A_DAY = {sms: "LimitExceeded.PhoneNumberDailyLimit", v5: "1025"}
ARREARS = {sms: "FailedOperation.InsufficientBalanceInSmsPackage", v5: "1031"}


def refusal(sender: TencentSender, *to: Recipient) -> SendError:
    with pytest.raises(SendError) as caught:
        sender.send(message(*to or (LIN,)))
    return caught.value


# ---- what is sent


@BOTH
def test_a_message_reaches_the_number_signed_and_complete(made: Any, tencent: FakeTencent) -> None:
    receipt = made(tencent).send(message(LIN, out_id="3f2a-D17"))
    (sent,) = tencent.sent
    assert (sent.number, sent.params, sent.session) == (HERE[0], ["db-1", "A17"], "3f2a-D17")
    assert receipt.provider_id == sent.serial
    assert receipt.of(LIN.address) == Acceptance(provider_id=sent.serial, detail="accepted")


def test_the_official_sdk_is_understood_by_the_same_fake() -> None:
    """Otherwise what it checks might be our own idea of it."""
    with FakeTencent() as tencent:
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=tencent.url.removeprefix("http://")))
        sdk = SmsClient(Credential(SECRET_ID, SECRET_KEY), "ap-guangzhou", profile)
        asked = models.SendSmsRequest()
        asked.from_json_string(json.dumps({
            "PhoneNumberSet": [HERE[0]], "SmsSdkAppId": APP_ID, "TemplateId": "1", "SignName": "托辛",
            "TemplateParamSet": ["x"], "SessionContext": "D1",
        }))  # fmt: skip
        (status,) = sdk.SendSms(asked).SendStatusSet
        assert (status.Code, status.SerialNo) == ("Ok", tencent.sent[0].serial)
        pull = models.PullSmsSendStatusByPhoneNumberRequest()
        pull.from_json_string(json.dumps({
            "SmsSdkAppId": APP_ID, "PhoneNumber": HERE[0], "BeginTime": int(tencent.sent[0].at) - 9,
            "EndTime": int(tencent.sent[0].at) + 9, "Offset": 0, "Limit": 9,
        }))  # fmt: skip
        (row,) = sdk.PullSmsSendStatusByPhoneNumber(pull).PullSmsSendStatusSet
        assert (row.SerialNo, row.SessionContext) == (status.SerialNo, "D1")


@BOTH
def test_two_hundred_numbers_go_in_one_request(made: Any, tencent: FakeTencent) -> None:
    crowd = tuple(Recipient(name=f"p{n}", address=f"138{n:08}") for n in range(TencentSender.batch))
    receipt = made(tencent).send(message(*crowd))
    assert len(tencent.sent) == len(set(receipt.ids.values())) == 200
    assert len(tencent.asked) == 1


@BOTH
def test_two_people_with_one_telephone_get_one_message(made: Any, tencent: FakeTencent) -> None:
    receipt = made(tencent).send(message(LIN, Recipient(name="lin2", address="8613800000001")))
    assert tencent.numbers == [HERE[0]]
    assert set(receipt.ids.values()) == {tencent.sent[0].serial}


@BOTH
def test_foreign_numbers_go_in_a_request_of_their_own(made: Any, tencent: FakeTencent) -> None:
    receipt = made(tencent).send(message(LIN, SMITH, WANG))
    assert tencent.numbers == [*HERE, "+13105550100"]
    assert len(tencent.asked) == 2
    assert not receipt.errors


def test_temporary_credentials_carry_their_token() -> None:
    with FakeTencent(now=lambda: BEGIN, token="sts-1") as tencent:
        sms(tencent, token=Secret("sts-1")).send(message(LIN))
        assert len(tencent.sent) == 1
        assert refusal(sms(tencent, token=Secret("sts-2"))).code == "AuthFailure.TokenFailure"


# ---- each number by its own answer


@BOTH
def test_each_number_of_a_batch_is_judged_by_its_own_answer(made: Any, tencent: FakeTencent) -> None:
    may, zhou = Recipient(name="may", address="13800000003"), Recipient(name="zhou", address="nonsense")
    tencent.number_codes = {HERE[1]: BLACKLIST[made], "+8613800000003": HALF_MINUTE[made]}
    receipt = made(tencent).send(message(LIN, WANG, may, zhou))
    assert tencent.numbers == [HERE[0]]
    assert receipt.of(LIN.address).provider_id == tencent.sent[0].serial
    barred, over, none = (receipt.of(one.address) for one in (WANG, may, zhou))
    assert isinstance(barred, SendRefused)
    assert barred.scope is Scope.RECIPIENT
    assert isinstance(over, SendWait)
    assert (over.seconds, over.scope) == (30.0, Scope.RECIPIENT)
    assert isinstance(none, SendRefused)
    assert "zhou's number" in str(none)


@BOTH
def test_a_number_that_the_answer_passes_over_may_have_been_served(made: Any, tencent: FakeTencent) -> None:
    tencent.unnamed = {HERE[1]}
    receipt = made(tencent).send(message(LIN, WANG))
    assert isinstance(receipt.of(LIN.address), Acceptance)
    passed = receipt.of(WANG.address)
    assert isinstance(passed, SendFailed)
    assert passed.ambiguous


@BOTH
def test_a_refusal_of_the_whole_request_is_one_error_for_all(made: Any, tencent: FakeTencent) -> None:
    error = refusal(made(tencent, sdk_app_id="1"), LIN, WANG)
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.CHANNEL


@BOTH
def test_an_account_that_ran_dry_inside_a_batch_leaves_those_that_were_taken(made: Any, tencent: FakeTencent) -> None:
    tencent.number_codes = {HERE[1]: ARREARS[made]}
    receipt = made(tencent).send(message(LIN, WANG))
    assert isinstance(receipt.of(LIN.address), Acceptance)
    assert receipt.of(WANG.address).scope is Scope.CHANNEL


@BOTH
def test_when_foreign_numbers_get_no_answer_those_at_home_keep_theirs(made: Any, tencent: FakeTencent) -> None:
    sender = made(tencent, timeout=0.3)
    homes = len(tencent.sent)
    real = tencent.provider.steps[0]
    tencent.provider.then(real, hang)
    receipt = sender.send(message(LIN, SMITH))
    assert len(tencent.sent) == homes + 1
    assert isinstance(receipt.of(LIN.address), Acceptance)
    assert receipt.of(SMITH.address).ambiguous


def test_the_lines_of_the_old_api_count_before_its_whole(tencent: FakeTencent) -> None:
    lines = [
        {"result": 0, "errmsg": "OK", "mobile": "13800000001", "nationcode": "86", "sid": "8:1"},
        {"result": 1015, "errmsg": "no", "mobile": 13800000002, "nationcode": 86},
        {"result": 0, "errmsg": "OK", "mobile": "13800000003", "nationcode": "86"},  # a yes about nothing
    ]
    tencent.then(say(200, json.dumps({"result": 1007, "errmsg": "partly", "detail": lines}).encode()))
    may = Recipient(name="may", address="13800000003")
    receipt = v5(tencent).send(message(LIN, WANG, may))
    assert receipt.of(LIN.address).provider_id == "8:1"
    assert receipt.of(WANG.address).code == "1015"
    assert receipt.of(may.address).code == "1007"


def test_the_door_in_front_of_the_old_api_has_fields_of_its_own(tencent: FakeTencent) -> None:
    tencent.then(say(200, b'{"ActionStatus":"FAIL","ErrorCode":60008,"ErrorInfo":"service timeout"}'))
    error = refusal(v5(tencent), LIN, WANG)
    assert (error.code, error.ambiguous) == ("60008", True)
    assert "service timeout" in str(error)


@BOTH
def test_a_days_limit_lasts_until_midnight_in_beijing(made: Any, tencent: FakeTencent) -> None:
    tencent.number_codes = {HERE[0]: A_DAY[made]}
    error = refusal(made(tencent))
    assert isinstance(error, SendWait)
    assert error.seconds == 15 * 3600, "it is nine in the morning"


# ---- cures


@BOTH
def test_a_box_whose_clock_is_wrong_signs_by_theirs(made: Any) -> None:
    with FakeTencent(now=lambda: BEGIN + 7_200) as tencent:
        made(tencent).send(message(LIN, WANG))
        assert tencent.numbers == list(HERE)
        assert len(tencent.asked) == 2


@BOTH
def test_a_clock_that_is_still_refused_is_failed_for_now(made: Any, tencent: FakeTencent) -> None:
    code = {sms: "InternalError.RequestTimeException", v5: "1021"}[made]
    tencent.number_codes = {HERE[0]: code}
    error = refusal(made(tencent))
    assert isinstance(error, SendFailed)
    assert len(tencent.asked) == 2


@BOTH
def test_a_variable_that_is_too_long_for_this_account_goes_once_more_shorter(made: Any, tencent: FakeTencent) -> None:
    params = [Template("{{ what }}"), Template("{{ alert.code }}")]
    receipt = made(tencent, max_param=20, template_params=params).send(message(LIN, WANG, title="数据库磁盘空间不足"))
    assert [sent.params for sent in tencent.sent] == [["数据库磁盘空", "A17"]] * 2
    assert receipt.detail == "sent with shorter variables"
    assert len(tencent.asked) == 2


def test_only_those_for_whom_the_text_was_refused_get_it_again(tencent: FakeTencent) -> None:
    tencent.number_codes = {HERE[1]: "FailedOperation.ContainSensitiveWord"}
    receipt = sms(tencent).send(message(LIN, WANG))
    assert tencent.numbers == [HERE[0]]
    assert [asked["PhoneNumberSet"] for asked in tencent.asked] == [list(HERE), [HERE[1]]]
    refused = receipt.of(WANG.address)
    assert isinstance(refused, SendRefused)
    assert refused.scope is Scope.MESSAGE


def test_mending_does_not_take_longer_than_one_try(tencent: FakeTencent) -> None:
    sender = sms(tencent, max_param=20, template_params=[Template("{{ what }}")], timeout=0.3)
    tencent.provider.then(tencent.provider.steps[0], hang)
    with pytest.raises(SendFailed, match="no answer within") as caught:
        sender.send(message(LIN, title="字" * 20))
    assert caught.value.ambiguous


# ---- variables


@pytest.mark.parametrize(
    "title",
    [
        'he said "no"', "a\r\nb\tc\x00d", "数据库磁盘空间不足" * 20, "e\u0301" * 60, "👩‍👩‍👧" * 20,
        "half \ud83d a pair", "x" * 1_000_000, " ", "\u202e\u200b", "10.0.0.7", "https://shop.example.com/",
        "db.internal down",
    ],
)  # fmt: skip
@BOTH
def test_no_title_keeps_a_message_from_going_out(made: Any, title: str, tencent: FakeTencent) -> None:
    """Six characters, no links and no addresses: neither needs a second try."""
    made(tencent, template_params=[Template("{{ alert.title }}")]).send(message(LIN, title=title))
    assert 1 <= len(tencent.sent[0].params[0]) <= 6
    assert len(tencent.asked) == 1


@pytest.mark.parametrize(
    ("number", "template", "told"),
    [
        (17, "{{ alert.code }}", "A17"),
        (123456, "{{ alert.code }}", "123456"),
        (1234567, "{{ alert.code }}", "-"),
        (1234, "故障 {{ alert.code }}", "A1234"),
        (17, "{{ brief(6) }}", "C A17"),
    ],
)
def test_a_short_code_is_never_cut_in_half(number: int, template: str, told: str, tencent: FakeTencent) -> None:
    """Half of one names another alarm."""
    sms(tencent, template_params=[Template(template)]).send(message(LIN, id=number))
    assert tencent.sent[0].params == [told]


def test_a_template_that_does_not_render_says_it_in_brief_and_warns(tencent: FakeTencent) -> None:
    receipt = sms(tencent, template_params=[Template("{{ alert.labels.nobody }}")]).send(message(LIN))
    assert tencent.sent[0].params == ["C A17"]
    (warning,) = receipt.warnings
    assert warning.startswith("template_params[0]: ")


# ---- what became of it


@BOTH
def test_a_report_is_asked_for_by_number(made: Any, tencent: FakeTencent) -> None:
    sender = made(tencent)
    receipt = sender.send(message(LIN))
    sender.send(message(LIN))
    report = sender.reports(receipt.provider_id, LIN.address, BEGIN)
    assert (report.provider_id, report.address, report.delivered) == (receipt.provider_id, "13800000001", True)
    assert (report.code, report.at) == ("DELIVRD", BEGIN)
    tencent.sent[0].report = "FAIL"
    assert not sender.reports(receipt.provider_id, LIN.address, BEGIN).delivered
    tencent.sent[0].report = ""
    assert sender.reports(receipt.provider_id, LIN.address, BEGIN) is None
    assert sender.reports(receipt.provider_id, "nonsense", BEGIN) is None


@BOTH
def test_a_report_from_long_ago_is_asked_for_within_what_they_keep(made: Any, tencent: FakeTencent) -> None:
    assert made(tencent).reports("5000:1", LIN.address, BEGIN - 30 * 86_400) is None


@BOTH
def test_what_tencent_posts_is_heard_and_named_as_ours_are(made: Any, tencent: FakeTencent) -> None:
    sender = made(tencent)
    receipt = sender.send(message(LIN))
    (report,) = sender.heard(json.dumps([callback(tencent.sent[0])]).encode())
    assert report == sender.reports(receipt.provider_id, LIN.address, BEGIN) or made is sms
    assert (report.provider_id, report.address) == (receipt.provider_id, sender.known_as(LIN.address))
    assert sender.known_as("+1 310 555 0100") == "+13105550100"
    with pytest.raises(ValueError, match="not JSON"):
        sender.heard(b"<html>")


@BOTH
def test_who_cannot_be_asked_says_so(made: Any, tencent: FakeTencent) -> None:
    with pytest.raises(SendRefused):
        made(tencent, **({"secret_key": Secret("x")} if made is sms else {"app_key": Secret("x")})).reports(
            "5000:1", LIN.address, BEGIN
        )


def test_what_is_on_the_handset_is_found_after_a_crash(tencent: FakeTencent) -> None:
    sender = sms(tencent)
    sender.send(message(LIN, out_id="3f2a-N4"))
    found = sender.find(message(LIN, out_id="3f2a-N4"), BEGIN)
    assert found is not None
    assert found.provider_id == tencent.sent[0].serial
    assert sender.find(message(LIN, out_id="3f2a-N5"), BEGIN) is None
    assert sender.find(message(LIN, WANG, out_id="3f2a-N4"), BEGIN) is None
    tencent.sent[0].report = "FAIL"
    assert sender.find(message(LIN, out_id="3f2a-N4"), BEGIN) is None
    with pytest.raises(SendFailed):
        sms(tencent, secret_key=Secret("wrong")).find(message(LIN), BEGIN)


# ---- settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"max_param": 0}, "max_param is 0; it must be 1 to 500"),
        ({"sign_name": ""}, "sign_name is empty"),
        ({"sdk_app_id": ""}, "sdk_app_id is empty"),
        ({"endpoint": "sms.tencentcloudapi.com"}, "endpoint is not a URL"),
    ],
)
@BOTH
def test_settings_that_cannot_work_are_refused(
    made: Any, settings: dict[str, object], said: str, tencent: FakeTencent
) -> None:
    with pytest.raises(ValueError, match=said):
        made(tencent, **settings)
