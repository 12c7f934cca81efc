"""Bodies and times as this API takes them; what is wrong with one is said as Alertmanager says it."""

import re
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from daemon.listener.alertmanager.answers import Refused, missing, problem, refuse
from daemon.listener.bodies import expanded
from daemon.listener.exchange import Refusal, Request
from daemon.payload import coding
from daemon.payload.stamps import instant

T = TypeVar("T")

JSON = "application/json"
LATEST = 253_370_764_800.0  # the year 9999: what is said to end then does not end
_TIME = re.compile(r"(\d{4})-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,20})?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_ZERO = "0001-01-01T00:00:00"  # Go's zero time, with or without a fraction
_EPOCH, _ENDLESS = 1970, 9000


def decoded(request: Request, limit: int, decoder: "msgspec.json.Decoder[T]", what: str) -> T:
    """Read the body, or raise Refused. `what` is its name in Alertmanager's description of the API."""
    if not request.body:
        missing(f"{what} in body is required")
    _refuse_media_type(request.headers.get("content-type", ""))
    body = expanded(request.body, request.headers.get(coding.HEADER, ""), limit)
    if isinstance(body, Refusal):
        refuse(body.status, body.detail)
    try:
        return decoder.decode(body.decode("utf-8", "replace"))
    except RecursionError:
        raise Refused(problem(400, f"parsing {what} body failed, because it is nested too deeply")) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused(problem(400, f"parsing {what} body failed, because {error}")) from error


def _refuse_media_type(said: str) -> None:
    media_type = said.partition(";")[0].strip().lower()
    if media_type != JSON:
        if said and not media_type:
            refuse(400, f"parsing Content-Type header from {said!r} failed, because it names no media type")
        refuse(415, f"unsupported media type {media_type or 'application/octet-stream'!r}, only [{JSON}] are allowed")


def moment(text: str | None, what: str) -> float | None:
    """Read a time as seconds since the epoch; none, an empty one and Go's zero time are None. Raises Refused."""
    if not text or text.startswith(_ZERO):
        return None
    match = _TIME.fullmatch(text)
    year = int(match[1]) if match else 0
    found = instant(text)
    if match is None or (found is None and _EPOCH <= year < _ENDLESS):
        refuse(400, f"parsing {what} body failed, because {text[:100]!r} is not a time such as 2006-01-02T15:04:05Z")
    if found is None:
        return 0.0 if year < _EPOCH else LATEST
    return found


def stamp(instant: float) -> str:
    """Write a time as Alertmanager does: UTC, to the millisecond."""
    return datetime.fromtimestamp(min(max(instant, 0.0), LATEST), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
