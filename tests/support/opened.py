"""What talks to a fake over the network, made with few words and closed when the test is over."""

from aliyun_rules import KEY_ID, KEY_SECRET
from daemon.clock import Clock, SystemClock
from daemon.secret import Secret
from daemon.senders.aliyun_sms import AliyunSms
from daemon.senders.http import Client
from daemon.senders.voice import Voice
from daemon.template import Template

_OPENED: list[Client | AliyunSms | Voice] = []


def client(url: str, timeout: float = 2.0, clock: Clock | None = None, **more: object) -> Client:
    made = Client(url, timeout=timeout, clock=clock or SystemClock(), **more)  # type: ignore[arg-type]
    _OPENED.append(made)
    return made


def sms(endpoint: str, kind: type[AliyunSms] = AliyunSms, **settings: object) -> AliyunSms:
    """A channel whose template has one variable, the alert's title."""
    defaults: dict[str, object] = {
        "access_key_id": KEY_ID,
        "access_key_secret": Secret(KEY_SECRET),
        "sign_name": "托辛",
        "template_code": "SMS_154950909",
        "template_params": {"name": Template("{{ alert.title }}")},
        "endpoint": endpoint,
        "timeout": 2.0,
    }
    made = kind(**(defaults | settings))  # type: ignore[arg-type]
    _OPENED.append(made)
    return made


def voice(endpoint: str, kind: type[Voice] = Voice, **settings: object) -> Voice:
    """A channel whose template reads the alert's title and code."""
    defaults: dict[str, object] = {
        "access_key_id": KEY_ID,
        "access_key_secret": Secret(KEY_SECRET),
        "template_code": "TTS_1",
        "template_params": {"name": Template("{{ alert.title }}"), "code": Template("{{ alert.code }}")},
        "endpoint": endpoint,
        "timeout": 2.0,
    }
    made = kind(**(defaults | settings))  # type: ignore[arg-type]
    _OPENED.append(made)
    return made


def close_all() -> None:
    while _OPENED:
        _OPENED.pop().close()
