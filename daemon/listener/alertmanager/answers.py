"""What this API answers: JSON, and Alertmanager's two shapes of a refusal."""

import functools
from typing import Any, NoReturn

import msgspec

from daemon.errors import TocsinError
from daemon.listener.exchange import Answer

DOOR = "api"
MISSING, TOO_FEW, NO_SUCH_TYPE = 602, 612, 601  # what go-openapi calls them, beside the status 422
UNPROCESSABLE = 422
_LONGEST = 2_000  # characters of a reason, which may quote what a stranger sent

Headers = tuple[tuple[str, str], ...]

_encode = msgspec.json.Encoder().encode
NO_STORE: Headers = (("Cache-Control", "no-store"),)


class Refused(TocsinError):
    """A request that is answered with a reason."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(reason(answer))
        self.answer = answer


def given(value: Any) -> Answer:
    """A result."""
    return whole(_encode(value))


def whole(body: bytes) -> Answer:
    """A result that is encoded already."""
    return Answer(body=body + b"\n", headers=NO_STORE, door=DOOR)


def done() -> Answer:
    """Done, and nothing to say."""
    return Answer(headers=NO_STORE, door=DOOR)


def nowhere() -> Answer:
    """There is no such thing, and nothing else to say."""
    return Answer(status=404, headers=NO_STORE, door=DOOR)


def problem(status: int, message: str, *, code: int = 0, headers: Headers = ()) -> Answer:
    """Refuse what does not have the form that the API asks for."""
    said = {"code": code or status, "message": _plain(message)}
    return Answer(status=status, body=_encode(said), headers=(*NO_STORE, *headers), door=DOOR)


def sentence(status: int, text: str, *, headers: Headers = ()) -> Answer:
    """Refuse what has the form, but cannot be done."""
    return Answer(status=status, body=_encode(_plain(text)) + b"\n", headers=(*NO_STORE, *headers), door=DOOR)


def reason(answer: Answer) -> str:
    """What such an answer says."""
    said = msgspec.json.decode(answer.body)
    return str(said["message"] if isinstance(said, dict) else said)


def refuse(status: int, message: str, *, code: int = 0) -> NoReturn:
    """Stop here with a problem."""
    raise Refused(problem(status, message, code=code))


missing = functools.partial(refuse, UNPROCESSABLE, code=MISSING)


def _plain(text: str) -> str:
    """Bound it, and make sure that it can be encoded."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()
