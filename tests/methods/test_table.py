"""The table itself: names, rights, and its description of itself."""

from pathlib import Path

import pytest

from daemon.errors import MethodError
from daemon.methods.page import page
from daemon.methods.table import Caller, Table
from fake_parts import Desk

ROOT = Path(__file__).parents[2]


def test_a_name_taken_twice_is_refused() -> None:
    table = Table()
    table.method("ping", "read")(lambda: None)
    add = table.method("ping", "act")
    with pytest.raises(ValueError, match="two methods are called 'ping'"):
        add(lambda: None)


def test_a_method_may_be_told_who_asks_and_nobody_can_say_that_for_somebody_else() -> None:
    table = Table()

    @table.method("greet", "read")
    def _greet(caller: Caller, word: str = "hello") -> str:
        """Greet."""
        return f"{word} {caller.name}"

    lin = Caller(name="lin", may=("read",))
    assert table.call("greet", {"word": "bye"}, lin) == table.call("greet", ["bye"], lin) == "bye lin"
    with pytest.raises(MethodError, match="greet has no parameter 'caller'; it takes: word"):
        table.call("greet", {"caller": {"name": "wang", "may": ["admin"]}}, lin)


def test_every_method_has_a_first_line_that_ends_like_a_sentence(desk: Desk) -> None:
    for method in desk.table:
        assert method.help.endswith("."), method.name
        assert len(method.help) <= 110, method.name


def test_what_changes_something_needs_more_than_the_right_to_read(desk: Desk) -> None:
    changing = {"send", "retry", "replay", "test", "run", "reload", "level", "check", "ack", "unack", "resolve"}
    changing |= {"add", "update", "expire", "silence", "open", "close", "pause", "resume"}
    changing |= {"run_once", "override", "override_remove", "import", "deliver", "ignore", "reopen"}
    looking = {"intervals.test", "rules.test"}  # a question about an instant
    for method in desk.table:
        changes = method.name.rpartition(".")[2] in changing and method.name not in looking
        assert (method.right == "read") == (not changes), method.name


def test_the_list_of_methods_describes_itself(desk: Desk) -> None:
    described = {method["name"]: method for method in desk.ask("methods.list")}
    assert sorted(described) == list(described)
    assert described["alerts.list"]["params"] == [
        {"name": "state", "type": "firing | resolved", "required": False, "default": None},
        {"name": "source", "type": "text", "required": False, "default": ""},
        {"name": "limit", "type": "number from 1 to 1000", "required": False, "default": 100},
        {"name": "before", "type": "number | text", "required": False, "default": 0},
    ]
    assert described["log.level"]["right"] == "admin"
    assert described["alerts.list"]["help"] == "List alerts, newest first."
    assert described["alerts.list"]["doc"].startswith("List alerts, newest first.\n\n")
    assert described["events.send"]["params"][5]["type"] == "map of text to text"


def test_the_page_about_methods_is_current(desk: Desk) -> None:
    written = (ROOT / "docs/methods.md").read_text(encoding="utf-8")
    assert written == page(desk.table), "write it anew: python -m daemon.methods.page > docs/methods.md"
