"""The phases of a look as they are kept: whole microseconds, and numbers in place of the names that most kinds use."""

from collections.abc import Mapping

import msgspec

TOTAL = "total"
# In the store a name is its position here: the list only ever grows at its end.
NAMES = (TOTAL, "resolve", "connect", "tls", "first_byte", "download", "starttls", "run")
MOST = 32  # phases of one look
LONGEST_NAME = 40

_NUMBER = {name: number for number, name in enumerate(NAMES)}
_MOST_MICROS = 2**53

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int | str]).decode


def packed(phases: Mapping[str, float]) -> bytes:
    """Write the phases of one look. What is no time is left out: a look that is recorded never fails for it."""
    found: list[int | str] = []
    for name, took in phases.items():
        try:
            time = micros(int(took * 1e6 + 0.5))
        except (TypeError, ValueError, OverflowError):
            continue
        number = _NUMBER.get(name)
        found += (known(name) if number is None else number, time)
    return _encode(found[: 2 * MOST])


def unpacked(blob: bytes) -> dict[str, int]:
    """Read the microseconds of each phase; ValueError for what `packed` did not write."""
    flat = _decode(blob)
    names, times = flat[::2], flat[1::2]
    if len(names) != len(times):
        raise ValueError("a phase without its time")
    return {name_of(name): micros(took) for name, took in zip(names, times, strict=True)}


def flattened(blob: bytes) -> list[int | str]:
    """Read what `packed` wrote as it is: a code, its time, and so on. Whoever adds it up looks whether it is right."""
    try:
        return _decode(blob)
    except ValueError:
        return []


def code(name: str) -> int | str:
    """What stands for a name."""
    return _NUMBER.get(name, name)


def known(name: str) -> str:
    """A name that can be stored, whatever a kind calls its phases."""
    return name.encode("utf-8", "replace").decode()[:LONGEST_NAME]


def name_of(code: int | str) -> str:
    """The name for which it stands; ValueError for a number that no name has."""
    if isinstance(code, str):
        return code
    if not 0 <= code < len(NAMES):
        raise ValueError("a phase that nobody knows")
    return NAMES[code]


def micros(took: int | str) -> int:
    """A time in microseconds; ValueError for what is none."""
    if isinstance(took, str) or not 0 <= took <= _MOST_MICROS:
        raise ValueError("not a time")
    return took


def as_seconds(phases: Mapping[str, int]) -> dict[str, float]:
    """The same in seconds."""
    return {name: took / 1e6 for name, took in phases.items()}
