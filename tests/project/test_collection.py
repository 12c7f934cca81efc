"""The suite is shared out among processes, each of which must find the same tests in the same order."""

import os
import subprocess
import sys

import pytest

from tree import ROOT


def collected(seed: str) -> list[str]:
    """What a process of its own finds, with its sets in another order."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", "tests"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return [line for line in ran.stdout.splitlines() if "::" in line]


@pytest.mark.slow
def test_every_process_finds_the_same_tests_in_the_same_order() -> None:
    first, second = collected("1"), collected("2")
    assert len(first) > 1_000
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]] == []
