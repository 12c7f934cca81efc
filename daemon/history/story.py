"""The whole story of one failure: what was looked at, what was seen, and what was wanted instead."""

from typing import Any

import msgspec

from daemon.history import phases
from daemon.history.incident import short
from daemon.reading import Health, Reading

EVIDENCE, LONG = 40, 2_000  # pieces of evidence, and characters of one
FAILED = 20  # conditions
VALUE, VALUES = 200, 4_096  # characters of one value, and bytes of all of them
LOUD = 3  # failures of a row of them that are kept in any case
PAUSE = 300_000  # milliseconds after which one more of a long row is kept


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
    """Put it together. Of a body there is what its kind put into the evidence, for that knows what may be shown."""
    reading = reading.told()
    return Story(
        health=reading.health,
        verdict=verdict,
        detail=short(reading.detail),
        took=took,
        target=short(target),
        phases=phases.as_seconds(phases.unpacked(phases.packed(reading.phases))),
        values={short(name): _cut(value) for name, value in reading.values.items()},
        evidence={short(name): _long(text) for name, text in list(reading.evidence.items())[:EVIDENCE]},
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


def _cut(value: Any) -> Any:
    return short(value)[:VALUE] if isinstance(value, str) else value


def _long(text: str) -> str:
    return text[:LONG].encode("utf-8", "replace").decode()
