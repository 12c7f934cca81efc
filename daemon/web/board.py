"""All that can be asked of the status page. However many ask, each thing is made at most so often."""

import gzip
import hashlib
from collections.abc import Callable
from functools import partial

import msgspec

from daemon.aside import Aside
from daemon.clock import Clock
from daemon.config.settings import Settings
from daemon.history.phases import TOTAL
from daemon.history.query import History, timings
from daemon.web import badge, document, feed, page, words
from daemon.web.fresh import Fresh, Pen, Shelf
from daemon.web.gather import Gatherer, States
from daemon.web.groups import Groups, grouped
from daemon.web.page import Asked
from daemon.web.response import is_timed, phases_of, response
from daemon.web.view import WINDOWS, Group, Response, View
from daemon.web.words import WORDS

PAGE, STATES, RESPONSES, BADGE = 5.0, 2.0, 300.0, 30.0  # seconds for which what was made is good, at least
MOST_PAGES, MOST_RESPONSES, MOST_BADGES = 32, 1_000, 1_000  # that are kept
PERIODS = {"1d": "24h"} | {window: window for window in WINDOWS}
_SMALL = 1_000  # bytes that are not worth to be packed

HTML = "text/html; charset=utf-8"
SVG = "image/svg+xml"
ATOM = "application/atom+xml; charset=utf-8"
JSON = "application/json"


class NotShown(KeyError):
    """There is no such thing, as far as anybody may know."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What goes out, as it is and packed."""

    content_type: str
    body: bytes
    packed: bytes | None
    tag: str


class Board:
    """The page, its other forms, and badges. Raises NotShown, Crowded, StoreError."""

    def __init__(
        self, history: History, clock: Clock, settings: Callable[[], Settings], states: States, aside: Aside
    ) -> None:
        self._history = history
        self._clock = clock
        self._settings = settings
        self._states = states
        self._aside = aside
        self._showing: _Showing | None = None

    def page(self, asked: Asked) -> Made:
        """The page, or what of it is asked for."""
        return self._now().made("page", asked)

    def document(self, asked: Asked) -> Made:
        """The same as JSON."""
        return self._now().made("document", asked)

    def feed(self) -> Made:
        """The incidents."""
        return self._now().made("feed", Asked())

    def badge(self, asked: Asked, what: str, window: str) -> Made:
        """A badge of a probe, or of a group; `window` is one of WINDOWS."""
        return self._now().badge(asked, what, window)

    def _now(self) -> "_Showing":
        """Nothing that was made outlives the settings by which it was shown: what is hidden now is hidden at once."""
        settings = self._settings()
        if self._showing is None or self._showing.settings is not settings:
            self._showing = _Showing(self._history, self._clock, settings, self._states, self._aside)
        return self._showing


class _Showing:
    """What is shown while the settings stay as they are."""

    def __init__(self, history: History, clock: Clock, settings: Settings, states: States, aside: Aside) -> None:
        self.settings = settings
        self._history = history
        self._clock = clock
        self._aside = aside
        self._lang = settings.texts.lang
        own = settings.status_page.title if settings.status_page else ""
        self._title = own or WORDS[self._lang]["heading"]
        self._gatherer = Gatherer(history, clock, settings, Fresh(clock, states, STATES).get)
        self._groups: Groups | None = None
        self._view = Fresh(clock, lambda: self._gatherer.view(self._shown()), PAGE)
        pen = Pen(clock)
        self._pages: Shelf[Made] = Shelf(clock, PAGE, MOST_PAGES, pen)
        self._responses: Shelf[Response] = Shelf(clock, RESPONSES, MOST_RESPONSES)
        self._badges: Shelf[Made] = Shelf(clock, BADGE, MOST_BADGES, pen)

    def made(self, form: str, asked: Asked) -> Made:
        """A page in one of its forms."""
        self._must_be_shown(asked)
        make = {"page": self._page, "document": self._document, "feed": self._feed}[form]
        return self._pages.get((form, asked), partial(make, asked))

    def badge(self, asked: Asked, what: str, window: str) -> Made:
        """A badge. Response times are a probe's own: a group has none."""
        self._must_be_shown(asked)
        make = {"status": self._status, "uptime": self._uptime, "response": self._response_badge}.get(what)
        if make is None or (asked.probe is None and what == "response"):
            raise NotShown(what)
        return self._badges.get((what, asked, window), lambda: self._packed(SVG, make(asked, window)))

    def _shown(self) -> Groups:
        if self._groups is None:
            self._groups = grouped(self.settings, self._clock)
        return self._groups

    def _must_be_shown(self, asked: Asked) -> None:
        shown = self._shown()
        if asked.group is not None and asked.group not in shown:
            raise NotShown(asked.group)
        if asked.probe is not None and not any(asked.probe in probes for probes in shown.values()):
            raise NotShown(asked.probe)

    def _part(self, asked: Asked) -> View:
        if (view := page.of(self._view.get(), asked)) is None:
            raise NotShown(asked.query)
        return view

    def _page(self, asked: Asked) -> Made:
        self._aside(page.prepare)
        view = self._part(asked)
        return self._packed(HTML, page.rendered(self._clock, view, asked, self._lang, self._title, self._response))

    def _document(self, asked: Asked) -> Made:
        view = self._part(asked)
        responses = None if page.is_large(view) else self._response
        zone = str(self.settings.texts.time_zone)
        return self._packed(JSON, document.written(self._clock, view, self._title, zone, responses))

    def _feed(self, asked: Asked) -> Made:
        return self._packed(ATOM, feed.written(self._part(asked), self._lang, self._title))

    def _response(self, name: str) -> Response:
        if not is_timed(self.settings.probes[name].probe):
            return Response(hours=(), phases={}, total=None)
        phases = phases_of(self.settings.probes[name].probe)
        zone = self.settings.texts.time_zone.info
        now = self._clock.now()
        return self._responses.get(name, lambda: response(self._history, name, phases, now, zone))

    def _status(self, asked: Asked, window: str) -> bytes:
        del window
        state = self._gatherer.state(asked.probe) if asked.probe is not None else self._group(asked).state
        return badge.badge(self._label(asked), WORDS[self._lang][state], badge.of_state(state))

    def _uptime(self, asked: Asked, window: str) -> bytes:
        now = self._clock.now()
        if asked.probe is not None:
            part = self._history.uptime(asked.probe, now - WINDOWS[window], now)
        else:
            part = dict(zip(WINDOWS, self._group(asked).uptime, strict=True))[window]
        said = WORDS[self._lang]
        return badge.badge(f"{said['uptime']} {said[window]}", words.percent(part), badge.of_uptime(part))

    def _response_badge(self, asked: Asked, window: str) -> bytes:
        now = self._clock.now()
        name = asked.probe or ""
        timed = name in self.settings.probes and is_timed(self.settings.probes[name].probe)
        total = timings(self._history.tally(name, now - WINDOWS[window], now)).get(TOTAL) if timed else None
        said = WORDS[self._lang]
        colour = badge.RESPONSE if total else badge.NEUTRAL
        return badge.badge(f"{said['response']} {said[window]}", words.took(total.p50 if total else None), colour)

    def _group(self, asked: Asked) -> Group:
        return self._part(asked).groups[0]

    def _label(self, asked: Asked) -> str:
        return self._gatherer.title(asked.probe) if asked.probe is not None else asked.group or self._title

    def _packed(self, content_type: str, body: bytes) -> Made:
        return packed(self._aside, content_type, body)


def packed(aside: Aside, content_type: str, body: bytes) -> Made:
    """Make it ready to go out. Packing a large page takes tens of milliseconds: not here."""
    smaller, digest = aside(partial(_pack, body)) if len(body) > _SMALL else _pack(body)
    return Made(content_type=content_type, body=body, packed=smaller, tag=f'W/"{digest}"')


def _pack(body: bytes) -> tuple[bytes | None, str]:
    packed = gzip.compress(body, 5, mtime=0) if len(body) > _SMALL else None
    return packed, hashlib.blake2b(body, digest_size=12).hexdigest()
