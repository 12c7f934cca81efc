"""What Tencent Cloud said about each number of a request, whichever of its two APIs said it."""

import email.utils
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from daemon.clock import Clock
from daemon.errors import SendError, SendFailed
from daemon.senders import tencent_codes
from daemon.senders.api import Api
from daemon.senders.http import Answer
from daemon.senders.phone import Phone

UNNAMED = "no-status"  # our own code for a number that an answer passes over


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the message to one number. Numbers that share an `error` share its cause."""

    code: str
    provider_id: str = ""
    error: SendError | None = None  # None: it was taken


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One number's line in an answer, not yet judged."""

    phone: Phone | None
    code: str
    words: str
    provider_id: str


class Gateway(Protocol):
    """One account at one of the two APIs."""

    def submit(
        self, phones: Sequence[Phone], params: Sequence[str], session: str, until: float, now: float | None = None
    ) -> tuple[list[Status], float]:
        """Ask once, to be done by `until` (monotonic); return a status for each number and their own time.

        The numbers are all of mainland China or all of elsewhere, 200 at most. `now` signs by another time than ours.
        SendError when no answer of the API comes back.
        """

    def close(self) -> None:
        """Let go of kept-alive connections."""


def judged(api: Api[Any], code: str, words: str, answer: Answer, now: float) -> SendError | None:
    """What a code means; None when it means taken."""
    try:
        api.check(code, words, answer, tencent_codes.seconds(code, now))
    except SendError as error:
        return error
    return None


def of_all(phones: Sequence[Phone], code: str, error: SendError) -> list[Status]:
    """One error for the whole request."""
    return [Status(code=code, error=error)] * len(phones)


def of_each(phones: Sequence[Phone], said: Sequence[Said], api: Api[Any], answer: Answer, now: float) -> list[Status]:
    """Find each number's own line. A number that has none may have been served all the same."""
    lines = _by_phone(phones, said)
    found = []
    for one in phones:
        line = lines.get(one)
        if line is None:
            what = f"{api.client.shown} answered without a word about one of the numbers"
            found.append(Status(code=UNNAMED, error=SendFailed(what, code=UNNAMED, ambiguous=True)))
        else:
            error = judged(api, line.code, line.words, answer, now)
            found.append(Status(code=line.code, provider_id=line.provider_id, error=error))
    return found


def _by_phone(phones: Sequence[Phone], said: Iterable[Said]) -> Mapping[Phone, Said]:
    lines = list(said)
    if len(phones) == len(lines) == 1:  # however it writes the number
        return {phones[0]: lines[0]}
    return {line.phone: line for line in lines if line.phone is not None}


def their_time(answer: Answer, clock: Clock) -> float:
    """The server's clock, by its Date header; ours where it has none."""
    try:
        return email.utils.parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return clock.now()
