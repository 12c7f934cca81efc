"""What was found goes to the table of series, and to heartbeats."""

from collections.abc import Callable

import msgspec

from daemon.clock import Clock, unhurried
from daemon.internal import Alarm, Check
from daemon.reading import Sign
from daemon.sentry.found import CheckIn, Found
from daemon.sentry.objects import mapping, number, text
from daemon.series import standard
from daemon.series.key import labels
from daemon.series.table import Table

Hear = Callable[[str, Sign], None]  # raises KeyError, StoreUnavailable
QUIET = 60.0  # seconds between two words about the jobs of one application that nobody knows

_quoted = msgspec.json.Encoder().encode


def count(found: Found, table: Table, clock: Clock) -> None:
    """Add its numbers to their series."""
    for view in unhurried(clock, found.views):
        standard.viewed(table, found.app, view.route, view.seconds, view.at, is_error=view.is_error, weight=view.weight)
    for use in unhurried(clock, found.uses):
        standard.used(
            table, found.app, use.kind, use.resource, use.seconds, use.at, is_error=use.is_error, weight=use.weight
        )
    for one in unhurried(clock, found.numbers):
        table.late(table.find(one.name, one.kind, labels(one.labels), one.unit), one.value, one.at, one.weight)


class Jobs:
    """Hands the calls of jobs to the heartbeats of their names."""

    def __init__(self, hear: Hear, alarm: Alarm, clock: Clock) -> None:
        self._hear = hear
        self._alarm = alarm
        self._clock = clock
        self._said: dict[str, float] = {}

    def call(self, app: str, check_in: CheckIn) -> None:
        """Have it heard; what has no heartbeat is an alarm that says how to make one. Raises StoreUnavailable."""
        try:
            self._hear(check_in.slug, check_in.sign)
        except KeyError:
            self._unknown(app, check_in)

    def _unknown(self, app: str, check_in: CheckIn) -> None:
        now = self._clock.monotonic()
        if now - self._said.get(app, float("-inf")) < QUIET:
            return
        self._said[app] = now
        self._alarm(
            Check.CHECK_IN,
            app,
            title=f"{app} has a job {check_in.slug}, and no heartbeat has that name",
            text=f"Nobody would miss it. To be told when it stays away:\n{wanted(check_in)}",
        )


def wanted(check_in: CheckIn) -> str:
    """The probe for a job, as YAML."""
    told, slug = check_in.wanted, _quoted(check_in.slug).decode()
    schedule = mapping(told.get("schedule"))
    lines = ["probes:", f"  {slug}:", "    type: heartbeat", "    key: # openssl rand -hex 16"]
    if text(schedule.get("type")) == "crontab":
        lines.append(f"    cron: {_quoted(text(schedule.get('value'))).decode()}")
        if zone := text(told.get("timezone")):
            lines.append(f"    timezone: {_quoted(zone).decode()}")
    else:
        lines.append(f"    every: {_every(number(schedule.get('value')), text(schedule.get('unit')))}")
    for name, setting in (("checkin_margin", "grace"), ("max_runtime", "longest")):
        minutes = number(told.get(name))
        if minutes is not None and 0 < minutes <= 366 * 24 * 60:
            lines.append(f"    {setting}: {minutes:.0f}m")
    return "\n".join(lines)


def _every(value: float | None, unit: str) -> str:
    days = {"week": 7, "month": 31, "year": 366}.get(unit)
    how_many = max(1, int(min(value or 1, 10_000)))
    return f"{how_many * days}d" if days else f"{how_many}{ {'minute': 'm', 'hour': 'h'}.get(unit, 'd') }"
