"""One line of statsd, in its plain and its DogStatsD dialect: a number of something.

    name ":" value *( ":" value ) "|" type *( "|" section )

Sections that nobody here knows are passed over, wherever they stand. A line that is none of this is refused with a
reason, of which there are few, so that they can be counted.
"""

from enum import StrEnum
from functools import lru_cache

import msgspec

from daemon.series import key
from daemon.series.key import Kind, Labels

LARGEST = 1e24  # no number of anything; beyond it sums lose their meaning, and in the end are infinite
LONGEST_NUMBER = 64
LONGEST_NAME = 1_000  # bytes; what is kept of it is less
LONGEST_TAIL = 4_096  # bytes of type and sections
MOST_TAGS = 64  # that are looked at; fewer are kept
LEAST_RATE = 1e-9
BARE = "true"  # the value of a tag that is only a word

_OF_THE_CLIENT = b"datadog.dogstatsd.client."  # what clients count of themselves
_MILLISECOND = 0.001


class Reason(StrEnum):
    """Why something was not taken."""

    FORM = "form"  # not `name:value|type`
    NAME = "name"  # no name is left when it is cleaned
    TYPE = "type"  # of no type that there is
    VALUE = "value"  # not a number, or none that means anything
    RATE = "rate"  # a sample rate that is none
    TIME = "time"  # a time that is none
    LONG = "long"  # longer than anybody needs
    EVENT = "event"  # a broken `_e`
    CHECK = "check"  # a broken `_sc`
    FRAME = "frame"  # of a stream: a length that no packet has
    SENDER = "sender"  # not from a network in `statsd.from`


class Refused(Exception):
    """A line that is not taken."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason.value)


class Dialect(msgspec.Struct, frozen=True):
    """What cannot be told from the lines themselves."""

    signs_shift: bool = False  # `g:-3|g` is three less, as in plain statsd; else it is minus three
    milliseconds: bool = True  # `ms` has them; else seconds, as datadog's `timed` sends by default


class Target(msgspec.Struct, frozen=True):
    """What a line's numbers are of, and what they stand for: everything but the numbers."""

    name: str
    kind: Kind
    labels: Labels = ()
    unit: str = ""
    scale: float = 1.0  # from the line's unit to ours
    weight: float = 1.0  # how many of its like each number stands for
    shifts: bool = False  # a sign means so much more or less


_TYPES = {
    b"c": (Kind.COUNTER, "", 1.0),
    b"g": (Kind.GAUGE, "", 1.0),
    b"ms": (Kind.SPREAD, "s", _MILLISECOND),
    b"h": (Kind.SPREAD, "", 1.0),
    b"d": (Kind.SPREAD, "", 1.0),
    b"s": (Kind.SET, "", 1.0),
}
_FLOATS = msgspec.json.Decoder(list[float])
_TO_COMMAS = bytes.maketrans(b"|:", b",,")
_SAMPLED = frozenset((Kind.COUNTER, Kind.SPREAD))


def split(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Cut a line into its name, its values, and the rest. Raises Refused."""
    name, _, rest = line.partition(b":")
    values, bar, tail = rest.partition(b"|")
    if not bar:
        raise Refused(Reason.FORM)
    return name, values, tail


def is_of_the_client(name: bytes) -> bool:
    """Whether a client tells this of itself."""
    return name.startswith(_OF_THE_CLIENT)


def timed(tail: bytes) -> tuple[bytes, float | None]:
    """Take the time out of the sections, if there is one: what is left is the same for many lines. Raises Refused."""
    if b"|T" not in tail:
        return tail, None
    sections = tail.split(b"|")
    left = [one for one in sections if not one.startswith(b"T")]
    (stamp, *_) = [one for one in sections if one.startswith(b"T")]
    digits = stamp[1:].strip()
    if not digits.isdigit() or len(digits) > 12:  # noqa: PLR2004 - 30,000 years
        raise Refused(Reason.TIME)
    return b"|".join(left), float(digits)


def target(name: bytes, tail: bytes, dialect: Dialect, *, has_time: bool = False) -> Target:
    """Read what is around the values. Raises Refused."""
    if len(name) > LONGEST_NAME or len(tail) > LONGEST_TAIL:
        raise Refused(Reason.LONG)
    called = key.name(name.decode("utf-8", "replace"))
    if not called:
        raise Refused(Reason.NAME)
    letters, *sections = tail.split(b"|")
    kind, unit, scale = _TYPES.get(letters.strip(), (None, "", 1.0))
    if kind is None:
        raise Refused(Reason.TYPE)
    weight = 1.0
    labels: Labels = ()
    for section in sections:
        if section.startswith(b"@"):
            weight = _weight(section[1:])
        elif section.startswith(b"#"):
            labels = _labels(section[1:])
    if letters.strip() == b"ms" and not dialect.milliseconds:
        scale = 1.0
    # What has a time of its own was added up by its sender already.
    if kind not in _SAMPLED or (has_time and kind is Kind.COUNTER):
        weight = 1.0
    return Target(called, kind, labels, unit, scale, weight, shifts=kind is Kind.GAUGE and dialect.signs_shift)


@lru_cache(maxsize=1_024)
def _labels(text: bytes) -> Labels:
    """What tags mean: all that a program tells has mostly the same."""
    return key.labels(tags(text))


def tags(text: bytes) -> list[tuple[str, str]]:
    """Read `k:v,k2`: a tag that is only a word is true."""
    found = []
    for tag in text.split(b",", MOST_TAGS)[:MOST_TAGS]:
        name, colon, value = tag.decode("utf-8", "replace").partition(":")
        found.append((name, value if colon else BARE))
    return found


def number(text: bytes) -> float:
    """Read a number that can be added to others. Raises Refused."""
    if len(text) > LONGEST_NUMBER or b"_" in text:  # Python's own way to write thousands
        raise Refused(Reason.VALUE)
    try:
        value = float(text)
    except ValueError:
        raise Refused(Reason.VALUE) from None
    if not -LARGEST < value < LARGEST:  # neither is what is not a number
        raise Refused(Reason.VALUE)
    return value


def numbers(texts: bytes) -> tuple[list[float], int]:
    """Read the values of many lines, with the bar behind each line's; of how many lines they are refused, too.

    A reader of JSON takes a third of the time that `float` does. It has a stricter idea of numbers: what it does not
    take is looked at line by line.
    """
    try:
        values = _FLOATS.decode(b"[%b]" % texts[:-1].translate(_TO_COMMAS))
        least = min(values, default=0.0) if b"-" in texts else 0.0
        if values and b"," not in texts and least > -LARGEST and max(values) < LARGEST:
            return values, 0
    except msgspec.DecodeError:
        pass
    found: list[float] = []
    refused = 0
    for line in texts[:-1].split(b"|"):
        try:
            found += [number(one) for one in line.split(b":")]
        except Refused:
            refused += 1
    return found, refused


def _weight(text: bytes) -> float:
    """How many of its like one number stands for that was sent at this rate."""
    try:
        rate = number(text)
    except Refused:
        raise Refused(Reason.RATE) from None
    if not LEAST_RATE <= rate <= 1:
        raise Refused(Reason.RATE)
    return 1 / rate
