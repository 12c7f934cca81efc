"""Calls to a provider that answers in JSON: the code in the body decides, not the HTTP status."""

from collections.abc import Mapping
from typing import Any, Generic, NoReturn, TypeVar

import msgspec

from daemon.declared import Answers
from daemon.errors import Scope, SendFailed, SendWait
from daemon.senders.http import MAX_BODY, Answer, Client

JSON: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"}

T = TypeVar("T")

_OK, _REDIRECT = 200, 300

_encode = msgspec.json.Encoder().encode


class Api(Generic[T]):
    """One provider: its codes, and the shape of its answers."""

    def __init__(self, client: Client, answers: Answers, reply: type[T]) -> None:
        self.client = client
        self._answers = answers
        self._decode = msgspec.json.Decoder(reply).decode

    def ask(
        self,
        target: str,
        body: bytes,
        headers: Mapping[str, str] = JSON,
        within: float | None = None,
        method: str = "POST",
    ) -> tuple[T, Answer]:
        """Ask once; return what was answered, whatever the HTTP status, as long as it has the shape of an answer.

        Raises SendError where it has not: by its status, and where that says yes, failed for now: it may have arrived.
        """
        answer = self.client.exchange(target, body, headers, within, method)
        try:
            return self._decode(answer.body), answer
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._not_the_api(answer)

    def check(self, code: str, words: str, answer: Answer, seconds: float | None = None) -> None:
        """Raise what a code means, unless it means sent; `words` are the provider's own.

        `seconds` is a wait that the body names; without one that of the HTTP answer counts (429, 503 with Retry-After).
        """
        said = f"{self.client.shown} answered {self.client.blotted(f'{code}: {words}' if words else code)}"
        named = self.client.wait(answer) if seconds is None else seconds
        error = self._answers.error(code, said, named)
        if error is not None:
            raise error
        if answer.status >= _REDIRECT:
            raise SendFailed(f"{said} with status {answer.status}", code=code, ambiguous=True)

    def _not_the_api(self, answer: Answer) -> NoReturn:
        what = f"{self.client.shown} answered {answer.status} with a body that is not the API's"
        wait = self.client.wait(answer)
        if wait is not None:
            raise SendWait(what, seconds=wait, code=str(answer.status), scope=Scope.CHANNEL)
        if not _OK <= answer.status < _REDIRECT:
            self.client.judged(answer)
        cut = " (it is too long)" if len(answer.body) >= MAX_BODY else ""
        raise SendFailed(what + cut, code=str(answer.status), ambiguous=True)


def encoded(payload: Any) -> bytes:
    """Write JSON; what no JSON can carry (half of a surrogate pair) becomes a question mark."""
    try:
        return _encode(payload)
    except UnicodeEncodeError:
        return _encode(encodable(msgspec.to_builtins(payload)))


def encodable(value: Any) -> Any:
    """Replace what UTF-8 cannot express, in keys and values alike."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {encodable(key): encodable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [encodable(one) for one in value]
    return value
