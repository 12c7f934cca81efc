"""What the page's template is given for each group and probe. What costs something is made when it is asked for."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from daemon.history.stretches import Time
from daemon.template.words import Lang
from daemon.web import words
from daemon.web.bars import bars
from daemon.web.chart import Chart, chart, spark
from daemon.web.view import TIMES, WINDOWS, Day, Group, Hour, Line, Response, View, added, seconds, uptime
from daemon.web.words import WORDS

Responses = Callable[[str], Response]  # of a probe, by its name

LEAST_OF_MANY = 0.2
_TICKS = 4  # parts of the chart's width that are named


class Key(NamedTuple):
    """A phase with its colour."""

    kind: str
    name: str
    p50: float | None
    p95: float | None


class Times:
    """A probe's response times as they are shown."""

    def __init__(self, found: Response | None, view: View, lang: Lang) -> None:
        self.hours: tuple[Hour, ...] = found.hours if found else ()
        self.total = found.total if found else None
        self.typical = self.total.p50 if self.total else None
        self.chart: Chart | None = chart(found, _label(found, lang)) if found else None
        self.svg = self.chart.svg if self.chart else ""
        self.spark = spark(found) if found else ""
        self.ticks = (self.chart.top, self.chart.top / 2, 0.0) if self.chart else ()
        self.times = list(_times(self.hours, view.zone))
        self.rows = list(_keys(found, self.chart, lang)) if found and self.chart else []


class LineRow:
    """A probe."""

    def __init__(self, line: Line, view: View, lang: Lang, responses: Responses | None) -> None:
        self.title = line.title
        self.state = line.state.value
        self.link = f"status?probe={quote(line.name, safe='')}"
        self.uptime = list(zip(WINDOWS, line.uptime, strict=True))
        self._line = line
        self._view = view
        self._lang = lang
        self._responses = responses

    def bars(self) -> str:
        """Its days."""
        return _drawn(self._line.days, self._view, self._lang, each=self._responses is not None)

    def response(self) -> Times:
        """How long its looks took."""
        return Times(self._responses(self._line.name) if self._responses else None, self._view, self._lang)

    def amiss(self) -> list[tuple[dt.date, str]]:
        """The days that were not all well, newest first."""
        found = zip(self._view.days, self._line.days, strict=True)
        return [(date, words.of_a_day(day, self._lang)) for date, day in found if is_amiss(day)][::-1]


class GroupRow:
    """A group."""

    def __init__(self, group: Group, view: View, lang: Lang, responses: Responses | None) -> None:
        is_alone = len(view.groups) == 1
        said = WORDS[lang]
        self.title = group.name or said["everything" if is_alone else "others"]
        self.link = "" if is_alone else f"status?group={quote(group.name, safe='')}"
        self.state = group.state.value
        self.uptime = list(zip(WINDOWS, group.uptime, strict=True))
        up = sum(line.state is Time.UP for line in group.lines)
        self.counted = said["in_all"].format(up=up, all=len(group.lines)) if len(group.lines) > 1 else ""
        self._group = group
        self._view = view
        self._lang = lang
        self._responses = responses

    @property
    def lines(self) -> Iterator[LineRow]:
        """Its probes."""
        return (LineRow(line, self._view, self._lang, self._responses) for line in self._group.lines)

    def bars(self) -> str:
        """The days of all of them."""
        least = LEAST_OF_MANY if len(self._group.lines) > 1 else 1.0
        return _drawn(self._group.days, self._view, self._lang, each=True, least=least)


def is_amiss(day: Day) -> bool:
    """Whether a day of which something is known was not all well."""
    return any(day[TIMES.index(time)] for time in (Time.DOWN, Time.DEGRADED, Time.UNKNOWN, Time.MAINTENANCE))


def _drawn(days: Sequence[Day], view: View, lang: Lang, *, each: bool, least: float = 1.0) -> str:
    titles = [f"{date}: {words.of_a_day(day, lang)}" for date, day in zip(view.days, days, strict=True)]
    titles[-1] = WORDS[lang]["so_far"].format(titles[-1])
    return bars(days, titles, _said(days, lang), each=each, least=least)


def _said(days: Sequence[Day], lang: Lang) -> str:
    """The bars in words."""
    whole = added(days)
    if (known := uptime(whole)) is None:
        return WORDS[lang]["bars_empty"]
    down = sum(1 for day in days if day[TIMES.index(Time.DOWN)])
    length = seconds(whole, Time.DOWN)
    return WORDS[lang]["bars_said"].format(
        uptime=words.percent(known), n=down, down=words.lasted(length, lang) if length else "0"
    )


def _label(found: Response, lang: Lang) -> str:
    total = found.total
    times = {"typical": total.p50, "within": total.p95, "highest": total.most} if total else {}
    return WORDS[lang]["chart"].format(**{name: words.took(time) for name, time in times.items()}) if times else ""


def _times(hours: Sequence[Hour], zone: dt.tzinfo) -> Iterator[str]:
    """The times below the chart: where each part of it begins, and where it ends."""
    if not hours:
        return
    step = len(hours) / _TICKS
    for part in range(_TICKS):
        yield f"{dt.datetime.fromtimestamp(hours[int(part * step)].begin, zone):%H:%M}"
    yield f"{dt.datetime.fromtimestamp(hours[-1].begin + 3_600, zone):%H:%M}"


def _keys(found: Response, drawn: Chart, lang: Lang) -> Iterator[Key]:
    for number, phase in enumerate(drawn.phases):
        timing = found.phases.get(phase)
        yield Key(
            f"p{number % 8}",
            words.phase(phase, lang),
            timing.p50 if timing else None,
            timing.p95 if timing else None,
        )
