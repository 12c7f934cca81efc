"""What a source said: the one value that every handler, probe and self-check produces."""

import hashlib
from enum import StrEnum

import msgspec

MAX_TITLE = 300
MAX_TEXT = 8_000
MAX_KEY = 512
MAX_LABELS = 64
MAX_LABEL_NAME = 128
MAX_LABEL_VALUE = 1_000
MAX_LINKS = 16
MAX_LINK = 2_000
EARLIEST = 946_684_800.0  # 2000-01-01: older stamps are a sender's zero value, not a time
OWN = "tocsin"  # the source of alarms about tocsin itself
PROBE = "probe"  # the source of the probes' alarms
RULES = "rules"  # the source of the alarms of threshold rules
API = "prometheus"  # the source of what comes over Alertmanager's API
ERRORS = "errors"  # the source of alarms about errors that applications report
SYSLOG = "syslog"  # the source of lines that are alarms
RESERVED = {  # sources that are ours alone
    OWN: "tocsin's alarms about itself",
    PROBE: "the probes' alarms",
    RULES: "the alarms of threshold rules",
    API: "what comes over Alertmanager's API",
    ERRORS: "the errors that applications report",
}
FUTURE = 86_400.0  # a sender's clock may be wrong, but not by more than a day
FOREVER = 10 * 365 * 86_400.0  # an alarm that is to fire for longer than that is to fire until it is ended
JOINER = "\u200d"  # glues emoji together: family, flags of professions; the one unprintable character that stays


class State(StrEnum):
    """Is the problem there, or over?"""

    FIRING = "firing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    """How bad, worst first."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def urgency(self) -> int:
        """0 is the most urgent: what the outbox sorts by."""
        return _URGENCY[self]


_URGENCY = {severity: rank for rank, severity in enumerate(Severity)}


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a source said about one problem.

    `key` is the problem's identity inside the source; where the source has none, leave it empty and the
    label set identifies it. Times are seconds since the epoch, None where the source did not say. What fires until
    an instant is over then by itself, unless it is heard of again. `annotations` are kept as the source wrote them;
    what people are told stands in title, text and links.
    """

    source: str
    key: str = ""
    state: State = State.FIRING
    severity: Severity = Severity.ERROR
    title: str
    text: str = ""
    labels: dict[str, str] = {}
    links: dict[str, str] = {}  # what it shows -> URL
    started_at: float | None = None
    ended_at: float | None = None
    fires_until: float | None = None
    unless_heard_by: float | None = None  # fires from then on, unless it is heard of again before
    annotations: dict[str, str] = {}

    def identity(self) -> str:
        """What names the problem inside its source: the key, else a digest of the label set."""
        if self.key:
            return self.key
        digest = hashlib.blake2b(digest_size=16)
        for name in sorted(self.labels):
            digest.update(f"\xff{name}\xff{self.labels[name]}".encode("utf-8", "surrogatepass"))
        return f"labels:{digest.hexdigest()}"

    def fingerprint(self) -> str:
        """Name the problem among all: 32 hex digits over source and identity (BLAKE2b-128)."""
        return hashlib.blake2b(f"{self.source}\0{self.identity()}".encode(), digest_size=16).hexdigest()


def cleaned(event: Event, now: float) -> Event:
    """Bring any event within bounds: lengths, control characters, impossible times. Never raises.

    Single-line fields lose line breaks and control characters; what is too long ends in an ellipsis; a key
    or label value that is too long keeps its identity by ending in a digest of the whole.
    """
    labels = event.labels
    if len(labels) > MAX_LABELS:
        labels = dict(list(labels.items())[:MAX_LABELS])
    links = event.links
    if len(links) > MAX_LINKS:
        links = dict(list(links.items())[:MAX_LINKS])
    annotations = event.annotations
    if len(annotations) > MAX_LABELS:
        annotations = dict(list(annotations.items())[:MAX_LABELS])
    return Event(
        source=_line(event.source, MAX_LABEL_NAME),
        key=_identity(event.key, MAX_KEY),
        state=event.state,
        severity=event.severity,
        title=_line(event.title, MAX_TITLE) or "(no title)",
        text=_text(event.text, MAX_TEXT),
        labels={_line(name, MAX_LABEL_NAME): _identity(value, MAX_LABEL_VALUE) for name, value in labels.items()},
        links={
            _line(name, MAX_LABEL_NAME): _line(url, MAX_LINK)
            for name, url in links.items()
            if url.startswith(("http://", "https://"))
        },
        started_at=_time(event.started_at, now),
        ended_at=_time(event.ended_at, now),
        fires_until=None if event.fires_until is None else min(event.fires_until, now + FOREVER),
        unless_heard_by=None if event.unless_heard_by is None else min(event.unless_heard_by, now + FOREVER),
        annotations={_line(name, MAX_LABEL_NAME): _text(value, MAX_TEXT) for name, value in annotations.items()},
    )


def _line(text: str, limit: int) -> str:
    """Make one printable line of at most `limit` characters."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c == JOINER else " " for c in text[: 4 * limit]).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _text(text: str, limit: int) -> str:
    """Keep line breaks and tabs, drop other control characters, cut at `limit` characters."""
    if not text.isprintable():
        text = "".join(
            c if c.isprintable() or c in f"\n\t{JOINER}" else " " for c in text[: 4 * limit].replace("\r\n", "\n")
        )
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _identity(text: str, limit: int) -> str:
    """Cut like a line, but two different long texts stay different."""
    if len(text) <= limit and text.isprintable():
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{_line(text, limit - 20)} #{digest}" if len(text) > limit else _line(text, limit)


def _time(stamp: float | None, now: float) -> float | None:
    """Refuse what no clock could mean: before 2000, more than a day ahead, not a number."""
    return stamp if stamp is not None and EARLIEST <= stamp <= now + FUTURE else None
