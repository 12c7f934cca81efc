"""The client is built as a package of its own, and knows nothing of the daemon."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tree import ROOT, imports, name, python

ALONE = """
import sys, tocsin
tocsin.Counter("t").increment()
foreign = [one for one in sys.modules if one.partition(".")[0] in ("daemon", "gevent", "flask", "bottle", "handlers")]
print(tocsin.__file__, foreign)
"""


@pytest.mark.slow
def test_the_wheel_works_without_the_daemon(tmp_path: Path) -> None:
    source = tmp_path / "client"
    for path in (ROOT / "client").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and "build" not in path.parts:
            (source / path.relative_to(ROOT / "client")).parent.mkdir(parents=True, exist_ok=True)
            (source / path.relative_to(ROOT / "client")).write_bytes(path.read_bytes())
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(build, check=True, timeout=60, cwd=tmp_path)
    (wheel,) = tmp_path.glob("tocsin_client-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as packed:
        named = packed.namelist()
        metadata = packed.read(next(one for one in named if one.endswith("METADATA"))).decode()
        packed.extractall(tmp_path / "there")
    assert "tocsin/py.typed" in named
    assert {one.partition("/")[0] for one in named} == {"tocsin", Path(named[-1]).parent.name}
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: >=3.8" in metadata
    alone = [sys.executable, "-S", "-E", "-s", "-c", ALONE]
    said = subprocess.run(alone, check=True, capture_output=True, text=True, cwd=tmp_path / "there").stdout.split()
    assert said == [str(tmp_path / "there/tocsin/__init__.py"), "[]"]


def test_it_imports_the_standard_library_alone() -> None:
    foreign = {
        f"{name(path)}: {imported}"
        for path in python("client")
        for _, imported in imports(path)
        if imported.partition(".")[0] not in {*sys.stdlib_module_names, "tocsin"}
    }
    assert not foreign


def test_it_is_written_for_old_pythons() -> None:
    """As far as the syntax tells; what of the library is newer than 3.8 ruff knows (client/pyproject.toml)."""
    for path in python("client"):
        ast.parse(path.read_text(), str(path), feature_version=(3, 8))


def test_what_it_offers_is_what_its_page_names() -> None:
    import tocsin  # noqa: PLC0415 - of this one alone

    page = (ROOT / "docs/measuring/client.md").read_text()
    assert tocsin.__all__ == sorted(tocsin.__all__)
    assert not [one for one in tocsin.__all__ if f"tocsin.{one}" not in page]
