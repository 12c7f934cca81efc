"""What the channels over Aliyun share: the account, the signature, a template's variables, a text that is refused."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from daemon import fitting
from daemon.declared import Answers
from daemon.errors import Scope, SendRefused, TemplateError
from daemon.notice import Message
from daemon.secret import Secret
from daemon.senders import aliyun_codes, phone
from daemon.senders.aliyun_codes import Cure
from daemon.senders.aliyun_gateway import Gateway, Heard, Signature
from daemon.senders.base import Sender
from daemon.template import Template
from daemon.texts.built_in import Kind
from daemon.urls import check_url

REWRITTEN = 20  # characters a variable keeps after its text was refused: the oldest templates take no more
NOTHING = "-"  # an empty variable is refused
_READ = 16  # times its limit: so much of a variable's text is looked at

Parameters = Mapping[str, str]
Values = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Aliyun(Sender):
    """An account, and a template that was approved."""

    address: ClassVar[str] = "phone"
    text: ClassVar[Kind] = "short"
    answers: ClassVar[Answers]

    access_key_id: str = field(metadata={"doc": "the AccessKey's id"})
    access_key_secret: Secret = field(metadata={"doc": "the AccessKey's secret"})
    security_token: Secret | None = field(default=None, metadata={"doc": "the token of temporary (STS) credentials"})
    signature: Signature = field(
        default="v3",
        metadata={"doc": "how requests are signed: `v3` (ACS3-HMAC-SHA256), or `rpc` (HMAC-SHA1) for older gateways"},
    )
    template_code: str = field(metadata={"doc": "the approved template"})
    template_params: dict[str, Template] = field(
        default_factory=dict,
        metadata={"doc": "the template's variables: each a Jinja template that sees `alert`, `notice` and `message`"},
    )
    plain: bool = field(
        default=True,
        metadata={"doc": "whether links, addresses and emoji, which are refused, are taken out of variables"},
    )
    max_param: int
    endpoint: str

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        for name in ("access_key_id", "access_key_secret", "template_code"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        if not self.access_key_id.isprintable():
            raise ValueError("access_key_id holds a control character")
        try:
            _ = self._gateway
        except ValueError as error:
            raise ValueError(f"endpoint {error}") from None

    @property
    def approved_template(self) -> str:
        """What quotas of the template count."""
        return self.template_code

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
            signature=self.signature,
            answers=self.answers,
            timeout=self.timeout,
            clock=self.clock,
        )

    def _until(self) -> float:
        return self.clock.monotonic() + self.timeout

    def _submitted(self, ask: Callable[[list[Values], float | None], Heard], rows: list[Values]) -> tuple[Heard, bool]:
        """Submit rows of variables, and, when the text is refused, once more in plainer words; say whether it was."""
        heard = ask(rows, None)
        if aliyun_codes.cure(heard.reply.code) is not Cure.REWRITE:
            return heard, False
        plainer = [{name: self._rewritten(value) for name, value in row.items()} for row in rows]
        return ask(plainer, heard.at), True

    def _filled(self, names: Mapping[str, Template], values: Mapping[str, Any], warnings: list[str]) -> Values:
        """Render variables; one that does not render says what the message is about, and a warning why."""
        filled = {}
        for name, template in names.items():
            try:
                rendered = template.render(values)
            except TemplateError as error:
                warnings.append(f"template_params.{name}: {error}")
                message: Message = values["message"]
                rendered = message.title
            # Only what can be kept is looked at: a title of a megabyte costs no more than one of a line.
            looked_at = rendered[: _READ * self.max_param]
            filled[name] = _fitting(fitting.clean(looked_at) if self.plain else looked_at, self.max_param)
        return filled

    def _rewritten(self, value: str) -> str:
        return _fitting(fitting.plain(value), min(REWRITTEN, self.max_param)).replace(fitting.ELLIPSIS, "")


def number_of(name: str, address: str) -> str:
    """Return the eleven digits of an address; SendRefused, for this person alone, where it is no such number."""
    number = phone.mainland(address)
    if number is None:
        said = f"{name or 'somebody'}'s number {phone.masked(address)} is not a mobile number of mainland China"
        raise SendRefused(said, code="number", scope=Scope.RECIPIENT)
    return number


def a_limit(default: int, most: int, doc: str) -> Any:
    """Make the setting `max_param`."""
    return field(default=default, metadata={"doc": doc, "least": 1, "most": most})


def an_endpoint(default: str) -> Any:
    """Make the setting `endpoint`."""
    doc = "the gateway of your region; http:// is taken too, for tests"
    return field(default=default, metadata={"doc": doc, "check": check_url})


def _fitting(value: str, limit: int) -> str:
    return fitting.cut(fitting.line(value), limit) or NOTHING
