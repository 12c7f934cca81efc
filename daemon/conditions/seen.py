"""A reading as conditions look at it: each value found once, the body read as JSON once however many ask."""

import codecs
import functools
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from daemon import fitting
from daemon.conditions.condition import BODY, TIME, Subject
from daemon.payload.paths import PathNotFound
from daemon.reading import HEADER, Health, Reading

PHASE = "time."
WHOLE = "total"

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
# Those that pages are written in: Python has others, some of which take long over hostile text.
_TAKEN = re.compile(
    r"utf-?(?:16|32)(?:[bl]e)?|iso-?8859-\d{1,2}|latin-?1|(?:windows|cp)-?\d{3,4}|koi8-[ru]|gbk|gb2312|gb18030|big5"
    r"|euc-(?:jp|kr)|shift-?jis|tis-620"
)
_MOST_SAID = 200


class Unseen(LookupError):
    """The look does not say it; the text is why."""


class Missing(Unseen):
    """The look came so far, and there is no such thing."""


class Seen:
    """One reading. `quoted` makes a line for people of what was answered, without what is secret in the settings."""

    def __init__(self, reading: Reading, quoted: Callable[[bytes], str] | None = None) -> None:
        self.reading = reading
        self._quoted = quoted
        self.came_through = reading.health in (Health.UP, Health.DEGRADED)  # as far as the kind itself can say

    def quoted(self, text: str) -> str:
        """A text that was answered, on one line for people."""
        return fitting.line(text) if self._quoted is None else self._quoted(text.encode("utf-8", "replace"))

    def value(self, subject: Subject) -> Any:
        """What the subject is; raises Unseen."""
        if subject.path is not None:
            try:
                return subject.path.find(self.json)
            except PathNotFound as error:
                raise Missing(str(error)[:_MOST_SAID]) from None
        value = self._plain(subject.name)
        if subject.key:
            value = _keyed(value, subject)
        if isinstance(value, float) and math.isnan(value):
            raise Unseen("not known")
        return value

    @functools.cached_property
    def text(self) -> str:
        """The body as text, in the character set that its header names; what is none in it is replaced."""
        return self.reading.body.decode(self._charset, "replace").removeprefix("\ufeff")

    @functools.cached_property
    def json(self) -> Any:
        """The body as JSON; raises Unseen. What went wrong once is not tried again."""
        found = self._read
        if isinstance(found, Unseen):
            raise found
        return found

    @functools.cached_property
    def _read(self) -> Any:
        body = self.reading.body.removeprefix(codecs.BOM_UTF8)
        if not body.strip():
            return Unseen("there is no body")
        try:
            try:
                return msgspec.json.decode(body if self._charset == "utf-8" else self.text)
            except UnicodeDecodeError:
                return msgspec.json.decode(self.text)
        except RecursionError:
            return Unseen("the body is JSON that is nested too deeply")
        except (msgspec.MsgspecError, ValueError) as error:
            return Unseen(f"the body is not JSON: {str(error).partition(' - at ')[0][:_MOST_SAID]}")

    @functools.cached_property
    def _charset(self) -> str:
        header = self.reading.values.get(HEADER)
        said = _named(header, "content-type") if isinstance(header, Mapping) else None
        found = _CHARSET.search(said) if isinstance(said, str) else None
        name = found[1].lower().replace("_", "-") if found else ""
        try:
            return codecs.lookup(name).name if _TAKEN.fullmatch(name) else "utf-8"
        except LookupError:
            return "utf-8"

    def _plain(self, name: str) -> Any:
        reading = self.reading
        if name == BODY and (reading.body or self.came_through):
            return self.text
        if name != BODY and (value := reading.values.get(name)) is not None:
            return value
        if name == TIME and (took := self._whole()) is not None:
            return took
        if name.startswith(PHASE) and (phase := name.removeprefix(PHASE)) in reading.phases:
            return reading.phases[phase]
        raise Missing("not known, the look did not come so far")

    def _whole(self) -> float | None:
        """How long the whole look took; of one that failed on its way nobody knows how long the rest would have."""
        phases = self.reading.phases
        if WHOLE in phases or not phases:
            return phases.get(WHOLE)
        return sum(phases.values()) if self.came_through else None


def _keyed(values: Any, subject: Subject) -> Any:
    if not isinstance(values, Mapping):
        raise Unseen("not known")
    value = _named(values, subject.key)
    if value is None:
        raise Missing("there is none")
    return value


def _named(values: Mapping[Any, Any], key: str) -> Any:
    """By its name, or else whatever the case."""
    if key in values:
        return values[key]
    return next((one for name, one in values.items() if isinstance(name, str) and name.lower() == key.lower()), None)
