"""Speak in a Feishu or Lark group chat as its custom bot.

Wire format: Feishu's developer documentation, "custom bot usage guide" (open.larkoffice.com, ucTM5YjL3ETO24yNxkjN).
"""

import base64
import functools
import hmac
import zlib
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import msgspec

from daemon.declared import Answers, Outcome, Rate, refused, sent, wait
from daemon.errors import Scope
from daemon.event import Severity, State
from daemon.fitting import Size, Unit
from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders import dialect, robot
from daemon.senders.api import encoded
from daemon.senders.base import sender
from daemon.senders.http import Answer
from daemon.senders.robot import Door, Robot, Webhook
from daemon.template.words import Lang, markdown
from daemon.texts.built_in import Kind
from daemon.units import Seconds
from daemon.urls import check_url

WEBHOOK = Webhook(("open.feishu.cn", "open.larksuite.com"), "/open-apis/bot/v2/hook/")
KINDS: Final[dict[str, Kind]] = {"card": "markdown", "text": "long"}
SIZE = Size(20_000, Unit.BYTES)  # of the whole body
BUSY, SPREAD, LONGEST = 5.0, 10.0, 3_600.0  # seconds: a wait, what is added by chance, and the longest that is believed
RESET = "x-ogw-ratelimit-reset"
TOO_MANY = "9499 too many request"  # the code of a bad request, with other words
ANSWERS = Answers(
    sent("0"),
    wait("11232", TOO_MANY, "99991400", means="too many messages, or it is a full or half hour", seconds=BUSY),
    refused("9499", "19002", means="the message is too long, or not as it should be"),
    refused("11246", means="the card is not as it should be"),
    refused("19001", means="there is no robot with this token", scope=Scope.CHANNEL),
    refused("19021", means="the signature or this machine's clock is wrong", scope=Scope.CHANNEL),
    refused("19022", means="this machine's address is not on the robot's list", scope=Scope.CHANNEL),
    refused("19024", means="the robot asks for a keyword: set `keyword`", scope=Scope.CHANNEL),
)
_COLOURS = {Severity.CRITICAL: "red", Severity.ERROR: "red", Severity.WARNING: "orange", Severity.INFO: "blue"}
_OVER = "green"
_EVERYBODY = {"en": "all", "zh": "所有人"}
_ACKNOWLEDGE: Final[dict[Lang, str]] = {"en": "Acknowledge", "zh": "确认"}


class Reply(msgspec.Struct, frozen=True):
    """What Feishu answers; older servers say a yes in `StatusCode` alone."""

    code: int | None = None
    msg: str = ""
    status: int | None = msgspec.field(default=None, name="StatusCode")

    def __post_init__(self) -> None:
        """What says neither is no answer of Feishu's."""
        if self.code is None and self.status is None:
            raise ValueError("no code")

    @property
    def declared(self) -> str:
        """The code as ANSWERS knows it."""
        code = self.status if self.code is None else self.code
        return TOO_MANY if code == 9499 and "too many" in self.msg.lower() else str(code)  # noqa: PLR2004 - TOO_MANY


@sender("feishu_robot")
@dataclass(frozen=True, kw_only=True)
class FeishuRobot(Robot):
    """A room: the custom bot of a Feishu or Lark group chat."""

    text: ClassVar[Kind] = "markdown"
    size: ClassVar[Size | None] = SIZE
    rates: ClassVar[tuple[Rate, ...]] = (Rate(most=100, within=Seconds(60.0)), Rate(most=5, within=Seconds(1.0)))
    answers: ClassVar[Answers | None] = ANSWERS

    url: Secret | None = field(
        default=None, metadata={"doc": "the bot's webhook, as Feishu or Lark shows it", "check": WEBHOOK.check}
    )
    token: Secret | None = field(
        default=None, metadata={"doc": "the webhook's last part alone, in place of `url`", "check": robot.check_key}
    )
    secret: Secret | None = field(default=None, metadata={"doc": "signs each request, where the bot asks for it"})
    keyword: str = field(
        default="", metadata={"doc": "added to messages that lack it, where the bot asks for a keyword"}
    )
    format: Literal["card", "text"] = field(
        default="card", metadata={"doc": "a card with a coloured head and a button to acknowledge, or plain text"}
    )
    mention: tuple[str, ...] = field(
        default=(), metadata={"doc": "whom to mention: open ids (`ou_…`), or `all`", "check": robot.check_user}
    )
    endpoint: str = field(
        default="https://open.feishu.cn",
        metadata={
            "doc": "the server for `token`; Lark's is https://open.larksuite.com. http:// is taken too, for tests",
            "check": check_url,
        },
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        _ = self._door
        if self.secret is not None and not self.secret:
            raise ValueError("secret is empty: leave it out or fill it")

    def send(self, message: Message) -> Acceptance:
        """POST once."""
        stamp = self._stamp()
        write = self._card if self.format == "card" else self._plain
        body = robot.fitted(message, SIZE, KINDS[self.format], lambda text: encoded(stamp | write(message, text)), len)
        api, target = self._door
        reply, answer = api.ask(target, body)
        waits = ANSWERS.meaning(reply.declared).outcome is Outcome.WAIT
        api.check(reply.declared, reply.msg, answer, pause(answer, message.out_id) if waits else None)
        return Acceptance(detail=f"{api.client.shown} took it")

    def target(self) -> str:
        """Name the server; the token is a secret."""
        return self._door.api.client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._door.api.client.close()

    def _stamp(self) -> dict[str, str]:
        if self.secret is None:
            return {}
        stamp = str(int(self.clock.now()))
        return {"timestamp": stamp, "sign": signature(self.secret, stamp)}

    def _plain(self, message: Message, text: str) -> dict[str, Any]:
        everybody = _EVERYBODY[message.lang]
        called = [f'<at user_id="{one}">{everybody if one == robot.ALL else one}</at>' for one in self._called(message)]
        return {"msg_type": "text", "content": {"text": self._with_tail(dialect.untagged(text), called)}}

    def _card(self, message: Message, text: str) -> dict[str, Any]:
        called = [f"<at id={one}></at>" for one in self._called(message)]
        said = self._with_tail(dialect.written(_below_head(message, text), dialect.FEISHU), called)
        elements: list[dict[str, Any]] = [{"tag": "markdown", "content": said}]
        if message.acknowledge:
            label = {"tag": "plain_text", "content": _ACKNOWLEDGE[message.lang]}
            button = {"tag": "button", "text": label, "type": "primary", "url": message.acknowledge}
            elements.append({"tag": "action", "actions": [button]})
        colour = _OVER if message.state is State.RESOLVED else _COLOURS[message.alert.severity]
        head = {"template": colour, "title": {"tag": "plain_text", "content": dialect.unmentioning(message.title)}}
        card = {"config": {"wide_screen_mode": True}, "header": head, "elements": elements}
        return {"msg_type": "interactive", "card": card}

    def _called(self, message: Message) -> tuple[str, ...]:
        return self.mention if self.calls(message) else ()

    def _with_tail(self, said: str, called: list[str]) -> str:
        keyword = [self.keyword] if self.keyword and self.keyword not in said else []
        return "\n".join((said, *called, *keyword))

    @functools.cached_property
    def _door(self) -> Door[Reply]:
        return self.door(WEBHOOK, "token", self.token, Reply, self.secret)


def _below_head(message: Message, text: str) -> str:
    """Leave out what the card's head and button say: the built-in text's first line, and the link to acknowledge."""
    head = f"**{markdown(message.title)}**"
    lines = text.split("\n")
    if lines[0].rstrip() == head and len(lines) > 1:
        del lines[0]
    link = f"]({message.acknowledge})"
    return "\n".join(line for line in lines if not message.acknowledge or not line.rstrip().endswith(link))


def pause(answer: Answer, out_id: str) -> float:
    """How long to wait: what the gateway says, else BUSY, and up to SPREAD more so that not all come back at once."""
    named = answer.headers.get(RESET, "")
    seconds = float(named) if named.isascii() and named.isdigit() and len(named) < 6 else BUSY  # noqa: PLR2004
    return min(seconds, LONGEST) + SPREAD * (zlib.crc32(out_id.encode()) % 1_000) / 1_000


def signature(secret: Secret, stamp: str) -> str:
    """Sign a time in seconds: Feishu takes time and secret as the key, and signs nothing with it."""
    return base64.b64encode(hmac.digest(f"{stamp}\n{secret.reveal()}".encode(), b"", "sha256")).decode()
