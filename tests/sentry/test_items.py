"""What is in an envelope, item by item, also where it is not as it should be."""

import contextlib

import hypothesis
import pytest
from hypothesis import strategies

from daemon.reading import SignKind
from daemon.sentry.errors import level
from daemon.sentry.found import Found, Use, View
from daemon.sentry.reading import Unreadable, read
from daemon.sentry.times import OLDEST, Times, seconds
from daemon.sentry.transactions import NOWHERE, weight
from reporting import EVENT_ID, LIMITS, envelope, event, found, item, sent

NOW = 1_795_222_800.0
BEGAN, ENDED = "2026-11-21T00:59:57.000000Z", "2026-11-21T00:59:58.500000Z"


def transaction(**more: object) -> dict[str, object]:
    return {
        "type": "transaction",
        "transaction": "/ok/<int:i>",
        "transaction_info": {"source": "route"},
        "start_timestamp": BEGAN,
        "timestamp": ENDED,
        "contexts": {"trace": {"op": "http.server", "status": "ok"}},
    } | more


def took(trace_rate: object = None, **more: object) -> Found:
    headers = {} if trace_rate is None else {"trace": {"sample_rate": trace_rate}}
    return found(transaction(**more), "transaction", NOW, **headers)


def used(op: str, description: str, **more: object) -> list[Use]:
    span = {"op": op, "description": description, "start_timestamp": 5.0, "timestamp": 5.25} | more
    return took(spans=[span]).uses


# errors


def test_an_error_has_its_chain_its_frames_and_what_is_worth_showing() -> None:
    frames = [{"function": "pay", "filename": "shop.py", "lineno": 7, "in_app": True, "context_line": "raise X"}]
    (error,) = found(
        event(
            message=None, event_id="9FC2A1B0-4C5D-4E6F-8A7B-6C5D4E3F2A1B", timestamp=BEGAN,
            exception={"values": [
                {"type": "KeyError", "value": "'x'"},
                {"type": "NoMoney", "value": "4 left", "module": "shop", "stacktrace": {"frames": frames},
                 "mechanism": {"handled": False}},
            ]},
            contexts={"runtime": {"name": "CPython", "version": "3.11.2"}, "trace": {"trace_id": "ab" * 16}},
            request={"method": "POST", "url": "http://shop/pay?card=4", "headers": {"Host": "shop"}},
            tags=[["zone", "b"], ["shard", 4], ["odd"]], fingerprint=["{{ default }}", 4], user={"id": 17},
            breadcrumbs=[{"category": "query", "message": "SELECT 1"}], sdk={"name": "sentry.python", "version": "2"},
        ),
        at=NOW,
    ).errors  # fmt: skip
    assert (error.app, error.event_id, error.at, error.handled) == ("shop", EVENT_ID, NOW - 3, False)
    assert [one.type for one in error.exceptions] == ["KeyError", "NoMoney"]
    assert error.exceptions[1].frames[0].in_app
    assert error.tags == (("shard", "4"), ("zone", "b"))
    assert error.fingerprint == ("{{ default }}", 4)
    assert dict(error.contexts) == {"runtime": "CPython 3.11.2", "request": "POST http://shop/pay"}
    assert (error.user, error.trail, error.sdk) == ("17", ("query SELECT 1",), "sentry.python 2")


@pytest.mark.parametrize(
    ("said", "own"),
    [
        ([True, None, False], [True, False, False]),
        ([None, None, False], [True, True, False]),  # SDKs are silent when it was started from another folder
        ([False, False, False], [False, False, False]),
        ([[], {}, "yes"], [False, False, False]),
    ],
)
def test_calls_are_the_applications_own_where_that_is_said_else_where_nothing_is(
    said: list[object], own: list[bool]
) -> None:
    frames = [{"function": "f", **({} if one is None else {"in_app": one})} for one in said]
    (error,) = found(event(exception=[{"type": "A"}, {"type": "B", "stacktrace": {"frames": frames}}])).errors
    assert [frame.in_app for frame in error.exceptions[1].frames] == own


def test_lists_where_objects_are_meant_will_do() -> None:
    (error,) = found(event(exception=[{"type": "A", "value": "b"}])).errors
    assert error.exceptions[0].type == "A"
    (error,) = found(event(exception={"type": "A", "value": "b"}, stacktrace={"frames": [{"function": "f"}]})).errors
    assert error.exceptions[0].frames[0].function == "f"


@pytest.mark.parametrize(
    ("fields", "message", "template"),
    [
        ({"message": "left"}, "left", ""),
        ({"message": "", "logentry": {"message": "%s left", "formatted": "4 left"}}, "4 left", "%s left"),
        ({"message": "%s left", "sentry.interfaces.Message": {"message": "%s left", "params": [4]}}, "4 left",
         "%s left"),
        ({"message": "%d left", "logentry": {"message": "%d of %d", "params": [1, 2]}}, "1 of 2", "%d of %d"),
        ({"message": {"formatted": "4 left"}}, "4 left", ""),
        ({"message": "x", "logentry": {"message": "%1000000000d", "params": [1]}}, "%1000000000d", ""),
        ({"message": 5, "logentry": []}, "", ""),
    ],
)  # fmt: skip
def test_messages(fields: dict[str, object], message: str, template: str) -> None:
    (error,) = found(event(**fields)).errors
    assert (error.message, error.template) == (message, template)


@pytest.mark.parametrize(
    ("told", "expected"),
    [("fatal", "fatal"), (40, "error"), (50, "fatal"), (10, "debug"), (35, "warning"), ("WARN", "warning"),
     ("critical", "fatal"), (None, "error"), ("", "error"), ("oops", "error"), ([], "error"), (True, "error")],
)  # fmt: skip
def test_levels(told: object, expected: str) -> None:
    assert level(told) == expected


def test_an_event_of_a_page_alone_is_a_view_of_it() -> None:
    page = found({"event_id": EVENT_ID, "transaction": "/orders/17/", "timestamp": BEGAN}, at=NOW)
    assert page.views == [View("/orders/*/", None, NOW - 3)]
    assert not page.errors
    assert found({"transaction": "/x", "message": "no"}).errors
    assert found({"transaction": "/x", "exception": {"values": [{}]}}).errors
    assert found({"event_id": EVENT_ID}).errors  # of nothing: an error all the same


# transactions


def test_a_request_is_a_page_view_with_its_time() -> None:
    assert took().views == [View("/ok/<int:i>", 1.5, NOW - 1.5)]


@pytest.mark.parametrize(
    ("more", "is_error"),
    [
        ({"contexts": {"trace": {"op": "http.server", "status": "internal_error"}}}, True),
        ({"contexts": {"trace": {"op": "http.server", "status": "not_found"}}}, False),
        ({"contexts": {"trace": {"op": "http.server", "status": "ok"}, "response": {"status_code": 503}}}, True),
        ({"tags": {"http.status_code": "500"}}, True),
        ({"tags": {"http.status_code": "404"}}, False),
        ({"contexts": {"trace": {"op": "http.server", "status": "internal_error"},
         "response": {"status_code": 499}}}, False),
    ],
)  # fmt: skip
def test_whether_it_went_wrong(more: dict[str, object], is_error: bool) -> None:
    assert took(**more).views[0].is_error is is_error


@pytest.mark.parametrize(
    ("name", "source", "route"),
    [
        ("generic WSGI request", "route", NOWHERE),
        ("", "route", NOWHERE),
        ("/orders/17", "url", "/orders/*"),
        ("__main__.ok", "component", "__main__.ok"),
        ("/v2/<id>", "route", "/v2/<id>"),
    ],
)
def test_routes_are_few(name: str, source: str, route: str) -> None:
    assert took(transaction=name, transaction_info={"source": source}).views[0].route == route


def test_what_is_no_request_is_a_task() -> None:
    task = took(transaction="mail.send", contexts={"trace": {"op": "queue.task.celery", "status": "internal_error"}})
    assert [(one.name, dict(one.labels)["task"], one.value) for one in task.numbers] == [
        ("task.time", "mail.send", 1.5),
        ("task.errors", "mail.send", 1.0),
    ]
    assert not task.views


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("0.1", 10.0), (0.25, 4.0), (1, 1.0), (None, 1.0), ("x", 1.0), (0, 1.0), (-1, 1.0), (2, 1.0), (1e-300, 1e6),
     ("nan", 1.0), ("1e400", 1.0), ([], 1.0), (True, 1.0)],
)  # fmt: skip
def test_one_stands_for_those_that_were_not_sent(rate: object, expected: float) -> None:
    assert weight(rate) == pytest.approx(expected)
    assert took(rate).views[0].weight == pytest.approx(expected)


@pytest.mark.parametrize(
    ("op", "description", "expected"),
    [
        ("db", "SELECT  *\n FROM users WHERE id = 42 AND name = 'li''n' -- x",
         ("db", "SELECT * FROM users WHERE id = ? AND name = ?")),
        ("db.sql.query", "SELECT a FROM t WHERE b IN (%s, %s, %s)", ("db", "SELECT a FROM t WHERE b IN (?)")),
        ("db", "INSERT INTO t VALUES (1, 'a'), (2, 'b')", ("db", "INSERT INTO t VALUES (?)")),
        ("db", 'SELECT "t1"."a"::text FROM "t1" WHERE x = $1 AND y = :p AND z = 0x1F',
         ("db", 'SELECT "t1"."a"::text FROM "t1" WHERE x = ? AND y = ? AND z = ?')),
        ("db", '{"find": "users", "filter": {"_id": 5}}', ("db", "find users")),
        ("db", "SELECT 'never closed", ("db", "SELECT ?")),
        ("db.redis", "GET user:17:cart", ("db", "GET user:*:cart")),
        ("db.redis", "set 'k' [Filtered]", ("db", "SET k")),
        ("cache.get", "user:17,user:18", ("cache", "user:*")),
        ("http.client", "GET http://u:p@pay.example.com:81/charge/99?x=1",
         ("http.client", "GET http://pay.example.com:81/charge/*")),
        ("http", "POST https://a.example/550e8400-e29b-41d4-a716-446655440000/x",
         ("http.client", "POST https://a.example/*/x")),
        ("queue.publish", "mails", ("queue", "mails")),
        ("grpc.client", "/shop.Pay/Charge", ("rpc", "/shop.Pay/Charge")),
        ("db", "", ("db", "db")),
    ],
)  # fmt: skip
def test_resources_are_called_by_what_they_have_in_common(op: str, description: str, expected: tuple[str, str]) -> None:
    (use,) = used(op, description)
    assert (use.kind, use.resource) == expected
    assert use.seconds == 0.25


def test_what_is_no_resource_or_our_own_door_is_none() -> None:
    assert not used("template.render", "page.html")
    assert not used("middleware.django", "x")
    assert not used("http", "POST http://tocsin:8420/pre/api/42/store/")
    assert not used("http.client", "POST http://tocsin:8420/api/42/envelope/?a=b")
    assert not used("db", "SELECT 1", timestamp="never")


def test_a_use_fails_by_its_status() -> None:
    assert used("http.client", "GET http://a", data={"http.response.status_code": 502})[0].is_error
    assert not used("http.client", "GET http://a", data={"status_code": 404}, status="not_found")[0].is_error
    assert used("db", "SELECT 1", status="internal_error")[0].is_error


def test_streamed_spans_say_the_same() -> None:
    def span(name: str, op: str, *, first: bool = False, **told: object) -> dict[str, object]:
        given = {"sentry.op": op, **{key.replace("_", "."): value for key, value in told.items()}}
        attributes = {key: {"value": value, "type": "x"} for key, value in given.items()}
        return {"name": name, "is_segment": first, "status": "ok", "start_timestamp": NOW - 2, "end_timestamp": NOW - 1,
                "attributes": attributes}  # fmt: skip

    listed = [
        span("ok", "http.server", first=True, http_route="/ok/<i>"),
        span("GET k:17", "db.redis"),
        span("/pay", "http.server", first=True, sentry_span_source="url"),
    ]
    spans = found({"version": 2, "items": listed}, "span", NOW, trace={"sample_rate": "0.5"})
    assert [(view.route, view.seconds, view.weight) for view in spans.views] == [
        ("/ok/<i>", 1.0, 2.0),
        ("/pay", 1.0, 2.0),
    ]
    assert [(use.kind, use.resource) for use in spans.uses] == [("db", "GET k:*")]


# the others


def test_sessions_are_counted_by_how_they_went() -> None:
    counted = found({"aggregates": [{"started": BEGAN, "exited": 5, "crashed": 1, "odd": 3}, "x"]}, "sessions", NOW)
    assert [(dict(one.labels)["status"], one.value, one.at) for one in counted.numbers] == [
        ("exited", 5.0, NOW - 3),
        ("crashed", 1.0, NOW - 3),
    ]
    assert not found({"status": "ok", "init": True}, "session").numbers
    ended = found({"status": "exited", "errors": 2, "timestamp": BEGAN}, "session", NOW)
    assert dict(ended.numbers[0].labels)["status"] == "errored"


@pytest.mark.parametrize(
    ("status", "kind"),
    [("in_progress", SignKind.START), ("ok", SignKind.SUCCESS), ("error", SignKind.FAIL), ("odd", SignKind.LOG)],
)
def test_a_job_calls(status: str, kind: SignKind) -> None:
    payload = {"check_in_id": "edd7", "monitor_slug": "nightly", "status": status, "duration": 1.5, "environment": "it"}
    (call,) = found(payload, "check_in", NOW).calls
    assert (call.slug, call.sign.kind, call.sign.run, call.sign.at) == ("nightly", kind, "edd7", NOW)
    assert call.sign.body == b"it took 1.5 s, it"
    assert found(payload | {"check_in_id": "0" * 32}, "check_in").calls[0].sign.run == ""


def test_what_the_sdk_dropped_is_counted() -> None:
    dropped = [{"reason": "ratelimit_backoff", "category": "error", "quantity": 3}, {"quantity": "x"}, {"quantity": -1}]
    (one,) = found({"timestamp": NOW, "discarded_events": dropped}, "client_report", NOW).numbers
    assert (one.name, one.value, dict(one.labels)) == (
        "sentry.discarded", 3.0, {"app": "shop", "reason": "ratelimit_backoff", "category": "error"}
    )  # fmt: skip


def test_numbers_have_base_units_and_the_labels_that_the_application_gave() -> None:
    listed = [
        {"name": "basket", "type": "distribution", "value": 1500, "unit": "millisecond", "timestamp": NOW - 5,
         "attributes": {"paid": {"value": True}, "sentry.release": {"value": "r1"}, "server.address": {"value": "h"}}},
        {"name": "left", "type": "gauge", "value": "7"}, {"name": "", "type": "counter", "value": 1},
        {"name": "n", "type": "counter", "value": 1e23}, {"name": "odd", "type": "histogram", "value": 1},
        {"name": "nan", "type": "counter", "value": "nan"}, {"name": "many", "type": "counter"},
        {"name": "huge", "type": "counter", "value": 1e308, "unit": "day"},
    ]  # fmt: skip
    told = found({"items": listed}, "trace_metric", NOW)
    first = told.numbers[0]
    assert (first.name, first.value, first.unit, first.at) == ("basket", 1.5, "s", NOW - 5)
    assert dict(first.labels) == {"app": "shop", "paid": "true"}
    assert [one.name for one in told.numbers] == ["basket", "left", "n"]
    assert told.items == {"metric": 8, "flaw": 5}


def test_lines_of_a_log_are_counted_by_level() -> None:
    lines = [{"level": "warn", "body": "x", "timestamp": NOW}, {"level": "fatal"}, {}]
    told = found({"items": lines}, "log", NOW)
    assert [dict(one.labels)["level"] for one in told.numbers] == ["warning", "fatal", "info"]


@pytest.mark.parametrize("kind", ["attachment", "profile", "replay_recording", "statsd", "", "of next year"])
def test_what_nobody_knows_is_skipped(kind: str) -> None:
    told = read(sent(envelope(item(b"\x00\xff", kind), item(event()))), LIMITS)
    assert (told.items["skipped"], len(told.errors)) == (1, 1)


def test_no_time_nor_count_is_so_large_that_sums_would_be_infinite() -> None:
    page = {"transaction": "/pay", "start_timestamp": -1e308, "timestamp": 1e308,
            "contexts": {"trace": {"op": "http.server"}}}  # fmt: skip
    assert not found(page | {"spans": [page]}, "transaction", NOW, trace={"sample_rate": 1e-6}).views
    assert not found({"aggregates": [{"exited": 1e308}]}, "sessions", NOW).numbers
    assert not found({"discarded_events": [{"quantity": 1e308}]}, "client_report", NOW).numbers


def test_half_a_character_keeps_no_error_from_being_read() -> None:
    """Python writes the name of a file so that is no UTF-8."""
    (error,) = found(rb'{"message": "no \\ud800 in \\\udce9 \udce9.txt, \ud83d\ude00\ud83d"}').errors
    assert error.message == "no \\ud800 in \\\ufffd \ufffd.txt, \U0001f600\ufffd"


def test_whatever_is_in_the_header_of_an_item_its_payload_is_what_is_read() -> None:
    (error,) = read(sent(envelope(item(event(message="good"), event=5))), LIMITS).errors
    assert error.message == "good"


@pytest.mark.parametrize("where", [b'{"extra": {"a": %s}}', b'{"logentry": {"message": "%%s", "params": [%s]}}'])
def test_what_is_nested_as_deeply_as_can_just_be_read_is_no_trouble(where: bytes) -> None:
    for depth in range(1_000):
        with contextlib.suppress(Unreadable):
            found(where % (b"[" * depth + b"]" * depth))


# times


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-11-21T01:00:00Z", NOW), ("2026-11-21T09:00:00+08:00", NOW), ("2026-11-21T01:00:00.25", NOW + 0.25),
        (NOW, NOW), (str, None), (NOW * 1000, NOW), (None, None), ("soon", None), (True, None), (10**400, None),
        (float("nan"), None), ("9" * 9_000, None),
    ],
)  # fmt: skip
def test_instants(told: object, expected: float | None) -> None:
    assert seconds(told) == expected


def test_a_clock_that_is_wrong_is_corrected_and_nothing_lies_ahead() -> None:
    hour_ahead = Times(NOW, NOW + 3_600)
    assert hour_ahead.at(NOW + 3_590) == NOW - 10
    assert Times(NOW, NOW + 20).at(NOW + 15) == NOW
    assert Times(NOW, NOW - 5).at(NOW - 15) == NOW - 15
    assert Times(NOW).at(0) == NOW - OLDEST
    assert Times(NOW, "nonsense").at("nonsense") == NOW


# enemies

NAMES = strategies.sampled_from(
    ["exception", "values", "stacktrace", "frames", "message", "logentry", "params", "transaction", "contexts", "trace",
     "op", "spans", "items", "attributes", "aggregates", "discarded_events", "tags", "breadcrumbs", "user", "request",
     "timestamp", "start_timestamp", "fingerprint", "level", "monitor_config", "schedule", "quantity", "sdk", "vars"]
)  # fmt: skip
LEAVES = (
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats()
    | strategies.text(max_size=5)
)
ANY = strategies.recursive(
    LEAVES,
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
KINDS = strategies.sampled_from(
    ["event", "transaction", "span", "sessions", "session", "check_in", "client_report", "log", "trace_metric"]
)


@hypothesis.given(strategies.dictionaries(NAMES, ANY, max_size=6), KINDS)
@hypothesis.settings(max_examples=150)
def test_any_shape_is_read_or_refused(payload: dict[str, object], kind: str) -> None:
    with contextlib.suppress(Unreadable):
        found(payload, kind, NOW)
