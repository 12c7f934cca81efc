"""Channels' templates tried on alarms made up for it, so that a mistake shows now and not when the alarm comes."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from daemon.alert import Alert
from daemon.config.findings import Path
from daemon.config.keys import key_of
from daemon.config.settings import Settings
from daemon.config.written import Problem
from daemon.errors import TemplateError
from daemon.event import Severity, State
from daemon.notice import Message, Notice, Reason, Recipient, in_templates
from daemon.template import Template

# What texts and values of labels may look like: whatever a template takes apart, one of them has the parts for it.
_VALUES = ("web-1.example.com:9100/data, and\nmore_of=it", "1")
_BEGAN, _ENDED = 1_790_000_000.0, 1_790_000_600.0


class _Named(dict[str, str]):
    """Labels, or links: which ones an alarm has is the operators' own affair, so there is one of every name."""

    def __init__(self, value: str) -> None:
        super().__init__(dict.fromkeys(("alertname", "host", "team"), value))
        self._value = value

    def __missing__(self, _: str) -> str:
        return self._value


def failures(settings: Settings) -> Iterator[Problem]:
    """Templates that render for no firing alarm, or for no resolved one."""
    for name, channel in settings.channels.items():
        for path, template in _templates(channel.sender, ("channels", name)):
            for state in State:
                if said := _failure(template, state):
                    yield path, f"a {state} alarm will not be told in these words: {said}"
                    break


def _templates(value: Any, path: Path) -> Iterator[tuple[Path, Template]]:
    """All templates in a value, each with its path in the file."""
    if isinstance(value, Template):
        yield path, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _templates(one, (*path, key))
    elif isinstance(value, tuple | list):
        for i, one in enumerate(value):
            yield from _templates(one, (*path, f"[{i}]"))
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from _templates(getattr(value, one.name), (*path, key_of(one)))


def _failure(template: Template, state: State) -> str:
    """What keeps it from rendering for any alarm of this state; empty when it renders for one of them.

    For one is enough: what depends on the words of an alarm, such as the second half of a host name, may be missing
    in another.
    """
    said = ""
    for value in _VALUES:
        try:
            template.render(in_templates(_message(state, value)))
        except TemplateError as error:
            said = said or str(error)
        else:
            return ""
    return said


def _message(state: State, value: str) -> Message:
    alert = Alert(
        id=17,
        fingerprint="0" * 32,
        source="sample",
        key=value,
        state=state,
        severity=Severity.CRITICAL,
        title=value,
        text=value,
        labels=_Named(value),
        links=_Named(f"https://example.com/{value}"),
        started_at=_BEGAN,
        ended_at=_ENDED if state is State.RESOLVED else None,
        first_seen=_BEGAN,
        last_seen=_ENDED,
        count=3,
    )
    over = state is State.RESOLVED
    notice = Notice(
        id=4,
        alerts=[alert],
        firing=not over,
        resolved=over,
        group={"alertname": value},
        receiver="sample",
        reason=Reason.ALL_RESOLVED if over else Reason.FIRST,
        at=_ENDED,
    )
    recipient = Recipient(name="sample", address="+8613800000001")
    return Message(notice=notice, recipients=(recipient,), out_id="3f2a9c1e-D5")
