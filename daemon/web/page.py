"""The status page as HTML: one document without scripts, without requests to anywhere, in light and dark."""

import base64
import functools
import hashlib
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import msgspec
from jinja2.runtime import Context

from daemon.clock import Clock, unhurried
from daemon.history.stretches import Time
from daemon.template.words import Lang
from daemon.web import words
from daemon.web.document import instant
from daemon.web.rows import GroupRow, Responses
from daemon.web.view import WINDOWS, View, worst
from daemon.web.words import WORDS

LARGE = (
    100  # probes on one page from which on it shows no response times, and names only the days that were not all well
)
MOST_CURRENT = 50  # of what is down that are named at its top
LEGEND = (("u", "up"), ("g", "degraded"), ("d", "down"), ("m", "maintenance"), ("n", "unknown"), ("o", "unwatched"))
_HERE = Path(__file__).parent / "templates"
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="{}"/></svg>'
)
_ICONS = {Time.UP: "#2b9a6b", Time.DEGRADED: "#b07d0a", Time.DOWN: "#c2410c", Time.MAINTENANCE: "#3b6fb6"}
_TEMPLATE = "status.html"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What of it somebody wants to see: all, one group, or one probe; and what the links of that say."""

    group: str | None = None
    probe: str | None = None

    @property
    def query(self) -> str:
        """As it stands in an address."""
        if self.probe is not None:
            return f"?probe={quote(self.probe, safe='')}"
        return "" if self.group is None else f"?group={quote(self.group, safe='')}"


def of(view: View, asked: Asked) -> View | None:
    """What of a view is asked for; None where there is no such thing."""
    if asked.probe is None and asked.group is None:
        return view
    kept = []
    for group in view.groups:
        lines = tuple(line for line in group.lines if asked.probe in (None, line.name))
        if lines and asked.group in (None, group.name):
            kept.append(group if len(lines) == len(group.lines) else msgspec.structs.replace(group, lines=lines))
    if not kept:
        return None
    names = {line.name for group in kept for line in group.lines}
    return msgspec.structs.replace(
        view,
        groups=tuple(kept),
        state=worst(line.state for group in kept for line in group.lines),
        current=tuple(one for one in view.current if one.name in names),
        past=tuple(one for one in view.past if one.name in names),
    )


def is_large(view: View) -> bool:
    """Whether there is too much for every detail."""
    return len(view.lines) > LARGE


def prepare() -> None:
    """Compile the template, which takes long enough to be done beside the event loop."""
    _template()


def rendered(clock: Clock, view: View, asked: Asked, lang: Lang, title: str, responses: Responses) -> bytes:
    """Write the page. `responses` gives the response times of a probe by its name."""
    values = _values(view, asked, lang, title, responses)
    pieces = _template().generate(values)
    return "".join(unhurried(clock, pieces)).encode("utf-8", "replace")


@functools.cache
def policy() -> str:
    """What a browser may do with the page: show it, with its own style."""
    return policy_of(style())


def policy_of(text: str) -> str:
    """The same for a page with this style."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )


def _values(view: View, asked: Asked, lang: Lang, title: str, responses: Responses) -> Mapping[str, Any]:
    large = is_large(view)
    return {
        "lang": lang,
        "words": WORDS[lang],
        "windows": tuple(WINDOWS),
        "title": title,
        "sentence": words.sentence([line.state for line in view.lines], lang),
        "state": view.state.value,
        "icon": "data:image/svg+xml," + quote(_ICON.format(_ICONS.get(view.state, "#7d8791"))),
        "style": style(),
        "at": view.at,
        "zone_info": view.zone,
        "zone": words.offset(view.zone, view.at),
        "part": asked.query,
        "opened": len(view.lines) == 1,
        "large": large,
        "current": view.current[:MOST_CURRENT],
        "more": max(0, len(view.current) - MOST_CURRENT),
        "past": view.past,
        "groups": [GroupRow(group, view, lang, None if large else responses) for group in view.groups],
        "legend": LEGEND,
    }


@functools.cache
def style() -> str:
    """The style of the page."""
    return (_HERE / "status.css").read_text(encoding="utf-8").strip()


@functools.cache
def _template() -> jinja2.Template:
    return environment().get_template(_TEMPLATE)


@functools.cache
def environment() -> jinja2.Environment:
    """What templates of pages are made with: all that is put in is escaped."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        percent=words.percent, took=words.took, put=_put, iso=instant, clock=_clock, lasted=_lasted, until=_until
    )
    return made


def _put(text: str, *parts: Any) -> str:
    """Fill in what the template made of HTML, and escape everything else; the template calls the whole safe."""
    return escape(text).format(*(part if hasattr(part, "__html__") else escape(str(part)) for part in parts))


@jinja2.pass_context
def _clock(context: Context, at: float) -> str:
    return words.clock(at, context["zone_info"], context["at"])


@jinja2.pass_context
def _until(context: Context, began: float, ended: float) -> str:
    return words.between(began, ended, context["zone_info"])


@jinja2.pass_context
def _lasted(context: Context, length: float) -> str:
    return words.lasted(length, context["lang"])
