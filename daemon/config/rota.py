"""The rules of teams and schedules: they name somebody, make sense, and do not go round in circles."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from daemon.config.findings import Path, quoted
from daemon.config.scalars import meant
from daemon.config.settings import Settings
from daemon.config.targets import unknown
from daemon.config.written import Problem, Written
from daemon.oncall.roster import first_gap
from daemon.oncall.schedule import SCHEDULE, Book, Cover, Layer, Override, Schedule
from daemon.oncall.wall import shown
from daemon.oncall.words import WEEKDAYS, Day

DEEPEST = 8  # schedules that use one another in a row
GAPS_WITHIN = 30 * 86_400.0
MINUTES = "%Y-%m-%d %H:%M"


def teams(settings: Settings, written: Written) -> Iterator[Problem]:
    """A team has people, each once."""
    for name, members in settings.teams.items():
        if not members:
            yield ("teams", name), "has nobody in it; write [somebody]"
        for member in dict.fromkeys(members):
            if ":" in member:
                yield ("teams", name), f"{quoted(member)} is not a person, and a team holds people only"
            elif said := unknown(member, written.people, frozenset()):
                yield ("teams", name), said
            if members.count(member) > 1:
                yield ("teams", name), f"{quoted(member)} stands twice"


def schedules(settings: Settings, written: Written) -> Iterator[Problem]:
    """Every schedule names those who exist, at times that follow one another."""
    for name, schedule in settings.schedules.items():
        path = ("schedules", name)
        for i, layer in enumerate(schedule.layers):
            yield from _whom(layer, (*path, "layers", f"[{i}]"), written)
            yield from _when(layer, (*path, "layers", f"[{i}]"))
        for i, override in enumerate(schedule.overrides):
            if said := unknown(override.who, written.people, written.teams):
                yield (*path, "overrides", f"[{i}]", "who"), said
        yield from _overriding(schedule, (*path, "overrides"))
    yield from _circles(settings.schedules)


def gaps(settings: Settings, now: float) -> Iterator[Problem]:
    """The first time of the next weeks in which nobody is on call; what only fills another schedule may have some."""
    told = {target for one in settings.receivers.values() for leg in one.notify for target in leg.to}
    told |= {target for one in settings.receivers.values() for step in one.escalate for target in step.to}
    filling = {layer.use for schedule in settings.schedules.values() for layer in schedule.layers}
    book = Book(schedules=settings.schedules, teams=settings.teams)
    for name, schedule in settings.schedules.items():
        if name in filling and SCHEDULE + name not in told:
            continue
        if gap := first_gap(book, name, now, now + GAPS_WITHIN):
            zone = schedule.time_zone.info
            since, until = (shown(one, zone).strftime(MINUTES) for one in gap)
            ends = f"until {until}" if gap[1] < now + GAPS_WITHIN else "for weeks"
            yield ("schedules", name), f"nobody is on call from {since} {ends} ({schedule.time_zone})"


def _whom(layer: Layer, path: Path, written: Written) -> Iterator[Problem]:
    filled = [name for name in ("people", "use", "ical") if getattr(layer, name)]
    if len(filled) > 1:
        yield path, f"has {' and '.join(filled)}; a layer is filled by one of them"
    elif not filled:
        yield (*path, "people"), "names nobody; write [somebody], or `use:` with the name of another schedule"
    for target in dict.fromkeys(layer.people):
        if target.startswith(SCHEDULE):
            yield (*path, "people"), f"{quoted(target)} does not take turns; write use: {target.removeprefix(SCHEDULE)}"
        elif said := unknown(target, written.people, written.teams):
            yield (*path, "people"), said
    if layer.use and layer.use not in written.schedules:
        hint = meant(layer.use, written.schedules)
        yield (*path, "use"), f"there is no schedule {quoted(layer.use)}{hint}"


def _when(layer: Layer, path: Path) -> Iterator[Problem]:
    weekday = layer.handover.weekday
    if len(layer.people) > 1 and layer.start is None:
        yield (*path, "start"), f"is missing: the day on which {layer.people[0]} takes over, such as 2026-11-23"
    if weekday and not layer.rotation.is_of_weeks:
        time = layer.handover.removeprefix(weekday).strip()
        said = f"names a day, but a turn of {quoted(layer.rotation)} does not always end on it"
        yield (*path, "handover"), f"{quoted(layer.handover)} {said}; write {time}, or rotation: weekly"
    elif weekday and layer.start is not None and WEEKDAYS[layer.start.midnight.weekday()] != weekday:
        before, after = _nearest(layer.start, weekday)
        day = WEEKDAYS[layer.start.midnight.weekday()]
        yield (*path, "start"), f"{layer.start} is a {day}, but turns begin on {weekday}; write {before} or {after}"
    if layer.start is not None and layer.until is not None and layer.until <= layer.start:
        yield (*path, "until"), f"{layer.until} is not after the start, {layer.start}; the layer would never be on"


def _nearest(day: Day, weekday: str) -> tuple[str, str]:
    """The days of this name before and after a date."""
    back = timedelta(days=(day.midnight.weekday() - WEEKDAYS.index(weekday)) % 7)
    before = day.midnight - back
    return f"{before:%Y-%m-%d}", f"{before + timedelta(weeks=1):%Y-%m-%d}"


def _overriding(schedule: Schedule, path: Path) -> Iterator[Problem]:
    """Each override ends after it begins, and no two of them hold at the same time."""
    sound: list[tuple[int, Override, Cover]] = []
    for i, (override, cover) in enumerate(zip(schedule.overrides, schedule.covers, strict=True)):
        if cover.end <= cover.begin:
            yield (*path, f"[{i}]", "until"), f"{override.until} is not after its beginning, {override.from_}"
            continue
        for j, other, before in sound:
            if cover.begin < before.end and before.begin < cover.end:
                said = (
                    f"{_spoken(override)} overlaps overrides[{j}], {_spoken(other)}; let one end where the other begins"
                )
                yield (*path, f"[{i}]"), said
        sound.append((i, override, cover))


def _spoken(override: Override) -> str:
    return f"{override.who} from {override.from_} until {override.until}"


def _circles(known: Mapping[str, Schedule]) -> Iterator[Problem]:
    """Name each circle once, at the first of its schedules; without any, those that use too many in a row."""
    used = {
        name: [other for other in dict.fromkeys(layer.use for layer in schedule.layers) if other in known]
        for name, schedule in known.items()
    }
    told: set[str] = set()
    for name in known:
        if name not in told and (circle := _circle(name, used)):
            told.update(circle)
            yield ("schedules", name), f"uses itself: {' → '.join(circle)}; take one `use:` out of the circle"
    for name in known if not told else ():
        reached = {name}
        for _ in range(DEEPEST):
            reached = {other for one in reached for other in used[one]}
        if reached:
            yield ("schedules", name), f"uses a schedule that uses another, and so on, more than {DEEPEST} deep"


def _circle(name: str, used: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from a schedule back to itself; empty when there is none."""
    before: dict[str, str] = {}
    reached = [name]
    for one in reached:  # which grows meanwhile
        for other in used[one]:
            if other == name:
                way = [name, one]
                while way[-1] != name:
                    way.append(before[way[-1]])
                return way[::-1]
            if other not in before:
                before[other] = one
                reached.append(other)
    return []
