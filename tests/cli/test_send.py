"""`tocsinctl send`: an alarm of one's own, or a monitor's notification for its source."""

import argparse
import json
import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from daemon.cli.arguments import params, parser
from daemon.cli.ask import CannotAskError
from daemon.cli.command import Command
from daemon.cli.send import joined, turned
from daemon.config.settings import Source
from daemon.loading import built_in_handlers
from fake_parts import Desk

Run = Callable[..., "subprocess.CompletedProcess[str]"]

PAGES = Path(__file__).parents[2] / "docs" / "sources"


def asked(*words: str) -> tuple[Command, dict[str, Any]]:
    given: argparse.Namespace = parser().parse_args(joined(["send", *words]))
    return turned(given, params(given.command, given))


def notification(*words: str) -> dict[str, Any]:
    command, wanted = asked("--source", "nagios", *words)
    assert (command.method, wanted["name"]) == ("sources.deliver", "nagios")
    return dict(json.loads(wanted["body"]))


def test_a_title_may_be_an_option_and_the_state_a_word() -> None:
    command, wanted = asked("--title", "disk full", "--state", "resolved", "--key", "d", "--label", "a=b")
    assert command.method == "events.send"
    assert wanted == {"title": "disk full", "state": "resolved", "key": "d", "labels": {"a": "b"}}
    with pytest.raises(CannotAskError, match="the title is given twice"):
        asked("one", "--title", "two")


def test_a_notification_goes_to_its_source_as_it_was_given() -> None:
    words = ("--type", "PROBLEM", "--host", "web-3", "--service", "", "--state", "DOWN", "--label", "team=db")
    assert notification(*words) == {
        "type": "PROBLEM", "host": "web-3", "service": "", "state": "DOWN", "labels": {"team": "db"},
    }  # fmt: skip


@pytest.mark.parametrize("said", ["-CRITICAL", "--json", "-5 degrees", "--host", "-", "a=b", "--", ""])
def test_what_a_check_says_is_never_an_option(said: str) -> None:
    body = notification("--host", "h", "--output", said, "--state", "OK")
    assert body | {"output": body["output"].strip()} == {"host": "h", "output": said, "state": "OK"}


def test_what_a_check_says_may_be_long_or_of_another_age() -> None:
    assert notification("--host", "h", "--long", "x" * 100_000)["long"] == "x" * 7_999 + "…"
    assert notification("--host", "h", "--output", b"caf\xe9".decode("utf-8", "surrogateescape"))["output"] == "café"
    assert asked(b"caf\xe9".decode("utf-8", "surrogateescape"))[1] == {"title": "café"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--host", "h"), "add --source nagios or --source icinga"),
        (("--source", "nagios", "--host", "h", "--severity", "info"), "severity is not part of a notification"),
        (("--source", "nagios", "--host", "h", "title"), "title is not part of a notification"),
    ],
)
def test_what_does_not_go_together_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CannotAskError, match=said):
        asked(*words)


def test_words_of_other_commands_are_left_alone() -> None:
    assert joined(["alerts", "list", "--source", "x"]) == ["alerts", "list", "--source", "x"]
    assert joined(["send", "x", "--output"]) == ["send", "x", "--output"]  # which argparse complains about


@pytest.mark.parametrize(("page", "count"), [("nagios", 4), ("icinga", 0)])
def test_the_commands_of_the_pages_work_as_pasted(page: str, count: int) -> None:
    text = (PAGES / f"{page}.md").read_text()
    lines = re.findall(r"tocsinctl (send --source .*)$", text, re.MULTILINE)
    assert len(lines) == count
    for line in lines:
        given = parser().parse_args(joined(shlex.split(line)))
        command, wanted = turned(given, params(given.command, given))
        assert (command.method, wanted["name"]) == ("sources.deliver", page)
    options = {flag for one in parser().parse_args(["send", "x"]).command.more for flag in one.flags} | {"--state"}
    assert set(re.findall(r'"(--(?!source|label)[a-z-]+)" =', text)) <= options


def open_nagios(desk: Desk) -> None:
    source = Source(name="nagios", handler=built_in_handlers()["nagios"])
    desk.settings = replace(desk.settings, sources={**desk.settings.sources, "nagios": source})


@pytest.mark.slow  # each command is a new process
def test_a_problem_and_its_recovery_end_to_end(run: Run, desk: Desk) -> None:
    open_nagios(desk)
    words = ("send", "--source", "nagios", "--host", "web-3", "--service", "HTTP", "--type")
    done = run(*words, "PROBLEM", "--state", "CRITICAL", "--output", "-no answer", "--service-macro=$X$")
    assert done.returncode == 2  # no such option: said at once, and nothing is sent
    done = run(*words, "PROBLEM", "--state", "CRITICAL", "--output", "-no answer")
    assert (done.returncode, done.stdout) == (0, "A1: new\n"), done.stderr
    done = run(*words, "ACKNOWLEDGEMENT", "--state", "CRITICAL")
    assert (done.returncode, done.stdout) == (0, "no alarm: ACKNOWLEDGEMENT raises no alarm and ends none\n")
    assert run(*words, "RECOVERY", "--state", "OK").stdout == "A1: resolved\n"
    assert "HTTP on web-3" in run("alerts", "list").stdout


@pytest.mark.slow
def test_what_makes_no_alarm_is_kept_and_the_exit_code_says_so(run: Run, desk: Desk) -> None:
    open_nagios(desk)
    done = run("send", "--source", "nagios", "--host", "web-3", "--state", "PURPLE")
    assert (done.returncode, done.stdout) == (1, "")
    assert "state 'PURPLE' is not one of" in done.stderr
    assert "(kept as Q1)" in done.stderr
    done = run("send", "--source", "icinga", "--host", "web-3", "--state", "DOWN")
    assert done.returncode == 1
    assert "there is no source 'icinga': write it under `sources:` (kept as Q2)" in done.stderr
    assert run("sources", "deliver", "nagios", "/dev/null").returncode == 1
