"""Send text messages over Aliyun's Short Message Service (Dysmsapi 2017-05-25)."""

import functools
from dataclasses import dataclass, field
from typing import ClassVar, Final

from daemon.declared import Answers, Each, Rate
from daemon.handset import Report
from daemon.notice import Acceptance, Message, Recipient, in_templates
from daemon.senders import aliyun_codes, aliyun_details, aliyun_receipts, phone
from daemon.senders.aliyun import Aliyun, Parameters, Values, a_limit, an_endpoint, number_of
from daemon.senders.aliyun_codes import DAY
from daemon.senders.aliyun_gateway import Heard
from daemon.senders.api import encoded
from daemon.senders.base import sender
from daemon.template import Template
from daemon.units import Seconds

LONGEST_PARAM: Final = 500
LONGEST_OUT_ID: Final = 255
MOST_PERSONAL: Final = 100  # numbers of one SendBatchSms


@sender("aliyun_sms")
@dataclass(frozen=True, kw_only=True)
class AliyunSms(Aliyun):
    """Text messages to telephones in mainland China, over Aliyun's Short Message Service.

    SendSms takes the same text to up to a thousand numbers in one request; where a variable names its recipient,
    SendBatchSms takes a text of their own to up to a hundred, and `batch` of the instance says so. What the
    provider bounds is each variable (`max_param`), not the text: there is no `size`.
    """

    batch: ClassVar[int] = 1_000
    rates: ClassVar[tuple[Rate, ...]] = (Rate(most=50, within=Seconds(DAY), each=Each.RECIPIENT),)
    answers: ClassVar[Answers] = aliyun_codes.SMS
    knows_after: ClassVar[float] = 20.0
    heard_answer: ClassVar[bytes] = b'{"code":0,"msg":"ok"}'  # what has any other is posted again
    polls: ClassVar[bool] = True

    sign_name: str = field(metadata={"doc": "the approved signature, without 【】"})
    max_param: int = a_limit(35, LONGEST_PARAM, "most characters of one variable")
    endpoint: str = an_endpoint("https://dysmsapi.aliyuncs.com")

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        super().__post_init__()
        if not 1 <= self.max_param <= LONGEST_PARAM:
            raise ValueError(f"max_param is {self.max_param}; it must be 1 to {LONGEST_PARAM}")
        if not self.sign_name:
            raise ValueError("sign_name is empty")
        if set("【】") & set(self.sign_name):
            raise ValueError("sign_name has 【】 in it: Aliyun puts them around it, leave them out")
        if self._personal:
            object.__setattr__(self, "batch", MOST_PERSONAL)

    def send(self, message: Message) -> Acceptance:
        """Submit; a refused signature or text is mended and submitted once more, within the same time."""
        people: dict[str, Recipient] = {}
        for recipient in message.recipients:
            people.setdefault(number_of(recipient.name, recipient.address), recipient)
        rows, warnings = self._rows(message, list(people.values()))
        until = self._until()

        def ask(rows: list[Values], now: float | None) -> Heard:
            if len(rows) == 1:
                return self._gateway.ask("SendSms", self._same(message, list(people), rows[0]), until, now=now)
            common = {"TemplateCode": self.template_code, "OutId": message.out_id[:LONGEST_OUT_ID]}
            return self._gateway.ask("SendBatchSms", common, until, form=self._each(list(people), rows), now=now)

        heard, rewritten = self._submitted(ask, rows)
        reply = self._gateway.check(heard)
        detail = "sent in plainer words" if rewritten else "accepted"
        return Acceptance(provider_id=reply.biz_id or "", detail=detail, warnings=tuple(warnings))

    def find(self, message: Message, since: float) -> Acceptance | None:
        """Look for the message's OutId among what its number was sent since then.

        Only for one recipient (None for several): the gateway is asked about one number at a time, and rows
        that may have arrived are repeated one by one; the id of a message to many is that of its notice, so each
        of them finds it. The gateway knows of a message some seconds after it took it (`knows_after`).
        """
        if len(message.recipients) != 1:
            return None
        recipient = message.recipients[0]
        number = number_of(recipient.name, recipient.address)
        earliest = since - aliyun_details.SLACK
        for detail in aliyun_details.sent_to(self._gateway, number, since, self.clock.now(), self._until()):
            sent_at = aliyun_receipts.instant(detail.sent)
            ours = detail.out_id == message.out_id[:LONGEST_OUT_ID] and sent_at is not None and sent_at >= earliest
            if ours and str(detail.status) in {aliyun_receipts.WAITING, aliyun_receipts.DELIVERED}:
                return Acceptance(detail=f"the gateway has it: {detail.code or 'no word from the carrier yet'}")
        return None

    def heard(self, body: bytes) -> list[Report]:
        """Read the reports that Aliyun posts (SmsReport)."""
        return aliyun_receipts.reports(body)

    def known_as(self, address: str) -> str:
        """The eleven digits."""
        return phone.mainland(address) or address

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        """Ask what became of a message that the gateway took at `sent_at`; None while there is no word yet.

        `provider_id` is its receipt's. SendFailed when the gateway cannot be asked, SendRefused when it is no number.
        """
        number = number_of("", address)
        last = min(self.clock.now(), sent_at + aliyun_details.SLACK)
        for detail in aliyun_details.sent_to(self._gateway, number, sent_at, last, self._until(), biz_id=provider_id):
            report = aliyun_receipts.polled(detail, provider_id, number)
            if report is not None:
                return report
        return None

    @functools.cached_property
    def _personal(self) -> dict[str, Template]:
        """The variables that say something else to each recipient."""
        return {name: one for name, one in self.template_params.items() if "recipient" in one.names}

    def _rows(self, message: Message, people: list[Recipient]) -> tuple[list[Values], list[str]]:
        """Fill the variables: once for all, or once for each where they name the recipient."""
        warnings: list[str] = []
        values = in_templates(message)
        if not self._personal or len(people) == 1:
            if self._personal:
                values["recipient"] = people[0]
            return [self._filled(self.template_params, values, warnings)], warnings
        common = {name: one for name, one in self.template_params.items() if name not in self._personal}
        filled = self._filled(common, values, warnings)
        rows = [filled | self._filled(self._personal, values | {"recipient": one}, warnings) for one in people]
        return rows, list(dict.fromkeys(warnings))

    def _same(self, message: Message, numbers: list[str], row: Values) -> Parameters:
        return {
            "PhoneNumbers": ",".join(numbers),
            "SignName": self.sign_name,
            "TemplateCode": self.template_code,
            "OutId": message.out_id[:LONGEST_OUT_ID],
        } | ({"TemplateParam": encoded(row).decode()} if row else {})

    def _each(self, numbers: list[str], rows: list[Values]) -> Parameters:
        return {
            "PhoneNumberJson": encoded(numbers).decode(),
            "SignNameJson": encoded([self.sign_name] * len(numbers)).decode(),
            "TemplateParamJson": encoded(rows).decode(),
        }
