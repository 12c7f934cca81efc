"""Calls to Aliyun's SMS gateway: signed, sent, and the answer read."""

import datetime as dt
import email.utils
import secrets
from collections.abc import Mapping

import msgspec

from daemon.clock import Clock
from daemon.errors import Scope, SendFailed, SendWait
from daemon.secret import Secret
from daemon.senders import acs3, aliyun_codes
from daemon.senders.http import Answer, Client

VERSION = "2017-05-25"
BEIJING = dt.timezone(dt.timedelta(hours=8))  # the gateway writes times and counts days as they are there
_CLIENT_ERROR, _SERVER_ERROR = 400, 500


class Detail(msgspec.Struct, rename={"out_id": "OutId", "status": "SendStatus", "code": "ErrCode", "sent": "SendDate"}):
    """What became of one text message."""

    out_id: str | None = ""
    status: int | str = ""
    code: str | None = ""
    sent: str | int | None = ""

    @property
    def sent_at(self) -> float:
        """When the gateway took it; the beginning of all time when that cannot be read."""
        try:
            at = dt.datetime.fromisoformat(str(self.sent))
            return (at if at.tzinfo else at.replace(tzinfo=BEIJING)).timestamp()
        except (ValueError, OverflowError):
            return float("-inf")


class Details(msgspec.Struct, rename={"rows": "SmsSendDetailDTO"}):
    """The envelope around them."""

    rows: list[Detail] = []


class Reply(msgspec.Struct, rename="pascal"):
    """The gateway's answer to any call: `code` decides, whatever the HTTP status is."""

    code: str
    message: str | None = ""
    request_id: str | None = ""
    biz_id: str | None = ""
    details: Details | None = msgspec.field(name="SmsSendDetailDTOs", default=None)


_decode = msgspec.json.Decoder(Reply).decode


class Gateway:
    """One account at one endpoint."""

    def __init__(
        self, endpoint: str, key_id: str, secret: Secret, token: Secret | None, *, timeout: float, clock: Clock
    ) -> None:
        hidden = [secret.reveal()] + ([token.reveal()] if token else [])
        self._client = Client(endpoint, timeout=timeout, clock=clock, hidden=hidden)
        self._key_id = key_id
        self._secret = secret
        self._token = token
        self._clock = clock
        self.shown = self._client.shown

    def ask(
        self, action: str, parameters: Mapping[str, str], until: float, now: float | None = None
    ) -> tuple[Reply, float]:
        """Call once, to be done by `until` (monotonic); return the answer and the gateway's own time.

        `now` signs with another time than ours. SendFailed or SendWait when no answer of the API comes back.
        """
        query = acs3.query(parameters)
        headers = {
            "host": self._client.place,
            "x-acs-action": action,
            "x-acs-content-sha256": acs3.NO_BODY,
            "x-acs-date": acs3.date(self._clock.now() if now is None else now),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": VERSION,
        }
        if self._token is not None:
            headers["x-acs-security-token"] = self._token.reveal()
        signed = acs3.authorization(self._key_id, self._secret.reveal(), query, headers)
        headers["Authorization"] = signed
        del headers["host"]  # the client writes it
        answer = self._client.exchange(f"/?{query}", b"", headers, within=until - self._clock.monotonic())
        return self._read(answer), self._time_of(answer)

    def said(self, reply: Reply) -> str:
        """Quote the gateway for an error's text."""
        words = self._client.blotted(f"{reply.code}: {reply.message or 'no words'}")
        return f"{self.shown} answered {words} (request {reply.request_id or 'unknown'})"

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._client.close()

    def _read(self, answer: Answer) -> Reply:
        broken = answer.status < _CLIENT_ERROR or answer.status >= _SERVER_ERROR  # it may have come after the yes
        wait = self._client.wait(answer)
        try:
            reply = _decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            what = f"{self.shown} answered {answer.status} with a body that is not the API's"
            if wait is not None:
                raise SendWait(what, seconds=wait, code=str(answer.status), scope=Scope.CHANNEL) from error
            raise SendFailed(what, code=str(answer.status), ambiguous=broken) from error
        if reply.code == aliyun_codes.OK and answer.status >= _CLIENT_ERROR:
            raise SendFailed(f"{self.shown} answered OK with status {answer.status}", ambiguous=True)
        if wait is not None and aliyun_codes.passing(reply.code):
            raise SendWait(self.said(reply), seconds=wait, code=reply.code, scope=Scope.CHANNEL)
        return reply

    def _time_of(self, answer: Answer) -> float:
        try:
            return email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return self._clock.now()
