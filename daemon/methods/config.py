"""The configuration: show it, check a file, go over to it; and how much is logged meanwhile."""

from typing import Any, Literal

import msgspec

from daemon.config.shown import redacted
from daemon.errors import MethodError
from daemon.methods.parts import Parts
from daemon.methods.table import NOT_FOUND, REFUSED, Table

Level = Literal["debug", "info", "warning", "error"]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with a configuration, and what is only doubtful."""

    usable: bool
    problems: list[str]
    warnings: list[str]


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """The new configuration is in force; `warnings` says what in it is doubtful, or waits for a restart."""

    warnings: list[str]


class Logging(msgspec.Struct, frozen=True, kw_only=True):
    """The least level that is written to the log."""

    level: Level


def add(table: Table, parts: Parts) -> None:
    """Add `config.*` and `log.*`."""

    @table.method("config.get", "read")
    def _get(section: str = "") -> dict[str, Any]:
        """Show the settings in force, laid out like the file, with their defaults; secrets are `***`.

        `section` picks one of the file's topmost names.
        """
        shown: dict[str, Any] = redacted(parts.settings())
        if section and section not in shown:
            known = ", ".join(shown)
            raise MethodError(f"there is no section {section[:100]!r}; there are: {known}", code=NOT_FOUND)
        return {section: shown[section]} if section else shown

    @table.method("config.check", "admin")
    def _check(path: str = "") -> Checked:
        """Read a configuration without using it, and list all for which a reload would refuse it now.

        `path` is a file on the daemon's machine; without one it is the file that the daemon was started with.
        """
        problems, warnings = parts.check(path)
        return Checked(usable=not problems, problems=problems, warnings=warnings)

    @table.method("config.reload", "admin")
    def _reload() -> Reloaded:
        """Go over to the configuration as it is on disk now; a bad one is refused and the old one stays."""
        problems = parts.reload()
        if problems:
            raise MethodError(
                "the configuration cannot be used, the old one stays in force:\n" + "\n".join(problems),
                code=REFUSED,
                data={"problems": problems},
            )
        return Reloaded(warnings=parts.warnings())

    @table.method("log.level", "admin")
    def _level(level: Level) -> Logging:
        """Set the least level that is logged, until the next reload."""
        parts.set_log_level(level)
        return Logging(level=level)
