"""Finding handlers: the package's and those an operator drops into handlers.d."""

import os
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from textwrap import dedent

import pytest

import daemon.probes
import daemon.senders
from bodies import read
from daemon.errors import HandlerBroken, HandlerError
from daemon.loading import built_in_handlers, catalog, handlers_from
from daemon.registry import kinds_in

GOOD = """
    from daemon.event import Event
    from daemon.registry import handler


    @handler("{name}", samples={{}})
    def own(hook):
        "Read anything."
        yield Event(source=hook.source, key="k", title="{title}")
"""


@pytest.fixture(autouse=True)
def _no_module_stays() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("tocsin_handlers_d_"):
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "handlers.d"
    made.mkdir(mode=0o755)
    return made


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(dedent(text))
    path.chmod(0o644)
    return path


def good(folder: Path, file: str, name: str = "", title: str = "hello") -> Path:
    return put(folder, file, GOOD.format(name=name or file.removesuffix(".py"), title=title))


def problem(folder: Path) -> str:
    """The one problem there is, none of whose file's handlers is loaded."""
    found, problems = handlers_from(str(folder))
    assert found == {}
    assert len(problems) == 1, problems
    return problems[0]


def test_a_file_is_a_handler(folder: Path) -> None:
    path = good(folder, "own.py")
    found, problems = handlers_from(str(folder))
    assert problems == []
    assert found["own"].origin == str(path)
    assert found["own"].doc == "Read anything."
    assert [event.title for event in read(found["own"], {})] == ["hello"]


def test_each_call_reads_the_files_anew(folder: Path) -> None:
    good(folder, "own.py", title="before")
    before, _ = handlers_from(str(folder))
    good(folder, "own.py", title="after!")
    after, _ = handlers_from(str(folder))
    assert read(after["own"], {})[0].title == "after!"
    assert read(before["own"], {})[0].title == "before"
    (folder / "own.py").unlink()
    assert handlers_from(str(folder)) == ({}, [])


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = 1\ndef (:\n", 2, "SyntaxError: "),
        ("\n\nimport no_such_module_anywhere\n", 3, "ModuleNotFoundError: No module named"),
        ("def deep():\n    return 1 / 0\ndeep()\n", 2, "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)\n", 1, "SystemExit: 3"),
        ("\nassert False\n", 2, "AssertionError;"),
        ("from daemon.registry import handler\n@handler\ndef f(hook): ...\n", 2, "TypeError: "),
        ("x = '\0'\n", 1, "null bytes"),
        ("  x = 1\n", 1, "IndentationError: "),
    ],
)
def test_a_broken_file_is_reported_with_its_line_and_the_others_load(
    folder: Path, text: str, line: int, reason: str
) -> None:
    good(folder, "after.py")
    good(folder, "a_before.py")
    path = folder / "broken.py"
    path.write_text(text)
    found, problems = handlers_from(str(folder))
    assert set(found) == {"after", "a_before"}
    assert len(problems) == 1
    assert problems[0].startswith(f"{path}:{line}: ")
    assert reason in problems[0]
    assert "tocsin_handlers_d_broken" not in sys.modules


def test_a_file_that_is_not_utf_8_is_reported(folder: Path) -> None:
    (folder / "latin.py").write_bytes(b"x = '\xe9'\n")
    assert "latin.py:1: SyntaxError" in problem(folder)


def test_an_error_inside_a_library_names_the_operator_s_line(folder: Path) -> None:
    put(folder, "own.py", "import json\n\njson.loads('{')\n")
    assert "own.py:3: JSONDecodeError" in problem(folder)


def test_a_file_without_a_handler_is_reported(folder: Path) -> None:
    put(folder, "empty.py", "x = 1\n")
    assert "empty.py: there is no handler in it; mark a function with @handler" in problem(folder)


def test_an_imported_handler_is_not_the_file_s_own(folder: Path) -> None:
    put(folder, "borrowed.py", "from handlers.grafana import grafana\n")
    assert "there is no handler in it" in problem(folder)


def test_a_built_in_name_is_not_replaced(folder: Path) -> None:
    good(folder, "mine.py", name="grafana")
    assert "mine.py: the name 'grafana' is taken by handlers.grafana; choose another" in problem(folder)
    assert catalog(str(folder)).handlers["grafana"].origin == "handlers.grafana"


def test_a_name_taken_by_another_file_stays_with_the_first(folder: Path) -> None:
    first = good(folder, "a.py", name="same", title="first")
    second = good(folder, "b.py", name="same", title="second")
    found, problems = handlers_from(str(folder))
    assert read(found["same"], {})[0].title == "first"
    assert problems == [f"{second}: the name 'same' is taken by {first}; choose another"]


def test_two_handlers_of_one_name_in_a_file_are_reported(folder: Path) -> None:
    text = dedent(GOOD.format(name="same", title="x"))
    put(folder, "twice.py", text + text.replace("def own", "def other"))
    assert "twice.py: two handlers are called 'same'" in problem(folder)


def test_a_broken_file_leaves_the_handlers_that_were_loaded_before_working(folder: Path) -> None:
    put(folder, "own.py", "kept = 'kept'\n" + dedent(GOOD.format(name="own", title="x")).replace("'x'", "kept"))
    before, _ = handlers_from(str(folder))
    module = sys.modules["tocsin_handlers_d_own"]
    put(folder, "own.py", "1 / 0\n")
    assert "own.py:1: ZeroDivisionError" in problem(folder)
    assert sys.modules["tocsin_handlers_d_own"] is module
    assert read(before["own"], {})


def test_options_may_be_a_dataclass_with_annotations_as_texts(folder: Path) -> None:
    text = dedent(GOOD.format(name="own", title="x")).replace("samples={}", "samples={}, options=Own")
    options = """
        from __future__ import annotations
        from dataclasses import dataclass


        @dataclass(frozen=True, kw_only=True)
        class Own:
            limit: int = 3
    """
    put(folder, "own.py", dedent(options) + text)
    found, problems = handlers_from(str(folder))
    assert problems == []
    assert is_dataclass(found["own"].options)
    assert [one.name for one in fields(found["own"].options)] == ["limit"]


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        ("yield {}['alerts']", "own.py:10: KeyError: 'alerts'"),
        ("yield 5", "own.py: TypeError: it made int, not Event"),
        (
            "yield Event(source='s', title='t', key=5)",
            "own.py: ValidationError: Expected `str`, got `int` - at `$.key`",
        ),
        ("yield Event(source='s', title='t', labels={'a': 1})", "Expected `str`, got `int` - at `$.labels[...]`"),
        ("return None", "own.py: TypeError: "),
        ("raise SystemExit(1)", "own.py:10: SystemExit: 1"),
        ("raise HandlerError('no alarm in it')", "no alarm in it"),
        ("return hook.json()['x']", "the body is not valid JSON"),
    ],
)
def test_whatever_an_operator_s_handler_does_is_a_refusal_of_the_request(
    folder: Path, ending: str, sentence: str
) -> None:
    text = dedent(GOOD.format(name="own", title="x")).replace(
        "import Event\n", "import Event\nfrom daemon.errors import HandlerError\n"
    )
    head, _, _ = text.partition("    yield")
    put(folder, "own.py", f"{head}    {ending}\n")
    found, _ = handlers_from(str(folder))
    with pytest.raises(HandlerError) as caught:
        read(found["own"], b"{")
    assert sentence in str(caught.value)
    its_fault = "HandlerError" not in ending and "json()" not in ending
    assert isinstance(caught.value, HandlerBroken) is its_fault


@pytest.mark.parametrize("name", [".own.py", ".#own.py", "own.py~", "own.txt", "own.pyc"])
def test_other_files_are_not_looked_at(folder: Path, name: str) -> None:
    put(folder, name, "1 / 0\n")
    assert handlers_from(str(folder)) == ({}, [])


def test_a_file_that_everybody_may_write_is_not_run(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "it-ran"
    path = put(folder, "own.py", f"open({str(mark)!r}, 'w').close()\n")
    path.chmod(0o666)
    assert problem(folder) == f"{path}: everybody may write to it, so it is not loaded: chmod o-w it"
    assert not mark.exists()


def test_a_folder_that_everybody_may_write_is_not_read(folder: Path) -> None:
    good(folder, "own.py")
    folder.chmod(0o777)
    assert problem(folder) == f"{folder}: everybody may write to it, so it is not loaded: chmod o-w it"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_or_folder_of_somebody_else_is_not_run(folder: Path) -> None:
    path = good(folder, "own.py")
    os.chown(path, 65534, 65534)
    assert f"{path}: it belongs to user 65534; only root's and tocsin's own files are loaded" in problem(folder)
    os.chown(folder, 65534, 65534)
    assert f"{folder}: it belongs to user 65534" in problem(folder)


def test_a_link_is_judged_by_the_file_it_leads_to(folder: Path, tmp_path: Path) -> None:
    elsewhere = good(tmp_path, "real.py", name="linked")
    (folder / "own.py").symlink_to(elsewhere)
    assert set(handlers_from(str(folder))[0]) == {"linked"}
    elsewhere.chmod(0o646)
    assert "everybody may write to it" in problem(folder)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: path.symlink_to("nowhere")])
def test_what_is_no_file_is_reported_and_not_waited_for(folder: Path, make: object) -> None:
    make(folder / "own.py")  # type: ignore[operator]
    assert str(folder / "own.py") in problem(folder)


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    found, problems = handlers_from(str(tmp_path / "nowhere"))
    assert found == {}
    assert problems == [f"{tmp_path}/nowhere: the directory of handlers cannot be read: No such file or directory"]


def test_the_catalog_holds_what_the_packages_and_the_folder_have(folder: Path) -> None:
    good(folder, "own.py")
    put(folder, "broken.py", "1 / 0\n")
    whole = catalog(str(folder))
    assert set(whole.handlers) == {*built_in_handlers(), "own"}
    assert len(whole.problems) == 1
    assert whole.senders == kinds_in(daemon.senders)
    assert whole.probes == kinds_in(daemon.probes)


def test_without_a_folder_the_catalog_is_the_packages() -> None:
    whole = catalog("")
    assert whole.handlers == built_in_handlers()
    assert whole.problems == []
