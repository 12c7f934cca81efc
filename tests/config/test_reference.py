"""docs/configuration.md names every setting as the program declares it."""

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import pytest

from daemon.config.keys import doc, key_of
from daemon.config.reference import reference
from daemon.config.settings import Settings
from daemon.loading import catalog
from daemon.registry import Catalog

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
BEGIN = "## The file\n"
CALLED = {"handlers": "handler", "senders": "channel", "probes": "probe"}  # a mail server is sent to, and looked at


def test_the_page_is_what_the_settings_say() -> None:
    page = PAGE.read_text()
    by_hand, begin, written = page.partition(BEGIN)
    if os.environ.get("TOCSIN_WRITE_DOCS"):
        PAGE.write_text(by_hand + reference(catalog("")))
        return
    assert begin + written == reference(catalog("")), (
        "write it anew: TOCSIN_WRITE_DOCS=1 python -m pytest tests/config/test_reference.py"
    )


def settings_of(cls: type) -> list[Any]:
    return [one for one in fields(cls) if one.init]


@pytest.mark.parametrize("family", CALLED)
def test_every_setting_of_every_kind_is_in_it_with_a_sentence(family: str) -> None:
    kinds = getattr(catalog(""), family)
    page = PAGE.read_text()
    for name, kind in kinds.items():
        cls = kind.options if family == "handlers" else kind
        section = re.search(rf"### {CALLED[family]} `{name}`\n(.*?)(?=\n### |\Z)", page, re.DOTALL)
        assert section, name
        for one in settings_of(cls) if cls else ():
            assert f"| `{key_of(one)}` |" in section[1], f"{name}.{one.name}"
            assert one.metadata.get("doc"), f"{name}.{one.name} has no sentence"


def test_every_section_of_the_file_has_its_table() -> None:
    page = PAGE.read_text()
    for one in settings_of(Settings):
        assert f"| `{one.name}` |" in page
        assert one.metadata["doc"]
    assert "| `continue` | true or false | `false` |" in page
    assert "| `idle_timeout` | duration | `75s` |" in page


def test_a_kind_of_somebody_else_is_described_as_well() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Odd:
        """Something new. And more."""

        a: tuple[int, ...] = (1, 2)
        b: bytes = b""
        many: dict[str, Any] | None = None
        c: float = field(default=0.5, metadata=doc("a | b", least=0.1, most=2))

    text = reference(Catalog(senders={"odd": Odd}))
    assert "### channel `odd`\n\nSomething new. And more.\n" in text
    assert "| `c` | number | `0.5` | a \\| b (0.1 to 2) |" in text
