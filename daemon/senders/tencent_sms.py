"""Send text messages over Tencent Cloud's Short Message Service (API 3.0, 2021-01-11)."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.declared import Answers
from daemon.errors import SendFailed, SendRefused, SendWait
from daemon.handset import Report
from daemon.notice import Acceptance, Message
from daemon.secret import Secret
from daemon.senders import phone, tencent_codes, tencent_receipts
from daemon.senders.base import sender
from daemon.senders.tencent_api3 import Account, Api3
from daemon.senders.tencent_sender import TencentSender
from daemon.urls import check_url


@sender("tencent_sms")
@dataclass(frozen=True, kw_only=True)
class TencentSms(TencentSender):
    """SendSms, with the same text to up to two hundred numbers in one request."""

    answers: ClassVar[Answers] = tencent_codes.ANSWERS
    knows_after: ClassVar[float] = 30.0

    secret_id: Secret = field(metadata={"doc": "the API key's SecretId"})
    secret_key: Secret = field(metadata={"doc": "the API key's SecretKey"})
    token: Secret | None = field(default=None, metadata={"doc": "the token of temporary (STS) credentials"})
    template_id: str = field(metadata={"doc": "the approved template's id: a number"})
    region: str = field(
        default="ap-guangzhou", metadata={"doc": "the region that is asked; every one sends everywhere"}
    )
    endpoint: str = field(
        default="https://sms.tencentcloudapi.com",
        metadata={"doc": "the API's address; http:// is taken too, for tests", "check": check_url},
    )

    @property
    def approved_template(self) -> str:
        """What quotas of the template count."""
        return self.template_id

    def needed(self) -> Sequence[str]:
        """The settings that may not be empty."""
        return ("secret_id", "secret_key", "sdk_app_id", "sign_name", "template_id", "region")

    def gateway(self) -> Api3:
        """The account at its endpoint, always the same one."""
        return self._gateway

    def find(self, message: Message, since: float) -> Acceptance | None:
        """Look for the message's own id among what a number was sent since then.

        Only for one recipient (None for several), and only what a carrier has said something of is shown, some
        seconds after it was sent (`knows_after`).
        """
        to = phone.read(message.recipients[0].address) if len(message.recipients) == 1 else None
        if to is None:
            return None
        try:
            rows = self._gateway.pull(to, self._since(since), self.clock.monotonic() + self.timeout)
        except (SendWait, SendRefused) as error:
            raise SendFailed(str(error), code=error.code) from error
        for row in rows:
            if row.session_context == message.out_id and row.report_status == tencent_receipts.SUCCESS:
                return Acceptance(provider_id=row.serial_no or "", detail=f"it is on the handset: {row.description}")
        return None

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        """Ask what became of one message; None while nothing is known.

        By PullSmsSendStatusByPhoneNumber, which leaves what it shows in place. (PullSmsSendStatus hands each report
        out once, and Tencent opens it only on request: it is not used.) Raises SendError when it cannot be asked.
        """
        to = phone.read(address)
        if to is None:
            return None
        rows = self._gateway.pull(to, self._since(sent_at), self.clock.monotonic() + self.timeout)
        found = (tencent_receipts.of_pull(row) for row in rows if row.serial_no == provider_id)
        return next((one for one in found if one is not None), None)

    def target(self) -> str:
        """Name the API and the template."""
        return f"{self._gateway.client.shown} template {self.template_id}"

    @functools.cached_property
    def _gateway(self) -> Api3:
        account = Account(
            secret_id=self.secret_id,
            secret_key=self.secret_key,
            token=self.token,
            region=self.region,
            sdk_app_id=self.sdk_app_id,
            sign_name=self.sign_name,
            template_id=self.template_id,
        )
        return Api3(self.endpoint, account, timeout=self.timeout, clock=self.clock, road=self.road)
