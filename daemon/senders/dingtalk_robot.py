"""Speak in a DingTalk group chat as its robot.

Wire format: DingTalk's developer documentation, "custom robot access" (open.dingtalk.com, custom-robot-access).
"""

import base64
import functools
import hmac
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal
from urllib.parse import quote

import msgspec

from daemon.declared import Answers, Outcome, Rate, failed, refused, sent, wait
from daemon.errors import Scope
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

MUTED = 600.0  # seconds for which a robot that spoke too often says nothing at all
LONGEST = 3_600.0  # seconds of a wait that are believed
WEBHOOK = Webhook(("oapi.dingtalk.com",), "/robot/send", "access_token")
KINDS: Final[dict[str, Kind]] = {"markdown": "markdown", "text": "long"}
SIZE = Size(20_000, Unit.BYTES)  # of the whole body
ANSWERS = Answers(
    sent("0"),
    wait("130101", "410100", means="more than 20 messages within a minute: the robot is muted", seconds=MUTED),
    failed("-1", means="DingTalk is busy"),
    refused(
        "310000",
        means="the robot's security check failed: a keyword is missing, the signature or this machine's clock is "
        "wrong, or its address is not on the list",
        scope=Scope.CHANNEL,
    ),
    refused(
        "300001", "300005", "400101", "400106", means="there is no robot with this access_token", scope=Scope.CHANNEL
    ),
    refused("400013", "400102", means="the group was dissolved, or the robot is switched off", scope=Scope.CHANNEL),
    refused("40035", "400105", means="the message is not as it should be"),
    refused("460101", means="the message is too long"),
    refused("430101", "430102", "430103", "430104", means="DingTalk objects to what the message says or links to"),
)


class Reply(msgspec.Struct, frozen=True):
    """What DingTalk answers; `wait` comes with a robot that is muted."""

    errcode: int
    errmsg: str = ""
    wait: float | str | None = None


@sender("dingtalk_robot")
@dataclass(frozen=True, kw_only=True)
class DingTalkRobot(Robot):
    """A room: the robot of a DingTalk group chat."""

    text: ClassVar[Kind] = "markdown"
    size: ClassVar[Size | None] = SIZE
    rates: ClassVar[tuple[Rate, ...]] = (Rate(most=20, within=Seconds(60.0)),)
    answers: ClassVar[Answers | None] = ANSWERS

    url: Secret | None = field(
        default=None, metadata={"doc": "the robot's webhook, as DingTalk shows it", "check": WEBHOOK.check}
    )
    access_token: Secret | None = field(
        default=None, metadata={"doc": "the webhook's access_token alone, in place of `url`", "check": robot.check_key}
    )
    secret: Secret | None = field(
        default=None, metadata={"doc": "signs each request: SEC…, where the robot asks for it"}
    )
    keyword: str = field(
        default="", metadata={"doc": "added to messages that lack it, where the robot asks for a keyword"}
    )
    format: Literal["markdown", "text"] = field(default="markdown", metadata={"doc": "how messages are written"})
    mention: tuple[str, ...] = field(
        default=(), metadata={"doc": "whom to mention: user ids, or `all`", "check": robot.check_user}
    )
    mention_mobiles: tuple[str, ...] = field(
        default=(), metadata={"doc": "whom to mention by mobile number", "check": robot.check_mobile}
    )
    endpoint: str = field(
        default="https://oapi.dingtalk.com",
        metadata={"doc": "DingTalk's server; http:// is taken too, for tests", "check": check_url},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        _ = self._door
        if self.secret is not None and not self.secret:
            raise ValueError("secret is empty: leave it out or fill it")

    def send(self, message: Message) -> Acceptance:
        """POST once."""
        body = robot.fitted(message, SIZE, KINDS[self.format], lambda text: self._body(message, text), len)
        api, target = self._door
        if self.secret is not None:
            stamp = str(int(self.clock.now() * 1_000))
            target += f"&timestamp={stamp}&sign={quote(signature(self.secret, stamp), safe='')}"
        reply, answer = api.ask(target, body)
        api.check(str(reply.errcode), reply.errmsg, answer, muted(reply))
        return Acceptance(detail=f"{api.client.shown} took it")

    def target(self) -> str:
        """Name the server; the access_token is a secret."""
        return self._door.api.client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._door.api.client.close()

    def _body(self, message: Message, text: str) -> bytes:
        """The request: only who also stands in the text as @… is mentioned."""
        users = [one for one in self.mention if one != robot.ALL] if self.calls(message) else []
        mobiles = robot.mobiles(self.mention_mobiles) if self.calls(message) else []
        said = dialect.written(text, dialect.DINGTALK) if self.format == "markdown" else dialect.unmentioning(text)
        title = dialect.unmentioning(message.title)
        tail = [" ".join(f"@{one}" for one in (*mobiles, *users))] if users or mobiles else []
        if self.keyword and self.keyword not in said:
            tail.append(self.keyword)
        said = "\n\n".join((said, *tail))
        body: dict[str, Any] = {
            "msgtype": self.format,
            "at": {
                "atMobiles": mobiles,
                "atUserIds": users,
                "isAtAll": self.calls(message) and robot.ALL in self.mention,
            },
        }
        body[self.format] = {"title": title, "text": said} if self.format == "markdown" else {"content": said}
        return encoded(body)

    @functools.cached_property
    def _door(self) -> Door[Reply]:
        return self.door(WEBHOOK, "access_token", self.access_token, Reply, self.secret)


def muted(reply: Reply) -> float | None:
    """How long a robot that spoke too often is to be silent; None for any other answer."""
    if ANSWERS.meaning(str(reply.errcode)).outcome is not Outcome.WAIT:
        return None
    named = reply.wait if isinstance(reply.wait, float) else 0.0
    return min(max(MUTED, named), LONGEST)


def signature(secret: Secret, stamp: str) -> str:
    """Sign a time in milliseconds: Base64, not yet quoted for a URL."""
    key = secret.reveal()
    return base64.b64encode(hmac.digest(key.encode(), f"{stamp}\n{key}".encode(), "sha256")).decode()
