"""How a message is to be said, and saying it."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from daemon import fitting
from daemon.errors import TemplateError
from daemon.template import Template
from daemon.template.words import SEVERITIES, Lang
from daemon.texts.built_in import LAST_RESORT, MOST, Kind, template

_OF_ONE_LINE: tuple[Kind, ...] = ("line", "short")


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
            return _within(kind, template(kind, self._style.lang).render(self._values))
        except TemplateError as error:  # an alarm that nobody foresaw must be told all the same
            self.warnings.append(f"the built-in text: {error}")
            alert = self._values["alert"]
            severity = SEVERITIES[self._style.lang].get(alert.severity, alert.severity)
            return fitting.line(LAST_RESORT[self._style.lang] % (severity, alert.title[:150], alert.code))


def _within(kind: Kind, text: str) -> str:
    """Keep to the bounds of the kind, cut between what people see as characters."""
    if kind in _OF_ONE_LINE:
        return fitting.cut(fitting.line(text), MOST[kind])
    return text.strip() if kind == "html" else fitting.cut(text.strip(), MOST[kind])
