"""Lines held against patterns, many at a time: what came, and what of it is an alarm. Waits for nothing."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from daemon.config.syslog import LinePattern
from daemon.event import Severity
from daemon.intakes.doors import Signed
from daemon.intakes.syslog.grammar import LEVELS, Line, read
from daemon.matcher import any_of, pattern

_SEVERITIES = (Severity.CRITICAL,) * 3 + (Severity.ERROR, Severity.WARNING) + (Severity.INFO,) * 3

Labels = tuple[tuple[str, str], ...]
Whose = tuple[str, str, str]  # host, app, level


class Find(msgspec.Struct):
    """Lines of one alarm: how often, and the last of them."""

    pattern: LinePattern
    key: str
    labels: dict[str, str]
    line: Line
    severity: Severity
    count: int = 1


class Seen(msgspec.Struct):
    """What a batch of lines adds up to."""

    counts: dict[Whose, int] = {}
    finds: dict[str, Find] = {}
    empty: int = 0


class Eye:
    """A pattern, ready to look."""

    def __init__(self, setting: LinePattern) -> None:
        self.setting = setting
        self._match = pattern(setting.match)
        self._unless = pattern(setting.unless) if setting.unless else None
        self._app = pattern(setting.app) if setting.app else None
        self._host = pattern(setting.host) if setting.host else None
        self._level = LEVELS.index(setting.severity_at_least)

    def look(self, line: Line) -> Find | None:
        """What the line is to this pattern."""
        if line.level > self._level:
            return None
        if self._app and not self._app.fullmatch(line.app):
            return None
        if self._host and not self._host.fullmatch(line.host):
            return None
        found = self._match.search(line.message)
        if found is None or (self._unless and self._unless.search(line.message)):
            return None
        return self._find(line, {name: value for name, value in found.groupdict().items() if value})

    def _find(self, line: Line, groups: dict[str, Any]) -> Find:
        setting = self.setting
        labels = {"host": line.host, "app": line.app} | groups
        telling = setting.key if setting.key is not None else sorted(labels)
        key = ",".join(f"{name}={labels[name]}" for name in telling if labels.get(name))
        labels = {name: value for name, value in labels.items() if value} | setting.labels | {"pattern": setting.name}
        severity = setting.severity or _SEVERITIES[line.level]
        return Find(setting, f"{setting.name}{{{key}}}", labels, line, severity)


class Eyes:
    """All patterns. Most lines are no alarm, which one glance tells, however many patterns there are."""

    def __init__(self, settings: Iterable[LinePattern]) -> None:
        self._all = tuple(Eye(one) for one in settings)
        self._glance = any_of([eye.setting.match for eye in self._all]) if len(self._all) > 1 else None

    def look(self, line: Line) -> Iterator[Find]:
        """What the line is to each pattern."""
        if self._glance is None or self._glance.search(line.message):
            for eye in self._all:
                if find := eye.look(line):
                    yield find


def look(eyes: Eyes, lines: Iterable[Signed], own_name: str) -> Seen:
    """Read lines and look at each with all eyes. `own_name` is the host of what comes from this machine."""
    seen = Seen(counts={}, finds={})
    for raw, sender in lines:
        line = read(raw, is_local=not sender)
        if line is None:
            seen.empty += 1
            continue
        if not line.host:
            line = line._replace(host=sender or own_name)
        whose = (line.host, line.app, LEVELS[line.level])
        seen.counts[whose] = seen.counts.get(whose, 0) + 1
        for find in eyes.look(line):
            merge(seen.finds, find)
    return seen


def merge(finds: dict[str, Find], find: Find) -> Find:
    """Add lines to those of the same alarm; the last line speaks for all, the worst says how bad it is."""
    known = finds.setdefault(find.key, find)
    if known is not find:
        known.count += find.count
        known.line, known.labels = find.line, find.labels
        known.severity = min(known.severity, find.severity, key=lambda one: one.urgency)
    return known
