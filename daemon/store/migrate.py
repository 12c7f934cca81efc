"""Bringing a database file to this version's schema: numbered SQL files, forward only, backed up before."""

import re
import sqlite3
from importlib.resources import files
from pathlib import Path

from daemon.errors import SchemaTooNew

_NAME = re.compile(r"(\d{4})_[a-z_0-9]+\.sql")


ALARMS, MEASURED = "migrations", "measured"  # the schemas: folders beside this file


def migrations(schema: str = ALARMS) -> dict[int, str]:
    """The SQL of each version, in order."""
    found = {}
    for entry in files("daemon.store").joinpath(schema).iterdir():
        if match := _NAME.fullmatch(entry.name):
            found[int(match[1])] = entry.read_text(encoding="utf-8")
    return dict(sorted(found.items()))


def migrate(connection: sqlite3.Connection, path: Path, schema: str = ALARMS) -> None:
    """Run what is missing, each step in a transaction of its own.

    A database that already holds something is first copied to `<path>.before-<version>`. Raises SchemaTooNew.
    """
    _run(connection, path, migrations(schema))


def _run(connection: sqlite3.Connection, path: Path, steps: dict[int, str]) -> None:
    have = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = max(steps)
    if have > newest:
        raise SchemaTooNew(
            f"{path} has schema {have}, this tocsin knows up to {newest}: install the newer tocsin again,"
            f" or restore the backup made before its migration ({path}.before-{newest + 1})"
        )
    if 0 < have < newest:
        backup = Path(f"{path}.before-{have + 1}")
        backup.unlink(missing_ok=True)
        connection.execute("VACUUM INTO ?", (str(backup),))
    for version, sql in steps.items():
        if version > have:
            connection.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {version}; COMMIT;")
