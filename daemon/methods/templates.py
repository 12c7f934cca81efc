"""What people read: the templates in force, and how one would read, without sending anything."""

from dataclasses import replace
from functools import partial

import msgspec

from daemon.config import samples
from daemon.config.rehearsal import templates_in
from daemon.config.settings import Settings
from daemon.config.styles import style
from daemon.errors import MethodError, TemplateError
from daemon.event import State
from daemon.methods.codes import Id, found, number
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, Table
from daemon.notice import Message, Notice, Reason, Recipient, in_templates
from daemon.store import alerts
from daemon.template import Template
from daemon.template.words import Lang
from daemon.texts.built_in import KINDS, LANGS, WHAT_FOR, Kind, template
from daemon.texts.style import Style

_LONGEST_NAME = 64  # of a person


class TemplateLine(msgspec.Struct, frozen=True, kw_only=True):
    """One text in force: of a kind, in a language, for all channels (`channel` is empty) or for one."""

    kind: Kind
    lang: Lang
    channel: str
    built_in: bool
    what_for: str
    source: str


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """One text as people will read it. `name` is `title`, `text`, or a setting of the channel's that is a template."""

    name: str
    text: str
    characters: int
    bytes: int  # in UTF-8


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What would be sent, and what was wrong with the templates, for which the built-in texts stand in."""

    kind: Kind
    lang: Lang
    reason: Reason
    texts: list[Text]
    warnings: list[str]


def add(table: Table, parts: Parts) -> None:
    """Add `templates.*`."""

    @table.method("templates.list", "read")
    def _list() -> list[TemplateLine]:
        """List the texts in force: of each kind and language, and those of channels' own."""
        return _lines(parts.settings())

    @table.method("templates.render", "read")
    def _render(
        alert: Id = "",
        channel: str = "",
        kind: Kind | None = None,
        lang: Lang | None = None,
        reason: Reason | None = None,
        to: str = "",
        template: str = "",
        late: float = 0.0,
    ) -> Rendered:
        """Show what people would read of an alert, or of a made-up one, without sending it.

        `channel` gives the kind of text, its own templates and its variables; `to` a person with a language. `template`
        is tried in place of the one in force. `late` is by how many seconds the message is late.
        """
        settings = parts.settings()
        said = _style(settings, channel, kind, lang, to)
        if template:
            said = replace(said, own={said.kind: parts.aside(partial(_tried, template))})
        now = parts.clock.now()
        message = Message(
            notice=_notice(parts, alert, reason, now),
            recipients=(Recipient(name=to),),
            out_id=f"{parts.store.name}-D1",
            style=said,
            sent_at=now + max(0.0, late),
        )
        return parts.aside(partial(_rendered, message, settings, channel))  # a template may be anybody's


def _lines(settings: Settings) -> list[TemplateLine]:
    lines = []
    for lang in LANGS:
        own = settings.templates.of(lang)
        lines += [_line(kind, lang, own.get(kind)) for kind in KINDS]
    for channel in settings.channels.values():
        lines += [_line(kind, lang, template, channel.name) for kind, lang, template in channel.templates.each()]
    return lines


def _style(settings: Settings, channel: str, kind: Kind | None, lang: Lang | None, to: str) -> Style:
    """As the channel would say it; without one, as any that takes this kind of text."""
    if to and to not in settings.people:
        people = ", ".join(settings.people) or "nobody"
        raise MethodError(f"there is no person {to[:_LONGEST_NAME]!r}; there are: {people}", code=NOT_FOUND)
    known = settings.channels.get(channel)
    if channel and known is None:
        names = ", ".join(settings.channels) or "none"
        raise MethodError(f"there is no channel {channel[:100]!r}; there are: {names}", code=NOT_FOUND)
    said = style(settings, known, to, lang)
    return replace(said, kind=kind or said.kind)


def _rendered(message: Message, settings: Settings, channel: str) -> Rendered:
    texts = [_text("title", message.title), _text("text", message.text)]
    variables, warnings = _variables(settings, channel, message)
    return Rendered(
        kind=message.style.kind,
        lang=message.lang,
        reason=message.notice.reason,
        texts=[*texts, *variables],
        warnings=[*message.speech.warnings, *warnings],
    )


def _tried(template: str) -> Template:
    try:
        return Template(template)
    except TemplateError as error:
        raise MethodError(f"template: {error}", code=INVALID_PARAMS, data={"field": "template"}) from error


def _variables(settings: Settings, channel: str, message: Message) -> tuple[list[Text], list[str]]:
    """The templates that are settings of the channel's kind, such as the variables of a text message."""
    texts, warnings = [], []
    for path, one in templates_in(settings.channels[channel].sender) if channel else ():
        name = ".".join(path).replace(".[", "[")
        try:
            texts.append(_text(name, one.render(in_templates(message))))
        except TemplateError as error:
            warnings.append(f"{name}: {error}")
    return texts, warnings


def _notice(parts: Parts, code: Id, reason: Reason | None, now: float) -> Notice:
    """About the alert as it stands, or about what such a notice is usually about."""
    if not code:
        return samples.about(reason or Reason.FIRST, lambda number, state: samples.alert(number, state, now), now)
    wanted = number(code, "A")
    alert = found(parts.store.read(lambda tx: alerts.get(tx, wanted)), code, "A")
    over = alert.state is State.RESOLVED
    return Notice(
        id=0,
        alerts=[alert],
        firing=not over,
        resolved=over,
        group={},
        receiver="",
        reason=reason or (Reason.ALL_RESOLVED if over else Reason.FIRST),
        at=now,
    )


def _line(kind: Kind, lang: Lang, own: Template | None, channel: str = "") -> TemplateLine:
    return TemplateLine(
        kind=kind,
        lang=lang,
        channel=channel,
        built_in=own is None,
        what_for=WHAT_FOR[kind],
        source=(own or template(kind, lang)).source,
    )


def _text(name: str, text: str) -> Text:
    return Text(name=name, text=text, characters=len(text), bytes=len(text.encode("utf-8", "replace")))
