"""Events and service checks of DogStatsD, as events of the alarm path."""

import pytest

from daemon.event import Event, Severity, State, cleaned
from daemon.intakes.statsd.grammar import Reason
from daemon.intakes.statsd.told import read
from fake_clock import BEGIN, FakeClock
from statsd_side import Side

NOW = int(BEGIN)
FIRING, RESOLVED = State.FIRING, State.RESOLVED


def told(line: bytes) -> Event:
    return read(line, BEGIN, 3_600.0).event


def test_an_event_as_datadog_writes_it() -> None:
    line = rb"_e{13,12}:Deploy | done|line1\nline2|d:1795222800|h:web1|k:k1|p:low|s:jenkins|t:warning|#a:b,env:it"
    event = told(line)
    assert (event.source, event.key, event.title, event.text) == ("statsd", "event|k1", "Deploy | done", "line1\nline2")
    assert (event.state, event.severity, event.started_at) == (FIRING, Severity.WARNING, 1795222800)
    assert event.labels == {"a": "b", "env": "it", "host": "web1", "source_type": "jenkins", "priority": "low"}
    assert event.fires_until == BEGIN + 3_600  # nothing else may ever end it


def test_lengths_are_bytes_of_utf8() -> None:
    title, text = "部署|完成", "第一行|第二行"
    line = f"_e{{{len(title.encode())},{len(text.encode())}}}:{title}|{text}|t:error".encode()
    event = told(line)
    assert (event.title, event.text, event.severity) == (title, text, Severity.ERROR)


@pytest.mark.parametrize(
    ("kind", "state", "severity"),
    [
        (b"", FIRING, Severity.INFO),
        (b"|t:info", FIRING, Severity.INFO),
        (b"|t:warning", FIRING, Severity.WARNING),
        (b"|t:error", FIRING, Severity.ERROR),
        (b"|t:success", RESOLVED, Severity.INFO),
    ],
)
def test_the_type_of_an_event_is_how_bad_it_is(kind: bytes, state: State, severity: Severity) -> None:
    event = told(b"_e{1,1}:a|b|k:job" + kind)
    assert (event.state, event.severity, event.key) == (state, severity, "event|job")


def test_an_event_without_a_key_is_known_by_its_title_and_host() -> None:
    assert told(b"_e{1,0}:a||h:web1").key == "event|web1|a"
    assert told(b"_e{1,1}:a|b").key == told(b"_e{1,1}:a|c|t:success").key == "event||a"


def test_a_service_check_as_datadog_writes_it() -> None:
    check = told(rb"_sc|redis.can_connect|2|d:1795222800|h:h1|#k:v,env:it|m:time|out m\: x\ny")
    assert check.key == "check|redis.can_connect|env=it|host=h1|k=v"
    assert (check.state, check.severity, check.started_at) == (FIRING, Severity.CRITICAL, 1795222800)
    assert (check.title, check.text) == ("redis.can_connect is critical on h1", "time|out m: x\ny")
    assert check.labels == {"check": "redis.can_connect", "k": "v", "env": "it", "host": "h1"}
    assert check.fires_until is None  # that its sender died is no sign that all is well


@pytest.mark.parametrize(
    ("status", "state", "severity"),
    [
        (0, RESOLVED, Severity.INFO),
        (1, FIRING, Severity.WARNING),
        (2, FIRING, Severity.CRITICAL),
        (3, FIRING, Severity.WARNING),
    ],
)
def test_the_status_of_a_check_is_how_bad_it_is(status: int, state: State, severity: Severity) -> None:
    check = told(b"_sc|db|%d|c:ci-1|#b:2,a:1|card:low" % status)
    assert (check.state, check.severity, check.key) == (state, severity, "check|db|a=1|b=2")


WRONG = [
    (b"_e{1}:a|b", Reason.EVENT),
    (b"_e{5,1}:a|b", Reason.EVENT),
    (b"_e{1,5}:a|b", Reason.EVENT),
    (b"_e{1,1}:a|bcd", Reason.EVENT),
    (b"_e{1,1}:abb", Reason.EVENT),
    (b"_e{0,1}:|b", Reason.EVENT),
    (b"_e{99999999,1}:a|b", Reason.EVENT),
    (b"_e{-1,1}:a|b", Reason.EVENT),
    (b"_e{1,1}:a|b|t:awful", Reason.EVENT),
    (b"_e{1,1}:a|b|d:soon", Reason.EVENT),
    (b"_sc|x", Reason.CHECK),
    (b"_sc|x|4", Reason.CHECK),
    (b"_sc|x|", Reason.CHECK),
    (b"_sc||0", Reason.CHECK),
    (b"_sc|x|0|d:1e9", Reason.CHECK),
    (b"_sc|x|0|m:" + b"y" * 20_000, Reason.LONG),
]


@pytest.mark.parametrize(("line", "reason"), WRONG, ids=lambda value: repr(value)[:40])
def test_a_broken_one_is_counted_and_no_alarm(clock: FakeClock, line: bytes, reason: Reason) -> None:
    side = Side(clock)
    assert side.refused(b"x:1|c\n" + line + b"\nx:1|c") == {reason.value: 1}
    assert not side.told


def test_they_stand_among_numbers(clock: FakeClock) -> None:
    side = Side(clock)
    assert side.read(b"x:1|c\n_sc|db|1\n_e{1,1}:a|b\nx:1|c\n")["counter x"].total == 2
    assert [told.event.key for told in side.told] == ["check|db", "event||a"]


def test_whatever_they_say_fits_where_alarms_are_kept() -> None:
    title = "t" * 5_000
    event = cleaned(told(f"_e{{5000,1}}:{title}|b|d:999999999999|k:{'k' * 3_000}".encode()), BEGIN)
    assert len(event.title) == 300
    assert len(event.key) <= 512
    assert event.started_at is None
