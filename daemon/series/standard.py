"""What every application is asked about, under the same names whoever tells it: views, times, resources, errors.

The pages and `views.report` read these; the client (client/) sends them over statsd, the Sentry digest and the Redis
lists write them here.
"""

from daemon.series.key import Kind, Labels, labels
from daemon.series.live import Live
from daemon.series.table import Table

# Views that took a time are the count of `http.time`; `http.views` counts those of which only the page is known.
HTTP_TIME, HTTP_VIEWS, HTTP_ERRORS = "http.time", "http.views", "http.errors"
RESOURCE_TIME, RESOURCE_ERRORS = "resource.time", "resource.errors"
SESSIONS = "sessions"
ERRORS = "errors"  # error events, by `app` and `level`

APP, ROUTE, RESOURCE, TYPE = "app", "route", "resource", "type"  # labels; type: db, cache, http.client, queue …
SECONDS = "s"


def viewed(
    table: Table, app: str, route: str, seconds: float | None, at: float, *, is_error: bool, weight: float = 1.0
) -> None:
    """Count a page view; `seconds` is None where nobody measured it, `weight` how many it stands for."""
    where = labels(((APP, app), (ROUTE, route)))
    if seconds is None:
        table.late(table.find(HTTP_VIEWS, Kind.COUNTER, where), 1.0, at, weight)
    else:
        table.late(table.find(HTTP_TIME, Kind.SPREAD, where, SECONDS), seconds, at, weight)
    if is_error:
        table.late(table.find(HTTP_ERRORS, Kind.COUNTER, where), 1.0, at, weight)


def times(table: Table, app: str, route: str) -> Live:
    """The series of how long a page's views took, for whoever adds thousands of them at once."""
    return table.find(HTTP_TIME, Kind.SPREAD, labels(((APP, app), (ROUTE, route))), SECONDS)


def used(
    table: Table, app: str, kind: str, resource: str, seconds: float, at: float, *, is_error: bool, weight: float = 1.0
) -> None:
    """Count a use of a resource: a query, a cache, somebody else's server."""
    where = _resource(app, kind, resource)
    table.late(table.find(RESOURCE_TIME, Kind.SPREAD, where, SECONDS), seconds, at, weight)
    if is_error:
        table.late(table.find(RESOURCE_ERRORS, Kind.COUNTER, where), 1.0, at, weight)


def _resource(app: str, kind: str, resource: str) -> Labels:
    return labels(((APP, app), (TYPE, kind), (RESOURCE, resource)))
