"""How a message is to be said, and saying it."""

import datetime as dt
import functools
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from daemon import fitting
from daemon.errors import TemplateError
from daemon.fitting import Size
from daemon.template import Template
from daemon.template.words import SEVERITIES, Lang, markdown
from daemon.texts.built_in import LAST_RESORT, MOST, Kind, template

OF_ONE_LINE: tuple[Kind, ...] = ("line", "short")


class Room(NamedTuple):
    """How much of each part a text that must be shorter may tell."""

    alerts: int
    text: int  # characters of the alarm's own text
    labels: int
    links: int  # the one that acknowledges comes first


# What matters least goes first: long texts, then many labels and links, then all but the worst alarms.
_ROOMS: Final = (Room(20, 800, 40, 8), Room(20, 300, 12, 3), Room(10, 150, 6, 1), Room(4, 0, 3, 1), Room(1, 0, 0, 1))
_ACKNOWLEDGE = "acknowledge"
_ESCAPES: Final[Mapping[Kind, Callable[[str], str]]] = {"html": html.escape, "markdown": markdown}


@dataclass(frozen=True, kw_only=True)
class Style:
    """The language, the kind of text that the channel takes, the clock on the wall, and templates of the operator's.

    Without a zone it is the machine's own.
    """

    lang: Lang = "en"
    kind: Kind = "long"
    zone: dt.tzinfo | None = dt.UTC
    own: Mapping[Kind, Template] = field(default_factory=dict)


PLAIN = Style()


class Speech:
    """One message's texts, each made once and when it is asked for. Whatever a template does, there is a text.

    `warnings` say which of the operator's templates did not render; the built-in text stands in for them. It also
    does for `message.title` and `message.text` inside the operator's own templates.
    """

    def __init__(self, style: Style, values: Mapping[str, Any]) -> None:
        self.warnings: list[str] = []
        self._style = style
        self._values = values
        self._made: dict[tuple[Kind, bool], str] = {}
        self._inside = False

    def say(self, kind: Kind) -> str:
        """The text of this kind."""
        own = None if self._inside else self._style.own.get(kind)
        key = (kind, own is None)
        if key not in self._made:
            self._made[key] = self._own(kind, own) if own is not None else self._built_in(kind)
        return self._made[key]

    def fitted(self, kind: Kind, size: Size) -> str:
        """The text of this kind within a limit: all of it, else with less and less of what matters least.

        What is left when nothing else fits is the one line that is also the title; where that does not fit either, what
        matters most of it, the short code above all. In HTML and Markdown it is escaped.
        """
        text = self.say(kind)
        if size.fits(text):
            return text
        for room in _ROOMS:
            text = Speech(self._style, _less(self._values, room)).say(kind)
            if size.fits(text):
                return text
        title = self.say("line")
        if not size.fits(title):
            title = self._values["brief"](size.most, size.unit) or size.cut(title)
        escape = _ESCAPES.get(kind)
        return title if escape is None else _escaped(title, size, escape)

    @functools.cached_property
    def _headline(self) -> str:
        return template("line", self._style.lang).render(self._values)

    def _own(self, kind: Kind, template: Template) -> str:
        self._inside = True
        try:
            text = template.render(self._values)
            if len(text) > MOST[kind]:
                self.warnings.append(f"templates.{kind}: more than {MOST[kind]} characters")
                if kind == "html":  # half of it is no HTML
                    return self.say(kind)
        except TemplateError as error:
            self.warnings.append(f"templates.{kind}: {error}")
            return self.say(kind)
        finally:
            self._inside = False
        return _within(kind, text)

    def _built_in(self, kind: Kind) -> str:
        try:
            if kind == "line":
                return _within(kind, self._headline)
            values = self._values if kind == "short" else {**self._values, "headline": self._headline}
            return _within(kind, template(kind, self._style.lang).render(values))
        except TemplateError as error:  # an alarm that nobody foresaw must be told all the same
            self.warnings.append(f"the built-in text: {error}")
            alert = self._values["alert"]
            severity = SEVERITIES[self._style.lang].get(alert.severity, alert.severity)
            return fitting.line(LAST_RESORT[self._style.lang] % (severity, alert.title[:150], alert.code))


def _within(kind: Kind, text: str) -> str:
    """Keep to the bounds of the kind, cut between what people see as characters."""
    if kind in OF_ONE_LINE:
        return fitting.cut(fitting.line(text), MOST[kind])
    return text.strip() if kind == "html" else fitting.cut(text.strip(), MOST[kind])


def _less(values: Mapping[str, Any], room: Room) -> dict[str, Any]:
    """The same names with less behind them; how many alarms there are is counted in `notice` and stays true."""
    alert, links = values["alert"], values["links"]
    first = {name: url for name, url in links.items() if name == _ACKNOWLEDGE}
    return {
        **values,
        "alert": msgspec.structs.replace(alert, text=fitting.cut(alert.text, room.text) if room.text else ""),
        "alerts": values["alerts"][: room.alerts],
        "labels": dict(sorted(values["labels"].items())[: room.labels]),
        "links": dict(list((first | dict(links)).items())[: room.links]),
    }


def _escaped(title: str, size: Size, escape: Callable[[str], str]) -> str:
    """Cut so that the escaped text fits; an escape is never cut in half."""
    return escape(fitting.cut_until(title, lambda shorter: size.of(escape(shorter)) - size.most))
