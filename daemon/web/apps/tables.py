"""Tables and charts of the pages about applications, as the templates are given them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from daemon.template.words import Lang, duration
from daemon.web.apps.links import COLUMNS, FIRST, Asked
from daemon.web.apps.plot import Plot, Row, plot
from daemon.web.apps.view import RANGES, Figures, Line, Lines, Point
from daemon.web.apps.words import WORDS, count, mark, part, spent, step
from daemon.web.words import NOTHING

LESSER = ("time", "p50", "p99", "errors")  # columns that a telephone shows below the line
DAYS = 7  # that are shown of one error, and named
MARKS = 4  # parts of a chart's width that are named

Told = Callable[[Line], str]


class Column(NamedTuple):
    """The head of a column; `link` sorts by it, and is empty where the table is sorted so already."""

    label: str
    link: str
    lesser: bool


class Cell(NamedTuple):
    """One figure; a lesser one has a name, under which a telephone shows it below the line."""

    text: str
    lesser: str = ""
    bad: bool = False


class LineRow(NamedTuple):
    """One line."""

    name: str
    kind: str
    link: str
    cells: list[Cell]


class Chart(NamedTuple):
    """A drawing with what stands around it; `ticks` from the top, `marks` from the left."""

    title: str
    svg: str
    ticks: list[str]
    marks: list[str]
    keys: list[tuple[str, str, str]]  # class, what it is called, how much it is


def cells(found: Figures, names: Mapping[str, str]) -> list[Cell]:
    """The figures of a line, in the order of COLUMNS; `names` are those of the columns."""
    shown = {
        "requests": count(found.requests),
        "time": spent(found.time) if found.time else NOTHING,
        "p50": spent(found.p50),
        "p95": spent(found.p95),
        "p99": spent(found.p99),
        "errors": count(found.errors),
        "error_share": part(found.error_share),
    }
    return [
        Cell(
            shown[name],
            names[name] if name in LESSER else "",
            bad=name in ("errors", "error_share") and found.errors > 0,
        )
        for name in COLUMNS
    ]


class Table:
    """Routes, or resources."""

    def __init__(self, lines: Lines, what: str, asked: Asked, lang: Lang) -> None:
        """`asked` is the page on which it stands; `what` of links.TABLES it is."""
        said = WORDS[lang]
        sorted_by = asked.sort if asked.what == what else FIRST
        self.of = what
        first = {"requests": "uses" if what == "resources" else "requests", "time": "total", "error_share": "failed"}
        names: dict[str, str] = {name: said[first.get(name, name)] for name in COLUMNS}
        self.columns = [
            Column(
                names[name],
                "" if name == sorted_by else asked.link(what=what, sort=name),
                name in LESSER,
            )
            for name in COLUMNS
        ]
        self.rows = [
            LineRow(
                one.name or (said["others"] if one.other else NOTHING),
                one.kind,
                asked.link(what="app", route=one.name) if what == "routes" and one.name else "",
                cells(one.figures, names),
            )
            for one in lines.lines
        ]
        left = lines.all - len(lines.lines)
        self.more = said["more"].format(len(lines.lines), f"{lines.all:,}", names[sorted_by]) if left > 0 else ""
        self.all = lines.all


def charts(
    points: Sequence[Point], whole: Figures, reported: float, span: str, zone: dt.tzinfo, lang: Lang
) -> list[Chart]:
    """Requests, response times and errors over time."""
    said = WORDS[lang]
    length = RANGES[span][0]
    whens = [_when(point, span, zone, lang) for point in points]
    marks = _marks(points, length, zone)
    most = max((point.rate for point in points), default=0.0)
    failed = [min(point.figures.errors, point.figures.requests) * 60 / point.length for point in points]
    well = [point.rate - bad for point, bad in zip(points, failed, strict=True)]
    requests = plot(
        [Row("f", failed), Row("b", well)],
        [],
        [
            said["step_requests"].format(
                at=at, rate=count(point.rate), count=count(point.figures.requests), failed=count(point.figures.errors)
            )
            for at, point in zip(whens, points, strict=True)
        ],
        said["chart_requests"].format(count=count(whole.requests), range=said[span], most=count(most)),
        least=1.0,
    )
    made = [
        _chart(requests, said["requests_over"], count, marks, [
            ("b", said["went_well"], count(max(0.0, whole.requests - whole.errors))),
            ("f", said["went_wrong"], count(whole.errors)),
        ])
    ]  # fmt: skip
    if whole.p50 is not None:
        made.append(_times(points, whole, whens, marks, span, lang))
    made.append(_errors(points, whole, reported, whens, marks, span, lang))
    return made


def _times(
    points: Sequence[Point], whole: Figures, whens: Sequence[str], marks: list[str], span: str, lang: Lang
) -> Chart:
    said = WORDS[lang]
    names = ("p50", "p95", "p99")
    rows = [Row(f"q{name[1:]}", [getattr(point.figures, name) for point in points]) for name in names]
    titles = [
        said["step_times"].format(at=at, **{name: spent(getattr(point.figures, name)) for name in names})
        for at, point in zip(whens, points, strict=True)
    ]
    figures = {name: spent(getattr(whole, name)) for name in names}
    made = plot([], rows, titles, said["chart_times"].format(range=said[span], **figures))
    keys = [(f"q{name[1:]}", said[name], figures[name]) for name in names]
    return _chart(made, said["times_over"], spent, marks, keys)


def _errors(
    points: Sequence[Point],
    whole: Figures,
    reported: float,
    whens: Sequence[str],
    marks: list[str],
    span: str,
    lang: Lang,
) -> Chart:
    said = WORDS[lang]
    titles = [
        said["step_errors"].format(at=at, failed=count(point.figures.errors), told=count(point.reported))
        for at, point in zip(whens, points, strict=True)
    ]
    told: list[Row] = [Row("e", [point.reported for point in points])] if reported else []
    made = plot(
        [Row("f", [point.figures.errors for point in points])],
        told,
        titles,
        said["chart_errors"].format(range=said[span], failed=count(whole.errors), told=count(reported)),
        least=2.0,
    )
    keys = [("f", said["went_wrong"], count(whole.errors))]
    keys += [("e", said["told"], count(reported))] if reported else []
    return _chart(made, said["errors_over"].format(duration(RANGES[span][1], lang)), count, marks, keys)


def hours(found: Sequence[tuple[float, int]], zone: dt.tzinfo, lang: Lang) -> Chart:
    """How often an error was, by the hour."""
    said = WORDS[lang]
    most = max((number for _, number in found), default=0)
    titles = [said["step_hours"].format(at=step(begin, 3_600, zone), count=count(number)) for begin, number in found]
    label = said["chart_hours"].format(count=count(sum(number for _, number in found)), most=count(most))
    made = plot([Row("f", [float(number) for _, number in found])], [], titles, label, least=2.0)
    begin, length = found[0][0], len(found) * 3_600
    marks = [mark(begin + length * at / DAYS, length, zone) for at in range(DAYS + 1)]
    return _chart(made, said["by_hour"], count, marks, [])


def numbers(points: Sequence[Point], span: str, zone: dt.tzinfo, lang: Lang) -> Iterator[tuple[str, list[Cell]]]:
    """The same as a table, newest first."""
    said = WORDS[lang]
    for point in reversed(points):
        found = point.figures
        yield (
            _when(point, span, zone, lang),
            [
                Cell(count(point.rate)),
                Cell(count(found.requests), lesser=said["requests"]),
                Cell(spent(found.p50), lesser=said["p50"]),
                Cell(spent(found.p95)),
                Cell(spent(found.p99), lesser=said["p99"]),
                Cell(count(found.errors), bad=found.errors > 0),
                Cell(count(point.reported), bad=point.reported > 0),
            ],
        )


def _chart(
    made: Plot, title: str, write: Callable[[float], str], marks: list[str], keys: list[tuple[str, str, str]]
) -> Chart:
    return Chart(title, made.svg, [write(tick) for tick in made.ticks], marks, keys)


def _when(point: Point, span: str, zone: dt.tzinfo, lang: Lang) -> str:
    length = RANGES[span][1]
    told = step(point.begin, length, zone)
    return told if point.length >= length else WORDS[lang]["not_over"].format(told)


def _marks(points: Sequence[Point], length: int, zone: dt.tzinfo) -> list[str]:
    if not points:
        return []
    return [mark(points[0].begin + length * at / MARKS, length, zone) for at in range(MARKS + 1)]
