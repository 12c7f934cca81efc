"""What a channel declares of itself: how much fits, how often it may be used, what its provider's codes mean.

From these come throttling, shortening, the sorting of answers, `channels.schema` and the tables of docs/channels/.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.units import Seconds

__all__ = ["Answers", "Code", "Each", "Outcome", "Rate", "failed", "refused", "sent", "wait"]

FAMILY = "*"  # at the end of a code: all that begin like this


class Outcome(StrEnum):
    """What an answer means for the message."""

    SENT = "sent"
    WAIT = "wait"  # the provider is well, but not now
    FAILED = "failed"  # for now
    REFUSED = "refused"  # for good


class Each(StrEnum):
    """What a rate counts."""

    CHANNEL = "channel"  # all requests of the channel
    RECIPIENT = "recipient"  # the messages to each address


@dataclass(frozen=True, kw_only=True)
class Rate:
    """At most so many within any stretch of so many seconds."""

    most: int = field(metadata={"doc": "how many", "least": 1, "most": 1_000_000})
    within: Seconds = field(metadata={"doc": "in any stretch of this length", "least": 0.1, "most": 31 * 86_400})
    each: Each = field(default=Each.CHANNEL, metadata={"doc": "counted for the whole channel, or for each recipient"})


@dataclass(frozen=True, kw_only=True)
class Code:
    """What some of a provider's codes mean; one that ends in `*` stands for all that begin like it."""

    codes: tuple[str, ...]
    outcome: Outcome
    means: str  # for people
    scope: Scope = Scope.MESSAGE
    seconds: float = 0.0  # how long to wait where the answer does not say
    ambiguous: bool = False  # it may have arrived all the same


class Answers:
    """A provider's codes. One that nobody knows is `otherwise`: failed for now, if nothing else is said."""

    def __init__(self, *codes: Code, otherwise: Code | None = None) -> None:
        """Take the table; a code that stands in it twice is a ValueError."""
        self._otherwise = otherwise or failed(means="anything else")
        self._codes = codes
        self._exact: dict[str, Code] = {}
        self._families: list[tuple[str, Code]] = []
        for one in codes:
            for code in one.codes:
                if code in self._exact:
                    raise ValueError(f"the code {code} stands twice")
                if code.endswith(FAMILY):
                    self._families.append((code.removesuffix(FAMILY), one))
                else:
                    self._exact[code] = one
        self._families.sort(key=lambda pair: -len(pair[0]))

    def __iter__(self) -> Iterator[Code]:
        """Every line of the table, what nobody knows last."""
        return iter((*self._codes, self._otherwise))

    def meaning(self, code: str) -> Code:
        """What this code means."""
        exact = self._exact.get(code)
        return exact or next((one for begin, one in self._families if code.startswith(begin)), self._otherwise)

    def knows(self, code: str) -> bool:
        """Whether the table says what this code means."""
        return self.meaning(code) is not self._otherwise

    def error(self, code: str, said: str, seconds: float | None = None) -> SendError | None:
        """Make the error that a code means, None when the message was taken; `seconds` is the wait that was asked for.

        What is failed for now and comes with such a wait is a wait of the whole channel. Where nothing goes until
        somebody mends it, the error says what the code means: providers say it in a word, or in their own tongue.
        """
        one = self.meaning(code)
        match one.outcome:
            case Outcome.SENT:
                return None
            case Outcome.WAIT:
                return SendWait(said, seconds=one.seconds if seconds is None else seconds, code=code, scope=one.scope)
            case Outcome.REFUSED:
                said = f"{said} ({one.means})" if one.scope is Scope.CHANNEL else said
                return SendRefused(said, code=code, scope=one.scope)
        if seconds is not None:
            return SendWait(said, seconds=seconds, code=code, scope=Scope.CHANNEL)
        return SendFailed(said, code=code, ambiguous=one.ambiguous)


def sent(*codes: str, means: str = "taken") -> Code:
    """The message was taken."""
    return Code(codes=codes, outcome=Outcome.SENT, means=means)


def wait(*codes: str, means: str, seconds: float, scope: Scope = Scope.CHANNEL) -> Code:
    """Not now: so many seconds where the answer does not say how long."""
    return Code(codes=codes, outcome=Outcome.WAIT, means=means, seconds=seconds, scope=scope)


def failed(*codes: str, means: str, ambiguous: bool = False) -> Code:
    """For now."""
    return Code(codes=codes, outcome=Outcome.FAILED, means=means, ambiguous=ambiguous)


def refused(*codes: str, means: str, scope: Scope = Scope.MESSAGE) -> Code:
    """For good; `scope` says what else would be refused."""
    return Code(codes=codes, outcome=Outcome.REFUSED, means=means, scope=scope)


def of_channel(rates: Iterable[Rate], each: Each) -> tuple[Rate, ...]:
    """Those that count this."""
    return tuple(rate for rate in rates if rate.each is each)
