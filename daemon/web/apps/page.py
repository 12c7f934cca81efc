"""The pages about applications as HTML: documents without scripts, readable on a telephone, in light and dark."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from daemon.clock import Clock, unhurried
from daemon.faults.event import ErrorEvent, Frame, Pairs, Raised
from daemon.store.fault_counts import Value
from daemon.store.faults import Fault
from daemon.template.words import Lang
from daemon.web import page, words
from daemon.web.apps import tables
from daemon.web.apps.links import SORTS, STATES, Asked
from daemon.web.apps.plot import spark
from daemon.web.apps.tables import Table
from daemon.web.apps.view import MOST, RANGES, App, At, Faults, Lines, Overview, Story
from daemon.web.apps.words import WORDS, count, part, spent

_HERE = Path(page.__file__).parent / "templates"
_TEMPLATES = ("apps.html", "app.html", "table.html", "errors.html", "error.html")
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 15V8h3v7zm5 0V1h3v14zm5 0V5h3v10z"'
    ' fill="#3d7fb5"/></svg>'
)


class Call(NamedTuple):
    """Calls that follow one another and are all the application's own, or none of them."""

    own: bool
    frames: list[Frame]


def prepare() -> None:
    """Compile the templates, which takes long enough to be done beside the event loop."""
    for name in _TEMPLATES:
        page.environment().get_template(name)


@functools.cache
def style() -> str:
    """That of the status page, and more."""
    return page.style() + "\n" + (_HERE / "apps.css").read_text(encoding="utf-8").strip()


@functools.cache
def policy() -> str:
    """What a browser may do with the pages."""
    return page.policy_of(style())


def overview(clock: Clock, view: Overview, asked: Asked, lang: Lang) -> bytes:
    """All applications."""
    left = view.all - len(view.lines)
    said = WORDS[lang]
    return _written(clock, "apps.html", view, asked, lang, {
        "spans": _spans(asked),
        "apps": [
            {
                "name": one.name,
                "link": asked.link(what="app", app=one.name),
                "spark": spark([point.rate for point in one.points]),
                "cells": [
                    tables.Cell(count(one.figures.requests)),
                    tables.Cell(spent(one.figures.p50), lesser=said["p50"]),
                    tables.Cell(spent(one.figures.p95)),
                    tables.Cell(spent(one.figures.p99), lesser=said["p99"]),
                    tables.Cell(part(one.figures.error_share), bad=one.figures.errors > 0),
                    tables.Cell(count(one.reported), lesser=said["reported"], bad=one.reported > 0),
                ],
            }
            for one in view.lines
        ],
        "more": said["more"].format(len(view.lines), view.all, said["requests"]) if left > 0 else "",
        "rules": view.rules,
        "faults": _faults(view.faults, asked),
    })  # fmt: skip


def app(clock: Clock, view: App, asked: Asked, lang: Lang) -> bytes:
    """One application, or one of its routes."""
    is_empty = not view.figures.requests and not view.reported and not view.figures.errors
    return _written(clock, "app.html", view, asked, lang, {
        "spans": _spans(asked),
        "is_empty": is_empty,
        "charts": tables.charts(view.points, view.figures, view.reported, view.span, view.zone, lang),
        "numbers": list(tables.numbers(view.points, view.span, view.zone, lang)),
        "routes": Table(view.routes, "routes", asked, lang),
        "resources": Table(view.resources, "resources", asked, lang),
        "faults": _faults(view.faults, asked),
    })  # fmt: skip


def table(clock: Clock, lines: Lines, view: At, asked: Asked, lang: Lang) -> bytes:
    """All routes, or all resources, of an application."""
    return _written(
        clock, "table.html", view, asked, lang, {"spans": _spans(asked), "table": Table(lines, asked.what, asked, lang)}
    )


def errors(clock: Clock, view: Faults, asked: Asked, lang: Lang) -> bytes:
    """The list of errors."""
    said = WORDS[lang]
    names = {"last": said["last"], "first": said["first"], "count": said["events"]}
    state_names = {state: said["any_state" if state == "all" else state] for state in STATES}
    left = len(view.faults) > MOST
    return _written(clock, "errors.html", view, asked, lang, {
        "states": [(state_names[one], "" if one == asked.state else asked.link(state=one)) for one in STATES],
        "sorts": [(names[one], "" if one == asked.sort else asked.link(sort=one)) for one in SORTS],
        "of_apps": [
            (name or said["all_apps"], "" if name == asked.app else asked.link(app=name))
            for name in ("", *view.apps[:MOST])
        ],
        "faults": _faults(view.faults[:MOST], asked),
        "more": said["more"].format(MOST, f">{MOST}", names[asked.sort]) if left else "",
    })  # fmt: skip


def error(clock: Clock, view: Story, asked: Asked, lang: Lang) -> bytes:
    """One error's story."""
    said, fault = WORDS[lang], view.fault
    ends = [one for one in (fault.first_release, fault.last_release) if one]
    back = fault.regressions
    return _written(clock, "error.html", view, asked, lang, {
        "fault": fault,
        "much": f"{fault.count:,}",
        "releases": said["releases"].format(*ends) if len(set(ends)) > 1 else "".join(ends[:1]),
        "regressions": said["regressions" if back > 1 else "regression"].format(back) if back else "",
        "comment": said["comment"].format(fault.changed_by, fault.comment) if fault.comment else "",
        "chart": tables.hours(view.hours, view.zone, lang),
        "samples": [_sample(one, said) for one in view.samples],
        "kept": view.kept,
        "common": list(_common(view.values, fault.count, said)),
        "news": [{"at": one.at, "said": said[f"news_{one.what}"]} for one in reversed(view.news)],
    })  # fmt: skip


def _written(clock: Clock, template: str, view: At, asked: Asked, lang: Lang, more: Mapping[str, Any]) -> bytes:
    made = page.environment().get_template(template)
    values = {
        **_common_values(view, asked, lang),
        **more,
    }
    return "".join(unhurried(clock, made.generate(values))).encode("utf-8", "replace")


def _common_values(view: At, asked: Asked, lang: Lang) -> dict[str, Any]:
    return {
        "lang": lang,
        "words": WORDS[lang],
        "asked": asked,
        "icon": "data:image/svg+xml," + quote(_ICON),
        "style": style(),
        "refresh": asked.what == "apps",
        "at": view.at,
        "zone_info": view.zone,
        "zone": words.offset(view.zone, view.at),
    }


def _spans(asked: Asked) -> list[tuple[str, str]]:
    return [(span, "" if span == asked.span else asked.link(span=span)) for span in RANGES]


def _faults(faults: Sequence[Fault], asked: Asked) -> list[dict[str, Any]]:
    return [
        {
            "link": asked.link(what="error", number=one.id),
            "count": count(one.count),
            **{
                name: getattr(one, name)
                for name in ("code", "app", "title", "culprit", "level", "route", "state", "last_at")
            },
        }
        for one in faults
    ]


def _sample(one: ErrorEvent, said: Mapping[str, str]) -> dict[str, Any]:
    facts: Pairs = (
        (said["message"], one.message if not one.exceptions else ""),
        (said["route"], one.transaction),
        (said["release"], one.release),
        (said["environment"], one.environment),
        (said["server"], one.server_name),
        (said["user"], one.user),
        (said["trace"], one.trace_id),
        (said["sdk"], one.sdk),
    )
    return {
        "at": one.at,
        "facts": [pair for pair in facts if pair[1]],
        "exceptions": [_raised(raised) for raised in reversed(one.exceptions)],
        "trail": one.trail,
        **{name: getattr(one, name) for name in ("tags", "request", "contexts", "extra")},
    }


def _raised(one: Raised) -> dict[str, Any]:
    """The innermost call first; those of libraries folded, unless there are no others."""
    frames = list(reversed(one.frames))
    has_own = any(frame.in_app for frame in frames)
    calls = [Call(own, list(found)) for own, found in groupby(frames, key=lambda frame: frame.in_app or not has_own)]
    return {"type": one.type, "value": one.value, "calls": calls}


def _common(values: Iterable[Value], whole: int, said: Mapping[str, str]) -> Iterable[tuple[str, list[Any]]]:
    for name, found in groupby(values, key=lambda one: one.name):
        shown = [(one.value or said["others"], count(one.count), part(one.count / max(1, whole))) for one in found]
        yield name, shown[:10]
