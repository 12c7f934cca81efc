"""How the code reads: small files and functions, reasons beside exceptions, no leftovers."""

import ast
import re
from pathlib import Path

import pytest

from tree import ROOT, files, name, nodes, python, tree

OURS = ("daemon", "handlers")
LIMITS = {
    "daemon": (300, 40),
    "handlers": (300, 40),
    "tests": (500, 80),
    "bench": (500, 80),
    "docs": (300, 40),
    "client": (300, 40),
}
LEFTOVER = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")) + r")\b")
MACHINE = re.compile("|".join(("/wo" + "rk/", "/home/[a-z]", "/Us" + "ers/", "C:" + r"\\\\", r"\.py" + "env/")))
WHOLESALE = re.compile(r"#\s*(ruff|flake8): no[q]a|#\s*mypy: igno[r]e|type: igno[r]e(?!\[)")
WORTHLESS = re.compile(r"(Manager|Helper|Utils?)$")


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, its docstring not counted."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    first = node.body[0]
    if ast.get_docstring(node) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def functions(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_files_and_functions_stay_small() -> None:
    large = []
    for path in python(*LIMITS):
        lines, body = LIMITS[path.relative_to(ROOT).parts[0]]
        count = len(path.read_text().splitlines())
        if count > lines:
            large.append(f"{name(path)}: {count} lines, at most {lines}")
        large += [
            f"{name(path)}:{node.lineno} {node.name}: {length(node)} lines, at most {body}"
            for node in functions(path)
            if length(node) > body
        ]
    assert not large, "\n".join(large)


def test_every_module_says_in_one_line_what_it_is_for() -> None:
    silent = []
    for path in python(*LIMITS):
        first = (ast.get_docstring(tree(path)) or "").partition("\n")[0]
        if not first.endswith((".", "?", "!", ":")):
            silent.append(f"{name(path)}: {first!r}")
    assert not silent, "\n".join(silent)


def test_a_broad_except_gives_its_reason() -> None:
    silent = [
        f"{name(path)}:{number}: {line.strip()}"
        for path in python(*LIMITS)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"noqa:[^-]*BLE001", line) and not re.search(r"BLE001[A-Z0-9, ]* - \S+ \S+", line)
    ]
    assert not silent, "\n".join(silent)


def test_nothing_is_silenced_wholesale() -> None:
    wholesale = [
        f"{name(path)}: {line.strip()}"
        for path in python(*LIMITS)
        for line in path.read_text().splitlines()
        if WHOLESALE.search(line)
    ]
    assert not wholesale, "\n".join(wholesale)


@pytest.mark.parametrize(("what", "pattern"), [("leftovers", LEFTOVER), ("paths of one machine", MACHINE)])
def test_no_file_holds(what: str, pattern: re.Pattern[str]) -> None:
    found = []
    for path in files():
        if path.suffix in {".lock", ".png", ".svg"} or path.name == "LICENSE":
            continue
        text = path.read_text(encoding="utf-8")
        found += [f"{name(path)}: {match[0]}" for match in pattern.finditer(text)]
    assert not found, f"{what}: {found}"


def test_classes_are_called_after_what_they_are() -> None:
    vague = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in python(*OURS)
        for node in nodes(path)
        if isinstance(node, ast.ClassDef) and WORTHLESS.search(node.name)
    ]
    assert not vague, "\n".join(vague)


def test_the_measure_of_a_function_leaves_out_its_docstring() -> None:
    node = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n').body[0]
    assert isinstance(node, ast.FunctionDef)
    assert length(node) == 2
