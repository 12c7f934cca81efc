"""The examples of a page of the handbook, as they stand there."""

import re
import subprocess
import sys
from collections.abc import Mapping

from tree import ROOT


def blocks(page: str, language: str) -> list[str]:
    """All of them in this language."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


def run(code: str, instead: Mapping[str, str], **environ: str) -> str:
    """Run one in a process of its own, with other addresses in place of those that stand there; what it prints."""
    for there, here in instead.items():
        code = code.replace(there, here)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
