"""What is answered when a compressed body cannot be expanded."""

from daemon.listener.exchange import Refusal
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
