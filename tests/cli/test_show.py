"""What people see: lined-up columns, no commands to the terminal, every answer of every method."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.cli import acks, rota, show, tables
from daemon.cli.commands import COMMANDS
from daemon.cli.tables import facts, lines, printable, size, table, took, when, width, written
from daemon.hook import Hook
from daemon.reading import Health, Reading
from daemon.store.quarantine import Kind
from daemon.units import seconds
from fake_parts import Desk, FakeLane, FakeProbeStatus
from faulty import error


def test_columns_line_up_also_in_chinese() -> None:
    text = table(("a", "b"), [("磁盘", "x"), ("disk", "y"), ("e\N{COMBINING ACUTE ACCENT}", "z")])
    positions = {width(line[: line.rindex(line[-1])]) for line in text.splitlines()}
    assert positions == {6}


@pytest.mark.parametrize(("text", "columns"), [("", 0), ("ab", 2), ("磁盘", 4), ("ｆ", 2), ("é", 1), ("a\u200db", 2)])
def test_width_counts_terminal_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize("evil", ["\x1b[2J", "a\rb", "a\nb", "\x9b31m", "\N{RIGHT-TO-LEFT OVERRIDE}x", "\x07"])
def test_nothing_in_an_answer_commands_the_terminal(evil: str) -> None:
    shown = printable(evil)
    assert shown.isprintable()
    assert table(("x",), [(evil,)]).count("\n") == 2
    assert facts([("x", evil.replace("\n", ""))]).count("\n") == 1


def test_lines_stay_lines() -> None:
    assert lines("a\r\nb\tc\x1b") == "a\nb    c\N{REPLACEMENT CHARACTER}"


def test_no_rows_are_said_so() -> None:
    assert table(("a",), []) == "(none)\n"


def test_figures_are_for_people() -> None:
    assert [size(n) for n in (0, 1023, 1024, 5 * 1024**2, 3 * 1024**3)] == [
        "0 B",
        "1023 B",
        "1.0 KB",
        "5.0 MB",
        "3.0 GB",
    ]
    assert took(3_725.4) == "1:02:05"
    assert when(None) == ""


@given(st.integers(min_value=0, max_value=400 * 86_400_000))
def test_a_rhythm_is_shown_as_it_is_written(milliseconds: int) -> None:
    assert seconds(written(milliseconds / 1_000)) == pytest.approx(milliseconds / 1_000)


def test_a_rhythm_is_short() -> None:
    assert [written(every) for every in (0, 0.5, 2, 90, 86_460)] == ["0s", "500ms", "2s", "1m30s", "1d1m"]


CALENDAR = """\
BEGIN:VCALENDAR
BEGIN:VEVENT
SUMMARY:x
DTSTART:20261224T090000
DURATION:PT8H
END:VEVENT
BEGIN:VEVENT
SUMMARY:nobody\x1b[31m
DTSTART:20261225T090000
DURATION:PT8H
END:VEVENT
BEGIN:VEVENT
END:VEVENT
END:VCALENDAR
"""
PARAMS = {
    "alerts.get": {"id": "A1"},
    "alerts.explain": {"id": "A1"},
    "alerts.ack": {"id": "A1", "comment": "on it"},
    "alerts.unack": {"id": "A2"},
    "alerts.resolve": {"id": "A1"},
    "deliveries.get": {"id": "D1"},
    "quarantine.show": {"id": "Q1"},
    "quarantine.replay": {"source": "shop"},
    "deliveries.retry": {"channel": "sms"},
    "events.send": {"title": "again"},
    "channels.test": {"channel": "room"},
    "probes.failures": {"name": "front"},
    "probes.history": {"name": "front", "step": "reading"},
    "probes.get": {"name": "x"},
    "probes.pause": {"name": "front", "duration": "2h", "comment": "\x1b[2J换盘"},
    "probes.resume": {"name": "x"},
    "probes.run": {"name": "front"},
    "probes.run_once": {"type": "touch", "settings": {"timeout": 2}},
    "sources.test": {"name": "shop", "send": True},
    "sources.deliver": {"name": "shop", "body": '{"key": "7", "title": "stuck", "state": "firing"}'},
    "intervals.test": {"name": "office"},
    "silences.get": {"id": "S1"},
    "silences.preview": {"matchers": ['source="cli"']},
    "silences.add": {"matchers": ['source="cli"'], "duration": "2h"},
    "silences.update": {"id": "S1", "duration": "4h"},
    "silences.expire": {"id": "S1"},
    "alerts.silence": {"id": "A1"},
    "maintenance.open": {"name": "deploy", "matchers": ["team=web"]},
    "maintenance.close": {"name": "discs"},
    "errors.get": {"id": "E1"},
    "errors.resolve": {"id": "E1"},
    "errors.ignore": {"id": "E1", "duration": "2h", "comment": "\x1b[2J换盘"},
    "errors.reopen": {"id": "E1"},
    "metrics.get": {"selector": "jobs"},
    "rules.test": {"rule": "{name: few, expr: sum(jobs) over 1m, below: 1}"},
    "log.level": {"level": "debug"},
    "schedules.get": {"schedule": "night", "days": 30},
    "schedules.ical": {"schedule": "night"},
    "schedules.override": {"schedule": "night", "who": "may", "end": "8h", "comment": "swap\x1b[31m"},
    "schedules.override_remove": {"id": "O1"},
    "schedules.import": {"schedule": "night", "text": CALENDAR, "people": {"x": "may"}},
}


@pytest.fixture
def full(desk: Desk) -> Desk:
    desk.send("磁盘\x1b[31m满了")
    desk.send("memory")
    desk.ask("alerts.ack", id="A2", author="\x1blin", comment="\x1b[2J")
    desk.intake.refuse(
        Hook(source="shop", body=b"\xffnot json", headers={"x-a": "b"}), Kind.UNUSABLE_BODY, "bad", "1.2.3.4"
    )
    desk.intake.refuse(Hook(source="nobody", body="正文\x1b".encode()), Kind.UNKNOWN_SOURCE, "who?", "1.2.3.4")
    desk.courier.lanes.append(FakeLane(channel="gone"))
    desk.scheduler.probes.append(
        FakeProbeStatus(
            name="x", verdict="down", reading=Reading(health=Health.DOWN, detail="refused"), since=desk.clock.now()
        )
    )
    desk.ask("silences.add", matchers=["team=\x1bdb"], duration="2h", during="office", comment="\x1b[2J换盘")
    desk.ask("probes.pause", name="x")
    desk.ask("maintenance.open", name="discs", matchers=["team=db"])
    desk.measured.write(lambda tx: desk.faults.digest(tx, [error("\x1b[2J", "磁盘\x9b\n满了")], desk.clock.now()))
    desk.warnings.append("handlers.d/x.py: broken")
    desk.ask("schedules.override", schedule="night", who="may", start="2027-01-01 09:00", end="2027-01-02 09:00")
    return desk


SHOWN = [one for one in COMMANDS if one.method != "rules.get"]  # shown in tests/methods/test_rules.py, with rules


@pytest.mark.parametrize("one", SHOWN, ids=lambda one: one.words)
def test_every_answer_can_be_shown(one, full: Desk) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    text = one.show(full.ask(one.method, **PARAMS.get(one.method, {})))
    assert text.endswith("\n")
    assert text.replace("\n", "").isprintable()


def test_an_empty_daemon_can_be_shown_too(desk: Desk) -> None:
    for one in SHOWN:
        if one.method not in PARAMS:
            assert one.show(desk.ask(one.method))


def test_who_has_an_alert_in_hand_is_shown_with_it(full: Desk) -> None:
    full.ask("alerts.ack", id="A1", duration="2h", comment="on my way")
    listed = show.alert_list(full.ask("alerts.list"))
    assert "firing, local has it" in listed
    assert "firing, lin has it" in listed
    told = show.alert(full.ask("alerts.get", id="A1"))
    assert "acknowledged  by local until 2026-11-21 " in told
    assert "over zmq: on my way\n" in told
    assert "by nobody any more" in acks.acknowledged(full.ask("alerts.unack", id="A1"))


def test_the_status_shows_what_is_doubtful_in_the_configuration(full: Desk) -> None:
    said = show.status(full.ask("status")).splitlines()
    assert "  warning: handlers.d/x.py: broken" in said
    full.warnings.clear()
    assert "warning:" not in show.status(full.ask("status"))


def test_shifts_say_by_whose_clock_they_are_shown(full: Desk) -> None:
    assert "by the clock of this terminal\n" in rota.schedule(full.ask("schedules.get", schedule="night"))


def test_one_is_one_and_two_are_many() -> None:
    assert [tables.counted(number, "alarm") for number in (0, 1, 2)] == ["0 alarms", "1 alarm", "2 alarms"]


def test_a_replay_says_how_many_are_left_where_any_are(full: Desk) -> None:
    assert "still waiting: 1\n" in show.replayed(full.ask("quarantine.replay", source="shop"))
    assert "waiting" not in show.replayed({"requests": [], "left": 0})


def test_an_end_of_nothing_is_said_in_words(desk: Desk) -> None:
    ended = desk.ask("events.send", title="x", state="resolved")
    assert show.event(ended) == "no such alert is open, so there is nothing to end\n"


def test_a_trial_shows_what_matters_and_what_it_does_not_tell(desk: Desk) -> None:
    trials = desk.ask("sources.test", name="shop", sample="firing")
    assert show.trials(trials) == "firing: ok\n  [firing, error] till is stuck (key k)  team=sales\n"
    trials[0]["note"] = "read with another map"
    assert "  ! read with another map (--body FILE)\n" in show.trials(trials)


def test_a_body_that_is_not_text_is_shown_as_base64(full: Desk) -> None:
    assert "base64" in show.request(full.ask("quarantine.show", id="Q1"))
    assert "正文" in show.request(full.ask("quarantine.show", id="Q2"))


def test_a_body_of_which_not_all_was_kept_is_called_cut(desk: Desk) -> None:
    desk.intake.refuse(Hook(source="shop", body=b""), Kind.UNUSABLE_BODY, "too large", "1.2.3.4", unread=2_000_000)
    assert "1.9 MB, cut" in show.request_list(desk.ask("quarantine.list"))
    assert "1.9 MB, cut" in show.request(desk.ask("quarantine.show", id="Q1"))
