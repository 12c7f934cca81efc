"""A missing server skips at a desk and fails in CI."""

import os
import shutil

import pytest


def need(condition: object, what: str) -> None:
    """Go on only when `condition` holds; `what` says what is missing."""
    if not condition:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have it: {what}")
        pytest.skip(what)


def need_program(name: str, package: str) -> str:
    """Return the path of an installed program."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    need(path, f"{name} is not installed (Debian package {package})")
    assert path is not None
    return path
