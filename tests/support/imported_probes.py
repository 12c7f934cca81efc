"""What an import of probes makes, loaded as tocsind does."""

from pathlib import Path

import yaml

from daemon import loading
from daemon.cli.importing.imported import Imported
from daemon.config.load import Loaded, load
from daemon.config.looking import ProbePlan

CATALOG = loading.catalog("")
MAIN = "include: [probes*.yml]\nreceivers: [{name: ops}]\nroute: {receiver: ops}\n"
ELSEWHERE = "known-elsewhere-0123456789"


def loaded(one: Imported, home: Path) -> Loaded:
    """Load the result beside a main file that includes it. Raises ConfigError."""
    for old in home.glob("*.yml"):
        old.unlink()
    for number, text in enumerate((one.text, *one.more)):
        (home / f"probes-{number}.yml").write_text(text)
    for file in home.glob("*.yml"):
        file.chmod(0o600)
    (home / "tocsin.yml").write_text(MAIN)
    environ = {
        name: f"{ELSEWHERE}-{name}" if variable.value is None else variable.value
        for name, variable in one.variables.items()
    }
    return load(home / "tocsin.yml", lambda _: CATALOG, environ)


def plans(one: Imported, home: Path) -> dict[str, ProbePlan]:
    """The probes of a result."""
    return loaded(one, home).settings.probes


def probes(one: Imported) -> dict[str, dict[str, object]]:
    """The probes as they are written."""
    found: dict[str, dict[str, object]] = {}
    for text in (one.text, *one.more):
        found |= (yaml.safe_load(text) or {}).get("probes") or {}
    return found
