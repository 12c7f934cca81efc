"""Calls to Tencent Cloud's SMS API 3.0 (2021-01-11): signed, sent, and the answer read."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from daemon import tc3
from daemon.clock import Clock
from daemon.errors import SendFailed
from daemon.secret import Secret
from daemon.senders import phone, tencent_codes
from daemon.senders.api import JSON, Api, encoded
from daemon.senders.http import Answer, Client
from daemon.senders.phone import Phone
from daemon.senders.road import Road
from daemon.senders.tencent_status import Said, Status, judged, of_all, of_each, their_time

VERSION, SERVICE = "2021-01-11", "sms"
MOST_ROWS = 100  # of one number's messages that one question shows


class SendStatus(msgspec.Struct, rename="pascal"):
    """One number's line in the answer to SendSms."""

    code: str
    serial_no: str | None = ""
    phone_number: str | None = ""
    message: str | None = ""


class PullStatus(msgspec.Struct, rename="pascal"):
    """One line in the answer to PullSmsSendStatusByPhoneNumber: a message of which the carrier has said something."""

    serial_no: str | None = ""
    country_code: str | None = ""
    subscriber_number: str | None = ""
    report_status: str | None = ""
    description: str | None = ""
    session_context: str | None = ""
    user_receive_time: int | None = None  # seconds since the epoch


class Wrong(msgspec.Struct, rename="pascal"):
    """Why a whole request was refused."""

    code: str
    message: str | None = ""


class Response(msgspec.Struct, rename="pascal"):
    """The answer to any call."""

    error: Wrong | None = None
    send_status_set: list[SendStatus] | None = None
    pull_sms_send_status_set: list[PullStatus] | None = None


class Reply(msgspec.Struct, rename="pascal"):
    """The envelope around it."""

    response: Response


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and in whose name messages go."""

    secret_id: Secret
    secret_key: Secret
    token: Secret | None
    region: str
    sdk_app_id: str
    sign_name: str
    template_id: str


class Api3:
    """One account at one endpoint."""

    def __init__(self, endpoint: str, account: Account, *, timeout: float, clock: Clock, road: Road) -> None:
        secrets = (account.secret_id, account.secret_key, account.token)
        hidden = [one.reveal() for one in secrets if one is not None]
        self.client = Client(endpoint, timeout=timeout, clock=clock, hidden=hidden, road=road)
        self._api = Api(self.client, tencent_codes.ANSWERS, Reply)
        self._account = account
        self._clock = clock

    def submit(
        self, phones: Sequence[Phone], params: Sequence[str], session: str, until: float, now: float | None = None
    ) -> tuple[list[Status], float]:
        """SendSms once. See `tencent_status.Gateway`."""
        account = self._account
        asked = {
            "PhoneNumberSet": [one.international for one in phones],
            "SmsSdkAppId": account.sdk_app_id,
            "TemplateId": account.template_id,
            "SignName": account.sign_name,
            "TemplateParamSet": params,
            "SessionContext": session,
        }
        response, answer = self._ask("SendSms", asked, until, now)
        if response.error is not None:
            wrong = response.error
            error = judged(self._api, wrong.code, wrong.message or "", answer, self._clock.now())
            statuses = of_all(phones, wrong.code, error or self._odd(wrong.code))
        else:
            said = [_said(one) for one in response.send_status_set or ()]
            statuses = of_each(phones, said, self._api, answer, self._clock.now())
        return statuses, their_time(answer, self._clock)

    def pull(self, to: Phone, since: float, until: float) -> list[PullStatus]:
        """What the carriers have said since then of messages to one number; nothing is taken away by asking.

        Raises SendError.
        """
        asked = {
            "SmsSdkAppId": self._account.sdk_app_id,
            "PhoneNumber": to.international,
            "BeginTime": int(since),
            "EndTime": int(self._clock.now()) + 1,
            "Offset": 0,
            "Limit": MOST_ROWS,
        }
        response, answer = self._ask("PullSmsSendStatusByPhoneNumber", asked, until, None)
        if response.error is not None:
            self._api.check(response.error.code, response.error.message or "", answer)
            raise self._odd(response.error.code)
        return response.pull_sms_send_status_set or []

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self.client.close()

    def _ask(self, action: str, asked: Mapping[str, Any], until: float, now: float | None) -> tuple[Response, Answer]:
        body, at = encoded(asked), int(self._clock.now() if now is None else now)
        account, content_type = self._account, JSON["Content-Type"]
        headers = {
            **JSON,
            "X-TC-Action": action,
            "X-TC-Version": VERSION,
            "X-TC-Timestamp": str(at),
            "X-TC-Region": account.region,
            "X-TC-Language": "zh-CN",
            "Authorization": tc3.authorization(
                account.secret_id.reveal(),
                account.secret_key.reveal(),
                SERVICE,
                self.client.place,
                content_type,
                body,
                at,
            ),
        }
        if account.token is not None:
            headers["X-TC-Token"] = account.token.reveal()
        reply, answer = self._api.ask("/", body, headers, until - self._clock.monotonic())
        return reply.response, answer

    def _odd(self, code: str) -> SendFailed:
        return SendFailed(f"{self.client.shown} named an error with the code of a success", code=code, ambiguous=True)


def _said(line: SendStatus) -> Said:
    return Said(
        phone=phone.read(line.phone_number or ""),
        code=line.code,
        words=line.message or "",
        provider_id=line.serial_no or "",
    )
