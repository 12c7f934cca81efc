"""What is asked of the pages about applications, and how the links between them are written."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import msgspec

from daemon.series.views import Sort as Column
from daemon.store.faults import Sort
from daemon.web.apps.view import RANGES, USUAL

APPS, ERRORS = "/apps", "/errors"
TABLES = ("routes", "resources")
COLUMNS: tuple[Column, ...] = (
    "requests",
    "time",
    "p50",
    "p95",
    "p99",
    "errors",
    "error_share",
)  # by which tables are sorted
STATES = ("unresolved", "resolved", "ignored", "all")
SORTS: tuple[Sort, ...] = ("last", "first", "count")
FIRST = COLUMNS[0]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One page. Whatever is not understood is as if it had not been said."""

    what: str  # apps, app, routes, resources, errors, error
    app: str = ""
    span: str = USUAL
    sort: str = FIRST
    route: str | None = None
    state: str = STATES[0]
    number: int = 0

    @property
    def root(self) -> str:
        """From this page's address to where all of them begin: they may be behind somebody's proxy, below any path."""
        deep = {"apps": 0, "errors": 0, "app": 1, "error": 1}.get(self.what, 2)
        return "../" * deep

    def link(self, **other: object) -> str:
        """The address of a page that differs from this one in so much."""
        to = msgspec.structs.replace(self, **other)
        path = {
            "apps": "apps",
            "app": f"apps/{_quoted(to.app)}",
            "errors": "errors",
            "error": f"errors/E{to.number}",
        }.get(to.what, f"apps/{_quoted(to.app)}/{to.what}")
        said: dict[str, str] = {}
        if to.span != USUAL and to.what in ("apps", "app", *TABLES):
            said["range"] = to.span
        if to.what == "errors":
            said |= {"state": to.state} if to.state != STATES[0] else {}
            said |= {"app": to.app} if to.app else {}
            said |= {"sort": to.sort} if to.sort in SORTS[1:] else {}
        elif to.what in TABLES and to.sort != FIRST:
            said["sort"] = to.sort
        if to.route is not None and to.what == "app":
            said["route"] = to.route
        return self.root + path + (f"?{urlencode(said)}" if said else "")


def asked(path: str, fields: Mapping[str, str]) -> Asked | None:
    """Read an address, percent-decoded; None where there is no such page."""
    span = fields.get("range", USUAL)
    sort = fields.get("sort", FIRST)
    if path == APPS:
        return Asked(what="apps", span=span if span in RANGES else USUAL)
    if path == ERRORS:
        state = fields.get("state", STATES[0])
        return Asked(
            what="errors",
            app=fields.get("app", ""),
            state=state if state in STATES else STATES[0],
            sort=next((one for one in SORTS if one == fields.get("sort")), SORTS[0]),
        )
    if path.startswith(f"{ERRORS}/"):
        code = path.removeprefix(f"{ERRORS}/")
        is_one = code[:1] in ("E", "e") and code[1:].isascii() and code[1:].isdigit() and len(code) < 18  # noqa: PLR2004 - what SQLite counts to
        return Asked(what="error", number=int(code[1:])) if is_one else None
    name = path.removeprefix(f"{APPS}/")
    head, _, last = name.rpartition("/")
    what = last if head and last in TABLES else "app"
    app = head if what != "app" else name
    if not app:
        return None
    return Asked(
        what=what,
        app=app,
        span=span if span in RANGES else USUAL,
        sort=sort if sort in COLUMNS else FIRST,
        route=fields.get("route") if what == "app" else None,
    )


def _quoted(name: str) -> str:
    return quote(name, safe="")
