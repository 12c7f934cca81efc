"""The README is executed: every command, every program, every piece of configuration in it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from gevent import socket

from daemon import loading
from daemon.config.load import load
from daemon.hook import Hook
from needs import need
from tree import ROOT, files, name
from until import until

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)

PAGES = files(".md")

# Commands that cannot run inside this suite, and the file that runs them.
ELSEWHERE = {
    "make test": ".ci/run",
    "make install": "tests/service/test_install.py",
    "service tocsin start": "tests/service/test_service.py",
    "service tocsin status": "tests/service/test_service.py",
}


def blocks(language: str, page: str = "README.md") -> list[str]:
    return [text for name, text in BLOCK.findall((ROOT / page).read_text()) if name == language]


def commands(page: str = "README.md") -> list[str]:
    return [line for block in blocks("sh", page) for line in block.splitlines() if line]


def port_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def made() -> Iterator[None]:
    """`make run`, as a new user types it."""
    need(not port_open(8420) and not port_open(8421), "ports 8420 and 8421 must be free for the README's own commands")
    environ = {**os.environ, "TOCSIN_STATE": str(ROOT / "var" / f"readme-{os.getpid()}")}
    with (ROOT / "var" / "readme.log").open("wb") as output:
        running = subprocess.Popen(
            ["make", "run"], cwd=ROOT, env=environ, stdout=output, stderr=output, start_new_session=True
        )
    until(lambda: port_open(8421) or running.poll() is not None, within=300)
    yield
    os.killpg(running.pid, signal.SIGTERM)
    running.wait(30)


@pytest.fixture(scope="module", autouse=True)
def _folder() -> None:
    (ROOT / "var").mkdir(exist_ok=True)


@pytest.mark.slow
@pytest.mark.unguarded
@pytest.mark.usefixtures("made")
def test_every_command_works_in_the_order_of_the_page() -> None:
    here = [command for command in commands() if command not in ELSEWHERE and command != "make run"]
    assert len(here) > 5
    for command in here:
        done = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        if command.startswith("curl"):
            assert "HTTP/1.1 200" in done.stdout, f"{command}: {done.stdout}"


@pytest.mark.slow
@pytest.mark.unguarded
@pytest.mark.usefixtures("made")
def test_the_zeromq_client_prints_the_state() -> None:
    client = blocks("python")[0]
    assert len([line for line in client.splitlines() if line]) <= 10
    done = subprocess.run(
        [str(ROOT / ".venv/bin/python"), "-c", client], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout.startswith("ok"), done.stdout + done.stderr


def test_what_runs_elsewhere_does() -> None:
    for command, path in ELSEWHERE.items():
        words = command.removeprefix("service tocsin ").removeprefix("make ")
        assert words in (ROOT / path).read_text(), f"{path} does not run {command!r}"


def test_the_example_handler_is_a_handler(tmp_path: Path) -> None:
    (tmp_path / "orders.py").write_text(blocks("python")[1])
    (tmp_path / "orders.py").chmod(0o644)
    tmp_path.chmod(0o755)
    (tmp_path / "tocsin.yml").write_text(
        blocks("yaml")[2].replace("handlers.d", ".") + "\nroute: {receiver: ops}\n"
        "channels: {screen: {type: console}}\nreceivers: [{name: ops, notify: [{by: [screen]}]}]\n"
    )
    loaded = load(tmp_path / "tocsin.yml", loading.catalog, {})
    assert loaded.warnings == []
    handler = loaded.settings.sources["orders"].handler
    firing, resolved = (
        list(handler.handle(Hook(source="orders", body=sample.body))) for sample in handler.samples.values()
    )
    assert firing[0].fingerprint() == resolved[0].fingerprint()


def test_the_example_configuration_is_good(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yml").write_text(blocks("yaml")[0])
    loaded = load(tmp_path / "tocsin.yml", loading.catalog, {"ALI_ID": "id", "ALI_SECRET": "secret"})
    assert loaded.settings.receivers["oncall"].notify[0].by == ("sms",)


def test_the_example_probes_are_good(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yml").write_text(blocks("yaml")[0] + blocks("yaml")[1])
    environ = {"ALI_ID": "id", "ALI_SECRET": "secret", "BACKUP_PING_KEY": "0123456789abcdef"}
    loaded = load(tmp_path / "tocsin.yml", loading.catalog, environ)
    assert (loaded.settings.probes["shop"].type, loaded.settings.probes["backup"].type) == ("http", "heartbeat")
    assert loaded.warnings == []


def test_the_chinese_page_has_the_same_commands() -> None:
    def bare(page: str) -> list[str]:
        return [re.sub(r"[一-鿿]+|Disk almost full", "", command) for command in commands(page)]

    assert bare("README.zh-CN.md") == bare("README.md")


@pytest.mark.parametrize("language", ["python", "yaml"])
def test_both_pages_have_the_same_blocks(language: str) -> None:
    assert blocks(language)
    assert blocks(language, "README.zh-CN.md") == blocks(language)


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """The names that a page's headings can be pointed at by."""
    headings: list[str] = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|mailto:)<?([^)\s>]+)", prose(page)):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)} points at {target}"
        assert there.is_relative_to(ROOT), f"{name(page)} points at {target}, outside of the repository"
        assert not anchor or anchor in anchors(there), f"{name(page)} points at {target}, a heading that is not there"
