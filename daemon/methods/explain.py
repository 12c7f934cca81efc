"""Why an alert was or was not told, station by station; and what would happen to one that does not exist."""

from daemon.alerting.dryrun import Rehearsal, rehearsed
from daemon.alerting.explain import Explanation, explained
from daemon.alerting.rules import Rules
from daemon.errors import MethodError
from daemon.event import Severity, State
from daemon.faults import story
from daemon.methods.codes import Id, found, is_code, number
from daemon.methods.parts import Parts
from daemon.methods.probes import alarms
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, Table
from daemon.payload.stamps import instant
from daemon.store import alerts
from daemon.store.base import Tx


def add(table: Table, parts: Parts) -> None:
    """Add `alerts.explain`."""

    @table.method("alerts.explain", "read")
    def _explain(
        id: Id = 0,  # noqa: A002 - the name that callers write
        labels: dict[str, str] | None = None,
        severity: Severity | None = None,
        source: str = "cli",
        at: str | float = "",
    ) -> Explanation | Rehearsal:
        """Explain why an alert was or was not told; or, for `labels`, say what would happen, without doing it.

        Give either `id`, which may be the name of a probe or an error such as `E12`, or `labels`. For an alert: the
        requests that made it, what makes it this problem, each route with its matchers, what mutes or muted it, its
        groups, and each notice with every try of its deliveries.
        For labels: the same as far as it would come, with who would be told when and how. The alarm would be a new one
        of this `source`, at the instant `at` (a time such as `2026-10-01T09:00:00+08:00`, or seconds since the epoch),
        and of this `severity`, else of that which its label `severity` names, else an error. Routes are looked at as
        they are configured now.
        """
        if bool(id) == (labels is not None):
            raise MethodError("alerts.explain needs either id or labels", code=INVALID_PARAMS)
        settings, now = parts.settings(), parts.clock.now()
        # Rules of its own: what they remember of silences is as of one instant, and compiling them takes a moment.
        if labels is not None:
            then, how_bad = _instant(at, now), severity or _severity(labels)
            return parts.store.read(lambda tx: rehearsed(tx, labels, how_bad, source, Rules(settings), then))
        if str(id) in settings.probes and not is_code(id, "A"):
            id = _of_probe(parts, str(id))  # noqa: A001 - what the caller could have written
        if is_code(id, "E") and not is_code(id, "A"):
            id = _of_fault(parts, id)  # noqa: A001 - what the caller could have written
        wanted = number(id, "A")

        def read(tx: Tx) -> Explanation | None:
            return explained(tx, wanted, Rules(settings), now)

        return found(parts.store.read(read), id, "A")


def _of_probe(parts: Parts, name: str) -> int:
    """The alert of a probe: an open one before one that is over, the newest of them."""
    had = alarms(parts, name)
    if not had:
        raise MethodError(f"the probe {name!r} has had no alarm; `probes.list` tells how it stands", code=NOT_FOUND)
    return max(had, key=lambda one: (one.state is State.FIRING, one.id)).id


def _of_fault(parts: Parts, given: Id) -> int:
    """The alarm that an error of an application last raised."""
    fault = found(parts.faults.get(number(given, "E")), given, "E")
    alarm = parts.store.read(lambda tx: alerts.last_with(tx, story.fingerprint(fault)))
    if alarm is None:
        raise MethodError(f"nothing was told of E{fault.id}; `errors.get` tells its story", code=NOT_FOUND)
    return alarm.id


def _severity(labels: dict[str, str]) -> Severity:
    named = labels.get("severity", "")
    return Severity(named) if named in list(Severity) else Severity.ERROR


def _instant(at: str | float, now: float) -> float:
    then = now if at == "" else instant(at)
    if then is None:
        said = f"{str(at)[:100]!r} is not a time; write for example 2026-10-01T09:00:00+08:00"
        raise MethodError(f"alerts.explain: at: {said}", code=INVALID_PARAMS, data={"field": "at"})
    return then
