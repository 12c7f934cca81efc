"""Format, lint, types and layers, as part of the suite: `make test` is the whole judgement."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tree import ROOT

BIN = Path(sys.executable).parent


def passes(*command: str) -> None:
    """Run a tool from the same environment as the suite; its findings are the failure's text."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1", "FORCE_COLOR": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def test_the_format_is_ruffs() -> None:
    passes("ruff", "format", "--check", "--quiet", ".")


def test_ruff_finds_nothing() -> None:
    passes("ruff", "check", "--quiet", "--output-format", "concise", ".")


@pytest.mark.slow
def test_the_types_fit_strictly() -> None:
    passes("mypy")


@pytest.mark.slow
def test_the_layers_hold() -> None:
    passes("lint-imports", "--config", ".importlinter")


@pytest.mark.parametrize("script", ["init.d/tocsin", "init.d/install.sh"])
def test_the_scripts_are_valid_shell(script: str) -> None:
    done = subprocess.run(["sh", "-n", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_what_ci_runs_is_valid_bash() -> None:
    done = subprocess.run(["bash", "-n", ".ci/run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
