"""JSON-RPC 2.0 over the table: one request or batch in, one answer out, whatever the bytes hold."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from daemon import telemetry
from daemon.errors import MethodError, StoreUnavailable, TocsinError
from daemon.methods.table import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NOT_ALLOWED,
    NOT_FOUND,
    OVERLOADED,
    PARSE_ERROR,
    REFUSED,
    UNAVAILABLE,
    Caller,
    Table,
)

log = logging.getLogger("tocsin.methods")

MAX_BATCH = 100
MAX_ID = 200  # characters of a request's id that are echoed
MAX_ID_BITS = 64  # of a number: JSON could carry more, many clients could not read it back
MAX_RESULT = 4 * 1024**2

_NAMES = {
    PARSE_ERROR: "parse_error",
    INVALID_REQUEST: "invalid_request",
    METHOD_NOT_FOUND: "no_such_method",
    INVALID_PARAMS: "invalid_params",
    INTERNAL_ERROR: "internal_error",
    NOT_ALLOWED: "not_allowed",
    OVERLOADED: "overloaded",
    UNAVAILABLE: "unavailable",
    NOT_FOUND: "not_found",
    REFUSED: "refused",
}

_encode = msgspec.json.Encoder(order=None).encode

Answer = tuple[bytes, bool]  # the answer, and whether it is final: not "try again"


class Remembers(Protocol):
    """Keeps the first answer to a request that changes something, for the client that repeats it."""

    def once(self, client: str, request_id: str, digest: bytes, work: Callable[[], Answer]) -> bytes:
        """Do the work, or return what it answered when the same request of the same client came before."""


class _Request(msgspec.Struct, frozen=True):
    """A well-formed request. `answered` is false for a notification."""

    method: str
    params: Mapping[str, Any] | list[Any]
    id: str | int | float | None
    answered: bool


def answer(table: Table, raw: bytes, caller: Caller, memory: Remembers | None = None) -> bytes | None:
    """Answer a request or a batch; None when there is nothing to say (notifications only). Never raises."""
    try:
        body = _decoded(raw)
    except MethodError as error:
        return _failure(None, error)
    if not isinstance(body, list):
        return _answer_one(table, body, caller, memory)
    if not 0 < len(body) <= MAX_BATCH:
        what = "is empty" if not body else f"holds {len(body)} requests; at most {MAX_BATCH} are taken"
        return _failure(None, MethodError(f"the batch {what}", code=INVALID_REQUEST))
    answers = [said for one in body if (said := _answer_one(table, one, caller, memory)) is not None]
    return b"[" + b",".join(answers) + b"]" if answers else None


def refuse(raw: bytes, code: int, text: str) -> bytes | None:
    """Answer every request in `raw` with the same error, without looking at what they ask."""
    error = MethodError(text, code=code)
    try:
        body = _decoded(raw)
    except MethodError:
        return _failure(None, error)
    if not isinstance(body, list) or not body:
        return _refused(body, error)
    answers = [said for one in body[:MAX_BATCH] if (said := _refused(one, error)) is not None]
    return b"[" + b",".join(answers) + b"]" if answers else None


def given_up(patience: float) -> MethodError:
    """What a door answers to a request that took longer than this many seconds."""
    return MethodError(
        f"it took longer than {patience:g} s and was given up; it may still take effect", code=UNAVAILABLE
    )


def _refused(body: Any, error: MethodError) -> bytes | None:
    said = _failure(_id(body), error)  # counted also where nobody waits for an answer
    return None if isinstance(body, dict) and "method" in body and "id" not in body else said


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except RecursionError as error:
        raise MethodError("the JSON is nested too deeply", code=PARSE_ERROR) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MethodError(f"not valid JSON: {error}", code=PARSE_ERROR) from error


def _answer_one(table: Table, body: Any, caller: Caller, memory: Remembers | None) -> bytes | None:
    """Answer one request; None for a notification, which is carried out all the same."""
    try:
        request = _request(body)
    except MethodError as error:
        return _failure(_id(body), error)
    if memory is None or request.id is None or not _changes_something(table, request.method, caller):
        said, _ = _carried_out(table, request, caller)
    else:
        # The digest is over the parsed body, so that another order of white space is still the same request.
        digest = hashlib.blake2b(_encode(body), digest_size=16).digest()
        said = memory.once(caller.identity, repr(request.id), digest, lambda: _carried_out(table, request, caller))
    return said if request.answered else None


def _changes_something(table: Table, name: str, caller: Caller) -> bool:
    """Whether a repeat must not do it twice. A caller without the right is refused anew, whatever was answered once."""
    method = table.find(name)
    return method is not None and method.right not in ("read", "look") and method.right in caller.may


def _carried_out(table: Table, request: _Request, caller: Caller) -> Answer:
    """Call the method and write down what came of it."""
    try:
        result = _bounded(_encode(table.call(request.method, request.params, caller)), request.method)
    except MethodError as error:
        failure = error
    except StoreUnavailable as error:
        failure = MethodError(f"the store cannot be used at the moment: {error}", code=UNAVAILABLE)
    except TocsinError as error:
        failure = MethodError(str(error), code=REFUSED)
    except Exception:  # one broken method must not close the door; the log has all of it
        log.exception("%s, asked by %s, failed", request.method, caller.name)
        failure = MethodError("internal error; the daemon's log tells more", code=INTERNAL_ERROR)
    else:
        telemetry.rpc_calls.labels(request.method, "ok").inc()
        if _changes_something(table, request.method, caller):  # the parameters may be private and stay out of it
            log.info("%s did %s", caller.name, request.method)
        return b'{"jsonrpc":"2.0","result":' + result + b',"id":' + _encode(request.id) + b"}", True
    known = request.method if table.find(request.method) else "unknown"
    return _failure(request.id, failure, known), failure.code not in (UNAVAILABLE, OVERLOADED)


def _bounded(result: bytes, method: str) -> bytes:
    if len(result) > MAX_RESULT:
        raise MethodError(
            f"the answer of {method} has {len(result)} bytes, more than {MAX_RESULT}: ask for less at once (limit)",
            code=REFUSED,
        )
    return result


def _request(body: Any) -> _Request:
    """Check the envelope. Raises MethodError."""
    if not isinstance(body, dict):
        raise MethodError("a request is a JSON object", code=INVALID_REQUEST)
    if body.get("jsonrpc") != "2.0":
        raise MethodError('a request says "jsonrpc": "2.0"', code=INVALID_REQUEST)
    method, params = body.get("method"), body.get("params", {})
    if not isinstance(method, str):
        raise MethodError('a request names its "method"', code=INVALID_REQUEST)
    if not isinstance(params, dict | list):
        raise MethodError('"params" is an object or an array', code=INVALID_REQUEST)
    if "id" in body and _id(body) is None and body["id"] is not None:
        raise MethodError(f'"id" is a number or a text of at most {MAX_ID} characters', code=INVALID_REQUEST)
    return _Request(method=method, params=params, id=_id(body), answered="id" in body)


def _id(body: Any) -> str | int | float | None:
    """Read the id as far as it can be echoed."""
    found = body.get("id") if isinstance(body, dict) else None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    if isinstance(found, int) and found.bit_length() > MAX_ID_BITS:
        return None
    return None if isinstance(found, str) and len(found) > MAX_ID else found


def _failure(request_id: str | float | None, error: MethodError, method: str = "unknown") -> bytes:
    said: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.data is not None:
        said["data"] = error.data
    telemetry.rpc_calls.labels(method, _NAMES.get(error.code, "error")).inc()
    return _encode({"jsonrpc": "2.0", "error": said, "id": request_id})
