"""What a schedule is: layers of people who take turns, and overrides that go before them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from daemon.oncall.duties import Duties
from daemon.oncall.wall import instant
from daemon.oncall.words import Day, Days, Handover, Hours, Moment, Rotation
from daemon.zone import Zone

TEAM = "team:"
SCHEDULE = "schedule:"


class Cover(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is on call from one instant to another, whatever the layers say. `id` is 0 for one of the file."""

    who: tuple[str, ...]  # people, and teams as `team:dba`
    begin: float
    end: float
    id: int = 0


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """A time without a hand-over in it: who is on call from when until when."""

    who: tuple[str, ...]
    begin: float
    end: float


@dataclass(frozen=True, kw_only=True)
class Layer:
    """People who take turns, or another schedule, or a calendar; for a part of the day or the week when it says so."""

    people: tuple[str, ...] = field(
        default=(), metadata={"doc": "who take turns, in this order: people, and teams as `team:<name>`"}
    )
    use: str = field(default="", metadata={"doc": "a schedule that fills this layer, in place of people"})
    ical: str = field(
        default="", metadata={"doc": "a calendar's file that fills it, seen from this file: its events name the people"}
    )
    duties: Duties = field(default=Duties(()), repr=False)  # what stands in that file
    rotation: Rotation = field(
        default=Rotation("weekly"),
        metadata={"doc": "length of a turn: `daily`, `weekly`, or `every` so many `hours`, `days` or `weeks`"},
    )
    handover: Handover = field(
        default=Handover("09:00"),
        metadata={"doc": "when the next one takes over, on the clock of the time zone: `09:00`, `monday 09:00`"},
    )
    start: Day | None = field(
        default=None, metadata={"doc": "the day on which the first of them takes over; before it the layer is empty"}
    )
    until: Day | None = field(
        default=None, metadata={"doc": "the day at whose hand-over time the layer ends; empty for never"}
    )
    hours: Hours | None = field(
        default=None, metadata={"doc": "the part of the day in which the layer is on, also over midnight: 18:00-09:00"}
    )
    weekdays: tuple[Days, ...] = field(
        default=(), metadata={"doc": "the days on which the layer, or its hours, begin: `saturday`, `monday-friday`"}
    )


@dataclass(frozen=True, kw_only=True)
class Override:
    """Somebody who takes a time over, before all layers."""

    who: str = field(metadata={"doc": "a person, or a team as `team:<name>`"})
    from_: Moment = field(metadata={"doc": 'when it begins: "2026-12-24 18:00"', "key": "from"})
    until: Moment = field(metadata={"doc": "when it ends"})


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Who is on call when: the last layer that has somebody, and overrides before all of them."""

    name: str
    time_zone: Zone = field(metadata={"doc": "whose clock hand-overs go by: `Asia/Shanghai`"})
    layers: tuple[Layer, ...] = field(
        default=(), metadata={"doc": "who take turns; where several have somebody, the last of them counts"}
    )
    overrides: tuple[Override, ...] = field(default=(), metadata={"doc": "who takes over when, before all layers"})

    @cached_property
    def covers(self) -> tuple[Cover, ...]:
        """The overrides of the file, as instants."""
        return tuple(
            Cover(who=(one.who,), begin=self.instant(one.from_), end=self.instant(one.until)) for one in self.overrides
        )

    def instant(self, moment: Moment) -> float:
        """When a moment is, read by this schedule's clock where it names no offset."""
        told = moment.instant
        return instant(moment.wall, self.time_zone.info) if told is None else told


@dataclass(frozen=True, kw_only=True)
class Book:
    """Everything that "who is on call" depends on. No schedule of it uses itself, not even by way of others."""

    schedules: Mapping[str, Schedule]
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stored: Mapping[str, tuple[Cover, ...]] = field(default_factory=dict)  # said by method: before those of the file

    def covers(self, name: str) -> tuple[Cover, ...]:
        """Everything that goes before the layers of a schedule, what counts most at the end."""
        return (*self.schedules[name].covers, *self.stored.get(name, ()))

    def people(self, targets: Iterable[str]) -> tuple[str, ...]:
        """The people in a list of people and teams, each once."""
        return tuple(
            dict.fromkeys(
                person
                for target in targets
                for person in (self.teams.get(target.removeprefix(TEAM), ()) if target.startswith(TEAM) else (target,))
            )
        )
