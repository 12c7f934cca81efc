"""Send text messages over Aliyun's Short Message Service (Dysmsapi 2017-05-25)."""

import datetime as dt
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from daemon import fitting
from daemon.errors import Scope, SendFailed, SendRefused, SendWait, TemplateError
from daemon.notice import Message, Receipt, in_templates
from daemon.secret import Secret
from daemon.senders import aliyun_codes, phone
from daemon.senders.aliyun_codes import Cure
from daemon.senders.aliyun_gateway import BEIJING, Detail, Gateway
from daemon.senders.base import Sender, sender
from daemon.template import Template
from daemon.texts.built_in import Kind
from daemon.urls import check_url

LONGEST_PARAM = 500
LONGEST_OUT_ID = 255
REWRITTEN = 20  # characters a variable keeps after its text was refused: the oldest templates take no more
NOTHING = "-"  # an empty variable is refused
PAGE = 50
MAX_PAGES = 20  # of one number's messages of one day: the gateway's limits let a number have far fewer
MAX_DAYS = 30  # that the gateway remembers
SLACK = 300.0  # seconds by which its clock and ours may differ
_WAITING, _DELIVERED = "1", "3"


@sender("aliyun_sms")
@dataclass(frozen=True, kw_only=True)
class AliyunSms(Sender):
    """SendSms, with the same text to up to a thousand numbers in one request."""

    address: ClassVar[str] = "phone"
    batch: ClassVar[int] = 1_000
    text: ClassVar[Kind] = "short"
    knows_after: ClassVar[float] = 20.0

    access_key_id: str = field(metadata={"doc": "the AccessKey's id"})
    access_key_secret: Secret = field(metadata={"doc": "the AccessKey's secret"})
    security_token: Secret | None = field(default=None, metadata={"doc": "the token of temporary (STS) credentials"})
    sign_name: str = field(metadata={"doc": "the approved signature, without 【】"})
    template_code: str = field(metadata={"doc": "the approved template: SMS_…"})
    template_params: dict[str, Template] = field(
        default_factory=dict,
        metadata={"doc": "the template's variables: each a Jinja template that sees `alert`, `notice` and `message`"},
    )
    max_param: int = field(
        default=35, metadata={"doc": "most characters of one variable", "least": 1, "most": LONGEST_PARAM}
    )
    endpoint: str = field(
        default="https://dysmsapi.aliyuncs.com",
        metadata={"doc": "the gateway of your region; http:// is taken too, for tests", "check": check_url},
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if not 1 <= self.max_param <= LONGEST_PARAM:
            raise ValueError(f"max_param is {self.max_param}; it must be 1 to {LONGEST_PARAM}")
        for name in ("access_key_id", "access_key_secret", "sign_name", "template_code"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        try:
            _ = self._gateway
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None

    def send(self, message: Message) -> Receipt:
        """Submit; a refused signature or text is mended and submitted once more, within the same time."""
        numbers = [_number(recipient.name, recipient.address) for recipient in message.recipients]
        params, warnings = self._params(message)
        until = self.clock.monotonic() + self.timeout
        parameters = {
            "PhoneNumbers": ",".join(dict.fromkeys(numbers)),
            "SignName": self.sign_name,
            "TemplateCode": self.template_code,
            "OutId": message.out_id[:LONGEST_OUT_ID],
        }
        reply, its_time = self._gateway.ask("SendSms", parameters | _written(params), until)
        tried: list[Cure] = []
        while (cure := aliyun_codes.cure(reply.code)) and cure not in tried:
            tried.append(cure)
            if cure is Cure.REWRITE:
                params = {name: self._rewritten(value) for name, value in params.items()}
            reply, its_time = self._gateway.ask("SendSms", parameters | _written(params), until, now=its_time)
        if reply.code != aliyun_codes.OK:
            raise aliyun_codes.error(reply.code, self._gateway.said(reply), reply.message or "")
        detail = "sent in plainer words" if Cure.REWRITE in tried else "accepted"
        return Receipt(provider_id=reply.biz_id or "", detail=detail, warnings=tuple(warnings))

    def find(self, message: Message, since: float) -> Receipt | None:
        """Look for the message's OutId among what its number was sent since then.

        Only for one recipient (None for several): the gateway is asked about one number at a time, and rows
        that may have arrived are repeated one by one. It knows of a message some seconds after it took it
        (`knows_after`).
        """
        if len(message.recipients) != 1:
            return None
        recipient = message.recipients[0]
        try:
            for detail in self._sent_to(_number(recipient.name, recipient.address), since):
                ours = detail.out_id == message.out_id and detail.sent_at >= since - SLACK
                if ours and str(detail.status) in {_WAITING, _DELIVERED}:
                    return Receipt(detail=f"the gateway has it: {detail.code or 'no word from the carrier yet'}")
        except (SendWait, SendRefused) as error:
            raise SendFailed(str(error), code=error.code) from error
        return None

    def target(self) -> str:
        """Name the gateway and the template."""
        return f"{self._gateway.shown} {self.template_code}"

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self._gateway.close()

    @functools.cached_property
    def _gateway(self) -> Gateway:
        return Gateway(
            self.endpoint,
            self.access_key_id,
            self.access_key_secret,
            self.security_token,
            timeout=self.timeout,
            clock=self.clock,
        )

    def _params(self, message: Message) -> tuple[dict[str, str], list[str]]:
        """Render each variable; one that does not render says what the message is about, and a warning why."""
        values = in_templates(message)
        params, warnings = {}, []
        for name, template in self.template_params.items():
            try:
                rendered = template.render(values)
            except TemplateError as error:
                warnings.append(f"template_params.{name}: {error}")
                rendered = message.title
            params[name] = _fitting(rendered, self.max_param)
        return params, warnings

    def _rewritten(self, value: str) -> str:
        return _fitting(fitting.plain(value), min(REWRITTEN, self.max_param)).replace(fitting.ELLIPSIS, "")

    def _sent_to(self, number: str, since: float) -> Iterator[Detail]:
        """Page through what a number was sent, day by day as the gateway counts days."""
        until = self.clock.monotonic() + self.timeout
        for day in _days(since - SLACK, self.clock.now()):
            for page in range(1, MAX_PAGES + 1):
                parameters = {
                    "PhoneNumber": number,
                    "SendDate": day,
                    "PageSize": str(PAGE),
                    "CurrentPage": str(page),
                }
                reply, _ = self._gateway.ask("QuerySendDetails", parameters, until)
                if reply.code != aliyun_codes.OK:
                    raise SendFailed(self._gateway.said(reply), code=reply.code)
                rows = reply.details.rows if reply.details else []
                yield from rows
                if len(rows) < PAGE:
                    break


def _number(name: str, address: str) -> str:
    number = phone.mainland(address)
    if number is None:
        said = f"{name or 'somebody'}'s number {phone.masked(address)} is not a mobile number of mainland China"
        raise SendRefused(said, code="number", scope=Scope.RECIPIENT)
    return number


def _written(params: dict[str, str]) -> dict[str, str]:
    return {"TemplateParam": msgspec.json.encode(params).decode()} if params else {}


def _fitting(value: str, limit: int) -> str:
    # Only what can be kept is looked at: a title of a megabyte costs no more than one of a line.
    return fitting.cut(fitting.line(value[: 64 * LONGEST_PARAM]), limit) or NOTHING


def _days(first: float, last: float) -> Iterator[str]:
    """Name the days from one instant to another as the gateway does, the newest first."""
    day = dt.datetime.fromtimestamp(last, BEIJING).date()
    earliest = dt.datetime.fromtimestamp(max(first, 0.0), BEIJING).date()
    for _ in range(MAX_DAYS):
        yield day.strftime("%Y%m%d")
        day -= dt.timedelta(days=1)
        if day < earliest:
            return
