"""When to leave a failing channel alone, and when to try it again."""

from enum import StrEnum

import msgspec

from daemon.errors import Scope, SendError, SendFailed, SendRefused, SendWait
from daemon.notice import Acceptance

IN_A_ROW = 5
FIRST_PAUSE = 10.0
LONGEST_PAUSE = 300.0


class State(StrEnum):
    """How much may be sent."""

    CLOSED = "closed"  # everything
    OPEN = "open"  # nothing until the pause is over, then one trial
    HALF_OPEN = "half-open"  # the trial is under way


class Why(StrEnum):
    """Why it opened."""

    FAILURES = "several failures in a row"
    REFUSED = "the provider refuses everything on this channel"
    TRIAL = "the trial after a pause failed too"


class Crashed(SendFailed):
    """A try that ended in a bug of ours: it says nothing about the provider."""


class Unasked(SendFailed):
    """Nothing was sent: it may have arrived, and the provider could not be asked. Other messages may well go."""


class Breaker(msgspec.Struct, frozen=True, kw_only=True):
    """One channel's breaker. Times are monotonic seconds; every change is a new value.

    `epoch` steps when it opens, closes or makes a trial. What ends in another epoch than it began in is old news:
    a late failure is not the trial's, nor one of the channel that works again.
    """

    state: State = State.CLOSED
    epoch: int = 0
    failures: int = 0  # in a row
    pause: float = 0.0
    until: float = 0.0
    why: Why | None = None
    detail: str = ""

    @property
    def shut(self) -> bool:
        """Whether the channel counts as broken."""
        return self.state is not State.CLOSED

    @property
    def reason(self) -> str:
        """Why it is not closed, for people; empty when it is."""
        return f"{self.why}: {self.detail}" if self.why else ""

    def may_try(self, now: float) -> bool:
        """Whether the pause is over and one trial may go."""
        return self.state is State.OPEN and now >= self.until

    def tried(self) -> "Breaker":
        """The trial is sent."""
        return msgspec.structs.replace(self, state=State.HALF_OPEN, epoch=self.epoch + 1)

    def succeeded(self) -> "Breaker":
        """The provider did what it is for: whatever was wrong is over."""
        return Breaker(epoch=self.epoch + self.shut) if self.failures or self.shut else self

    def undecided(self) -> "Breaker":
        """A try ended that says nothing about the provider; a trial may be made again at once."""
        return msgspec.structs.replace(self, state=State.OPEN) if self.state is State.HALF_OPEN else self

    def failed(self, now: float, detail: str) -> "Breaker":
        """One more failure; while it is open nothing more is to be learnt from one."""
        match self.state:
            case State.OPEN:
                return self
            case State.HALF_OPEN:
                return self._opened(now, Why.TRIAL, detail)
        if self.failures + 1 < IN_A_ROW:
            return msgspec.structs.replace(self, failures=self.failures + 1)
        return self._opened(now, Why.FAILURES, detail)

    def refused(self, now: float, detail: str) -> "Breaker":
        """The provider refused the channel as such: one is enough."""
        return self if self.state is State.OPEN else self._opened(now, Why.REFUSED, detail)

    def _opened(self, now: float, why: Why, detail: str) -> "Breaker":
        pause = min(LONGEST_PAUSE, self.pause * 2) if self.pause else FIRST_PAUSE
        return Breaker(
            state=State.OPEN,
            epoch=self.epoch + 1,
            failures=self.failures + 1,
            pause=pause,
            until=now + pause,
            why=why,
            detail=detail,
        )


CLOSED = Breaker()


def after(breaker: Breaker, outcome: Acceptance | SendError, now: float, epoch: int) -> Breaker:
    """What one try tells about the channel; `epoch` is the breaker's when the try began."""
    match outcome:
        # it answered, if only that it will not have this one
        case Acceptance() | SendRefused(scope=Scope.MESSAGE | Scope.RECIPIENT):
            return breaker.succeeded()
        case SendWait():  # it is well but busy
            return breaker.succeeded() if breaker.shut else breaker
    if epoch != breaker.epoch:
        return breaker
    match outcome:
        case Crashed() | Unasked():
            return breaker.undecided()
        case SendRefused():
            return breaker.refused(now, str(outcome))
    return breaker.failed(now, str(outcome))
