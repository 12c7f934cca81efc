"""Send text messages over Tencent's old SMS API (v5), for applications that have no API 3.0 key."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.declared import Answers
from daemon.handset import Report
from daemon.secret import Secret
from daemon.senders import phone, tencent_codes, tencent_receipts
from daemon.senders.base import sender
from daemon.senders.tencent_sender import TencentSender
from daemon.senders.tencent_v5 import Account, ApiV5
from daemon.urls import check_url


@sender("tencent_sms_v5")
@dataclass(frozen=True, kw_only=True)
class TencentSmsV5(TencentSender):
    """The old call sendmultisms2, with the same text to up to two hundred numbers in one request."""

    answers: ClassVar[Answers] = tencent_codes.ANSWERS_V5

    app_key: Secret = field(metadata={"doc": "the application's AppKey"})
    template_id: int = field(metadata={"doc": "the approved template's id", "least": 1})
    endpoint: str = field(
        default="https://yun.tim.qq.com",
        metadata={"doc": "the API's address; http:// is taken too, for tests", "check": check_url},
    )

    @property
    def approved_template(self) -> str:
        """What quotas of the template count."""
        return str(self.template_id)

    def needed(self) -> Sequence[str]:
        """The settings that may not be empty."""
        return ("sdk_app_id", "app_key", "sign_name", "template_id")

    def gateway(self) -> ApiV5:
        """The application at its endpoint, always the same one."""
        return self._gateway

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        """Ask what became of one message; None while nothing is known.

        By pullstatus4mobile, which leaves what it shows in place (pullstatus hands each report out once, and
        pullcallbackstatus only counts them). Raises SendError when it cannot be asked.
        """
        to = phone.read(address)
        if to is None:
            return None
        rows = self._gateway.pull(to, self._since(sent_at), self.clock.monotonic() + self.timeout)
        found = (one for one in map(tencent_receipts.of_row, rows) if one is not None)
        return next((one for one in found if one.provider_id == provider_id), None)

    def target(self) -> str:
        """Name the API and the template."""
        return f"{self._gateway.client.shown} template {self.template_id}"

    @functools.cached_property
    def _gateway(self) -> ApiV5:
        account = Account(
            sdk_app_id=self.sdk_app_id, app_key=self.app_key, sign_name=self.sign_name, template_id=self.template_id
        )
        return ApiV5(self.endpoint, account, timeout=self.timeout, clock=self.clock)
