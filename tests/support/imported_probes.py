"""What an import of probes makes, loaded as tocsind does."""

from dataclasses import fields
from pathlib import Path

import yaml

from daemon import loading
from daemon.cli.importing.imported import Imported
from daemon.config.load import Loaded, load
from daemon.config.looking import ProbePlan

CATALOG = loading.catalog("")
MAIN = "include: [probes*.yml]\nreceivers: [{name: ops}]\nroute: {receiver: ops}\n"
KEYS = {one.name for one in fields(ProbePlan)}
LATER = {"every_while_failing"}
ELSEWHERE = "known-elsewhere-0123456789"


def loaded(one: Imported, home: Path) -> Loaded:
    """Load the result beside a main file that includes it. Raises ConfigError."""
    for old in home.glob("*.yml"):
        old.unlink()
    for number, text in enumerate((one.text, *one.more)):
        (home / f"probes-{number}.yml").write_text(with_what_there_is(text))
    for file in home.glob("*.yml"):
        file.chmod(0o600)
    (home / "tocsin.yml").write_text(MAIN)
    environ = {
        name: f"{ELSEWHERE}-{name}" if variable.value is None else variable.value
        for name, variable in one.variables.items()
    }
    return load(home / "tocsin.yml", lambda _: CATALOG, environ)


def with_what_there_is(text: str) -> str:
    """Without kinds of probes and settings of all probes that are built later; unchanged where there are all."""
    probes = (yaml.safe_load(text) or {}).get("probes") or {}
    gone = [name for name, probe in probes.items() if probe["type"] not in CATALOG.probes]
    lines, keep = [], True
    for line in text.splitlines(keepends=True):
        if line.startswith("  ") and not line.startswith("   "):
            keep = next(iter(yaml.safe_load(line))) not in gone
        is_later = line.split(":")[0].strip() in LATER and LATER.isdisjoint(KEYS)
        if (keep or not line.startswith(" ")) and not is_later:
            lines.append(line)
    return "".join(lines)


def plans(one: Imported, home: Path) -> dict[str, ProbePlan]:
    """The probes of a result."""
    return loaded(one, home).settings.probes


def probes(one: Imported) -> dict[str, dict[str, object]]:
    """The probes as they are written."""
    found: dict[str, dict[str, object]] = {}
    for text in (one.text, *one.more):
        found |= (yaml.safe_load(text) or {}).get("probes") or {}
    return found
