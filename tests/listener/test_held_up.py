"""No request keeps the event loop from everybody else, whatever it asks for; measured at a whole tocsin's door."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from apps import Running, running_here
from heartbeat import heartbeat

MORE = """
limits: {body: 16MiB}
people: {lin: {email: lin@example.com}}
schedules: {ops: {time_zone: UTC, layers: [{people: [lin], rotation: weekly, start: 2026-01-05}]}}
"""
HELD = 0.3  # seconds: what is measured here takes from half a second on when the event loop does it
MUCH = 12_000_000
EVENT = "BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:lin\r\nDTSTART:20260101T000000Z\r\nDTEND:20260102T000000Z\r\n"


@pytest.fixture(scope="module")
def tocsin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running_here(tmp_path_factory.mktemp("held"), MORE) as one:
        yield one


def call(method: str, **params: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def held_up(tocsin: Running, path: str, body: bytes, status: int = 200) -> bool:
    """Ask, and tell whether nobody else could do anything for long, and for most of the time that it took.

    A busy machine, too, keeps a thread waiting; but not for half of the time.
    """
    began = time.perf_counter()
    with heartbeat() as heart:
        assert tocsin.post(path, body).status == status
    return heart.longest > max(HELD, 0.5 * (time.perf_counter() - began))


def test_an_alert_with_a_label_of_megabytes_holds_nobody_up(tocsin: Running) -> None:
    body = json.dumps([{"labels": {"alertname": "x" * MUCH}}]).encode()
    assert not held_up(tocsin, "/api/v2/alerts", body)


@pytest.mark.parametrize(
    "template",
    [
        '{% set y = "*" * 40000 %}{% for a in range(9) %}{% set b = y|markdown %}{% endfor %}' + "{{ 1 }}" * 1_000,
        '{% for a in range(9) %}{% set b = range(9000)|groupby("real")|list %}{% endfor %}' + "{{ 1 }}" * 1_000,
    ],
)
def test_a_hostile_template_holds_nobody_up(tocsin: Running, template: str) -> None:
    one = call("templates.render", template=template)
    assert not held_up(tocsin, "/rpc", b"[" + b",".join([one] * 8) + b"]")


@pytest.mark.parametrize("line", ["X:1\r\n" * 60_000, "X" + ";P=1" * 120_000 + ":1\r\n"])
def test_a_hostile_calendar_holds_nobody_up(tocsin: Running, line: str) -> None:
    text = f"BEGIN:VCALENDAR\r\n{EVENT}{line}END:VEVENT\r\nEND:VCALENDAR\r\n"
    assert not held_up(tocsin, "/rpc", call("schedules.import", schedule="ops", text=text))


def test_what_a_stranger_wrote_wrongly_is_answered_and_not_written_to_standard_error(
    tocsin: Running, capfd: pytest.CaptureFixture[str]
) -> None:
    said = tocsin.rpc("templates.render", template="{% include 'x' %}")
    assert said["error"]["message"] == "template: line 1: include is not for messages"
    assert "Traceback" not in "".join(capfd.readouterr())


def test_a_silence_with_a_matcher_of_megabytes_is_refused_at_once(tocsin: Running) -> None:
    matchers = [{"name": "alertname", "value": 'x"' * (MUCH // 6), "isRegex": False}]
    asked = {
        "matchers": matchers,
        "startsAt": "2098-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "a",
        "comment": "",
    }
    body = json.dumps(asked).encode()
    assert not held_up(tocsin, "/api/v2/silences", body, 400)
    assert b"at most 150000 are taken" in tocsin.post("/api/v2/silences", body).body


@pytest.mark.parametrize("path", ["alerts", "alerts/groups", "silences"])
def test_more_filters_than_anybody_needs_are_refused(tocsin: Running, path: str) -> None:
    asked = "&".join(f"filter=a=~%22x{n}%22" for n in range(30))
    assert tocsin.get(f"/api/v2/{path}?{asked}").status == 200
    reply = tocsin.get(f"/api/v2/{path}?{asked}&filter=a=1")
    assert (reply.status, reply.json()) == (400, "there are more than 30 filters")
