"""Bodies that are compressed: what is answered when one cannot be expanded, and who takes one."""

from daemon.listener.exchange import Refusal, Request
from daemon.payload import coding
from daemon.payload.coding import CodingError, Why

_REFUSALS = {
    Why.TOO_LARGE: (413, "too_large"),
    Why.DAMAGED: (422, "unusable_body"),
    Why.STRANGE: (415, "unsupported_encoding"),
}


def expanded(body: bytes, named: str, limit: int) -> bytes | Refusal:
    """Undo the Content-Encoding of that name: the plain body, or why it cannot be had."""
    try:
        return coding.expanded(body, named, limit)
    except CodingError as error:
        status, word = _REFUSALS[error.why]
        return Refusal(status, word, str(error))


def takes_gzip(request: Request) -> bool:
    """Whether whoever asks takes his answer packed."""
    for one in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, quality = one.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
