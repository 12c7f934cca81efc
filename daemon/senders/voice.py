"""Call telephones and read an alarm out, over Aliyun's Voice Messaging Service (Dyvmsapi 2017-05-25)."""

from dataclasses import dataclass, field
from typing import ClassVar, Final

from daemon import fitting
from daemon.declared import Answers, Each, Rate
from daemon.errors import SendRefused
from daemon.notice import Acceptance, Message, in_templates
from daemon.senders import aliyun_codes
from daemon.senders.aliyun import Aliyun, Parameters, Values, a_limit, an_endpoint, number_of
from daemon.senders.aliyun_codes import DAY, HOUR, MINUTE
from daemon.senders.aliyun_gateway import Heard
from daemon.senders.api import encoded
from daemon.senders.base import sender
from daemon.units import Seconds

LONGEST_OUT_ID: Final = 15  # bytes
LONGEST_PARAMS: Final = 249  # characters of all variables together, written as JSON
LONGEST_PARAM: Final = 200


@sender("voice")
@dataclass(frozen=True, kw_only=True)
class Voice(Aliyun):
    """Calls that read an alarm out, over Aliyun's Voice Messaging Service.

    SingleCallByTts calls one number. A yes says that the call will be made, not that somebody took it. The limits
    of one number are the provider's defaults. What it bounds of the text is all variables together, so there is no
    `size`.
    """

    rates: ClassVar[tuple[Rate, ...]] = (
        Rate(most=1, within=Seconds(MINUTE), each=Each.RECIPIENT),
        Rate(most=5, within=Seconds(HOUR), each=Each.RECIPIENT),
        Rate(most=20, within=Seconds(DAY), each=Each.RECIPIENT),
    )
    answers: ClassVar[Answers] = aliyun_codes.VOICE

    show_number: str = field(
        default="", metadata={"doc": "the number that is shown, one of yours; empty for the service's own numbers"}
    )
    play_times: int = field(default=2, metadata={"doc": "how often the text is read", "least": 1, "most": 3})
    volume: int = field(default=100, metadata={"doc": "how loudly", "least": 0, "most": 100})
    speed: int = field(default=0, metadata={"doc": "how fast; 0 is as people talk", "least": -500, "most": 500})
    max_param: int = a_limit(120, LONGEST_PARAM, "most characters of one variable; all together have at most 249")
    endpoint: str = an_endpoint("https://dyvmsapi.aliyuncs.com")

    def __post_init__(self) -> None:
        """Refuse what could not be sent."""
        super().__post_init__()
        for name, least, most in (
            ("max_param", 1, LONGEST_PARAM), ("play_times", 1, 3), ("volume", 0, 100), ("speed", -500, 500)
        ):  # fmt: skip
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be {least} to {most}")
        if not self.show_number.isascii() or not all(c.isalnum() or c == "-" for c in self.show_number):
            raise ValueError("show_number is not a number: write for example 057112345678")
        if len(_written(dict.fromkeys(self.template_params, '"'))) > LONGEST_PARAMS:  # the widest there is in JSON
            raise ValueError(f"template_params has so many variables that {LONGEST_PARAMS} characters do not hold them")

    def send(self, message: Message) -> Acceptance:
        """Have one number called; a refused signature or text is mended and submitted once more, in the same time."""
        if len(message.recipients) != 1:
            raise SendRefused(f"one call is to one number, not to {len(message.recipients)}", code="number")
        recipient = message.recipients[0]
        number = number_of(recipient.name, recipient.address)
        warnings: list[str] = []
        row = self._filled(self.template_params, in_templates(message), warnings)
        until = self._until()

        def ask(rows: list[Values], now: float | None) -> Heard:
            return self._gateway.ask("SingleCallByTts", self._call(message, number, rows[0]), until, now=now)

        heard, rewritten = self._submitted(ask, [row])
        reply = self._gateway.check(heard)
        detail = "the call is made in plainer words" if rewritten else "the call is made"
        return Acceptance(provider_id=reply.call_id or "", detail=detail, warnings=tuple(warnings))

    def _call(self, message: Message, number: str, row: Values) -> Parameters:
        """The id is cut at its beginning, for its end tells one delivery from another."""
        asked = {
            "CalledNumber": number,
            "TtsCode": self.template_code,
            "PlayTimes": str(self.play_times),
            "Volume": str(self.volume),
            "Speed": str(self.speed),
            "OutId": message.out_id[-LONGEST_OUT_ID:],
        }
        if self.show_number:
            asked["CalledShowNumber"] = self.show_number
        return asked | ({"TtsParam": _fitted(row)} if row else {})


def _fitted(row: Values) -> str:
    """Write the variables; as long as they are too long together, the longest of them gives way."""
    written = _written(row)
    while (over := len(written) - LONGEST_PARAMS) > 0:
        longest = max(row, key=lambda name: len(row[name]))
        row = row | {longest: fitting.cut(row[longest], max(1, len(row[longest]) - over))}
        written = _written(row)
    return written


def _written(row: Values) -> str:
    return encoded(row).decode()
