"""Write to people in WeCom, as an application of the company's own.

Wire format: WeCom's developer documentation, "get access_token" and "send application messages"
(developer.work.weixin.qq.com, documents 91039 and 90236), and its table of global error codes (90313).
"""

import functools
import re
from dataclasses import dataclass, field
from typing import ClassVar, Final, Literal
from urllib.parse import quote

import msgspec

from daemon.declared import Answers, Each, Rate, failed, refused, sent, wait
from daemon.errors import Scope, SendError, SendFailed, SendRefused
from daemon.fitting import Size, Unit
from daemon.notice import Acceptance, Message, Recipient
from daemon.secret import Secret
from daemon.senders import dialect, robot
from daemon.senders.api import Api, encoded
from daemon.senders.base import sender
from daemon.senders.http import Client
from daemon.senders.over_http import OverHttp
from daemon.senders.wecom_robot import coloured
from daemon.senders.wecom_token import Token
from daemon.texts.built_in import Kind
from daemon.units import Seconds
from daemon.urls import check_url

KINDS: Final[dict[str, Kind]] = {"markdown": "markdown", "text": "long"}
SIZE = Size(2_048, Unit.BYTES)
NOBODY = 81_013
EXPIRED = frozenset(("40014", "42001", "41001"))
ANSWERS = Answers(
    sent("0"),
    wait("45009", means="too many requests within a minute", seconds=60.0),
    wait("45033", means="too many requests at once", seconds=5.0),
    failed("-1", means="WeCom is busy"),
    failed(*sorted(EXPIRED), means="the access token is no longer good: once more at once with a new one"),
    refused(str(NOBODY), means="nobody of this id may be written to by this application", scope=Scope.RECIPIENT),
    refused("40003", "40031", "60111", means="there is no user with this id", scope=Scope.RECIPIENT),
    refused("40001", "40091", "41004", means="the secret is wrong", scope=Scope.CHANNEL),
    refused("40013", "41002", means="the corp_id is wrong", scope=Scope.CHANNEL),
    refused("40056", "41011", "301002", means="the agent_id is not that of this secret", scope=Scope.CHANNEL),
    refused("48002", "60011", means="the application may not send messages", scope=Scope.CHANNEL),
    refused("60020", means="this machine's address is not among the application's trusted IPs", scope=Scope.CHANNEL),
    refused("40008", "40035", "40058", "44004", "45002", means="the message is too long, or not as it should be"),
)
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}")


class Granted(msgspec.Struct, frozen=True):
    """What gettoken answers."""

    errcode: int
    errmsg: str = ""
    access_token: str = ""
    expires_in: float = 0.0


class Reply(msgspec.Struct, frozen=True):
    """What message/send answers; `invaliduser` and `unlicenseduser` are ids with | between them."""

    errcode: int
    errmsg: str = ""
    invaliduser: str = ""
    unlicenseduser: str = ""
    msgid: str = ""


@sender("wecom_app")
@dataclass(frozen=True, kw_only=True)
class WecomApp(OverHttp):
    """People: an application of the company's own in WeCom writes to each."""

    address: ClassVar[str] = "wecom"
    batch: ClassVar[int] = 1_000
    text: ClassVar[Kind] = "long"
    size: ClassVar[Size | None] = SIZE
    rates: ClassVar[tuple[Rate, ...]] = (
        Rate(most=30, within=Seconds(60.0), each=Each.RECIPIENT),
        Rate(most=1_000, within=Seconds(3_600.0), each=Each.RECIPIENT),
    )
    answers: ClassVar[Answers | None] = ANSWERS

    corp_id: str = field(metadata={"doc": "the company's id: ww…"})
    agent_id: int = field(metadata={"doc": "the application's AgentId", "least": 1, "most": 2**31})
    secret: Secret = field(metadata={"doc": "the application's secret"})
    format: Literal["text", "markdown"] = field(
        default="text", metadata={"doc": "`markdown` has colours, but shows in WeCom only, not in WeChat"}
    )
    endpoint: str = field(
        default="https://qyapi.weixin.qq.com",
        metadata={"doc": "WeCom's server; http:// is taken too, for tests", "check": check_url},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        for name in ("corp_id", "secret"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        try:
            _ = self._client
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None

    def send(self, message: Message) -> Acceptance:
        """Submit; when the access token is refused, once more with a new one, within the same time.

        The receipt names whom WeCom left out; who alone was left out is an error of its own.
        """
        errors: dict[str, SendError] = {
            one.address: _no_user(one) for one in message.recipients if not _USER.fullmatch(one.address)
        }
        users = [one.address for one in message.recipients if one.address not in errors]
        reply = self._submitted(users, self._content(message)) if users else Reply(errcode=0)
        left_out = {*f"{reply.invaliduser}|{reply.unlicenseduser}".lower().split("|")}  # in small letters, always
        errors |= {user: self._left_out(user) for user in users if user.lower() in left_out}
        if len(message.recipients) == len(errors) == 1:
            raise next(iter(errors.values()))
        return Acceptance(provider_id=reply.msgid, detail=f"{self._client.shown} took it", errors=errors)

    def _submitted(self, users: list[str], content: str) -> Reply:
        until = self.clock.monotonic() + self.timeout
        said = {"touser": "|".join(users), "msgtype": self.format, "agentid": self.agent_id}
        body = encoded(said | {self.format: {"content": content}})
        for first in (True, False):
            token = self._token.get(until - self.clock.monotonic())
            target = f"{self._path}/message/send?access_token={quote(token, safe='')}"
            reply, answer = self._sending.ask(target, body, within=until - self.clock.monotonic())
            if not first or str(reply.errcode) not in EXPIRED:
                break
            self._token.forget(token)
        if reply.errcode == NOBODY and len(users) > 1:  # as in a partial answer, each has an error of its own
            return msgspec.structs.replace(reply, invaliduser="|".join(users))
        self._sending.check(str(reply.errcode), reply.errmsg, answer)
        return reply

    def _left_out(self, user: str) -> SendRefused:
        said = f"{self._client.shown} does not let this application write to {user}, or knows nobody of this id"
        return SendRefused(said, code=str(NOBODY), scope=Scope.RECIPIENT)

    def target(self) -> str:
        """Name the server and the application."""
        return f"{self._client.shown} {self.corp_id} {self.agent_id}"

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._client.close()

    def _content(self, message: Message) -> str:
        def write(text: str) -> str:
            if self.format == "text":
                return dialect.untagged(text)
            return coloured(dialect.written(text, dialect.WECOM), message)

        return robot.fitted(message, SIZE, KINDS[self.format], write, robot.in_bytes)

    def _fetched(self, within: float) -> tuple[str, float]:
        """Ask for a token. Whatever fails here, no message has gone out."""
        query = f"corpid={quote(self.corp_id, safe='')}&corpsecret={quote(self.secret.reveal(), safe='')}"
        api = self._granting
        try:
            reply, answer = api.ask(f"{self._path}/gettoken?{query}", b"", within=within, method="GET")
            api.check(str(reply.errcode), reply.errmsg, answer)
        except SendFailed as error:
            raise SendFailed(f"no access token: {error}", code=error.code) from None
        if not reply.access_token:
            raise SendFailed(f"{self._client.shown} gave an access token that is empty")
        self._client.hide(reply.access_token)
        return reply.access_token, reply.expires_in

    @property
    def _path(self) -> str:
        return self._client.path.rstrip("/") + "/cgi-bin"

    @functools.cached_property
    def _client(self) -> Client:
        secret = self.secret.reveal()
        hidden = [secret, quote(secret, safe="")]
        return Client(self.endpoint, timeout=self.timeout, clock=self.clock, road=self.road, hidden=hidden)

    @functools.cached_property
    def _sending(self) -> Api[Reply]:
        return Api(self._client, ANSWERS, Reply)

    @functools.cached_property
    def _granting(self) -> Api[Granted]:
        return Api(self._client, ANSWERS, Granted)

    @functools.cached_property
    def _token(self) -> Token:
        return Token(self.clock, self._fetched)


def _no_user(recipient: Recipient) -> SendRefused:
    said = f"{recipient.name or 'somebody'} has no WeCom user id that can be one"
    return SendRefused(said, code="wecom", scope=Scope.RECIPIENT)
