"""The traps of Uptime Kuma's webhook."""

import json
from typing import Any

import pytest

from bodies import read
from daemon.errors import HandlerError
from daemon.event import Event, Severity, State
from daemon.hook import Hook
from daemon.payload.multipart import parts_of
from handlers.uptime_kuma import uptime_kuma


def told(body: Any) -> Event:
    [event] = read(uptime_kuma, body)
    return event


def body(beat: dict[str, Any] | None = None, **monitor: Any) -> dict[str, Any]:
    """The firing sample with other values in its heartbeat and its monitor."""
    whole: dict[str, Any] = json.loads(uptime_kuma.samples["firing"].body)
    whole["heartbeat"] |= beat or {}
    whole["monitor"] |= monitor
    return whole


def test_the_sample_is_read_field_by_field() -> None:
    event = told(uptime_kuma.samples["firing"].body)
    assert (event.key, event.state, event.severity) == ("12", State.FIRING, Severity.CRITICAL)
    assert (event.title, event.text) == ("shop is down", "connect ECONNREFUSED 10.1.2.3:443")
    assert event.labels == {
        "alertname": "shop", "monitor": "12", "type": "http", "host": "shop.example.com", "env": "it",
        "severity": "critical",
    }  # fmt: skip
    assert event.links == {"monitor": "https://shop.example.com/"}
    assert event.started_at == pytest.approx(1_795_222_803.512)  # its time is UTC, whatever the server's zone


def test_the_end_has_both_times() -> None:
    event = told(uptime_kuma.samples["resolved"].body)
    assert event.started_at == pytest.approx(1_795_222_803.512)
    assert event.ended_at == pytest.approx(1_795_224_003.127)


def test_a_reminder_s_time_is_not_the_beginning() -> None:
    reminder = told(body({"important": False, "time": "2026-11-21 01:30:00.000"}))
    assert reminder.started_at is None
    assert reminder.fingerprint() == told(body()).fingerprint()


def test_another_name_tag_or_message_is_the_same_problem() -> None:
    renamed = told(body({"status": 1, "msg": "200 - OK", "ping": 8}, name="shop front", tags=[], url="https://b.it/"))
    assert renamed.fingerprint() == told(body()).fingerprint()
    assert told(body(id=13)).fingerprint() != told(body()).fingerprint()


@pytest.mark.parametrize("name", ["test message", "certificate notice"])
def test_what_is_about_no_heartbeat_is_told_once_and_ends_by_itself(name: str) -> None:
    sample = uptime_kuma.samples[name]
    [event] = uptime_kuma.handle(Hook(source="kuma", body=sample.body, received_at=1_795_222_800.0))
    assert (event.state, event.severity) == (State.FIRING, Severity.INFO)
    assert event.title == json.loads(sample.body)["msg"]
    assert event.fires_until == 1_795_226_400.0
    assert ("test" in event.labels) == (name == "test message")


def test_two_certificates_are_two_notices_and_the_same_one_twice_is_one() -> None:
    keys = [
        told({"heartbeat": None, "monitor": None, "msg": f"{name} will expire in 14 days"}).key
        for name in ("a", "b", "a")
    ]
    assert keys[0] == keys[2] != keys[1]


def test_a_multipart_form_says_the_same_as_json() -> None:
    for state in ("firing", "resolved"):
        sample = uptime_kuma.samples[f"{state}, form-data"]
        hook = Hook(source=uptime_kuma.name, body=sample.body, content_type=sample.content_type)
        assert list(uptime_kuma.handle(hook)) == read(uptime_kuma, uptime_kuma.samples[state].body)


def test_a_monitor_without_an_address_has_no_link() -> None:
    event = told(body(type="ping", url="https://", hostname="db-1", port=5432))
    assert event.links == {}
    assert event.labels["host"] == "db-1"


def test_a_password_in_the_monitor_s_address_does_not_show() -> None:
    event = told(body(url="https://lin:hunter2@shop.example.com/"))
    assert event.links == {"monitor": "https://shop.example.com/"}
    assert "hunter2" not in repr(event)


def test_a_bare_tag_and_one_that_comes_twice_are_kept() -> None:
    tags = [{"name": "vip", "value": ""}, {"name": "team", "value": "db"}, {"name": "team", "value": "ops"}, 5]
    labels = told(body(tags=tags)).labels
    assert (labels["tag.vip"], labels["team"]) == ("true", "db,ops")


def test_without_a_tag_that_says_how_bad_it_is_it_is_an_error() -> None:
    assert told(body(tags=[])).severity is Severity.ERROR


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (body({"status": 2}), "heartbeat.status must be 0 (down) or 1 (up), not '2 (pending)'"),
        (body({"status": True}), "heartbeat.status must be 0 (down) or 1 (up), not 'true'"),
        ({"heartbeat": None, "monitor": None, "msg": ""}, "heartbeat, monitor and msg are all empty"),
        ({"heartbeat": None, "monitor": {"id": 1}, "msg": "x"}, "heartbeat must be an object, not null"),
        ({"heartbeat": {"status": 0}, "monitor": {}, "msg": "x"}, "monitor.id is missing"),
        ({"Title": "a custom template"}, "msg is missing; there are Title"),
        ({"data": "no json"}, "the form's field data must be an object, not null"),
    ],
)
def test_what_is_no_heartbeat_is_refused_with_what_is_wrong(given: Any, sentence: str) -> None:
    with pytest.raises(HandlerError) as caught:
        told(given)
    assert sentence in str(caught.value)


def part(name: str, value: bytes, more: str = "") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    return b"".join(b"--b\r\n" + one + b"\r\n" for one in parts) + end


def test_a_form_s_fields_are_texts_and_its_files_are_left_out() -> None:
    raw = form(part("a", b"1\r\n--b2\r\n2"), part("f", b"\xff", '; filename="x"'), part("a", "毫秒".encode()))
    assert parts_of(raw, 'multipart/form-data; boundary="b"') == {"a": "毫秒"}
    tricky = b"--b\r\n--b2\r\n --b--"  # hardly a boundary
    assert parts_of(form(part("a", b"1" + tricky)), "multipart/form-data;boundary=b") == {"a": "1" + tricky.decode()}


@pytest.mark.parametrize(
    ("raw", "content_type", "sentence"),
    [
        (form(part("a", b"1")), "multipart/form-data", "names no boundary"),
        (form(part("a", b"1"), end=b""), "multipart/form-data; boundary=b", "its last boundary is missing"),
        (b"", "multipart/form-data; boundary=b", "its last boundary is missing"),
        (form(part("a", b"\xff")), "multipart/form-data; boundary=b", "not UTF-8"),
    ],
)
def test_a_form_that_was_cut_off_is_refused(raw: bytes, content_type: str, sentence: str) -> None:
    with pytest.raises(HandlerError, match=sentence):
        parts_of(raw, content_type)
