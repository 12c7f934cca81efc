"""What else SDKs send: sessions, the calls of jobs, what they dropped, numbers, and how much was logged."""

from collections.abc import Iterator, Mapping
from typing import Any

from daemon.reading import Sign, SignKind
from daemon.sentry.errors import level
from daemon.sentry.found import CheckIn, Found, Number
from daemon.sentry.objects import amount, items, mapping, number, text
from daemon.sentry.times import Times
from daemon.series import key
from daemon.series.key import Kind, Labels
from daemon.series.standard import APP, SESSIONS

DISCARDED, LOGGED = "sentry.discarded", "logs"
MOST_SESSIONS, MOST_ITEMS, MOST_DISCARDED = 100, 1_000, 100
LONGEST_RUN = 64
_ENDS = ("exited", "errored", "crashed", "abnormal")
_SAYS = {"in_progress": SignKind.START, "ok": SignKind.SUCCESS, "error": SignKind.FAIL}
_KINDS = {"counter": Kind.COUNTER, "gauge": Kind.GAUGE, "distribution": Kind.SPREAD}
_UNITS = {
    "nanosecond": ("s", 1e-9), "microsecond": ("s", 1e-6), "millisecond": ("s", 1e-3), "second": ("s", 1.0),
    "minute": ("s", 60.0), "hour": ("s", 3_600.0), "day": ("s", 86_400.0), "byte": ("B", 1.0),
    "kilobyte": ("B", 1e3), "megabyte": ("B", 1e6), "kibibyte": ("B", 1024.0), "mebibyte": ("B", 1024.0**2),
}  # fmt: skip
_OF_THE_SDK = ("sentry.", "process.", "server.", "os.", "device.", "browser.", "user.", "thread.")


def sessions(payload: Mapping[str, Any], times: Times, found: Found) -> None:
    """Sessions that were added up: of a web server each request is one."""
    for one in items(payload.get("aggregates"), MOST_SESSIONS):
        at = times.at(one.get("started"))
        for status in _ENDS:
            how_many = amount(one.get(status)) or 0.0
            if how_many > 0:
                found.count(SESSIONS, at, how_many, status=status)
        found.items["sessions"] += 1


def session(payload: Mapping[str, Any], times: Times, found: Found) -> None:
    """One session; counted once, when it is over."""
    found.items["sessions"] += 1
    status = text(payload.get("status"))
    if status not in _ENDS:
        return
    if status == "exited" and number(payload.get("errors")):
        status = "errored"
    found.count(SESSIONS, times.at(payload.get("timestamp")), status=status)


def check_in(payload: Mapping[str, Any], times: Times, found: Found) -> None:
    """A job that says how it goes; a word that nobody knows is something to keep, which changes nothing."""
    found.items["check_in"] += 1
    slug = text(payload.get("monitor_slug"))
    run = text(payload.get("check_in_id"))[:LONGEST_RUN]
    run = run if run.strip("0-") else ""  # all zeros mean whichever runs
    took, where = number(payload.get("duration")), text(payload.get("environment"))
    said = ", ".join(filter(None, (f"it took {took:g} s" if took is not None else "", where)))
    sign = Sign(
        kind=_SAYS.get(text(payload.get("status")), SignKind.LOG),
        at=times.received_at,
        run="".join(c for c in run if c.isprintable()),
        body=said.encode("utf-8", "replace"),
        size=len(said),
    )
    found.calls.append(CheckIn(slug, sign, mapping(payload.get("monitor_config"))))


def client_report(payload: Mapping[str, Any], times: Times, found: Found) -> None:
    """What the SDK itself did not send, and why."""
    found.items["client_report"] += 1
    at = times.at(payload.get("timestamp"))
    for one in items(payload.get("discarded_events"), MOST_DISCARDED):
        quantity = amount(one.get("quantity")) or 0.0
        if quantity > 0:
            found.count(DISCARDED, at, quantity, reason=text(one.get("reason")), category=text(one.get("category")))


def logs(payload: Mapping[str, Any], times: Times, found: Found) -> None:
    """Lines of a log: how many of each level."""
    for one in items(payload.get("items"), MOST_ITEMS):
        found.items["log"] += 1
        found.count(LOGGED, times.at(one.get("timestamp")), level=level(one.get("level") or "info"))


def metrics(payload: Mapping[str, Any], times: Times, found: Found) -> None:
    """Numbers that the application reports by name."""
    for one in items(payload.get("items"), MOST_ITEMS):
        found.items["metric"] += 1
        name, value = key.name(text(one.get("name"))), amount(one.get("value"))
        kind = _KINDS.get(text(one.get("type")))
        if not name or value is None or kind is None:
            found.flaws.append("a metric has no name, kind or value that can be used")
            continue
        unit, factor = _UNITS.get(text(one.get("unit")), ("", 1.0))
        at = times.at(one.get("timestamp"))
        found.numbers.append(Number(name, kind, _labels(one, found.app), value * factor, at, unit))


def _labels(metric: Mapping[str, Any], app: str) -> Labels:
    """Those that the application gave it, not those that the SDK adds to everything."""
    return key.labels((*_given(mapping(metric.get("attributes"))), (APP, app)))


def _given(attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, one in attributes.items():
        if not name.startswith(_OF_THE_SDK):
            value = mapping(one).get("value")
            yield name, str(value).lower() if isinstance(value, bool) else text(value)
