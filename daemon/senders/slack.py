"""Post to a Slack channel through an incoming webhook."""

import functools
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from daemon.declared import Answers, Rate, failed, refused, sent
from daemon.errors import Scope
from daemon.event import Severity
from daemon.fitting import Size
from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders.api import Api, encoded
from daemon.senders.base import sender
from daemon.senders.headed import headed
from daemon.senders.http import Client
from daemon.senders.mentions import calls
from daemon.senders.over_http import OverHttp
from daemon.units import Seconds
from daemon.urls import check_url

SECTION = Size(3_000)
MOST_HEADER = 150
MOST_MENTIONS = 10
LEAST = 400  # characters that fit whatever stands in them: an escaped one has five at most


ANSWERS = Answers(
    sent("ok"),
    failed("rollup_error", means="something went wrong at Slack", ambiguous=True),
    refused(
        "invalid_payload",
        "no_text",
        "invalid_blocks",
        "invalid_blocks_format",
        "missing_text_or_fallback_or_attachments",
        "msg_too_long",
        "msg_blocks_too_long",
        "too_many_attachments",
        means="Slack cannot read the message",
    ),
    refused(
        "channel_not_found",
        "channel_is_archived",
        "user_not_found",
        "action_prohibited",
        "posting_to_general_channel_denied",
        means="the webhook's channel is gone, or closed to it",
        scope=Scope.CHANNEL,
    ),
    refused(
        "no_service",
        "no_service_id",
        "no_active_hooks",
        "invalid_token",
        "no_team",
        "team_disabled",
        means="the webhook is gone or switched off, or its URL is not whole",
        scope=Scope.CHANNEL,
    ),
)

_MENTION = re.compile(r"here|channel|everyone|[UW][A-Z0-9]{2,20}|S[A-Z0-9]{2,20}")
_URL = re.compile(r"https?://(?:(?!&[lg]t;)[^\s|])+(?<![.,;:!?)])")


def check_mention(mention: str) -> None:
    """Refuse what Slack would not take for somebody."""
    if not _MENTION.fullmatch(mention):
        raise ValueError(
            f"{mention!r} is nobody: write here, channel, everyone, a member's id (U024BE7LH)"
            " or a user group's (S0615G0KT)"
        )


@sender("slack")
@dataclass(frozen=True, kw_only=True)
class Slack(OverHttp):
    """A room: the Slack channel that the incoming webhook belongs to."""

    size: ClassVar[Size | None] = SECTION
    rates: ClassVar[tuple[Rate, ...]] = (Rate(most=1, within=Seconds(1.0)),)
    answers: ClassVar[Answers | None] = ANSWERS

    url: Secret = field(
        metadata={"doc": "the webhook's URL as Slack shows it: https://hooks.slack.com/services/…", "check": check_url}
    )
    mention: tuple[str, ...] = field(
        default=(),
        metadata={
            "doc": "who is to be mentioned: here, channel, everyone, ids of members (U…) and of user groups (S…)",
            "check": check_mention,
        },
    )
    mention_from: Severity = field(
        default=Severity.CRITICAL,
        metadata={"doc": "the least severity that mentions anybody; what is over never does"},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if len(self.mention) > MOST_MENTIONS:
            raise ValueError(f"mention: {len(self.mention)} are more than the {MOST_MENTIONS} that there is room for")
        try:
            _ = self._api
        except ValueError as error:
            raise ValueError(f"url {error}") from None

    def send(self, message: Message) -> Acceptance:
        """POST once; Slack says `ok` or one word of what is wrong."""
        word, answer = self._api.ask(self._api.client.path, encoded(self._payload(message)))
        self._api.check(word, "", answer)
        return Acceptance(detail=f"{self._api.client.shown} answered {word}")

    def target(self) -> str:
        """Name the server; the rest of the URL is the secret."""
        return self._api.client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._api.client.close()

    @functools.cached_property
    def _api(self) -> Api[str]:
        client = Client(self.url.reveal(), timeout=self.timeout, clock=self.clock, road=self.road, secret_url=True)
        return Api(client, ANSWERS, str, read=_word)

    def _payload(self, message: Message) -> dict[str, Any]:
        mentions = self._mentions(message)
        header, text = _fitted(message, len(mentions) + 1)
        said = f"{mentions}\n{text}".strip()
        blocks: list[dict[str, Any]] = []
        if header:
            blocks.append({"type": "header", "text": {"type": "plain_text", "text": header, "emoji": False}})
        if said:
            blocks.append({"type": "section", "text": _markup(said)})
        told = " · ".join(filter(None, (message.notice.receiver[:MOST_HEADER], message.code)))
        blocks.append({"type": "context", "elements": [_markup(escaped(told))]})
        # What Slack shows where it shows no blocks: in notifications, above all.
        title = escaped(message.title)
        return {"text": title, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}

    def _mentions(self, message: Message) -> str:
        if not calls(message, self.mention_from):
            return ""
        return " ".join(_written(one) for one in dict.fromkeys(self.mention))


def escaped(text: str) -> str:
    """Make the three signs mean nothing that Slack reads as the beginning and end of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _fitted(message: Message, taken: int) -> tuple[str, str]:
    """The header, empty where the title is too long for one, and the text of the section, within what is left."""
    most = room = SECTION.most - taken
    while True:
        text = message.fitted(Size(room), "long")
        title, rest = headed(message, text)
        header = escaped(title)
        if len(header) > MOST_HEADER:
            header, rest = "", text
        said = _URL.sub(lambda found: f"<{found[0]}>", escaped(rest))
        if len(said) <= most or room <= LEAST:
            return header, said
        room = max(LEAST, min(room * most // len(said), room * 3 // 4))


def _markup(text: str) -> dict[str, Any]:
    """Nothing but what is written as one is a link or a mention: `verbatim` keeps Slack from finding more."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _written(mention: str) -> str:
    if mention[0] in "UW":
        return f"<@{mention}>"
    return f"<!subteam^{mention}>" if mention[0] == "S" else f"<!{mention}>"


def _word(body: bytes) -> str:
    """Read the one word that Slack answers; what is none that it is known for is no answer of Slack's."""
    word = body.decode("ascii").strip()
    if not ANSWERS.knows(word):
        raise ValueError("no word of Slack's")
    return word
