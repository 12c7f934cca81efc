"""What talks to a fake over the network, made with few words and closed when the test is over."""

from typing import TypeVar

from aliyun_rules import KEY_ID, KEY_SECRET
from daemon.clock import Clock, SystemClock
from daemon.secret import Secret
from daemon.senders.aliyun_sms import AliyunSms
from daemon.senders.base import Sender
from daemon.senders.http import Client
from daemon.senders.smtp import Smtp
from daemon.senders.voice import Voice
from daemon.template import Template
from fake_smtp import FakeSmtp

_OPENED: list[Client | Sender] = []

S = TypeVar("S", bound=Sender)


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


def mailer(server: FakeSmtp | int, clock: Clock | None = None, **settings: object) -> Smtp:
    """A channel to a fake mail server, or to a port."""
    port, security = (server, "none") if isinstance(server, int) else (server.port, server.security)
    defaults: dict[str, object] = {"host": "127.0.0.1", "port": port, "security": security, "timeout": 2.0}
    defaults["from_"] = "tocsin <alert@it.example>"
    kind = Smtp if clock is None else type("Timed", (Smtp,), {"clock": clock})
    made = kind(**(defaults | settings))  # type: ignore[arg-type]
    _OPENED.append(made)
    return made


def opened(kind: type[S], clock: Clock | None = None, **settings: object) -> S:
    """A channel of this kind, by this clock."""
    clocked = type(kind.__name__, (kind,), {"clock": clock}) if clock else kind
    made: S = clocked(**({"timeout": 2.0} | settings))
    _OPENED.append(made)
    return made


def close_all() -> None:
    while _OPENED:
        _OPENED.pop().close()
