"""What an operator does to an alert by hand: take it on, let go of it, end it."""

import msgspec

from daemon.alert import Alert
from daemon.alerting import acknowledge
from daemon.alerting.acknowledge import LONGEST_COMMENT, LONGEST_NAME, Refused, Wish
from daemon.alerting.dedupe import Change
from daemon.errors import MethodError
from daemon.event import RESERVED, State
from daemon.methods.codes import Id, found, number
from daemon.methods.parts import Parts
from daemon.methods.sources import Outcome
from daemon.methods.table import INVALID_PARAMS, NOT_FOUND, REFUSED, Caller, Table
from daemon.store import alerts
from daemon.store.acks import Ack


class Acknowledged(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, and who has it in hand now; nobody when `ack` is nothing."""

    alert: str
    title: str
    ack: Ack | None


def add(table: Table, parts: Parts) -> None:
    """Add `alerts.ack`, `alerts.unack` and `alerts.resolve`."""

    @table.method("alerts.ack", "act")
    def _ack(
        caller: Caller,
        id: Id,  # noqa: A002 - the name that callers write
        duration: float | str = "",
        comment: str = "",
        author: str = "",
    ) -> Acknowledged:
        """Take an open alert on: it is neither repeated nor escalated until that ends.

        `duration` is such as `2h`, or seconds; without it what `acknowledge.for` says. Done again it is prolonged, or
        taken over. `author` is the caller where it is not given; one who is named in `people` is reminded before the
        end.
        """
        wanted = number(id, "A")
        return _in_hand(parts, wanted, parts.acks.take(wanted, _wish(parts, caller, duration, comment, author)))

    @table.method("alerts.unack", "act")
    def _unack(caller: Caller, id: Id) -> Acknowledged:  # noqa: A002 - the name that callers write
        """Take an acknowledgement back: the alert is repeated and escalated again."""
        wanted = number(id, "A")
        gone = parts.acks.release(wanted, caller.name)
        return _in_hand(parts, wanted, gone if isinstance(gone, Refused) else None)

    @table.method("alerts.resolve", "act")
    def _resolve(caller: Caller, id: Id, comment: str = "") -> Outcome:  # noqa: A002 - the name that callers write
        """End an open alert of which no source will tell the end.

        A probe's and tocsin's own end by themselves.
        """
        return _ended(parts, number(id, "A"), caller, acknowledge.one_line(comment, LONGEST_COMMENT))


def _wish(parts: Parts, caller: Caller, duration: float | str, comment: str, author: str) -> Wish:
    try:
        lasting = acknowledge.lasting(duration, parts.acks.settings)
    except ValueError as error:
        raise MethodError(f"alerts.ack: duration: {error}", code=INVALID_PARAMS, data={"field": "duration"}) from error
    who = acknowledge.one_line(author, LONGEST_NAME) or caller.name
    via = _way(caller) if who == caller.name else f"{_way(caller)} of {caller.name}"
    return Wish(author=who, lasting=lasting, comment=acknowledge.one_line(comment, LONGEST_COMMENT), via=via)


def _in_hand(parts: Parts, wanted: int, done: Ack | Refused | None) -> Acknowledged:
    if isinstance(done, Refused):
        raise _refused(wanted, done)
    return Acknowledged(alert=f"A{wanted}", title=_known(parts, wanted).title, ack=done)


def _ended(parts: Parts, wanted: int, caller: Caller, comment: str) -> Outcome:
    alert = _known(parts, wanted)
    if alert.source in RESERVED:
        owner = RESERVED[alert.source]
        raise MethodError(f"{alert.code} is one of {owner}: it ends when its cause does", code=REFUSED)
    if alert.state is State.RESOLVED:
        raise _refused(alert.id, Refused.OVER)
    parts.intake.end([alert], f"ended by {caller.name}{comment and f': {comment}'}")
    return Outcome(alert=alert.code, change=Change.RESOLVED)


def _known(parts: Parts, wanted: int) -> Alert:
    return found(parts.store.read(lambda tx: alerts.get(tx, wanted)), wanted, "A")


def _way(caller: Caller) -> str:
    """By which door somebody came in."""
    return "http" if not caller.identity or caller.identity.startswith("http:") else "zmq"


def _refused(wanted: int, why: Refused) -> MethodError:
    if why is Refused.UNKNOWN:
        return MethodError(f"there is no alert A{wanted}; it may be too old and gone", code=NOT_FOUND)
    words = {Refused.OVER: "is over", Refused.FREE: "is not acknowledged"}
    return MethodError(f"A{wanted} {words[why]}", code=REFUSED)
