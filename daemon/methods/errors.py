"""Errors that applications report: the list, one error's story, and what people say becomes of it."""

from itertools import islice
from typing import Annotated, Any, Literal

import msgspec

from daemon.alerting.acknowledge import LONGEST_COMMENT, LONGEST_NAME, one_line
from daemon.config.errors import Level
from daemon.errors import MatcherError, MethodError
from daemon.event import State as AlarmState
from daemon.faults import story
from daemon.faults.faults import Change
from daemon.faults.story import Story
from daemon.matcher import Matcher, parse
from daemon.methods import hushing
from daemon.methods.codes import Id, Limit, found, number
from daemon.methods.parts import Parts
from daemon.methods.table import Caller, Table
from daemon.payload.stamps import instant
from daemon.store import alerts
from daemon.store.faults import Asked, Fault, Sort, State
from daemon.units import seconds

LONGEST = 366 * 86_400.0  # seconds for which an error is ignored that is not ignored for ever
Samples = Annotated[int, msgspec.Meta(ge=1, le=100)]
More = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class FaultLine(msgspec.Struct, frozen=True, kw_only=True):
    """One error, however often it came.

    `level`, `environment` and `route` are those of the newest. `alarm` is what alarm of it is open, `spiking` whether
    there are far more of it than usual. `ignored_until` and `ignored_above` (a count) say until when it is ignored;
    without them it is for ever.
    """

    code: str
    app: str
    title: str
    culprit: str
    type: str
    level: str
    logger: str
    route: str
    environment: str
    state: State
    count: int
    first_at: float
    last_at: float
    first_release: str
    last_release: str
    regressions: int
    changed_at: float | None
    changed_by: str
    comment: str
    next_release: bool
    ignored_until: float | None
    ignored_above: int | None
    alarm: str
    spiking: bool


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """All about one error. `alert` is the alarm that it last raised; `labels` are what routes see."""

    error: FaultLine
    labels: dict[str, str]
    alert: str
    alert_state: str
    story: Story


def add(table: Table, parts: Parts) -> None:
    """Add `errors.*`."""
    _add_list(table, parts)
    _add_story(table, parts)
    _add_resolving(table, parts)
    _add_ignoring(table, parts)


def _add_list(table: Table, parts: Parts) -> None:
    @table.method("errors.list", "read")
    def _list(
        app: str = "",
        state: Literal["unresolved", "resolved", "ignored", "all"] = "unresolved",
        level: Level | Literal[""] = "",
        matchers: list[str] = [],  # noqa: B006 - never written to
        since: float | str = "",
        sort: Sort = "last",
        limit: Limit = 100,
        after: Id = 0,
    ) -> list[FaultLine]:
        """List errors of applications, those that came last first.

        `matchers` are about the labels app, environment, level, fault, type, release, route and logger. `since` is an
        instant, or how long ago such as `24h`: only what came since then. `sort` may be by `count`, or by when each
        was there `first`. `after` is the code of the one after which the list goes on.
        """
        asked = Asked(
            app=app, state="" if state == "all" else state, level=level, since=_since(parts, since), sort=sort
        )
        wanted = _matchers(matchers)
        last = _known(parts, after) if after else None
        every = (one for one in parts.faults.pages(asked, last) if _matches(wanted, one))
        return [_line(one) for one in islice(every, limit)]


def _add_story(table: Table, parts: Parts) -> None:
    @table.method("errors.get", "read")
    def _get(id: Id, samples: Samples = 1) -> Whole:  # noqa: A002 - the name that callers write
        """Tell one error's story: how many came when, where and with which tags, stack traces, what was told of it.

        The newest `samples` of those that were kept whole are shown, and the very first.
        """
        fault = _known(parts, id)
        alarm = parts.store.read(lambda tx: alerts.last_with(tx, story.fingerprint(fault)))
        return Whole(
            error=_line(fault),
            labels=story.labels(fault),
            alert=alarm.code if alarm else "",
            alert_state=("open" if alarm.state is AlarmState.FIRING else "over") if alarm else "",
            story=parts.faults.story(fault, samples),
        )


def _add_resolving(table: Table, parts: Parts) -> None:
    @table.method("errors.resolve", "act")
    def _resolve(
        caller: Caller,
        id: Id,  # noqa: A002 - the name that callers write
        next_release: bool = False,
        comment: str = "",
        author: str = "",
    ) -> FaultLine:
        """Say that an error is mended: its alarm ends, and when it comes again, that is told.

        With `next_release` only when it comes from a release that it was not seen in by now. `author` is the caller
        where it is not given.
        """
        change = _change(State.RESOLVED, caller, author, comment)
        return _changed(parts, id, msgspec.structs.replace(change, next_release=next_release))

    @table.method("errors.reopen", "act")
    def _reopen(
        caller: Caller,
        id: Id,  # noqa: A002 - the name that callers write
        comment: str = "",
        author: str = "",
    ) -> FaultLine:
        """Take back that an error is mended or ignored; no alarm begins by that."""
        return _changed(parts, id, _change(State.UNRESOLVED, caller, author, comment))


def _add_ignoring(table: Table, parts: Parts) -> None:
    @table.method("errors.ignore", "act")
    def _ignore(
        caller: Caller,
        id: Id,  # noqa: A002 - the name that callers write
        duration: float | str = "",
        until: float | str = "",
        count: More = 0,
        comment: str = "",
        author: str = "",
    ) -> FaultLine:
        """Raise no alarms about an error any more; it goes on being counted.

        For ever, or for a `duration` such as `7d`, `until` an instant, or until it came `count` times more: when it
        comes after that, that is told.
        """
        end = _end(parts, duration, until)
        change = _change(State.IGNORED, caller, author, comment)
        return _changed(parts, id, msgspec.structs.replace(change, until=end, more=count or None))


def _line(fault: Fault) -> FaultLine:
    shown = {name: getattr(fault, name) for name in FaultLine.__struct_fields__ if name != "spiking"}
    return FaultLine(**shown, spiking=fault.spike > 0)


def _known(parts: Parts, given: Id) -> Fault:
    return found(parts.faults.get(number(given, "E")), given, "E")


def _changed(parts: Parts, given: Id, change: Change) -> FaultLine:
    return _line(found(parts.faults.change(number(given, "E"), change), given, "E"))


def _change(state: State, caller: Caller, author: str, comment: str) -> Change:
    who = one_line(hushing.author(author, caller), LONGEST_NAME)
    return Change(state=state, by=who, comment=one_line(comment, LONGEST_COMMENT))


def _matches(wanted: list[Matcher], fault: Fault) -> bool:
    if not wanted:
        return True
    seen = story.labels(fault)
    return all(one.matches(seen) for one in wanted)


def _matchers(texts: list[str]) -> list[Matcher]:
    try:
        return [one for text in texts for one in parse(text)]
    except MatcherError as error:
        raise hushing.wrong(f"matchers: {error}", "matchers") from error


def _since(parts: Parts, given: float | str) -> float:
    """An instant, or how long ago."""
    if given == "":
        return 0.0
    try:
        return parts.clock.now() - seconds(given) if isinstance(given, str) else _instant(given, "since")
    except ValueError:
        return _instant(given, "since")


def _end(parts: Parts, duration: float | str, until: float | str) -> float | None:
    """When it is not ignored any more; None for never. Raises MethodError."""
    if duration != "" and until != "":
        raise hushing.wrong("say either for how long, or until when", "until")
    if duration == "" and until == "":
        return None
    now = parts.clock.now()
    try:
        end = now + seconds(duration) if duration != "" else _instant(until, "until")
    except ValueError as error:
        raise hushing.wrong(f"duration: {error}", "duration") from error
    if not now < end <= now + LONGEST:
        field = "duration" if duration != "" else "until"
        raise hushing.wrong(f"{field}: that is over already, or more than a year away", field)
    return end


def _instant(given: Any, field: str) -> float:
    found_at = instant(given)
    if found_at is None:
        raise _no_time(given, field)
    return found_at


def _no_time(given: Any, field: str) -> MethodError:
    return hushing.wrong(f"{field}: {str(given)[:60]!r} is no time: write for example 2026-10-01T09:00:00+08:00", field)
