"""Lines that match become alarms: which, under what name, how often, and until when."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.alerting.intake import Intake
from daemon.alerting.rules import Rules
from daemon.config.load import load
from daemon.config.settings import Settings
from daemon.config.syslog import LinePattern
from daemon.errors import ConfigError, StoreUnavailable
from daemon.event import Event, Severity
from daemon.intakes.syslog.herald import HOLD, MOST_OF_ONE, Herald, event
from daemon.intakes.syslog.looking import Eyes, Seen, look
from daemon.loading import catalog
from daemon.store import alerts
from daemon.store.sqlite import SqliteStore
from daemon.template import Template
from fake_clock import FakeClock, settle

DISK = LinePattern(
    name="disk",
    match=r"(?P<disk>sd[a-z]): I/O error",
    title=Template("{{ disk }} of {{ host }} fails"),
    labels={"team": "ops"},
)


def seen(pattern: LinePattern, *lines: bytes) -> Seen:
    return look(Eyes([pattern]), [(line, "10.0.0.9") for line in lines], "here")


def only(pattern: LinePattern, *lines: bytes) -> Event:
    (find,) = seen(pattern, *lines).finds.values()
    return event(find, find.count, 1_000.0)


class Told:
    """Takes events; refuses them while the store is away."""

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.away = False

    def __call__(self, events: list[Event]) -> None:
        if self.away:
            raise StoreUnavailable("the disk is full")
        self.batches.append(events)

    @property
    def events(self) -> list[Event]:
        return [one for batch in self.batches for one in batch]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def herald(clock: FakeClock, told: Told) -> Iterator[Herald]:
    made = Herald(clock, told)
    made.start()
    settle()
    yield made
    made.stop()


def test_a_line_becomes_an_alarm_with_its_groups_as_labels() -> None:
    told = only(DISK, b"<3>Nov 21 22:00:00 db-1 kernel: sdb: I/O error, sector 7")
    assert told == Event(
        source="syslog",
        key="disk{app=kernel,disk=sdb,host=db-1}",
        severity=Severity.ERROR,
        title="sdb of db-1 fails",
        text="db-1 kernel (kern.err): sdb: I/O error, sector 7",
        labels={"host": "db-1", "app": "kernel", "disk": "sdb", "team": "ops", "pattern": "disk"},
        fires_until=1_600.0,
    )


@pytest.mark.parametrize(
    ("pattern", "lines", "matching"),
    [
        (LinePattern(name="p", match="error"), [b"an error", b"ERROR", b"well"], 1),
        (LinePattern(name="p", match="(?i)error"), [b"an error", b"ERROR", b"well"], 2),
        (LinePattern(name="p", match="error", unless="retrying"), [b"error", b"error, retrying"], 1),
        (LinePattern(name="p", match="", app="sshd|su"), [b"<13>sshd: a", b"<13>sshd2: a", b"<13>su: a"], 2),
        (LinePattern(name="p", match="", host="db-.*"), [b"<13>Nov 21 22:00:00 db-1 a: x", b"<13>a: x"], 1),
        (LinePattern(name="p", match="", host=r"10\.0\.0\.9"), [b"<13>a: x"], 1),
        (LinePattern(name="p", match="", severity_at_least="err"), [b"<11>x", b"<12>x", b"<8>x"], 2),
        (LinePattern(name="p", match="^$"), [b"<13>1 - - - - - -"], 1),
    ],
)
def test_what_a_pattern_looks_at(pattern: LinePattern, lines: list[bytes], matching: int) -> None:
    assert sum(find.count for find in seen(pattern, *lines).finds.values()) == matching


@pytest.mark.parametrize(("key", "alarms"), [(None, 4), (("host", "disk"), 4), (("disk",), 2), (("host",), 2), ((), 1)])
def test_what_tells_alarms_apart(key: tuple[str, ...] | None, alarms: int) -> None:
    pattern = LinePattern(name="disk", match=r"(?P<disk>sd[a-z]): I/O error", key=key)
    lines = [
        f"<3>Nov 21 22:00:00 {host} kernel: {disk}: I/O error".encode()
        for host in ("a", "b")
        for disk in ("sda", "sdb")
    ]
    assert len(seen(pattern, *lines, *lines).finds) == alarms


@pytest.mark.parametrize(
    ("priority", "severity"),
    [(0, "critical"), (2, "critical"), (3, "error"), (4, "warning"), (5, "info"), (7, "info")],
)
def test_how_bad_it_is_follows_from_the_line(priority: int, severity: str) -> None:
    assert only(LinePattern(name="p", match="x"), f"<{priority}>x".encode()).severity == severity
    said = LinePattern(name="p", match="x", severity=Severity.CRITICAL)
    assert only(said, f"<{priority}>x".encode()).severity is Severity.CRITICAL


def test_several_lines_are_one_alarm_as_bad_as_the_worst() -> None:
    told = only(LinePattern(name="p", match="x", key=()), b"<12>x one", b"<11>x two", b"<14>x three")
    assert told.severity is Severity.ERROR
    assert told.text.splitlines()[0].endswith("x three")
    assert "3 lines like it" in told.text


def test_many_patterns_see_what_each_of_them_sees() -> None:
    """One glance at a line tells whether any of them is to look; it must not miss one, however they are written."""
    matches = [
        r"a\(?P<x>b",
        r"[(?P<x>]{3}",
        "(?P<x>one)|(?P<y>two)",
        "(?i)(?P<x>LOUD)",
        "[]x]y",
        "^begins",
        "ends$",
        r"\[z",
    ]
    patterns = [LinePattern(name=f"p{number}", match=one) for number, one in enumerate(matches)]
    lines = ["aP<x>b", "a(P<x>b", "P<x", "one", "two", "loud", "]y", "begins here", "here ends", "[z", "none", ""]
    for line in lines:
        raw = f"<13>tag: {line}".encode()
        alone = [key for one in patterns for key in seen(one, raw).finds]
        together = look(Eyes(patterns), [(raw, "10.0.0.9")], "here").finds
        assert sorted(together) == sorted(alone), line
    quoted = [*patterns, LinePattern(name="q", match=r"\Q(?P<x>\E")]
    assert "q{app=tag,host=10.0.0.9}" in look(Eyes(quoted), [(b"<13>tag: (?P<x>", "10.0.0.9")], "here").finds


def test_a_group_that_took_no_part_is_an_empty_place() -> None:
    pattern = LinePattern(name="p", match="(?P<a>x)|(?P<b>y)", title=Template("a={{ a }} b={{ b }}"))
    told = only(pattern, b"<13>y")
    assert told.title == "a= b=y"
    assert "a" not in told.labels


def test_structured_data_goes_with_the_alarm() -> None:
    assert only(LinePattern(name="p", match="x"), b'<13>1 - h a - - [m k="v"] x').annotations == {"m.k": "v"}


def test_the_first_line_is_told_at_once_and_what_follows_together(clock: FakeClock, told: Told, herald: Herald) -> None:
    line = b"<3>Nov 21 22:00:00 db-1 kernel: sdb: I/O error"
    herald.found(seen(DISK, line).finds.values())
    settle()
    assert len(told.events) == 1
    for _ in range(40):
        clock.advance(0.1)
        herald.found(seen(DISK, line).finds.values())
    assert len(told.events) == 1
    clock.advance(HOLD)
    assert len(told.events) == 2
    assert "40 lines like it" in told.events[1].text
    assert told.events[1].fires_until == pytest.approx(clock.now() - HOLD + 600, abs=0.2)
    clock.advance(3 * HOLD)
    assert len(told.events) == 2
    herald.found(seen(DISK, line).finds.values())
    settle()
    assert len(told.events) == 3


def test_a_flood_of_names_is_not_a_flood_of_alarms(clock: FakeClock, told: Told, herald: Herald) -> None:
    lines = [f"<3>Nov 21 22:00:00 host-{number} kernel: sdb: I/O error".encode() for number in range(1_000)]
    herald.found(seen(DISK, *lines).finds.values())
    settle()
    assert len(told.events) == MOST_OF_ONE + 1
    (others,) = [one for one in told.events if one.key == "disk{(others)}"]
    assert f"{1_000 - MOST_OF_ONE} lines like it" in others.text
    assert others.labels == {"pattern": "disk", "team": "ops"}
    assert "host-999" in others.title
    clock.advance(3 * HOLD)
    herald.found(seen(DISK, *lines[:5]).finds.values())
    settle()
    assert len(told.events) == MOST_OF_ONE + 6


def test_what_cannot_be_written_waits_and_is_counted_further(clock: FakeClock, told: Told, herald: Herald) -> None:
    line = b"<3>Nov 21 22:00:00 db-1 kernel: sdb: I/O error"
    told.away = True
    for _ in range(3):
        herald.found(seen(DISK, line).finds.values())
        clock.advance(1)
    assert told.events == []
    told.away = False
    clock.advance(5)
    assert len(told.events) == 1
    assert "3 lines like it" in told.events[0].text


def test_what_waits_is_told_when_it_stops(clock: FakeClock, told: Told) -> None:
    herald = Herald(clock, told)
    herald.found(seen(DISK, b"<3>kernel: sdb: I/O error").finds.values())
    herald.stop()
    assert len(told.events) == 1


def test_a_title_that_does_not_render_still_is_an_alarm() -> None:
    pattern = LinePattern(name="p", match="x", title=Template("{{ pid | int / 0 }}"))
    assert only(pattern, b"<13>x").title == "p: x"


def test_the_alarm_is_in_the_store(store: SqliteStore, clock: FakeClock) -> None:
    intake = Intake(store, clock, lambda: Rules(Settings()))
    intake.events([only(DISK, b"<3>Nov 21 22:00:00 db-1 kernel: sdb: I/O error")])
    (alert,) = store.read(lambda tx: alerts.open_of_source(tx, "syslog"))
    assert (alert.source, alert.title) == ("syslog", "sdb of db-1 fails")


BASE = "receivers: [{name: ops}]\nroute: {receiver: ops}\n"
GOOD = "{name: disk, match: 'sd[a-z]'}"


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("syslog: {patterns: [{name: a b, match: x}]}", "1 to 64 letters"),
        ("syslog: {patterns: [{name: p, match: '('}]}", "not an RE2 pattern"),
        ("syslog: {patterns: [{name: p, match: x, not: '(?=a)'}]}", "not an RE2 pattern"),
        ("syslog: {patterns: [{name: p, match: x, app: '['}]}", "not an RE2 pattern"),
        ("syslog: {patterns: [{name: p, match: x, title: '{{ disk }}'}]}", "title names disk"),
        ("syslog: {patterns: [{name: p, match: x, key: [disk]}]}", "key names disk"),
        ("syslog: {patterns: [{name: p, match: x, severity_at_least: bad}]}", "severity_at_least"),
        ("syslog: {patterns: [{name: p, match: x, clear_after: 1s}]}", "clear_after"),
        (f"syslog: {{patterns: [{GOOD}, {GOOD}]}}", "stands twice"),
        ("syslog: {patterns: [{name: p}]}", "match"),
        ("syslog: {from: [nowhere]}", "is not a network"),
        ("syslog: {mode: rw}", "not the rights"),
        ("listen: {syslog: nowhere}", "is not an address"),
        ("listen: {syslog: 0.0.0.0:5514}", "syslog.from"),
        ("listen: {syslog_unix: relative}", "full path"),
        (f"syslog: {{patterns: [{GOOD}]}}\nsources: {{syslog: {{handler: datadog}}}}", "the name is taken"),
    ],
)
def test_what_is_wrong_in_the_configuration_is_said(tmp_path: Path, lines: str, said: str) -> None:
    file = tmp_path / "tocsin.yml"
    file.write_text(BASE + lines)
    with pytest.raises(ConfigError, match="(?s)" + said.replace("(", r"\(")):
        load(file, lambda _: catalog(""), {})


@pytest.mark.parametrize(
    "lines",
    [
        "listen: {syslog: 0.0.0.0:5514}\nsyslog: {from: [10.0.0.0/8, 'fd00::/8']}",
        "listen: {syslog: 127.0.0.1:5514, syslog_unix: /run/tocsin/log}\nsyslog: {mode: '0666'}",
        "syslog: {patterns: [{name: p, match: '(?P<disk>x)', title: '{{ disk }} {{ host }}', key: [host, disk]}]}",
    ],
)
def test_what_is_right_in_it(tmp_path: Path, lines: str) -> None:
    file = tmp_path / "tocsin.yml"
    file.write_text(BASE + lines)
    load(file, lambda _: catalog(""), {})


def test_one_that_can_never_be_told_keeps_no_other_waiting(clock: FakeClock, told: Told) -> None:
    tried: list[list[str]] = []

    def events(batch: list[Event]) -> None:
        tried.append([one.key for one in batch])
        if "bad" in batch[0].title:
            raise RuntimeError("broken")
        told(batch)

    herald = Herald(clock, events)
    herald.start()
    herald.found(seen(LinePattern(name="any", match="x"), b"<11>h bad: x").finds.values())
    clock.advance(1)
    herald.found(seen(LinePattern(name="any", match="x"), b"<11>h good: x").finds.values())
    clock.advance(HOLD * 3)
    herald.stop()
    assert len(tried) == 2
    assert len(told.events) == 1
