"""What Tencent's two SMS APIs have in common: one request for many numbers, each judged by its own answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from daemon.declared import Each, Rate
from daemon.errors import Scope, SendError, SendRefused
from daemon.handset import Report
from daemon.notice import Acceptance, Message
from daemon.senders import phone, tencent_codes, tencent_receipts, tencent_variables
from daemon.senders.over_http import OverHttp
from daemon.senders.phone import Phone
from daemon.senders.tencent_codes import Cure
from daemon.senders.tencent_status import Gateway, Status
from daemon.template import Template
from daemon.texts.built_in import Kind
from daemon.units import Seconds

MOST_NUMBERS = 200
MOST_PARAM = 500
LONGEST_SESSION = 500
SLACK = 300.0  # seconds by which their clock and ours may differ
KEPT = 7 * 86_400.0  # seconds that they answer for


@dataclass(frozen=True, kw_only=True)
class TencentSender(OverHttp):
    """Text messages by an approved template; a subclass says over which API."""

    address: ClassVar[str] = "phone"
    batch: ClassVar[int] = MOST_NUMBERS
    text: ClassVar[Kind] = "short"
    rates: ClassVar[tuple[Rate, ...]] = (
        Rate(most=1, within=Seconds(30.0), each=Each.RECIPIENT),
        Rate(most=10, within=Seconds(86_400.0), each=Each.RECIPIENT),
    )
    heard_answer: ClassVar[bytes] = tencent_receipts.ANSWER
    polls: ClassVar[bool] = True

    sdk_app_id: str = field(metadata={"doc": "the SMS application's SDK AppID: 1400…"})
    sign_name: str = field(metadata={"doc": "the approved signature, without 【】"})
    template_params: list[Template] = field(
        default_factory=list,
        metadata={
            "doc": "the template's variables {1}, {2}, … in their order: each a Jinja template that sees `alert`, "
            "`notice`, `message`, `what`, `where`, `value`, `brief` and the others of docs/hearing/templates.md"
        },
    )
    max_param: int = field(
        default=tencent_variables.FEWEST,
        metadata={
            "doc": "most characters of one variable: six for accounts opened after 2024-01-25, more for older ones",
            "least": 1,
            "most": MOST_PARAM,
        },
    )

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        if not 1 <= self.max_param <= MOST_PARAM:
            raise ValueError(f"max_param is {self.max_param}; it must be 1 to {MOST_PARAM}")
        for name in self.needed():
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        try:
            self.gateway()
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None

    def needed(self) -> Sequence[str]:
        """The settings that may not be empty."""
        raise NotImplementedError

    def gateway(self) -> Gateway:
        """The account at its endpoint, always the same one."""
        raise NotImplementedError

    def send(self, message: Message) -> Acceptance:
        """Submit, in one request for the numbers of mainland China and another for foreign ones: no request takes both.

        What is refused for our clock or for the text goes once more, by their clock or with shorter variables,
        within the same time, and only to the numbers for which it was refused.
        """
        until = self.clock.monotonic() + self.timeout
        params, warnings = tencent_variables.rendered(self.template_params, message, self.max_param)
        phones = {one.address: phone.read(one.address) for one in message.recipients}
        statuses: dict[Phone, Status] = {}
        shortened = False
        for group in _groups(one for one in phones.values() if one is not None):
            found, again = self._submitted(group, params, message, until)
            statuses |= found
            shortened = shortened or again
        ids, errors = {}, {}
        for recipient in message.recipients:
            number = phones[recipient.address]
            error = _no_number(recipient.name, recipient.address) if number is None else statuses[number].error
            if error is not None:
                errors[recipient.address] = error
            elif number is not None:
                ids[recipient.address] = statuses[number].provider_id
        different = list({id(error): error for error in errors.values()}.values())
        if not ids and len(different) == 1:
            raise different[0]
        detail = "sent with shorter variables" if shortened else "accepted"
        lone = next(iter(ids.values())) if len(phones) == len(ids) == 1 else ""
        return Acceptance(provider_id=lone, detail=detail, warnings=tuple(warnings), ids=ids, errors=errors)

    def heard(self, body: bytes) -> list[Report]:
        """Read a callback's body; ValueError when it is none of Tencent's."""
        return tencent_receipts.parsed(body)

    def known_as(self, address: str) -> str:
        """What the delivery reports call this number."""
        number = phone.read(address)
        return address if number is None else number.address

    def close(self) -> None:
        """Let go of kept-alive connections."""
        self.gateway().close()

    def _submitted(
        self, phones: list[Phone], params: list[str], message: Message, until: float
    ) -> tuple[dict[Phone, Status], bool]:
        """What became of each number, with every cure tried once; and whether some got shorter variables."""
        statuses: dict[Phone, Status] = {}
        tried: set[Cure] = set()
        now: float | None = None
        while True:
            try:
                answered, theirs = self.gateway().submit(phones, params, message.out_id[:LONGEST_SESSION], until, now)
            except SendError as error:
                return statuses | dict.fromkeys(phones, Status(code=error.code, error=error)), False
            statuses |= dict(zip(phones, answered, strict=True))
            cures = {one: tencent_codes.cure(statuses[one].code) for one in phones}
            cure = next((one for one in cures.values() if one is not None and one not in tried), None)
            if cure is None:
                taken = any(statuses[one].error is None for one in phones)
                return statuses, taken and Cure.REWRITE in tried
            tried.add(cure)
            phones = [one for one in phones if cures[one] is cure]
            if cure is Cure.RESIGN:
                now = theirs
            else:
                params = tencent_variables.shorter(params, message.alert.code, self.max_param)

    def _since(self, sent_at: float) -> float:
        """From when to ask about a message."""
        return max(sent_at - SLACK, self.clock.now() - KEPT + SLACK)


def _groups(phones: Iterator[Phone]) -> Iterator[list[Phone]]:
    """Each number once, those of mainland China by themselves."""
    ordered = list(dict.fromkeys(phones))
    for ours in (True, False):
        group = [one for one in ordered if one.is_mainland is ours]
        for first in range(0, len(group), MOST_NUMBERS):
            yield group[first : first + MOST_NUMBERS]


def _no_number(name: str, address: str) -> SendError:
    said = (
        f"{name or 'somebody'}'s number {phone.masked(address)} is neither a mobile number of mainland China nor a "
        "foreign one with its + and country code"
    )
    return SendRefused(said, code="number", scope=Scope.RECIPIENT)
