"""What the pages of docs/sources/ give to paste works as pasted."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from bodies import read
from daemon.config.load import load
from daemon.event import Severity, State
from daemon.loading import built_in_handlers, handlers_from
from daemon.payload.words import STATES
from daemon.registry import Catalog, Handler
from handlers.generic import Options

DOCS = Path(__file__).parents[2] / "docs" / "sources"
PAGES = {path.stem: path.read_text() for path in DOCS.glob("*.md")}
HANDLERS = built_in_handlers()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGES[page], re.DOTALL)


def source(page: str, name: str) -> tuple[Handler, Any]:
    """The handler and the options of a source that a page configures."""
    [section] = [
        found["sources"][name]
        for found in map(yaml.safe_load, blocks(page, "yaml"))
        if name in found.get("sources", {})
    ]
    given = {key: value for key, value in section.items() if key not in ("handler", "token")}
    return HANDLERS[section["handler"]], msgspec.convert(given, Options)


def test_datadog_s_template_has_the_fields_that_its_sample_has() -> None:
    [template] = map(json.loads, blocks("datadog", "json template"))
    assert list(template) == list(json.loads(HANDLERS["datadog"].samples["firing"].body))
    names = [value for value in template.values() if isinstance(value, str) and value.startswith("$")]
    assert len(names) == len(template) - 2  # all but what names the template itself


def test_the_script_s_two_calls_open_and_close_one_problem() -> None:
    bodies = re.findall(r"-d '(\{.*?\})'", PAGES["script"])
    handler, options = source("script", "script")
    opened, closed = (read(handler, body.encode(), form=True, options=options)[0] for body in bodies)
    assert (opened.state, opened.severity, opened.labels) == (State.FIRING, Severity.CRITICAL, {"host": "db-1"})
    assert closed.state is State.RESOLVED
    assert opened.fingerprint() == closed.fingerprint()


def test_the_list_example_is_the_sample_s_own_map() -> None:
    handler, options = source("generic", "shop")
    assert options == handler.sample_options
    events = read(handler, handler.samples["firing"].body, options=options)
    assert [(event.title, event.key) for event in events] == [("checkout on web-3", "4711"), ("mail on mx-1", "4712")]


def test_the_form_example_does_what_the_page_says() -> None:
    handler, options = source("generic", "uptime")
    form = b"monitor=12&name=shop&status=0&msg=connection+refused"
    assert form.decode() in PAGES["generic"]
    [down] = read(handler, form, form=True, options=options)
    [up] = read(handler, form.replace(b"status=0", b"status=1"), form=True, options=options)
    assert (down.title, down.key, down.state, down.severity) == (
        "shop is down", "12", State.FIRING, Severity.CRITICAL,
    )  # fmt: skip
    assert (up.state, up.fingerprint()) == (State.RESOLVED, down.fingerprint())


def test_the_handler_to_copy_loads_and_reads_its_samples(tmp_path: Path) -> None:
    [code] = blocks("README", "python")
    (tmp_path / "jenkins.py").write_text(code)
    found, problems = handlers_from(str(tmp_path))
    assert problems == []
    [failed] = read(found["jenkins"], found["jenkins"].samples["firing"].body)
    [mended] = read(found["jenkins"], found["jenkins"].samples["resolved"].body)
    assert failed.title == "Build 7 of shop ended in FAILURE"
    assert (mended.state, mended.fingerprint()) == (State.RESOLVED, failed.fingerprint())


def test_every_usual_word_is_on_the_page() -> None:
    assert [word for word in STATES if f"`{word}`" not in PAGES["generic"]] == []


def test_no_link_of_these_pages_leads_nowhere() -> None:
    prose = {name: re.sub(r"```.*?```", "", page, flags=re.DOTALL) for name, page in PAGES.items()}
    links = [(name, to) for name, page in prose.items() for to in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page)]
    assert links
    assert [(name, target) for name, target in links if not (DOCS / target).exists()] == []


CONFIGURED = [
    pytest.param(block, id=f"{page}: {number}")
    for page in PAGES
    for number, block in enumerate(blocks(page, "yaml"))
    if "sources" in yaml.safe_load(block)
]


@pytest.mark.parametrize("block", CONFIGURED)
def test_what_a_page_says_to_configure_is_a_configuration(block: str, tmp_path: Path) -> None:
    path = tmp_path / "tocsin.yml"
    path.write_text(block + "receivers: [{name: nobody}]\nroute: {receiver: nobody}\n")
    settings = load(
        path, lambda _: Catalog(handlers=HANDLERS), dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), "secret-of-a-page")
    ).settings
    assert set(settings.sources) == set(yaml.safe_load(block)["sources"])
