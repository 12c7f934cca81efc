"""Layers that a calendar's file fills: read with the configuration, seen from its folder."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from daemon.config.findings import Path as Place
from daemon.config.findings import quoted
from daemon.config.regular import read_regular
from daemon.config.settings import Settings
from daemon.config.targets import named
from daemon.config.written import Problem
from daemon.oncall import ical
from daemon.oncall.duties import Duties
from daemon.oncall.ical import Unread
from daemon.oncall.recurring import Event
from daemon.oncall.schedule import Layer, Schedule

MAX_FILE = 256 * 1024
MOST_TOLD = 5  # events of one file that nobody can use


def filled(settings: Settings, folder: Path) -> tuple[Settings, list[Problem], list[Problem]]:
    """The settings with every calendar read; the files that cannot be, and the events that are nobody's."""
    problems: list[Problem] = []
    doubts: list[Problem] = []
    schedules = {}
    for name, schedule in settings.schedules.items():
        layers = []
        for i, layer in enumerate(schedule.layers):
            if layer.ical:
                path = ("schedules", name, "layers", f"[{i}]", "ical")
                layer = _with_duties(layer, schedule, folder, settings, path, problems, doubts)  # noqa: PLW2901
            layers.append(layer)
        schedules[name] = dataclasses.replace(schedule, layers=tuple(layers))
    return dataclasses.replace(settings, schedules=schedules), problems, doubts


def _with_duties(
    layer: Layer,
    schedule: Schedule,
    folder: Path,
    settings: Settings,
    path: Place,
    problems: list[Problem],
    doubts: list[Problem],
) -> Layer:
    try:
        raw, _ = read_regular(folder / layer.ical, MAX_FILE)
        read = [one for one in ical.read(raw.decode(), schedule.time_zone.info) if one is not None]
    except OSError as error:
        problems.append((path, f"{quoted(layer.ical)} cannot be read: {error.strerror}"))
        return layer
    except UnicodeDecodeError as error:
        problems.append((path, f"{quoted(layer.ical)} is not UTF-8: byte {error.start}"))
        return layer
    except ValueError as error:
        problems.append((path, f"{quoted(layer.ical)} {error}"))
        return layer
    meant = [(one, named(one, settings, {})) for one in read if isinstance(one, Event)]
    said = [*_unusable(read), *(f"{quoted(one.summary)}: nobody here is called so" for one, who in meant if not who)]
    doubts += [(path, f"an event is left out, {one}") for one in said[:MOST_TOLD]]
    if len(said) > MOST_TOLD:
        doubts.append((path, f"{len(said) - MOST_TOLD} more events are left out"))
    return dataclasses.replace(layer, duties=Duties((one, who) for one, who in meant if who))


def _unusable(read: list[Event | Unread]) -> Iterator[str]:
    for one in read:
        if isinstance(one, Unread):
            yield f"{quoted(one.summary)}: {one.why}"
