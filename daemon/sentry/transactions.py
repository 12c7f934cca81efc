"""What took how long: a page view or a task, and the resources that it used; whole, or as a stream of spans."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from daemon.sentry import access, names
from daemon.sentry.found import Found, Number, Use, View
from daemon.sentry.objects import items, mapping, number, text
from daemon.sentry.times import Times, seconds
from daemon.series.key import Kind, labels
from daemon.series.standard import APP, TYPE

TASK_TIME, TASK_ERRORS, TASK = "task.time", "task.errors", "task"
PAGE = "http.server"
MOST_SPANS = 1_000  # of one transaction; the SDKs send no more
MOST_WEIGHT = 1e6
NOWHERE = "(no route)"  # pages that no route leads to: one name for all of them, for anybody can ask for any
_UNNAMED = frozenset(("", "generic WSGI request", "generic ASGI request", "<unlabeled transaction>"))
_FAILED = 500  # the least status of a server's failure
_BAD = frozenset(
    ("internal_error", "unknown", "unknown_error", "unavailable", "deadline_exceeded", "data_loss", "unimplemented",
     "aborted", "error", "failure")
)  # fmt: skip
_RESOURCES = ("db", "cache", "http.client", "queue", "rpc", "grpc", "http")  # operations begin so
_CALLED = {"http": "http.client", "grpc": "rpc"}


class Took(NamedTuple):
    """How long something took, when it ended, and for how many of its like it stands."""

    seconds: float
    at: float
    weight: float


def weight(rate: object) -> float:
    """How many transactions one stands for, of which such a part is sent."""
    part = number(rate)
    return min(1.0 / part, MOST_WEIGHT) if part is not None and 0.0 < part <= 1.0 else 1.0


def take(event: Mapping[str, Any], rate: object, times: Times, found: Found) -> None:
    """Read a transaction into `found`."""
    found.items["transaction"] += 1
    trace = mapping(mapping(event.get("contexts")).get("trace"))
    took = _took(event.get("start_timestamp"), event.get("timestamp"), rate, times)
    if took is None:
        found.flaws.append("a transaction says not how long it took")
        return
    bad = _is_bad(_code(event), text(trace.get("status")))
    source = text(mapping(event.get("transaction_info")).get("source"))
    _took_time(text(event.get("transaction")), source, text(trace.get("op")), took, bad=bad, found=found)
    for span in items(event.get("spans"), MOST_SPANS):
        data = mapping(span.get("data"))
        code = data.get("http.response.status_code") or data.get("status_code")
        how = _took(span.get("start_timestamp"), span.get("timestamp"), rate, times)
        said = text(span.get("description"), names.LONGEST)
        if how is not None:
            _used(text(span.get("op")), said, how, bad=_is_bad(code, text(span.get("status"))), found=found)


def take_spans(listed: object, rate: object, times: Times, found: Found) -> None:
    """Read spans that were sent as they ended."""
    for span in items(listed, MOST_SPANS):
        found.items["span"] += 1
        told = {name: mapping(one).get("value") for name, one in mapping(span.get("attributes")).items()}
        how = _took(span.get("start_timestamp"), span.get("end_timestamp"), told.get("sentry.sample_rate", rate), times)
        if how is None:
            continue
        op, code = text(told.get("sentry.op")), told.get("http.response.status_code")
        bad = _is_bad(code, "" if number(code) is not None else text(span.get("status")))
        name = text(span.get("name"), names.LONGEST)
        if span.get("is_segment") is True:
            route = text(told.get("http.route")) or name
            _took_time(route, text(told.get("sentry.span.source")), op, how, bad=bad, found=found)
        else:
            said = told.get("db.query.text") if op.startswith("db") else None
            _used(op, text(said, names.LONGEST) or name, how, bad=bad, found=found)


def _took_time(name: str, source: str, op: str, took: Took, *, bad: bool, found: Found) -> None:
    if op == PAGE:
        route = NOWHERE if name in _UNNAMED else names.page(name) if source in ("", "url") else name
        found.views.append(View(route, took.seconds, took.at, bad, took.weight))
        return
    whose = labels(((APP, found.app), (TASK, names.page(name) if source == "url" else name), (TYPE, op)))
    found.numbers.append(Number(TASK_TIME, Kind.SPREAD, whose, took.seconds, took.at, "s", took.weight))
    if bad:
        found.numbers.append(Number(TASK_ERRORS, Kind.COUNTER, whose, 1.0, took.at, "", took.weight))


def _used(op: str, said: str, took: Took, *, bad: bool, found: Found) -> None:
    kind = next((one for one in _RESOURCES if op == one or op.startswith(f"{one}.")), "")
    if not kind or op == PAGE:
        return
    if kind == "db":
        name = names.command(said) if op.startswith("db.redis") else names.query(said)
    elif kind in ("http", "http.client"):
        url = said.rpartition(" ")[2].partition("?")[0]
        if access.target(url) is not None:
            return  # old SDKs tell of their own reports
        name = names.address(said)
    else:
        name = names.key(said)
    found.uses.append(Use(_CALLED.get(kind, kind), name or op, took.seconds, took.at, bad, took.weight))


def _took(begin: object, end: object, rate: object, times: Times) -> Took | None:
    since, until = seconds(begin), seconds(end)
    if since is None or until is None:
        return None
    return Took(max(0.0, until - since), times.at(until), weight(rate))


def _code(event: Mapping[str, Any]) -> object:
    response = mapping(mapping(event.get("contexts")).get("response"))
    told = response.get("status_code")
    return told if told is not None else mapping(event.get("tags")).get("http.status_code")


def _is_bad(code: object, status: str) -> bool:
    """Whether it failed: by its HTTP status where there is one, else by the word for how it went."""
    told = number(code)
    return told >= _FAILED if told is not None else status in _BAD
