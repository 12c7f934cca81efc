"""What methods are asked in words: periods, zones, and whatever else has to be read first."""

from collections.abc import Callable
from typing import TypeVar

from daemon.errors import MatcherError, MethodError
from daemon.history import period
from daemon.history.period import Period
from daemon.methods.parts import Parts
from daemon.methods.table import INVALID_PARAMS
from daemon.zone import Zone

T = TypeVar("T")


def meant(parts: Parts, zone: Zone, name: str, begin: str, end: str, usual: str = "") -> Period:
    """The period that is meant by its name, or from when to when. Raises MethodError."""
    now = parts.clock.now()
    name = name or ("" if begin or end else usual)
    if name and (begin or end):
        raise MethodError("say either a period, or from when to when", code=INVALID_PARAMS, data={"field": "period"})
    if name:
        return asked("period", lambda: period.named(name, zone.info, now))
    if not begin:
        raise MethodError("there is an end, and no begin", code=INVALID_PARAMS, data={"field": "begin"})
    return asked("begin", lambda: period.between(begin, end, zone.info, now))


def zone_of(parts: Parts, name: str) -> Zone:
    """The zone of this name, or the one that is configured. Raises MethodError."""
    return asked("zone", lambda: Zone.parse(name)) if name else parts.settings().texts.time_zone


def asked(field: str, read: Callable[[], T]) -> T:
    """Read what somebody asks for; MethodError where that cannot be read."""
    try:
        return read()
    except (ValueError, MatcherError, OverflowError) as error:
        raise MethodError(f"{field}: {error}", code=INVALID_PARAMS, data={"field": field}) from error
