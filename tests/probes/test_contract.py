"""What holds for every kind of probe, those that are added later included."""

import dataclasses
import pkgutil
from pathlib import Path

import pytest

from daemon import probes
from daemon.config.settings import ProbePlan
from daemon.probes.base import Probe
from daemon.registry import KIND, kinds_in
from daemon.units import spoken

KINDS = kinds_in(probes)
SHARED = {"base", "dial"}
DOCS = (Path(__file__).parents[2] / "docs" / "probes.md").read_text()


def test_every_module_is_a_kind() -> None:
    modules = {info.name for info in pkgutil.iter_modules(probes.__path__)} - SHARED
    assert modules == set(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_is_a_frozen_dataclass_of_documented_settings(kind: type[Probe]) -> None:
    assert issubclass(kind, Probe)
    assert KIND in vars(kind)
    parameters = vars(kind)["__dataclass_params__"]
    assert parameters.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind))
    assert all(field.metadata.get("doc") for field in dataclasses.fields(kind))


def rows() -> list[tuple[str, dataclasses.Field[object]]]:
    """Every field that the page must document, with the heading it stands under."""
    own = [(name, field) for name, kind in KINDS.items() for field in dataclasses.fields(kind)]
    common = [field for field in dataclasses.fields(ProbePlan) if "doc" in field.metadata]
    common += dataclasses.fields(Probe)
    shared = {field.name for field in common}
    return [("Every probe", field) for field in common] + [row for row in own if row[1].name not in shared]


@pytest.mark.parametrize(("heading", "field"), rows(), ids=lambda value: getattr(value, "name", value))
def test_the_page_documents_every_setting_with_its_default(heading: str, field: "dataclasses.Field[object]") -> None:
    heading = heading if heading == "Every probe" else f"`{heading}`"
    section = DOCS.split(f"## {heading}\n")[1].split("\n## ")[0]
    (row,) = [line for line in section.splitlines() if line.startswith(f"| `{field.name}` |")]
    _, _, default, text, _ = (cell.strip() for cell in row.split("|"))
    assert text == field.metadata["doc"]
    if field.default is dataclasses.MISSING:
        assert default == ("none" if field.default_factory is not dataclasses.MISSING else "required")
    elif isinstance(field.default, float):
        assert default in {f"`{spoken(field.default)}`", f"`{field.default:g}s`"}
    elif field.name != "ca_file":
        shown = field.default if not isinstance(field.default, tuple) else f"[{', '.join(field.default)}]"
        assert default == f"`{shown}`"


def test_the_kind_that_the_page_shows_works(tmp_path: Path) -> None:
    code = DOCS.split("```python\n")[1].split("```")[0]
    space: dict[str, type[Probe]] = {"__name__": "shown"}  # type: ignore[dict-item]
    exec(code, space)
    shown = space["File"](path=str(tmp_path))  # type: ignore[call-arg]
    assert shown.look().ok
    assert shown.target() == str(tmp_path)
