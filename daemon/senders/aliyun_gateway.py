"""Calls to one of Aliyun's services: signed in either way, sent, and the answer read."""

import email.utils
import secrets
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from daemon.clock import Clock
from daemon.declared import Answers
from daemon.errors import SendFailed, SendRefused
from daemon.secret import Secret
from daemon.senders import acs1, acs3, aliyun_codes
from daemon.senders.aliyun_codes import Cure
from daemon.senders.api import Api
from daemon.senders.http import Answer, Client

VERSION: Final = "2017-05-25"  # of the text message service and of the voice service alike
REGION: Final = "cn-hangzhou"
FORM: Final = "application/x-www-form-urlencoded"

Signature = Literal["v3", "rpc"]


class Detail(
    msgspec.Struct,
    rename={
        "out_id": "OutId",
        "status": "SendStatus",
        "code": "ErrCode",
        "sent": "SendDate",
        "received": "ReceiveDate",
    },
):
    """What became of one text message; times are those of Beijing."""

    out_id: str | None = ""
    status: int | str = ""
    code: str | None = ""
    sent: str | int | None = ""
    received: str | int | None = ""


class Details(msgspec.Struct, rename={"rows": "SmsSendDetailDTO"}):
    """The envelope around them."""

    rows: list[Detail] = []


class Reply(msgspec.Struct, rename="pascal"):
    """The answer to any call: `code` decides, whatever the HTTP status is."""

    code: str
    message: str | None = ""
    request_id: str | None = ""
    biz_id: str | None = ""  # of text messages
    call_id: str | None = ""  # of a call
    details: Details | None = msgspec.field(name="SmsSendDetailDTOs", default=None)


class Heard(msgspec.Struct, frozen=True):
    """A reply, the HTTP answer that it came in, and the gateway's own time."""

    reply: Reply
    answer: Answer
    at: float


class Gateway:
    """One account at one endpoint."""

    def __init__(
        self,
        endpoint: str,
        key_id: str,
        secret: Secret,
        token: Secret | None,
        *,
        signature: Signature,
        answers: Answers,
        timeout: float,
        clock: Clock,
    ) -> None:
        said = [secret.reveal()] + ([token.reveal()] if token else [])
        hidden = [*said, *map(acs3.encoded, said)]  # a form shows them percent-encoded
        self._client = Client(endpoint, timeout=timeout, clock=clock, hidden=hidden)
        self._api = Api(self._client, answers, Reply)
        self._key_id = key_id
        self._secret = secret
        self._token = token
        self._signature = signature
        self._clock = clock
        self.shown = self._client.shown

    def ask(
        self,
        action: str,
        parameters: Mapping[str, str],
        until: float,
        *,
        form: Mapping[str, str] | None = None,
        now: float | None = None,
    ) -> Heard:
        """Call, to be done by `until` (monotonic); SendFailed or SendWait when no answer of the API comes back.

        What is refused for its nonce or its time is signed once more, by the gateway's clock. `form` are the
        parameters that are too long for a URL; `now` signs with another time than ours.
        """
        heard = self._asked(action, parameters, form or {}, until, self._clock.now() if now is None else now)
        if aliyun_codes.cure(heard.reply.code) is Cure.RESIGN:
            heard = self._asked(action, parameters, form or {}, until, heard.at)
        return heard

    def check(self, heard: Heard) -> Reply:
        """Return a yes, raise what any other code means."""
        reply = heard.reply
        words = f"{reply.message or 'no words'} (request {reply.request_id or 'unknown'})"
        seconds = aliyun_codes.named(reply.code, reply.message or "")
        self._api.check(reply.code, words, heard.answer, seconds)
        return reply

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._client.close()

    def _asked(
        self, action: str, parameters: Mapping[str, str], form: Mapping[str, str], until: float, now: float
    ) -> Heard:
        sign = self._by_headers if self._signature == "v3" else self._by_parameters
        target, body, headers = sign(action, parameters, form, acs3.date(now))
        try:
            reply, answer = self._api.ask(target, body, headers, within=until - self._clock.monotonic())
        except SendRefused as error:  # a status alone decides nothing: this is some proxy's or portal's page
            raise SendFailed(str(error), code=error.code) from error
        return Heard(reply, answer, self._time_of(answer))

    def _by_headers(
        self, action: str, parameters: Mapping[str, str], form: Mapping[str, str], at: str
    ) -> tuple[str, bytes, dict[str, str]]:
        query, body = acs3.query(parameters), acs3.query(form).encode()
        headers = {
            "host": self._client.place,
            "x-acs-action": action,
            "x-acs-content-sha256": acs3.digest(body),
            "x-acs-date": at,
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-version": VERSION,
        }
        if body:
            headers["content-type"] = FORM
        if self._token is not None:
            headers["x-acs-security-token"] = self._token.reveal()
        headers["Authorization"] = acs3.authorization(self._key_id, self._secret.reveal(), query, headers)
        del headers["host"]  # the client writes it
        return f"/?{query}", body, headers

    def _by_parameters(
        self, action: str, parameters: Mapping[str, str], form: Mapping[str, str], at: str
    ) -> tuple[str, bytes, dict[str, str]]:
        """All of it goes in the body: a URL with a token in it would stand in the logs of every proxy."""
        asked = {
            **parameters,
            **form,
            "AccessKeyId": self._key_id,
            "Action": action,
            "Format": "JSON",
            "RegionId": REGION,
            "SignatureMethod": acs1.METHOD,
            "SignatureNonce": secrets.token_hex(16),
            "SignatureVersion": acs1.VERSION,
            "Timestamp": at,
            "Version": VERSION,
        }
        if self._token is not None:
            asked["SecurityToken"] = self._token.reveal()
        return "/", acs1.signed(asked, self._secret.reveal()).encode(), {"content-type": FORM}

    def _time_of(self, answer: Answer) -> float:
        try:
            return email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        except (ValueError, OverflowError):
            return self._clock.now()
