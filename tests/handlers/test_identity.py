"""What names a problem, and that nothing else does: so that the end of an alarm finds it, whatever else has changed."""

import copy
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from daemon.errors import HandlerError
from daemon.event import Event
from daemon.hook import Hook
from daemon.loading import built_in_handlers
from daemon.registry import Handler, Sample

HANDLERS = built_in_handlers()
# The fields that name a problem, by their own names, wherever in the body they stand.
NAMED_BY = {
    "alertmanager": {"fingerprint"},
    "aliyun_cloudmonitor": {"ruleId", "dimensions", "name", "status", "eventId"},
    "datadog": {"cycle"},
    "generic": {"id"},
    "grafana": {"orgId", "fingerprint"},
    "healthchecks": {"uuid"},
    "tencent_cloudmonitor": {"policyId", "metricName", "unInstanceId", "objId"},
    "sign_of_life": {"name"},
    "uptime_kuma": {"id"},
    "zabbix": {"eventid"},
}
# The samples whose identity is made of something else, because what should name the problem is not in them.
WEAKER = {
    "datadog: firing, default payload": {"title", "id"},  # the organisation's id
    "datadog: firing, encoded as form": {"cycle"},
    "tencent_cloudmonitor: firing, event": {"policyName", "eventName", "unInstanceId"},
}
OTHERS: tuple[Any, ...] = ("something else", "", None, 424_242, 0, True, "2026-11-21 05:00:00", "OK", "critical")
FORM = "application/x-www-form-urlencoded"
PLACES = [
    pytest.param(handler, title, id=f"{handler.name}: {title}")
    for handler in HANDLERS.values()
    if handler.name in NAMED_BY
    for title, sample in handler.samples.items()
    if title.startswith(("firing", "no data", "update")) and not sample.content_type.startswith("multipart/")
]


def read(handler: Handler, body: bytes, content_type: str) -> list[Event]:
    hook = Hook(source=handler.name, body=body, content_type=content_type, options=handler.sample_options)
    return list(handler.handle(hook))


def leaves(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place inside a JSON value at which nothing more stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*here, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*here, position))
    else:
        yield here


def changed(sample: Sample, names: set[str]) -> Iterator[tuple[tuple[Any, ...], Any, bytes]]:
    """The sample with each of its fields but those of these names in turn another, and where that was."""
    is_form = sample.body[:1] != b"{"
    body = dict(parse_qsl(sample.body.decode(), keep_blank_values=True)) if is_form else json.loads(sample.body)
    for place in leaves(body):
        if names.intersection(place[-1:]):
            continue
        for other in OTHERS:
            one = copy.deepcopy(body)
            inner = one
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = other
            yield place, other, (urlencode(one) if is_form else json.dumps(one)).encode()


@pytest.mark.parametrize(("handler", "title"), PLACES)
def test_no_other_field_names_the_problem_whatever_stands_in_it(handler: Handler, title: str) -> None:
    """A changed field may make the body unreadable, end the alarm or change how bad it is: never whose alarm it is."""
    sample = handler.samples[title]
    whole = {event.fingerprint() for event in read(handler, sample.body, sample.content_type)}
    names = WEAKER.get(f"{handler.name}: {title}", NAMED_BY[handler.name])
    strays = []
    readable = 0
    for place, other, body in changed(sample, names):
        try:
            events = read(handler, body, sample.content_type)
        except HandlerError:
            continue
        readable += 1
        if {event.fingerprint() for event in events} != whole:
            strays.append((place, other))
    assert readable > len(OTHERS)
    assert strays == []


@pytest.mark.parametrize(("handler", "title"), PLACES)
def test_each_of_those_fields_does(handler: Handler, title: str) -> None:
    """Otherwise the list above would hide what it should show."""
    sample = handler.samples[title]
    whole = {event.fingerprint() for event in read(handler, sample.body, sample.content_type)}
    names = WEAKER.get(f"{handler.name}: {title}", NAMED_BY[handler.name])
    telling = set()
    for place, other, body in changed(sample, set()):
        if place[-1] in names and other:
            try:
                events = read(handler, body, sample.content_type)
            except HandlerError:
                continue
            if {event.fingerprint() for event in events} != whole:
                telling.add(place[-1])
    there = names.intersection(place[-1] for place, _, _ in changed(sample, set()))
    assert telling == there != set()
