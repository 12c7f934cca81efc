"""What every channel is: settings as fields, one method that sends once."""

from dataclasses import dataclass, field
from typing import ClassVar

from daemon.clock import Clock, SystemClock
from daemon.declared import Answers, Rate
from daemon.fitting import Size
from daemon.handset import Report
from daemon.notice import Acceptance, Message
from daemon.registry import kind as sender
from daemon.texts.built_in import Kind
from daemon.units import Seconds

__all__ = ["Sender", "sender"]


@dataclass(frozen=True, kw_only=True)
class Sender:
    """A way out. A subclass is a frozen, keyword-only dataclass whose fields are its settings.

    `send` tries once and never retries; the courier owns retries, fail-over and the breaker. Fields of type
    `Secret` are secret; everything else may be shown. Instances are shared by many greenlets. A setting that
    cannot be used is a ValueError of the constructor, in a sentence for the operator and without the secret.
    """

    address: ClassVar[str] = ""  # the field of a person that it needs ("phone"), empty for a room
    batch: ClassVar[int] = 1  # how many recipients of the same message fit into one request
    text: ClassVar[Kind] = "long"  # the kind of text that `message.text` is to be
    size: ClassVar[Size | None] = None  # how much text the provider takes; None where it does not say
    rates: ClassVar[tuple[Rate, ...]] = ()  # the provider's own limits, which the courier keeps to
    answers: ClassVar[Answers | None] = None  # the provider's codes; None where the HTTP status is all there is
    knows_after: ClassVar[float] = 0.0  # seconds until `find` finds what was sent; 0 where nobody can be asked
    heard_answer: ClassVar[bytes] = b""  # what is answered when the provider brings receipts; empty: it brings none
    polls: ClassVar[bool] = False  # whether it can be asked for receipts (`reports`)
    clock: ClassVar[Clock] = SystemClock()  # no setting: whoever needs another time says so in a subclass

    timeout: Seconds = field(default=Seconds(10.0), metadata={"doc": "the longest one try may take", "least": 0.05})

    def send(self, message: Message) -> Acceptance:
        """Try once. Returns what the provider answered; raises SendWait, SendFailed or SendRefused."""
        raise NotImplementedError

    def find(self, message: Message, since: float) -> Acceptance | None:
        """Ask the provider whether it took this message (by `out_id`) since then; None if it does not know.

        Called before a try that may have arrived is repeated, `knows_after` seconds after that try. A sender
        whose provider cannot be asked leaves this as it is: None.
        """
        del message, since
        return None

    def heard(self, body: bytes) -> list[Report]:
        """Read the body of the provider's request with receipts; ValueError, in a sentence, when it is none."""
        del body
        raise ValueError("this kind of channel has no receipts")

    def reports(self, provider_id: str, address: str, sent_at: float) -> Report | None:
        """Ask what became of a message that was taken then; None while there is no word. Raises SendError."""
        del provider_id, address, sent_at
        return None

    @property
    def approved_template(self) -> str:
        """The template that its provider approved, where quotas may be counted by it; empty where there is none."""
        return ""

    def known_as(self, address: str) -> str:
        """What the provider's receipts call this address."""
        return address

    def target(self) -> str:
        """Say where it sends to, for people: never with a credential in it."""
        return ""

    def close(self) -> None:
        """Let go of kept-alive connections."""
