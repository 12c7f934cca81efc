"""The log: one line for each record, as text or JSON, with the alarm's id from door to handset."""

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Protocol
from urllib.parse import quote, quote_plus

from daemon.errors import ConfigError
from daemon.logfile import LogFile

FIELDS = ("alert", "delivery", "channel", "source", "probe")  # what `extra=` may carry
LONGEST_MESSAGE = 16_000
LONGEST_TRACEBACK = 32_000
HIDDEN = "***"

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_OWN = ("tocsin", "daemon", "handlers")  # the loggers whose debugging is ours to read

# Control characters, line ends of other alphabets, and marks that turn the writing direction.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

_Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Settings(Protocol):
    """What the log needs to know; `daemon.config.settings.Log` is it."""

    @property
    def file(self) -> str:
        """The path; empty for standard error."""

    @property
    def level(self) -> str:
        """The least level written."""

    @property
    def format(self) -> str:
        """`text` or `json`."""

    @property
    def max_bytes(self) -> int:
        """The size at which the file is rotated; 0 for never."""

    @property
    def keep(self) -> int:
        """How many rotated files are kept."""


class _Veil:
    """Replaces known secrets in whatever is logged. The second line of defence; `Secret` is the first."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.longest = 0  # of them

    def hide(self, values: Iterable[str]) -> None:
        """Add secrets, in every spelling in which they could get into a line."""
        spellings = {
            spelling
            for value in values
            if value
            for spelling in (value, quote(value, safe="", errors="replace"), quote_plus(value, errors="replace"),
                             json.dumps(value)[1:-1], repr(value)[1:-1])
        }  # fmt: skip
        if spellings <= self._known:
            return
        self._known |= spellings
        longest_first = sorted(self._known, key=len, reverse=True)
        self.longest = len(longest_first[0])
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def over(self, text: str) -> str:
        """The text without them."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text

    def is_in(self, text: str) -> bool:
        """Whether one of them is in the text: much faster to say than to find."""
        for spelling in self._known:  # noqa: SIM110 - any() would take twice as long
            if spelling in text:
                return True
        return False

    def over_beginning(self, text: str, limit: int) -> str:
        """The first `limit` characters without them, nor the beginning of one that goes on behind that."""
        pattern = self._pattern
        if pattern is None:
            return text[:limit]
        text = text[: limit + self.longest]
        if not self.is_in(text):
            return text[:limit]
        parts, done = [], 0
        for found in pattern.finditer(text):
            if found.start() >= limit:
                break
            parts += [text[done : found.start()], HIDDEN]
            done = found.end()
        return "".join([*parts, text[done:limit]])


_veil = _Veil()


class _Line(logging.Formatter):
    """What both formats share: the record's parts as printable texts without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Make one line; without a line end, whatever the record holds."""
        fields = {name: _clean(str(value)) for name in FIELDS if (value := getattr(record, name, None)) is not None}
        raised = traceback_of(record.exc_info) if record.exc_info else ""
        if record.stack_info:
            raised = f"{raised}\n{record.stack_info}" if raised else record.stack_info
        return self.line(record, _cut(message_of(record), LONGEST_MESSAGE), fields, raised)

    def line(self, record: logging.LogRecord, message: str, fields: dict[str, str], raised: str) -> str:
        """Write the parts side by side."""
        raise NotImplementedError


class _Text(_Line):
    """For people: `2026-11-21T01:00:00.000Z INFO tocsin.delivery [A17 D5 sms] sent`."""

    def line(self, record: logging.LogRecord, message: str, fields: dict[str, str], raised: str) -> str:
        about = f" [{' '.join(fields.values())}]" if fields else ""
        folded = f' traceback="{_escaped(raised)}"' if raised else ""
        return f"{stamp(record.created)} {record.levelname} {record.name}{about} {_escaped(message)}{folded}"


class _Json(_Line):
    """For machines: one object for each line."""

    def line(self, record: logging.LogRecord, message: str, fields: dict[str, str], raised: str) -> str:
        parts = {"time": stamp(record.created), "level": record.levelname.lower(), "logger": record.name}
        parts |= {"message": message} | fields | ({"traceback": raised} if raised else {})
        return _UNPRINTABLE.sub(lambda c: f"\\u{ord(c[0]):04x}", json.dumps(parts, ensure_ascii=False))


class _StandardError(logging.StreamHandler[Any]):
    """Writes to whatever standard error is at the moment; one that has gone is nobody's error."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """Standard error, asked anew: supervisors and tests replace it."""
        return sys.stderr

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """There is nowhere left to say it."""


def configure(settings: Settings) -> None:
    """Log this way from now on; what was before is closed.

    Raises ConfigError when the file cannot be opened; then all stays as it was.
    """
    try:
        file = settings.file
        handler = LogFile(file, settings.max_bytes, settings.keep) if file else _StandardError()
    except OSError as error:
        raise ConfigError([f"log.file: {settings.file} cannot be opened: {error.strerror}"]) from error
    handler.setFormatter(_Json() if settings.format == "json" else _Text())
    root = logging.getLogger()
    before = [one for one in root.handlers if isinstance(one, LogFile | _StandardError)]
    root.addHandler(handler)
    for one in before:
        root.removeHandler(one)
        one.close()
    set_level(settings.level)


def goes_to_a_file() -> bool:
    """Whether the log is a file, and not standard error."""
    return any(isinstance(handler, LogFile) for handler in logging.getLogger().handlers)


def set_level(name: str) -> None:
    """Set the least level that is written: debug, info, warning or error. Libraries' debugging is never written."""
    level = _LEVELS[name]
    logging.getLogger().setLevel(max(level, logging.INFO))
    for own in _OWN:
        logging.getLogger(own).setLevel(level)


def reopen() -> None:
    """Go on in a new file where somebody has moved the old one away."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogFile):
            handler.reopen()


def hide(values: Iterable[str]) -> None:
    """Never write these texts. What was hidden once stays hidden."""
    _veil.hide(values)


def masked(text: str, limit: int) -> str:
    """The first `limit` characters of a text without the secrets that the log hides."""
    return _veil.over_beginning(text, limit)


def has_secret(text: str) -> bool:
    """Whether one of the secrets that the log hides is in a text."""
    return _veil.is_in(text)


def longest_secret() -> int:
    """How many characters the longest secret has that the log hides."""
    return _veil.longest


def stamp(seconds: float) -> str:
    """UTC in ISO 8601, to the millisecond."""
    whole, milliseconds = divmod(int(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{milliseconds:03d}Z"


def message_of(record: logging.LogRecord) -> str:
    """The message with its arguments; arguments that do not fit stand behind it."""
    try:
        message = record.getMessage()
    except (TypeError, ValueError, KeyError):
        message = f"{record.msg} {record.args!r}"
    return _veil.over(message)


def traceback_of(raised: _Raised) -> str:
    """The traceback with its causes, cut in the middle when it is long."""
    return _cut(_veil.over("".join(traceback.format_exception(*raised)).rstrip()), LONGEST_TRACEBACK)


def _cut(text: str, limit: int) -> str:
    """Keep the beginning and the end."""
    if len(text) <= limit:
        return text
    return f"{text[: limit * 3 // 4]} … {len(text) - limit} characters … {text[-limit // 4 :]}"


def _clean(text: str) -> str:
    return _escaped(_veil.over(text)[:200])


def _escaped(text: str) -> str:
    """One line: a control character is written as its escape."""
    return _UNPRINTABLE.sub(lambda c: c[0].encode("unicode_escape").decode(), text)
