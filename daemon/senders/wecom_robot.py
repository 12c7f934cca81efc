"""Speak in a WeCom group chat as its robot.

Wire format: WeCom's developer documentation, "group robot" (developer.work.weixin.qq.com, document 91770).
"""

import functools
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

import msgspec

from daemon.declared import Answers, Rate, failed, refused, sent, wait
from daemon.errors import Scope
from daemon.event import Severity, State
from daemon.fitting import Size, Unit
from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders import dialect, robot
from daemon.senders.api import encoded
from daemon.senders.base import sender
from daemon.senders.robot import Door, Robot, Webhook
from daemon.texts.built_in import Kind
from daemon.units import Seconds
from daemon.urls import check_url

WEBHOOK = Webhook(("qyapi.weixin.qq.com",), "/cgi-bin/webhook/send", "key")
SIZES: Final = {"markdown": Size(4_096, Unit.BYTES), "text": Size(2_048, Unit.BYTES)}
KINDS: Final[dict[str, Kind]] = {"markdown": "markdown", "text": "long"}
ANSWERS = Answers(
    sent("0"),
    wait("45009", means="too many messages within a minute", seconds=60.0),
    wait("45033", means="too many requests at once", seconds=5.0),
    failed("-1", means="WeCom is busy"),
    refused("93000", means="there is no robot with this key", scope=Scope.CHANNEL),
    refused("40008", means="a kind of message that it does not know"),
    refused("40058", "45002", means="the text is too long, or a part of the message is not as it should be"),
    refused("44004", means="the text is empty"),
)
_COLOURS = {Severity.INFO: "comment"}  # grey; everything worse is orange
_BAD, _OVER = "warning", "info"  # WeCom's names for orange and green
_STRONG_LINE = re.compile(r"\*\*([^\n]+)\*\*(?=\n|\Z)")


class Reply(msgspec.Struct, frozen=True):
    """What WeCom answers."""

    errcode: int
    errmsg: str = ""


@sender("wecom_robot")
@dataclass(frozen=True, kw_only=True)
class WecomRobot(Robot):
    """A room: the robot of a WeCom group chat."""

    text: ClassVar[Kind] = "markdown"
    size: ClassVar[Size | None] = SIZES["markdown"]
    rates: ClassVar[tuple[Rate, ...]] = (Rate(most=20, within=Seconds(60.0)),)
    answers: ClassVar[Answers | None] = ANSWERS

    url: Secret | None = field(
        default=None, metadata={"doc": "the robot's webhook, as WeCom shows it", "check": WEBHOOK.check}
    )
    key: Secret | None = field(
        default=None, metadata={"doc": "the webhook's key alone, in place of `url`", "check": robot.check_key}
    )
    format: Literal["markdown", "text"] = field(
        default="markdown", metadata={"doc": "`text` has no colours and half the room, but mentions by mobile number"}
    )
    mention: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "whom to mention: user ids, or `all` (with `format: text`)", "check": robot.check_user},
    )
    mention_mobiles: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "whom to mention by mobile number (with `format: text`)", "check": robot.check_mobile},
    )
    endpoint: str = field(
        default="https://qyapi.weixin.qq.com",
        metadata={"doc": "WeCom's server; http:// is taken too, for tests", "check": check_url},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        _ = self._door
        if self.format == "markdown" and (self.mention_mobiles or robot.ALL in self.mention):
            raise ValueError("WeCom's Markdown mentions user ids only: for mention_mobiles and all write format: text")

    def send(self, message: Message) -> Acceptance:
        """POST once."""
        content = robot.fitted(
            message,
            SIZES[self.format],
            KINDS[self.format],
            lambda text: self._content(message, text),
            robot.in_bytes,
        )
        said: dict[str, Any] = {"content": content}
        if self.format == "text" and self.calls(message):
            said["mentioned_list"] = ["@all" if one == robot.ALL else one for one in self.mention]
            said["mentioned_mobile_list"] = robot.mobiles(self.mention_mobiles)
        api, target = self._door
        reply, answer = api.ask(target, encoded({"msgtype": self.format, self.format: said}))
        api.check(str(reply.errcode), reply.errmsg, answer)
        return Acceptance(detail=f"{api.client.shown} took it")

    def target(self) -> str:
        """Name the server; the key is a secret."""
        return self._door.api.client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._door.api.client.close()

    def _content(self, message: Message, text: str) -> str:
        """What is written: an alarm's own words mention nobody and mean nothing, the first line shows how bad it is."""
        if self.format == "text":
            return dialect.untagged(text)
        content = coloured(dialect.written(text, dialect.WECOM), message)
        called = "".join(f"<@{one}>" for one in self.mention) if self.calls(message) else ""
        return f"{content}\n{called}" if called else content

    @functools.cached_property
    def _door(self) -> Door[Reply]:
        return self.door(WEBHOOK, "key", self.key, Reply)


def coloured(content: str, message: Message) -> str:
    """Colour a strong first line, which is that of the built-in text, in one of WeCom's three colours."""
    first = _STRONG_LINE.match(content)
    if first is None:
        return content
    colour = _OVER if message.state is State.RESOLVED else _COLOURS.get(message.alert.severity, _BAD)
    return f'**<font color="{colour}">{first[1]}</font>**{content[first.end() :]}'
