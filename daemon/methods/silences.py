"""Silences: what is not to be told, by whom, until when, and what that has hidden."""

from collections.abc import Mapping

import msgspec

from daemon.alert import Alert
from daemon.alerting import silencing
from daemon.alerting.silencing import Wanted
from daemon.calendars.interval import TimeInterval
from daemon.config import recurring
from daemon.errors import MatcherError, MethodError
from daemon.event import State
from daemon.matcher import Matcher, parse
from daemon.methods import hushing
from daemon.methods.alerts import AlertLine, alert_line
from daemon.methods.codes import Id, Limit, found, number, page
from daemon.methods.hushing import Made, Preview, SilenceLine, asked, ends
from daemon.methods.parts import Parts
from daemon.methods.table import REFUSED, Caller, Table
from daemon.store import alerts, silences
from daemon.store.base import Tx
from daemon.store.silences import Kind, Silence

MOST_HIDDEN = 1_000  # alerts of one silence that are shown


class SilenceStory(msgspec.Struct, frozen=True, kw_only=True):
    """A silence with the alerts that it kept from somebody, the open ones first."""

    silence: SilenceLine
    hidden: list[AlertLine]


def add(table: Table, parts: Parts) -> None:
    """Add `silences.*` and `alerts.silence`."""
    _add_looking(table, parts)
    _add_making(table, parts)
    _add_changing(table, parts)
    _add_ending(table, parts)
    _add_for_one_alert(table, parts)


def _add_looking(table: Table, parts: Parts) -> None:
    @table.method("silences.list", "read")
    def _list(over: bool = False, limit: Limit = 100, before: Id = 0) -> list[SilenceLine]:
        """List silences and maintenance windows, newest first; with `over` also those that have ended.

        `before` is the last code of the page before.
        """
        now, last = parts.clock.now(), page(before, "S")

        def work(tx: Tx) -> list[SilenceLine]:
            rows = silences.newest(tx, limit, last, over_by=0.0 if over else now)
            return [hushing.line(tx, silence, now) for silence in rows]

        return parts.store.read(work)

    @table.method("silences.get", "read")
    def _get(id: Id) -> SilenceStory:  # noqa: A002 - the name that callers write
        """Tell all about one silence, with the alerts that it has hidden."""
        now = parts.clock.now()
        return parts.store.read(asked(lambda tx: _story(tx, silencing.known(tx, str(id).strip()), now)))

    @table.method("silences.preview", "read")
    def _preview(matchers: list[str]) -> Preview:
        """Tell which open alerts a silence with these matchers would hide."""
        now = parts.clock.now()
        wanted = Wanted(matchers=matchers, author="-", until_resolved=True)
        return parts.store.read(asked(lambda tx: hushing.preview(tx, silencing.checked(wanted, None, now))))


def _add_making(table: Table, parts: Parts) -> None:
    @table.method("silences.add", "act")
    def _add(
        caller: Caller,
        matchers: list[str],
        end: str | float = "",
        duration: str = "",
        start: str | float = "",
        until_resolved: bool = False,
        during: str = "",
        author: str = "",
        comment: str = "",
    ) -> Made:
        """Keep what matches from being told, from now or a start on, and show what is open of it.

        `matchers` are written as in a route. It ends at `end`, or so long after its start as `duration` says, or, with
        `until_resolved`, when the last alert that it matches is resolved. With `during` it recurs: it holds only in
        these intervals, written as below `time_intervals:` of the configuration in YAML or JSON, or by the name of one
        of those. The author is the caller, unless another is named.
        """
        now = parts.clock.now()
        starts_at = hushing.at(start, "start", "silences.add")
        wanted = Wanted(
            matchers=matchers,
            starts_at=starts_at,
            ends_at=ends(end, duration, max(now, starts_at or now), "silences.add"),
            until_resolved=until_resolved,
            during=_during(during, parts.settings().time_intervals),
            author=hushing.author(author, caller),
            comment=comment,
        )
        return _put(parts, wanted, now)


def _add_changing(table: Table, parts: Parts) -> None:
    @table.method("silences.update", "act")
    def _update(
        id: Id,  # noqa: A002 - the name that callers write
        matchers: list[str] | None = None,
        end: str | float = "",
        duration: str = "",
        start: str | float = "",
        until_resolved: bool | None = None,
        during: str | None = None,
        author: str = "",
        comment: str | None = None,
    ) -> Made:
        """Change a silence; what is left out stays as it is.

        `duration` counts from now, or from the start of one that is to come. Once it holds, other matchers, intervals
        or another start end it and make a new one, so that it stays known what was hidden by what.
        """
        change = _Change(
            matchers=matchers,
            start=hushing.at(start, "start", "silences.update"),
            end=end,
            duration=duration,
            until_resolved=until_resolved,
            during=None if during is None else _during(during, parts.settings().time_intervals),
            author=author.strip(),
            comment=comment,
        )
        now = parts.clock.now()
        return parts.store.write(asked(lambda tx: _changed(tx, silencing.known(tx, str(id).strip()), change, now)))


def _add_ending(table: Table, parts: Parts) -> None:
    @table.method("silences.expire", "act")
    def _expire(caller: Caller, id: Id) -> SilenceLine:  # noqa: A002 - the name that callers write
        """End a silence now; what it hid and still fires is told at the next tick of its group."""
        now = parts.clock.now()

        def work(tx: Tx) -> SilenceLine:
            silence = silencing.known(tx, str(id).strip())
            return hushing.line(tx, silencing.expire(tx, silence, now, caller.name), now)

        return parts.store.write(asked(work))


def _add_for_one_alert(table: Table, parts: Parts) -> None:
    @table.method("alerts.silence", "act")
    def _silence(
        caller: Caller,
        id: Id,  # noqa: A002 - the name that callers write
        duration: str = "",
        until_resolved: bool = False,
        author: str = "",
        comment: str = "",
    ) -> Made:
        """Silence one open alert, by all its labels: for so long, or until it is resolved, whichever comes first.

        Without a duration it is until it is resolved.
        """
        now = parts.clock.now()
        wanted_id = number(id, "A")
        ends_at = ends("", duration, now, "alerts.silence")

        def work(tx: Tx) -> Made:
            alert = found(alerts.get(tx, wanted_id), id, "A")
            if alert.state is not State.FIRING:
                raise MethodError(f"{alert.code} is over: there is nothing to silence", code=REFUSED)
            wanted = Wanted(
                matchers=exactly(alert),
                ends_at=ends_at,
                until_resolved=until_resolved or ends_at is None,
                author=hushing.author(author, caller),
                comment=comment,
            )
            return hushing.made(tx, silencing.put(tx, wanted, now), now)

        return parts.store.write(asked(work))


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be other than it was; None and empty are as it was."""

    matchers: list[str] | None
    start: float | None
    end: str | float
    duration: str
    until_resolved: bool | None
    during: str | None
    author: str
    comment: str | None


def _changed(tx: Tx, before: Silence, change: _Change, now: float) -> Made:
    if before.kind is Kind.MAINTENANCE:
        said = f"{before.code} is a maintenance window: maintenance.open has it open for longer"
        raise MethodError(said, code=REFUSED, data={"field": "id"})
    counted = max(now, before.starts_at if change.start is None else change.start)
    ends_at = ends(change.end, change.duration, counted, "silences.update")
    wanted = Wanted(
        change=before.code,
        matchers=before.matchers if change.matchers is None else change.matchers,
        starts_at=change.start,
        ends_at=before.ends_at if ends_at is None else ends_at,
        until_resolved=before.until_resolved if change.until_resolved is None else change.until_resolved,
        during=before.during if change.during is None else change.during,
        author=change.author or before.author,
        comment=before.comment if change.comment is None else change.comment,
        annotations=before.annotations,
    )
    return hushing.made(tx, silencing.put(tx, wanted, now), now)


def exactly(alert: Alert) -> list[str]:
    """Matchers for all of an alert's labels, but those whose names no matcher can hold."""
    written = [str(Matcher(name, "=", value)) for name, value in alert.labels.items() if value]
    return [text for text in written if _is_read(text)]


def _is_read(text: str) -> bool:
    try:
        return len(parse(text)) == 1
    except MatcherError:
        return False


def _put(parts: Parts, wanted: Wanted, now: float) -> Made:
    return parts.store.write(asked(lambda tx: hushing.made(tx, silencing.put(tx, wanted, now), now)))


def _during(given: str, known: Mapping[str, TimeInterval]) -> str:
    """The intervals as they are written, or those that the configuration has under this name, as they are now."""
    if given and given not in known and not any(sign in given for sign in "{[:\n"):
        names = f"there are: {', '.join(known)}" if known else "the configuration has none"
        said = (
            f"there is no time interval {given[:100]!r}; {names}; an interval itself is written {{weekdays: [sunday]}}"
        )
        raise hushing.wrong(said, "during")
    return recurring.written(known[given].time_intervals) if given in known else given


def _story(tx: Tx, silence: Silence, now: float) -> SilenceStory:
    ids = silences.hidden_alerts(tx, silence.id, MOST_HIDDEN)
    hidden = [alert_line(alert) for alert in (alerts.get(tx, one) for one in ids) if alert]
    return SilenceStory(silence=hushing.line(tx, silence, now), hidden=hidden)
