"""What the robots of group chats share: a webhook URL pasted whole or its key alone, and whom to mention when."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import SplitResult, parse_qs, urlsplit

from daemon.declared import Answers
from daemon.event import Severity
from daemon.fitting import Enveloped, Size
from daemon.notice import Message
from daemon.secret import Secret
from daemon.senders import phone
from daemon.senders.api import Api
from daemon.senders.http import Client
from daemon.senders.mentions import calls
from daemon.senders.over_http import OverHttp
from daemon.texts.built_in import Kind
from daemon.urls import DEFAULT_PORT, check_url

ALL = "all"  # as a mention: everybody in the room
_KEY = re.compile(r"[A-Za-z0-9_-]{1,256}")
_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_@.$:+/=-]{0,127}")

R = TypeVar("R")
T = TypeVar("T")


class Webhook(NamedTuple):
    """What a vendor's webhook URLs look like: the key stands in the query, or is the path's last step."""

    hosts: tuple[str, ...]
    path: str
    parameter: str = ""  # of the query; empty where the key is the path's last step

    def check(self, url: Secret) -> None:
        """Refuse a URL that is no such webhook, whatever server it names; the ValueError does not show it."""
        self._key(url)

    def settled(self, url: Secret | None, key: Secret | None, name: str, endpoint: str) -> tuple[str, str]:
        """Return the server and the key, from a pasted URL or from the key alone, which the setting `name` holds.

        A URL has to name the vendor's own server or that of `endpoint`. Raises ValueError, and shows neither.
        """
        try:
            check_url(endpoint)
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None
        if key is not None and url is None:
            try:
                check_key(key)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
            return endpoint, key.reveal()
        if url is None or key is not None:
            raise ValueError(f"url or {name} is needed, and not both: the whole webhook, or the key in it")
        try:
            found, parts = self._key(url), urlsplit(url.reveal().strip())
        except ValueError as error:
            raise ValueError(f"url {error}") from None
        server = _server(parts)
        if server not in {_server(urlsplit(f"https://{host}")) for host in self.hosts} | {_server(urlsplit(endpoint))}:
            known = " or ".join(f"https://{host}" for host in self.hosts)
            raise ValueError(f"url is not on {known}; for another server give {name} and endpoint")
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", found

    def _key(self, url: Secret) -> str:
        check_url(url)
        parts = urlsplit(url.reveal().strip())
        if self.parameter:
            found = parse_qs(parts.query).get(self.parameter, [""])[0] if parts.path == self.path else ""
        else:
            found = parts.path.removeprefix(self.path) if parts.path.startswith(self.path) else ""
        if not _KEY.fullmatch(found):
            begin = f"https://{self.hosts[0]}{self.path}" + (f"?{self.parameter}=" if self.parameter else "")
            raise ValueError(f"is not the webhook of such a robot: {begin}…")
        return found


class Door(NamedTuple, Generic[R]):
    """Where a robot is spoken to: the server's API, and what to ask it for, key included."""

    api: Api[R]
    target: str


@dataclass(frozen=True, kw_only=True)
class Robot(OverHttp):
    """A room: a robot that speaks in one group chat."""

    url: Secret | None = field(default=None, metadata={"doc": "the robot's webhook"})
    endpoint: str = field(default="", metadata={"doc": "the vendor's server"})
    mention_from: Severity = field(
        default=Severity.CRITICAL,
        metadata={"doc": "the least severity that mentions anybody; what is over never does"},
    )

    def calls(self, message: Message) -> bool:
        """Whether this message mentions somebody."""
        return calls(message, self.mention_from)

    def door(
        self, webhook: Webhook, name: str, key: Secret | None, reply: type[R], secret: Secret | None = None
    ) -> Door[R]:
        """Where to speak; ValueError where the settings do not say it. `secret` signs, and never shows either."""
        server, found = webhook.settled(self.url, key, name, self.endpoint)
        hidden = [found] if secret is None else [found, secret.reveal()]
        client = Client(server, timeout=self.timeout, clock=self.clock, road=self.road, hidden=hidden)
        path = client.path.rstrip("/") + webhook.path
        target = f"{path}?{webhook.parameter}={found}" if webhook.parameter else path + found
        return Door(Api(client, self.answers or Answers(), reply), target)


def fitted(message: Message, size: Size, kind: Kind, write: Callable[[str], T], length: Callable[[T], int]) -> T:
    """Write the text, shortened until what is written is short enough in the provider's unit."""
    made: dict[str, T] = {}

    def taken(text: str) -> int:
        made.clear()  # only the last one can be it
        made[text] = write(text)
        return length(made[text])

    text = message.fitted(Enveloped(size.most, size.unit, taken=taken), kind)
    return made[text] if text in made else write(text)


def in_bytes(text: str) -> int:
    """How long a text is in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def check_key(key: Secret) -> None:
    """Refuse what is no robot's key; the ValueError does not show it."""
    if not _KEY.fullmatch(key.reveal()):
        raise ValueError("is not a robot's key; a whole webhook goes into url")


def check_user(user: str) -> None:
    """Refuse what no user's id looks like."""
    if not _USER.fullmatch(user):
        raise ValueError("is not the id of a user; write the id itself, without @, or all")


def check_mobile(number: str) -> None:
    """Refuse what is no mobile number of mainland China."""
    if phone.mainland(number) is None:
        raise ValueError("is not a mobile number of mainland China; write for example 13800000001")


def mobiles(numbers: tuple[str, ...]) -> list[str]:
    """Write the numbers as the vendors want them: eleven digits."""
    return list(dict.fromkeys(number for one in numbers if (number := phone.mainland(one))))


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORT.get(parts.scheme)
