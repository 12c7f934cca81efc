"""The commands and the table of methods say the same."""

import argparse
import re
import subprocess
from pathlib import Path

import pytest

from daemon.cli import probes
from daemon.cli.arguments import ALIASES, GROUPS, LOCAL, params, parser, setting
from daemon.cli.bodies import content
from daemon.cli.command import LONG, Arg, Command
from daemon.cli.commands import COMMANDS, SHOWN, command
from daemon.cli.completion import bash
from fake_parts import Desk

WORDS = [one.words for one in COMMANDS]


def given(*words: str) -> argparse.Namespace:
    return parser().parse_args(words)


def test_every_method_has_a_command(desk: Desk) -> None:
    assert {method.name for method in desk.table} == {one.method for one in COMMANDS}


@pytest.mark.parametrize("one", COMMANDS, ids=WORDS)
def test_a_command_says_what_its_method_says_and_takes_all_its_parameters(one: Command, desk: Desk) -> None:
    method = desk.table.find(one.method)
    assert method is not None
    assert one.help == method.help
    assert {arg.param for arg in one.args} == set(method.params)


@pytest.mark.parametrize("one", COMMANDS, ids=WORDS)
def test_a_positional_argument_is_left_out_only_where_the_method_allows_it(one: Command, desk: Desk) -> None:
    method = desk.table.find(one.method)
    assert method is not None
    needed = {arg.param for arg in one.args if not arg.flags and arg.options.get("nargs") != "?"}
    assert needed == set(method.required)


def test_choices_are_those_of_the_method(desk: Desk) -> None:
    described = {method["name"]: method["params"] for method in desk.ask("methods.list")}
    for one in COMMANDS:
        types = {param["name"]: param["type"] for param in described[one.method]}
        for arg in one.args:
            if "choices" in arg.options:
                assert " | ".join(arg.options["choices"]) == types[arg.param], one.words


def test_every_command_has_help_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    for words in WORDS:
        with pytest.raises(SystemExit) as ended:
            given(*words.split(), "--help")
        assert ended.value.code == 0
        assert "usage: tocsinctl " + words in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--help"], ["status", "--help"]])
def test_help_says_that_a_degraded_daemon_is_running(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        given(*words)
    said = " ".join(capsys.readouterr().out.split())
    assert "`status` keeps to LSB, for service scripts: it is 0 while the daemon runs, degraded or not" in said


@pytest.mark.parametrize("one", COMMANDS, ids=WORDS)
def test_what_is_not_given_is_left_to_the_daemon(one: Command) -> None:
    needed = [arg for arg in one.args if not arg.flags and (arg.options.get("nargs") != "?" or one.either)]
    found = given(*one.words.split(), *map(some, needed))
    assert set(params(found.command, found)) == {arg.param for arg in needed}


def some(needed: Arg) -> str:
    """Something that an argument takes."""
    if needed.options.get("type") is probes.settings:
        return "{}"
    return __file__ if needed.options.get("type") is content else str(needed.options.get("choices", ["x"])[0])


def test_a_file_is_named_by_its_whole_path() -> None:
    found = given("config", "check", "etc/tocsin.yml")
    assert params(found.command, found) == {"path": str(Path.cwd() / "etc/tocsin.yml")}


def test_a_body_is_what_the_file_holds(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text('{"title": "磁盘满了"}', encoding="utf-8")
    found = given("test-source", "shop", "--body", str(tmp_path / "body.json"))
    assert params(found.command, found) == {"name": "shop", "body": '{"title": "磁盘满了"}'}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("deliveries retry", "one of the arguments CODE --channel is required"),
        ("deliveries retry D1 --channel sms", "argument --channel: not allowed with argument CODE"),
        ("quarantine replay", "one of the arguments CODE --source is required"),
        ("status --timeout soon", "--timeout: 'soon': write seconds, more than 0"),
        ("status --timeout nan", "--timeout: 'nan': write seconds, more than 0"),
        ("alerts list --limit 0", "--limit: '0': write a number from 1 to 1000"),
        ("alerts list --limit many", "--limit: 'many': write a number from 1 to 1000"),
        ("test-source shop --body /no/such/file", "/no/such/file cannot be read: No such file or directory"),
    ],
)
def test_wrong_words_are_answered_in_the_words_of_the_command(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        given(*words.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_body_that_is_no_text_is_not_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "body").write_bytes(b"{\xff}")
    with pytest.raises(SystemExit):
        given("test-source", "shop", "--body", str(tmp_path / "body"))
    assert "is not UTF-8: byte 1" in capsys.readouterr().err


def test_labels_become_a_map_and_resolve_a_state() -> None:
    found = given("send", "t", "--label", "a=1", "--label", "b=x=y", "--resolve")
    assert params(found.command, found) == {"title": "t", "labels": {"a": "1", "b": "x=y"}, "state": "resolved"}


def test_common_options_hold_before_and_after_the_words() -> None:
    assert given("--timeout", "3", "status").timeout == 3.0
    assert given("status", "--timeout", "3").timeout == 3.0
    assert setting(given("--url", "tcp://a:1", "ping"), "url") == "tcp://a:1"


def test_what_a_method_is_called_works_as_a_command_too() -> None:
    for word in ("silence", "silences"):
        assert given(word, "list").command.method == "silences.list"
    for word in ("template", "templates"):
        assert given(word, "list").command.method == "templates.list"


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_URL", "tcp://env:1")
    assert setting(given("ping"), "url", "default") == "tcp://env:1"
    assert setting(given("ping", "--url", "tcp://option:1"), "url", "default") == "tcp://option:1"
    monkeypatch.delenv("TOCSIN_URL")
    assert setting(given("ping"), "url", "default") == "default"


def test_codes_lead_to_commands_that_take_one() -> None:
    for words in SHOWN.values():
        assert [arg.param for arg in command(words).args if not arg.flags] == ["id"]


def test_what_may_take_long_is_waited_for() -> None:
    patient = {one.method for one in COMMANDS if one.patience == LONG}
    assert patient == {
        "channels.test",
        "probes.history",
        "probes.report",
        "probes.run",
        "probes.run_once",
        "rules.test",
        "metrics.get",
        "views.report",
        "sources.test",
        "quarantine.replay",
        "schedules.import",
        "sentry.replay",
    }


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", {"status", "alerts", "send", "completion"}),
        ("al", {"alerts"}),
        ("alerts ", {"list", "get"}),
        ("--url tcp://x:1 alerts l", {"list"}),
        ("log level ", {"debug", "info", "warning", "error"}),
        ("deliveries list --ph", {"--phase"}),
        ("send x --res", {"--resolve"}),
        ("completion ", {"bash"}),
        ("test-source shop --bo", {"--body"}),
        ("test-source shop --body x --content", {"--content-type"}),
    ],
)
def test_bash_offers_the_words_that_fit(typed: str, offered: set[str], tmp_path: Path) -> None:

    script = tmp_path / "completion"
    words = ["tocsinctl", *typed.split(" ")]
    listed = " ".join(f"'{word}'" for word in words)
    complete = f'COMP_WORDS=({listed}); COMP_CWORD={len(words) - 1}; _tocsinctl; echo "${{COMPREPLY[@]}}"'
    script.write_text(f"{bash()}\n{complete}\n")
    done = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=True)
    assert offered <= set(done.stdout.split()), done
    if not typed.endswith(" ") and typed:
        assert len(done.stdout.split()) <= 2


ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]


def test_every_command_that_a_page_names_is_one() -> None:
    groups = {name: group for group in GROUPS for name in (group, *ALIASES.get(group, ()))}
    known = {*WORDS, *LOCAL, *groups}
    wrong = []
    for page in PAGES:
        for first, second in re.findall(r"[`/]tocsinctl ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", page.read_text()):
            said = f"{groups[first]} {second}" if first in groups and second else first
            if said not in known:
                wrong.append(f"{page.name}: tocsinctl {said}")
    assert not wrong
