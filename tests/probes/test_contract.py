"""What holds for every kind of probe, those that are added later included."""

import dataclasses
import os
import pkgutil
import re
from pathlib import Path

import pytest

from daemon import probes
from daemon.config.reference import rows
from daemon.probes.base import Probe
from daemon.registry import KIND, kinds_in

KINDS = kinds_in(probes)
SHARED = {"base", "computing", "lifeline"}  # what is no kind; parts of kinds lie in folders
OF_THIS_MACHINE = {"command", "disk", "load", "log", "memory", "process", "service"}
DOCS = Path(__file__).parents[2] / "docs" / "probes"
SETTINGS = "## Settings"
KEYED = ' "…"'


def tables(kind: type[Probe]) -> str:
    """What a page lists: the settings, and what conditions can name."""
    lines = [SETTINGS, "", "| setting | what it is | default | what it does |", "|---|---|---|---|", *rows(kind)]
    if given := kind.gives():
        lines += ["", "## Values", "", "| in conditions | what it is | what it means |", "|---|---|---|"]
        for name, fact in given.items():
            lines.append(f"| `{name}{KEYED if fact.keyed else ''}` | {fact.unit} | {fact.doc} |")
    return "\n".join([*lines, ""])


def test_every_module_is_a_kind() -> None:
    modules = {info.name for info in pkgutil.iter_modules(probes.__path__) if not info.ispkg} - SHARED
    assert modules == set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_is_a_frozen_dataclass_of_documented_settings(kind: type[Probe]) -> None:
    assert issubclass(kind, Probe)
    assert KIND in vars(kind)
    parameters = vars(kind)["__dataclass_params__"]
    assert parameters.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))
    assert all(field.metadata.get("doc") for field in dataclasses.fields(kind))


@pytest.mark.parametrize("name", sorted(OF_THIS_MACHINE))
def test_what_touches_this_machine_is_never_run_for_others(name: str) -> None:
    """Whoever can have a probe run here must not have a command run by that."""
    assert not KINDS[name].FOR_OTHERS


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_names_its_values_as_conditions_do(kind: type[Probe]) -> None:
    for name, fact in kind.gives().items():
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*", name)
        assert fact.doc


@pytest.mark.parametrize("name", KINDS)
def test_the_page_of_a_kind_shows_what_it_declares(name: str) -> None:
    page = DOCS / f"{name}.md"
    by_hand, _, written = page.read_text().partition(f"{SETTINGS}\n")
    if os.environ.get("TOCSIN_WRITE_DOCS"):
        page.write_text(by_hand + tables(KINDS[name]))
        return
    again = "write it anew: TOCSIN_WRITE_DOCS=1 python -m pytest tests/probes/test_contract.py"
    assert f"{SETTINGS}\n{written}" == tables(KINDS[name]), again


def test_the_list_of_kinds_is_whole() -> None:
    text = (DOCS / "README.md").read_text()
    assert {line.split("`")[1] for line in text.splitlines() if line.startswith("| [`")} == set(KINDS)


def test_the_kind_that_the_page_shows_works(tmp_path: Path) -> None:
    code = (DOCS / "README.md").read_text().split("```python\n")[1].split("```")[0]
    space: dict[str, type[Probe]] = {"__name__": "shown"}  # type: ignore[dict-item]
    exec(code, space)
    shown = space["File"](path=str(tmp_path))  # type: ignore[call-arg]
    assert shown.look().is_well
    assert shown.target() == str(tmp_path)
