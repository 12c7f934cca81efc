"""Hand each message to any HTTP server as JSON, signed when a secret is shared."""

import functools
import hashlib
import hmac
from dataclasses import dataclass, field

from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders.base import sender
from daemon.senders.document import body
from daemon.senders.http import Client
from daemon.senders.over_http import OverHttp
from daemon.urls import check_url

_RESERVED = frozenset(("host", "content-length", "content-type", "connection", "transfer-encoding"))


@sender("webhook")
@dataclass(frozen=True, kw_only=True)
class Webhook(OverHttp):
    """A room: one POST for each message; any 2xx is yes."""

    url: Secret = field(
        metadata={"doc": "where to POST; a secret, because such URLs often carry a token", "check": check_url}
    )
    secret: Secret | None = field(
        default=None, metadata={"doc": "signs each request: X-Tocsin-Signature over X-Tocsin-Timestamp and the body"}
    )
    token: Secret | None = field(default=None, metadata={"doc": "sent as Authorization: Bearer"})
    headers: dict[str, Secret] = field(
        default_factory=dict, metadata={"doc": "further headers; their values are secrets"}
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        for name in self.headers:
            if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
                raise ValueError(f"headers: {name!r} is not the name of a header")
            if name.lower() in _RESERVED:
                raise ValueError(f"headers: {name} is set by tocsin itself")
        for name, value in (("secret", self.secret), ("token", self.token)):
            if value is not None and not value:
                raise ValueError(f"{name} is empty: leave it out or fill it")
        try:
            in_url = self._client.has_user
        except ValueError as error:
            raise ValueError(f"url {error}") from None
        if in_url + (self.token is not None) + ("authorization" in map(str.lower, self.headers)) > 1:
            raise ValueError("credentials are given twice: keep one of url, token and headers")

    def send(self, message: Message) -> Acceptance:
        """POST once."""
        payload = body(message)
        headers = {"Content-Type": "application/json", "X-Tocsin-Delivery": message.out_id}
        headers |= {name: value.reveal() for name, value in self.headers.items()}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token.reveal()}"
        if self.secret is not None:
            stamp = str(int(self.clock.now()))
            headers["X-Tocsin-Timestamp"] = stamp
            headers["X-Tocsin-Signature"] = signature(self.secret, stamp, payload)
        answer = self._client.post(payload, headers)
        return Acceptance(detail=f"{self._client.shown} answered {answer.status}")

    def target(self) -> str:
        """Name the server; the rest of the URL may be a secret."""
        return self._client.shown

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._client.close()

    @functools.cached_property
    def _client(self) -> Client:
        hidden = [value.reveal() for value in (self.secret, self.token, *self.headers.values()) if value is not None]
        return Client(
            self.url.reveal(),
            timeout=self.timeout,
            clock=self.clock,
            hidden=hidden,
            secret_url=True,
            road=self.road,
        )


def signature(secret: Secret, stamp: str, payload: bytes) -> str:
    """Sign as tocsin's own door checks it: hex HMAC-SHA256 over `<timestamp>:<body>`."""
    signed = hmac.new(secret.reveal().encode(), stamp.encode() + b":" + payload, hashlib.sha256)
    return f"sha256={signed.hexdigest()}"
