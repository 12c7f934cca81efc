"""Calls, against a gateway that checks what the real one is documented to check."""

from typing import ClassVar

import pytest

from daemon.clock import Clock
from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Recipient
from daemon.senders.voice import Voice
from daemon.template import Template
from fake_aliyun import Drop, FakeAliyun, Rung, Say
from fake_clock import BEGIN, FakeClock
from messages import LIN, WANG, message
from opened import voice


def refusal(gateway: FakeAliyun, *recipients: Recipient, **settings: object) -> SendError:
    with pytest.raises(SendError) as caught:
        voice(gateway.endpoint, **settings).send(message(*recipients or (LIN,)))
    return caught.value


def test_a_number_is_called_and_the_alarm_read_out(gateway: FakeAliyun) -> None:
    receipt = voice(gateway.endpoint).send(message(LIN, out_id="3f2a9c1e-D17", title="Disk full"))
    (call,) = gateway.rung
    assert (call.number, call.template, call.params) == (
        "13800000001",
        "TTS_1",
        {"name": "Disk full", "code": "A17"},
    )
    assert (call.asked["PlayTimes"], call.asked["Volume"], call.asked["Speed"]) == ("2", "100", "0")
    assert "CalledShowNumber" not in call.asked
    assert (receipt.provider_id, receipt.detail) == (call.call_id, "the call is made")


def test_what_is_configured_is_said(gateway: FakeAliyun) -> None:
    voice(gateway.endpoint, show_number="057112345678", play_times=3, volume=80, speed=-100).send(message(LIN))
    asked = gateway.rung[0].asked
    assert asked["CalledShowNumber"] == "057112345678"
    assert (asked["PlayTimes"], asked["Volume"], asked["Speed"]) == ("3", "80", "-100")


@pytest.mark.parametrize(
    ("out_id", "told"), [("3f2a9c1e-D17", "3f2a9c1e-D17"), ("3f2a9c1e-D1234567890", "c1e-D1234567890")]
)
def test_the_id_keeps_its_end_for_the_service_takes_fifteen_bytes(out_id: str, told: str, gateway: FakeAliyun) -> None:
    voice(gateway.endpoint).send(message(LIN, out_id=out_id))
    assert gateway.rung[0].out_id == told


@pytest.mark.parametrize("text", ['"\\' * 400, "数据库磁盘空间不足" * 40, "e\u0301" * 300, "🔥" * 300])
def test_all_variables_together_stay_within_what_the_service_takes(text: str, gateway: FakeAliyun) -> None:
    params = {name: Template("{{ alert.title }}") for name in ("one", "two", "three")} | {"code": Template("A17")}
    voice(gateway.endpoint, template_params=params, max_param=200).send(message(LIN, title=text))
    (call,) = gateway.rung
    assert len(gateway.calls) == 1
    assert len(call.asked["TtsParam"]) <= 249
    assert call.params["code"] == "A17"
    assert not call.params["one"].startswith("\u0301")


def test_a_text_with_a_link_goes_once_more_in_plainer_words(gateway: FakeAliyun) -> None:
    receipt = voice(gateway.endpoint, plain=False).send(message(LIN, title="down: www.example.com"))
    assert gateway.rung[0].params["name"] == "down:"
    assert receipt.detail == "the call is made in plainer words"


def test_a_template_without_variables_has_no_parameter(gateway: FakeAliyun) -> None:
    voice(gateway.endpoint, template_params={}).send(message(LIN))
    assert "TtsParam" not in gateway.rung[0].asked


@pytest.mark.parametrize(("had", "ago", "seconds"), [(1, 30, 60), (5, 120, 3_600), (20, 4_000, 86_400)])
def test_a_number_over_its_limit_waits_as_long_as_that_limit_lasts(had: int, ago: int, seconds: int) -> None:
    with FakeAliyun(limited=True, now=lambda: BEGIN) as gateway:
        gateway.rung = [Rung("13800000001", "TTS_1", {}, "", "1^1", BEGIN - ago - 600 * n, {}) for n in range(had)]

        class Still(Voice):
            clock: ClassVar[Clock] = FakeClock(BEGIN)

        sender = voice(gateway.endpoint, Still)
        with pytest.raises(SendWait, match=f"Permits:{had}") as caught:
            sender.send(message(LIN))
        assert (caught.value.seconds, caught.value.scope) == (seconds, Scope.RECIPIENT)
        sender.send(message(WANG))
    assert (had, seconds) in {(rate.most, rate.within) for rate in Voice.rates}


@pytest.mark.parametrize(
    ("code", "scope"),
    [
        ("isv.OUT_OF_SERVICE", Scope.CHANNEL),
        ("isv.TTS_TEMPLATE_ILLEGAL", Scope.CHANNEL),
        ("isv.DISPLAY_NUMBER_ILLEGAL", Scope.CHANNEL),
        ("isv.MOBILE_NUMBER_ILLEGAL", Scope.RECIPIENT),
        ("isv.INVALID_PARAMETERS", Scope.MESSAGE),
    ],
)
def test_a_200_with_a_code_is_no_call(code: str, scope: Scope, gateway: FakeAliyun) -> None:
    gateway.then(Say(code, "号码"))
    error = refusal(gateway)
    assert isinstance(error, SendRefused)
    assert (error.scope, error.code) == (scope, code)
    assert not gateway.rung


def test_a_template_that_is_none_of_theirs_stops_the_channel(gateway: FakeAliyun) -> None:
    assert refusal(gateway, template_code="SMS_1").code == "isv.TTS_TEMPLATE_ILLEGAL"


def test_a_call_whose_answer_is_lost_may_have_been_made(gateway: FakeAliyun) -> None:
    gateway.then(Drop())
    error = refusal(gateway)
    assert isinstance(error, SendFailed)
    assert error.ambiguous


def test_one_call_is_to_one_number_of_mainland_china(gateway: FakeAliyun) -> None:
    assert isinstance(refusal(gateway, LIN, WANG), SendRefused)
    error = refusal(gateway, Recipient(name="jo", address="+1 310 555 0100"))
    assert isinstance(error, SendRefused)
    assert error.scope is Scope.RECIPIENT
    assert not gateway.calls


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"play_times": 4}, "play_times is 4; it must be 1 to 3"),
        ({"volume": 101}, "volume is 101"),
        ({"speed": -501}, "speed is -501"),
        ({"max_param": 0}, "max_param is 0"),
        ({"show_number": "+86 571 1"}, "show_number is not a number"),
        ({"template_code": ""}, "template_code is empty"),
        ({"template_params": {f"v{n}": Template("x") for n in range(40)}}, "so many variables"),
        ({"endpoint": "dyvmsapi.aliyuncs.com"}, "endpoint is not a URL"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, object], said: str, gateway: FakeAliyun) -> None:
    with pytest.raises(ValueError, match=said):
        voice(**({"endpoint": gateway.endpoint} | settings))  # type: ignore[arg-type]
