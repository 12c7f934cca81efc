"""`GET /schedules/<name>.ics`: who is on call, for calendar programs."""

from functools import partial

from daemon.errors import MethodError, StoreError
from daemon.listener.admission import allowed
from daemon.listener.exchange import Answer, Refusal, Request, refused
from daemon.listener.parts import Parts
from daemon.methods.table import NOT_FOUND, Caller

METHOD = "schedules.ical"

_SOON = (("Retry-After", "5"),)
_STORE = Refusal(503, "unavailable", "the schedules cannot be read just now; ask again")


def calendar(parts: Parts, name: str) -> Answer:
    """Answer whoever may read; the token may stand in the address, for these programs send no header of ours."""
    return allowed(parts, "read", partial(_calendar, parts, name), token_in_query=True)


def _calendar(parts: Parts, name: str, _request: Request, caller: Caller) -> Answer:
    try:
        text: str = parts.call(METHOD, {"schedule": name}, caller)
    except MethodError as error:
        status = 404 if error.code == NOT_FOUND else 409
        return refused(Refusal(status, "no_such_schedule" if status == 404 else "refused", str(error)))  # noqa: PLR2004
    except StoreError:
        return refused(_STORE, headers=_SOON)
    return Answer(body=text.encode(), content_type="text/calendar; charset=utf-8")
