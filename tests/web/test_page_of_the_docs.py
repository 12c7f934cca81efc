"""What docs/status-page.md gives to paste works, and the document that it shows is the one that goes out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from daemon.config.load import load
from daemon.loading import catalog
from daemon.store.sqlite import SqliteStore
from daemon.web import board, fresh, page
from daemon.web.page import Asked
from fake_clock import FakeClock
from showcase import Showcase

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/status-page.md").read_text()
CATALOG = catalog("")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def shape(value: Any) -> Any:
    """The keys of a document, in order, and the kinds of what they hold."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) else type(value).__name__


def test_the_document_has_the_shape_that_is_shown(store: SqliteStore, clock: FakeClock) -> None:
    show = Showcase(store, clock)
    show.fill()
    sent = json.loads(show.board.document(Asked(probe="checkout")).body)
    (example,) = blocks("json")
    shown = json.loads(example)
    phases = sent["groups"][0]["probes"][0]["response"]["phases"]
    sent["groups"][0]["probes"][0]["response"]["phases"] = {"connect": phases["connect"]}
    assert shape(sent) == shape(shown)
    assert list(sent) == list(shown)
    (incident,) = shown["incidents"]
    assert sent["incidents"][0] == incident


def test_what_is_to_be_pasted_loads(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    names = ("shop-front", "checkout")
    probes = "".join(f"  {name}: {{type: tcp, host: 127.0.0.1, port: 1, labels: {{team: core}}}}\n" for name in names)
    file = tmp_path / "tocsin.yml"
    file.write_text(
        f"store: sqlite:////tmp/x.db\nreceivers: [{{name: r}}]\nroute: {{receiver: r}}\nprobes:\n{probes}{text}"
    )
    made = load(file, lambda _: CATALOG, {}).settings.status_page
    assert made is not None
    assert made.public
    assert set(made.groups) == {"Shop", "Machinery"}


@pytest.mark.parametrize(
    ("words", "said", "actual"),
    [
        ("more than 100 probes", 100, page.LARGE),
        ("five seconds at least", 5, board.PAGE),
        ("twenty times as long as it took", 20, fresh.SHARE),
        ("sixteen at most", 16, fresh.MOST_WAITING),
        ("a fifth of a processor", 5, 1 + fresh.REST),
        ("response times for five minutes", 300, board.RESPONSES),
    ],
)
def test_figures_are_those_of_the_program(words: str, said: float, actual: float) -> None:
    assert words in PAGE
    assert said == actual


def test_every_address_is_described() -> None:
    for address in (
        "/status",
        "/status.json",
        "/status.atom",
        "/badge/<probe>/status.svg",
        "/badge/group/<group>/status.svg",
    ):
        assert f"| `{address}`" in PAGE
    for window in board.PERIODS:
        assert f"`{window}`" in PAGE


def test_the_lists_name_it() -> None:
    for name in ("README.md", "README.zh-CN.md"):
        assert "](docs/status-page.md)" in (ROOT / name).read_text()
