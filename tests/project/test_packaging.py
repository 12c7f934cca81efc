"""What is installed is what was locked, and nothing else is called `daemon`."""

import configparser
import re
import subprocess
import sys
from importlib.metadata import entry_points, packages_distributions, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import daemon
from tree import ROOT, files, imports, name, python

LOCKS = ("requirements.lock", "requirements-test.lock")


def declared() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def requirements(text: str) -> list[Requirement]:
    return [Requirement(line) for line in text.split("\n") if line.strip()]


def runs_on() -> list[Requirement]:
    return requirements(declared()["options"]["install_requires"])


def locked(lock: str) -> dict[str, str]:
    """Name -> exact version; every line must be `name==version` or a hash."""
    found = {}
    for line in (ROOT / lock).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line):
            continue
        match = re.fullmatch(r"([a-z0-9.-]+)==([0-9][0-9a-z.]*) \\", line)
        assert match, f"{lock}: {line!r} is neither an exact version nor a hash"
        found[canonicalize_name(match[1])] = match[2]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_exact_versions_with_hashes_and_nothing_else(lock: str) -> None:
    assert len(locked(lock)) > 15
    blocks = re.split(r"\n(?=[a-z])", (ROOT / lock).read_text())[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_both_locks_agree() -> None:
    run, test = (locked(lock) for lock in LOCKS)
    assert {package: test.get(package) for package in run} == run


def test_the_lock_satisfies_what_we_ask_for() -> None:
    parser = declared()
    extras = parser["options.extras_require"]
    for lock, asked in (
        ("requirements.lock", runs_on() + requirements(extras["build"])),
        ("requirements-test.lock", requirements(extras["test"])),
    ):
        have = locked(lock)
        unmet = [str(one) for one in asked if not one.specifier.contains(have.get(canonicalize_name(one.name), "0"))]
        assert not unmet


def test_every_dependency_has_a_lower_bound_and_no_upper_one() -> None:
    assert all([clause.operator for clause in one.specifier] == [">="] for one in runs_on())


def test_what_is_imported_is_what_is_asked_for() -> None:
    """supervisor is run, tzdata is read by zoneinfo; all else that we name is imported, and what we import is named."""
    owners = packages_distributions()
    used = {
        canonicalize_name(owners[top][0])
        for path in python("daemon", "handlers")
        for _, imported in imports(path)
        if (top := imported.partition(".")[0]) not in {*sys.stdlib_module_names, "daemon", "handlers"}
    }
    asked = {canonicalize_name(one.name) for one in runs_on()}
    assert len(asked) == len(runs_on())  # nothing is named twice
    extras = {canonicalize_name(one.name) for one in requirements(declared()["options.extras_require"]["apprise"])}
    assert not extras & asked
    asked |= extras
    # greenlet comes with gevent and is a part of it
    assert used - {"greenlet"} == asked - {"supervisor", "tzdata"}


def test_every_dependency_is_explained() -> None:
    text = (ROOT / "docs/install.md").read_text().lower()
    assert not [one.name for one in runs_on() if f"`{one.name.lower()}`" not in text]


def test_what_runs_here_is_what_was_locked() -> None:
    have = locked("requirements-test.lock")
    assert {package: version(package) for package in have} == have


def test_nobody_else_owns_our_import_names() -> None:
    owners = packages_distributions()
    assert {*owners["daemon"], *owners["handlers"]} == {"tocsin"}


def test_the_commands_are_there() -> None:
    commands = {point.name: point.value for point in entry_points(group="console_scripts") if point.dist}
    assert commands["tocsind"] == "daemon.__main__:main"
    assert commands["tocsinctl"].endswith(":main")


def test_the_version_stands_in_one_place() -> None:
    assert version("tocsin") == daemon.__version__
    assert declared()["metadata"]["version"] == "attr: daemon.__version__"


def test_the_changelog_has_a_place_for_what_comes() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(r"^## \[Unreleased\]$", text, re.MULTILINE)
    assert f"## [{daemon.__version__}]" in text or daemon.__version__.startswith("0.1")


def test_the_license_is_there() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "The tocsin authors" in text


def test_make_says_what_it_can() -> None:
    asked = ["make", "--no-print-directory", "help"]  # `make test` runs this one below itself
    said = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    told = {target for line in said.splitlines() for target in re.split(r" {2,}", line)[0].split()[1:]}
    assert told == set(targets[1].split())
    assert all(re.fullmatch(r"make [a-z ]+? {2,}\S.*", line) for line in said.splitlines()), said


def test_ci_runs_make_test() -> None:
    text = (ROOT / ".ci/run").read_text()
    assert re.search(r"^timeout .* make test$", text.rstrip().splitlines()[-1])
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_only_the_folders_that_were_agreed_on() -> None:
    agreed = {".ci", "bench", "client", "daemon", "docs", "etc", "handlers", "init.d", "tests"}
    assert {name(path).partition("/")[0] for path in files() if "/" in name(path)} <= agreed
