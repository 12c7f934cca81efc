"""Send over Telegram's Bot API, to a chat or to people."""

import functools
from dataclasses import dataclass, field
from typing import Any, ClassVar

import msgspec

from daemon.declared import Answers, Each, Rate, failed, refused, sent, wait
from daemon.errors import Scope, SendRefused
from daemon.fitting import Size, Unit
from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders.api import Api, encoded
from daemon.senders.base import sender
from daemon.senders.http import LONGEST_WAIT, Answer, Client
from daemon.senders.over_http import OverHttp
from daemon.senders.telegram_html import telegram_html
from daemon.telegram import CHAT, TOKEN
from daemon.texts.built_in import Kind
from daemon.units import Seconds
from daemon.urls import check_url

MOST = Size(4_096, Unit.UTF16)  # after Telegram has read the HTML
OK = "ok"
NOT_HTML = "Bad Request: can't parse entities"
MIGRATED = "Bad Request: group chat was upgraded to a supergroup chat"


def _answers(chat: Scope) -> Answers:
    """What Telegram's words mean; `chat` is how far it reaches that a chat cannot be written to."""
    return Answers(
        sent(OK),
        wait("429", means="too many messages", seconds=30.0),
        failed("Internal Server Error", "Bad Gateway", "Gateway Timeout", means="Telegram is unwell", ambiguous=True),
        refused(
            "Bad Request: chat not found",
            "Bad Request: PEER_ID_INVALID",
            "Bad Request: have no rights to send a message",
            "Bad Request: not enough rights to send text messages to the chat",
            "Bad Request: TOPIC_CLOSED",
            "Bad Request: message thread not found",
            MIGRATED,
            "403",
            means="there is no such chat, it has blocked the bot or never spoke to it, or the bot may not write there",
            scope=chat,
        ),
        refused("401", "404", means="the token is wrong or revoked", scope=Scope.CHANNEL),
        refused(NOT_HTML, "400", "413", means="Telegram cannot take this message"),
    )


OF_ROOM, OF_PERSON = _answers(Scope.CHANNEL), _answers(Scope.RECIPIENT)


class _Parameters(msgspec.Struct):
    retry_after: float | None = None
    migrate_to_chat_id: int | None = None


class _Sent(msgspec.Struct):
    message_id: int = 0


class _Reply(msgspec.Struct):
    ok: bool
    error_code: int = 0
    description: str = ""
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)
    result: _Sent = msgspec.field(default_factory=_Sent)


def check_chat(chat: str) -> None:
    """Refuse what names no chat."""
    if not CHAT.fullmatch(chat):
        raise ValueError(f"{chat!r} is no chat: write its number (-1001234567890), or @name where it is public")


@dataclass(frozen=True, kw_only=True)
class _Bot(OverHttp):
    """What both ways have: the bot, and one sendMessage."""

    text: ClassVar[Kind] = "html"
    size: ClassVar[Size | None] = MOST
    said: ClassVar[Answers]  # `answers`, as one that is there

    token: Secret = field(metadata={"doc": "the bot's token, as @BotFather gave it"})
    endpoint: str = field(
        default="https://api.telegram.org",
        metadata={"doc": "the Bot API server, where you run your own; http:// is taken too", "check": check_url},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if not TOKEN.fullmatch(self.token.reveal()):
            raise ValueError("token is none: copy it from @BotFather, such as 123456:ABC-DEF1234ghIkl")
        try:
            _ = self._api
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None

    def target(self) -> str:
        """Name the server; what follows in the URL is the token."""
        return self._api.client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._api.client.close()

    @functools.cached_property
    def _api(self) -> Api[_Reply]:
        hidden = [self.token.reveal()]
        client = Client(self.endpoint, timeout=self.timeout, clock=self.clock, road=self.road, hidden=hidden)
        return Api(client, self.said, _Reply)

    @functools.cached_property
    def _path(self) -> str:
        return f"{self._api.client.path.rstrip('/')}/bot{self.token.reveal()}/sendMessage"

    def _deliver(self, message: Message, chat: str, **more: Any) -> Acceptance:
        """Send; HTML that Telegram cannot read, or a group that moved, is mended and goes once more."""
        marked, plain = fitted(message)
        payload: dict[str, Any] = {"chat_id": _chat_id(chat), "text": marked, "parse_mode": "HTML", **more}
        payload["disable_web_page_preview"] = True
        until = self.clock.monotonic() + self.timeout
        reply, answer = self._api.ask(self._path, encoded(payload))
        warnings: list[str] = []
        cured: set[str] = set()
        while (cure := _code(reply, self.said)) in {NOT_HTML, MIGRATED} - cured:
            moved = reply.parameters.migrate_to_chat_id
            if cure == MIGRATED and moved is None:
                break
            cured.add(cure)
            if cure == MIGRATED:
                payload["chat_id"] = moved
                warnings.append(f"the group {chat} has become the supergroup {moved}: that is its chat_id now")
            else:
                payload["text"] = plain
                del payload["parse_mode"]
                warnings.append("Telegram could not read the HTML, so it went as plain text: mend the template")
            reply, answer = self._api.ask(self._path, encoded(payload), within=until - self.clock.monotonic())
        self._check(reply, answer)
        return Acceptance(provider_id=str(reply.result.message_id or ""), detail="sent", warnings=tuple(warnings))

    def _check(self, reply: _Reply, answer: Answer) -> None:
        seconds = reply.parameters.retry_after
        if seconds is not None:
            seconds = min(max(seconds, 1.0), LONGEST_WAIT)
        self._api.check(_code(reply, self.said), reply.description, answer, seconds)


@sender("telegram")
@dataclass(frozen=True, kw_only=True)
class Telegram(_Bot):
    """A room: a group, a topic of it, or a channel of Telegram's."""

    rates: ClassVar[tuple[Rate, ...]] = (Rate(most=1, within=Seconds(1.0)), Rate(most=20, within=Seconds(60.0)))
    answers: ClassVar[Answers | None] = OF_ROOM
    said: ClassVar[Answers] = OF_ROOM

    chat_id: str = field(
        metadata={"doc": "the group's or channel's number, or @name where it is public", "check": check_chat}
    )
    message_thread_id: int | None = field(
        default=None, metadata={"doc": "the topic, in a group that has topics", "least": 1, "most": 2**53}
    )

    def send(self, message: Message) -> Acceptance:
        """Send to the chat."""
        more = {} if self.message_thread_id is None else {"message_thread_id": self.message_thread_id}
        return self._deliver(message, self.chat_id, **more)


@sender("telegram_person")
@dataclass(frozen=True, kw_only=True)
class TelegramPerson(_Bot):
    """People: each in the chat that they have with the bot."""

    address: ClassVar[str] = "telegram"
    rates: ClassVar[tuple[Rate, ...]] = (
        Rate(most=30, within=Seconds(1.0)),
        Rate(most=1, within=Seconds(1.0), each=Each.RECIPIENT),
    )
    answers: ClassVar[Answers | None] = OF_PERSON
    said: ClassVar[Answers] = OF_PERSON

    def send(self, message: Message) -> Acceptance:
        """Send to the person's chat."""
        chat = message.recipients[0].address
        if not CHAT.fullmatch(chat):
            who = message.recipients[0].name or "somebody"
            raise SendRefused(f"{who}'s telegram address is no chat's number", code="address", scope=Scope.RECIPIENT)
        return self._deliver(message, chat)


def fitted(message: Message) -> tuple[str, str]:
    """The text as Telegram's HTML and as plain text, each within its limit; never empty."""
    marked, plain = telegram_html(message.speech.say("html"))
    if not MOST.fits(plain):
        marked, plain = telegram_html(message.fitted(MOST, "html"))
    if not plain:
        plain = MOST.cut(message.title)
        marked, _ = telegram_html(plain.replace("&", "&amp;").replace("<", "&lt;"))
    return marked, plain


def _chat_id(chat: str) -> int | str:
    return chat if chat.startswith("@") else int(chat)


def _code(reply: _Reply, answers: Answers) -> str:
    """Telegram's words where they are known, without what they say of this message; else its number."""
    if reply.ok:
        return OK
    if reply.description.startswith(NOT_HTML):
        return NOT_HTML
    return reply.description if answers.knows(reply.description) else str(reply.error_code)
