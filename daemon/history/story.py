"""The whole story of one failure: what was looked at, what was seen, and what was wanted instead."""

from typing import Any

import msgspec

from daemon.history.incident import short
from daemon.reading import Health, Reading
from daemon.secret import redact_text

BODY = 1_024  # bytes of a body
EVIDENCE, LONG = 40, 2_000  # pieces of evidence, and characters of one
FAILED = 20  # conditions
VALUES = 4_096  # bytes of all values
LOUD = 3  # failures of a row of them that are kept in any case
PAUSE = 300_000  # milliseconds after which one more of a long row is kept

_BODY = "body"


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One failure. Phases are seconds; what was not reached is absent."""

    health: Health
    verdict: Health  # of the probe, after it
    detail: str
    took: float
    target: str
    phases: dict[str, float] = {}
    values: dict[str, Any] = {}
    evidence: dict[str, str] = {}  # the address, the certificate, who else looked, the first bytes of the body
    failed: tuple[str, ...] = ()


_encode = msgspec.json.Encoder(enc_hook=str).encode
_decode = msgspec.json.Decoder(Story).decode


def of(reading: Reading, verdict: Health, target: str, took: float) -> Story:
    """Put it together. A body is in the evidence already where its kind knows what may be shown of it."""
    evidence = {short(name): _long(text) for name, text in list(reading.evidence.items())[:EVIDENCE]}
    if reading.body and _BODY not in evidence:
        evidence[_BODY] = _long(redact_text(bytes(reading.body[:BODY]).decode("utf-8", "replace")))
    return Story(
        health=reading.health,
        verdict=verdict,
        detail=short(reading.detail),
        took=took,
        target=short(target),
        phases=reading.phases,
        values=reading.values,
        evidence=evidence,
        failed=tuple(short(one) for one in reading.failed[:FAILED]),
    )


def packed(story: Story) -> bytes:
    """Write it. Values that are too many, or that nobody could read, are left out."""
    for values in (story.values, {}):
        try:
            if len(_encode(values)) <= VALUES:
                return _encode(msgspec.structs.replace(story, values=values))
        except (TypeError, ValueError, OverflowError, RecursionError):
            continue
    return _encode(msgspec.structs.replace(story, values={}, phases={}))


def unpacked(blob: bytes) -> Story:
    """Read what `packed` wrote; ValueError for anything else."""
    return _decode(blob)


def _long(text: str) -> str:
    return text[:LONG].encode("utf-8", "replace").decode()
