"""Templates tried on alarms made up for it, so that a mistake shows now and not when the alarm comes."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

from daemon.alert import Alert
from daemon.config import samples
from daemon.config.findings import Path
from daemon.config.keys import key_of
from daemon.config.settings import Settings
from daemon.config.wording import Templates
from daemon.config.written import Problem
from daemon.errors import TemplateError, TemplateUnboundedError
from daemon.event import State
from daemon.notice import Message, Recipient, in_templates
from daemon.template import Template
from daemon.template.words import Lang
from daemon.texts.built_in import LANGS
from daemon.texts.style import Style

Failure = tuple[Path, str, TemplateError]  # where, in which situation, and why

# What texts and values of labels may look like: whatever a template takes apart, one of them has the parts for it.
_VALUES = ("web-1.example.com:9100/data, and\nmore_of=it", "1")


class _Named(dict[str, str]):
    """Labels, or links: which ones an alarm has is the operators' own affair, so there is one of every name."""

    def __init__(self, value: str) -> None:
        super().__init__(dict.fromkeys(("alertname", "host", "team"), value))
        self._value = value

    def __missing__(self, _: str) -> str:
        return self._value


def unbounded(settings: Settings) -> Iterator[Problem]:
    """Templates that loop without end, or make something larger than any message."""
    for path, situation, error in _failures(settings):
        if isinstance(error, TemplateUnboundedError):
            yield path, f"{situation} cannot be told in these words: {error}"


def failures(settings: Settings) -> Iterator[Problem]:
    """Templates that do not render for a firing alarm, a resolved one, a group or a digest."""
    for path, situation, error in _failures(settings):
        if not isinstance(error, TemplateUnboundedError):
            yield path, f"{situation} will not be told in these words: {error}"


def _failures(settings: Settings) -> Iterator[Failure]:
    yield from _of_texts(settings.templates, ("templates",))
    for name, channel in settings.channels.items():
        yield from _of_texts(channel.templates, ("channels", name, "templates"))
        for path, template in templates_in(channel.sender, ("channels", name)):
            yield from _tried(template, path, LANGS)


def templates_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, Template]]:
    """All templates in a value, each with its path in the file."""
    if isinstance(value, Template):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from templates_in(one, (*path, key))
    elif isinstance(value, tuple | list):
        for i, one in enumerate(value):
            yield from templates_in(one, (*path, f"[{i}]"))
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from templates_in(getattr(value, one.name), (*path, key_of(one)))


def _of_texts(templates: Templates, path: Path) -> Iterator[Failure]:
    """Each in its own language only."""
    for one in fields(templates):
        wording = getattr(templates, one.name)
        for key in (*LANGS, "both") if wording is not None else ():
            template = getattr(wording, key)
            langs = (key,) if key in LANGS else tuple(lang for lang in LANGS if getattr(wording, lang) is None)
            if template is not None:
                yield from _tried(template, (*path, one.name, key), langs)


def _tried(template: Template, path: Path, langs: Sequence[Lang]) -> Iterator[Failure]:
    """The first situation that it has no words for."""
    for situation in samples.SITUATIONS:
        for lang in langs:
            if (error := _failure(template, situation, lang)) is not None:
                yield path, situation, error
                return


def _failure(template: Template, situation: str, lang: Lang) -> TemplateError | None:
    """What keeps it from rendering in any such situation; None when it renders in one of them.

    In one is enough: what depends on the words of an alarm, such as the second half of a host name, may be missing
    in another.
    """
    first = None
    for value in _VALUES:
        try:
            template.render(in_templates(_message(situation, value, lang)))
        except TemplateError as error:
            first = first or error
        else:
            return None
    return first


def _message(situation: str, value: str, lang: Lang) -> Message:
    def make(number: int, state: State) -> Alert:
        return msgspec.structs.replace(
            samples.alert(number, state),
            key=value,
            title=value,
            text=value,
            labels=_Named(value),
            links=_Named(f"https://example.com/{value}"),
        )

    return Message(
        notice=samples.notice(situation, make),
        recipients=(Recipient(name="sample", address="+8613800000001"),),
        out_id="3f2a9c1e-D5",
        style=Style(lang=lang),
    )
