"""Gathers what the page shows: asks the history of each probe that has a place on it, and adds groups up."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from daemon.clock import Clock, unhurried
from daemon.config.settings import Settings
from daemon.history.query import History
from daemon.history.stretches import PER_SECOND, Span, Time
from daemon.reading import Health
from daemon.web import lines
from daemon.web.groups import Groups
from daemon.web.lines import Calendar, Spell
from daemon.web.view import Day, Group, Line, Trouble, View, added, uptime, worst

States = Callable[[], Mapping[str, Health]]  # how each probe stands
MOST_TROUBLES = 50  # that are listed of those that are over


class Gatherer:
    """Makes views. It waits for the store once for each probe, and lets everybody else run meanwhile."""

    def __init__(self, history: History, clock: Clock, settings: Settings, states: States) -> None:
        self._history = history
        self._clock = clock
        self._states = states
        self._zone = settings.texts.time_zone.info
        self._names = settings.status_page.names if settings.status_page else {}

    def view(self, groups: Groups) -> View:
        """Gather all of it. Raises StoreError."""
        calendar = lines.calendar(self._clock.now(), self._zone)
        states = self._states()
        alike: dict[Day, Day] = {}
        made: list[Group] = []
        troubles: list[Trouble] = []
        for name, probes in groups.items():
            found: list[tuple[Line, tuple[Day, ...]]] = []
            for probe in unhurried(self._clock, probes):
                spans = self._history.line(probe, calendar.begin / PER_SECOND, calendar.now / PER_SECOND)
                line, windows = self._line(probe, spans, calendar, states)
                found.append((_shared(line, alike), windows))
                troubles += _troubles(line, name, lines.recent(lines.spells(spans), calendar.now))
            made.append(self._group(name, found))
        troubles.sort(key=lambda one: -one.began)
        return View(
            at=calendar.now / PER_SECOND,
            zone=self._zone,
            days=calendar.days,
            state=worst(group.state for group in made),
            groups=tuple(made),
            current=tuple(one for one in troubles if one.ended is None),
            past=tuple([one for one in troubles if one.ended is not None][:MOST_TROUBLES]),
        )

    def title(self, name: str) -> str:
        """What people read in place of a probe's name."""
        return self._names.get(name, name)

    def state(self, name: str) -> Time:
        """How one probe stands, now. Raises StoreError."""
        now = self._clock.now()
        spans = self._history.line(name, now - 1.0, now)
        return lines.state(spans, _stands(self._states(), name))[0]

    def _group(self, name: str, found: Sequence[tuple[Line, tuple[Day, ...]]]) -> Group:
        days = unhurried(self._clock, zip(*(line.days for line, _ in found), strict=True))
        windows = zip(*(of_one for _, of_one in found), strict=True)
        return Group(
            name=name,
            state=worst(line.state for line, _ in found),
            days=tuple(map(added, days)),
            uptime=tuple(uptime(added(window)) for window in windows),
            lines=tuple(line for line, _ in found),
        )

    def _line(
        self, name: str, spans: Sequence[Span], calendar: Calendar, states: Mapping[str, Health]
    ) -> tuple[Line, tuple[Day, ...]]:
        state, since = lines.state(spans, _stands(states, name))
        windows = lines.rolling(spans, calendar.windows)
        line = Line(
            name=name,
            title=self.title(name),
            state=state,
            since=since,
            days=lines.days_of(spans, calendar.edges),
            uptime=tuple(map(uptime, windows)),
        )
        return line, windows


def _stands(states: Mapping[str, Health], name: str) -> Time:
    return Time(states.get(name, Health.UNKNOWN).value)


def _shared(line: Line, alike: dict[Day, Day]) -> Line:
    """The same, with days that are kept once, however many probes had one like them."""
    return msgspec.structs.replace(line, days=tuple(alike.setdefault(day, day) for day in line.days))


def _troubles(line: Line, group: str, spells: Iterable[Spell]) -> Iterator[Trouble]:
    for one in spells:
        yield Trouble(
            name=line.name,
            title=line.title,
            group=group,
            state=one.time,
            began=one.begin / PER_SECOND,
            ended=None if one.end is None else one.end / PER_SECOND,
        )
