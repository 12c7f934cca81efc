"""Schedules made with few words, and instants read from a clock on a wall."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from daemon.oncall.schedule import Book, Cover, Layer, Override, Schedule
from daemon.oncall.words import Day, Days, Handover, Hours, Moment, Rotation
from daemon.zone import Zone

BERLIN, NEW_YORK, SHANGHAI = "Europe/Berlin", "America/New_York", "Asia/Shanghai"


def layer(*people: str, **more: Any) -> Layer:
    """A layer; its settings are texts, as in a file."""
    kinds = {"rotation": Rotation, "handover": Handover, "start": Day, "until": Day, "hours": Hours}
    settings = {name: kinds[name](text) for name, text in more.items() if name in kinds}
    if "weekdays" in more:
        settings["weekdays"] = tuple(Days(text) for text in more["weekdays"])
    return Layer(people=people, use=more.get("use", ""), **settings)


def override(who: str, begin: str, end: str) -> Override:
    return Override(who=who, from_=Moment(begin), until=Moment(end))


def schedule(*layers: Layer, zone: str = BERLIN, name: str = "s", overrides: tuple[Override, ...] = ()) -> Schedule:
    return Schedule(name=name, time_zone=Zone(zone), layers=layers, overrides=overrides)


def book(*schedules: Schedule, stored: tuple[Cover, ...] = (), **teams: tuple[str, ...]) -> Book:
    """A book of these; what is stored belongs to the first."""
    return Book(
        schedules={one.name: one for one in schedules},
        teams=teams,
        stored={schedules[0].name: stored} if stored else {},
    )


def at(text: str, zone: str = BERLIN) -> float:
    """When a wall of this zone shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def said(instant: float, zone: str = BERLIN) -> str:
    """What a wall of this zone shows, and how far it is from UTC."""
    return datetime.fromtimestamp(instant, ZoneInfo(zone)).isoformat(sep=" ", timespec="minutes")
