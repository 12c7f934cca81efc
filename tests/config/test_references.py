"""A secret's file that cannot be read says whose right is missing."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.config.references import UnresolvedError, resolve
from daemon.privileges import owner

NOBODY = 65_534


@contextmanager
def unprivileged() -> Iterator[None]:
    """Root reads everything, so be nobody for a while."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def test_a_secret_that_may_not_be_read_says_who_reads_it_and_what_would_do(tmp_path: Path) -> None:
    secret = tmp_path / "curve.secret"
    secret.write_text("x")
    secret.chmod(0o000)
    with unprivileged():
        user, group = owner()
        with pytest.raises(UnresolvedError) as told:
            resolve(f"file:{secret}", {})
    assert str(told.value) == (
        f"the file {secret} cannot be read: Permission denied; "
        f"it is read as the user {user}: chgrp {group} and chmod 640 it"
    )
    assert re.fullmatch(r"[a-z0-9_-]+", user)


def test_a_secret_that_is_not_there_says_only_that(tmp_path: Path) -> None:
    with pytest.raises(UnresolvedError, match=r"cannot be read: No such file or directory$"):
        resolve(f"file:{tmp_path}/none", {})
