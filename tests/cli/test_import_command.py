"""`tocsinctl import` as a command: files, exit codes, and that it needs no daemon."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.cli.importing.imported import kept
from daemon.config.findings import Findings
from daemon.config.nodes import Items, Node, Scalar, Table, compose
from daemon.config.references import FILE, resolve
from daemon.config.yamltext import Value, written

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "alertmanager"
SMALL, CLASSIC = str(FOLDER / "small.yml"), str(FOLDER / "classic.yml")


def tocsinctl(*words: str, text: str = "", code: int = 0) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "daemon.cli", "import", *words],
        cwd=ROOT, input=text, capture_output=True, text=True, encoding="utf-8", check=False, timeout=30,
        env={**os.environ, "TOCSIN_URL": "tcp://127.0.0.1:1"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


def test_all_carried_over_is_0_and_the_result_is_the_output() -> None:
    done = tocsinctl(SMALL)
    assert done.stdout.startswith("# tocsin's settings, made from Alertmanager's ")
    assert "\nroute:\n" in done.stdout
    assert f"{SMALL}: all of it is carried over\n" in done.stderr


def test_something_left_is_1_and_a_numbered_list() -> None:
    done = tocsinctl(CLASSIC, code=1)
    assert (
        f"{CLASSIC}: 8 things are not carried over\n\nNot carried over:\n  1. {CLASSIC}:4: global.smtp" in done.stderr
    )
    assert f"\n  8. {CLASSIC}:45: receivers[2].slack_configs[0].text:" in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_the_result_and_its_secrets_go_to_files_that_others_cannot_read(tmp_path: Path) -> None:
    out, environment = tmp_path / "tocsin.yml", tmp_path / "tocsin.env"
    done = tocsinctl(CLASSIC, "--out", str(out), "--environment", str(environment), code=1)
    assert done.stdout == ""
    assert stat.S_IMODE(out.stat().st_mode) & 0o007 == 0
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert "canary" not in out.read_text()
    shell = f'. {environment}; printf %s "$TEAM_DB_PAGER_WEBHOOK_TOKEN"'
    read = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert read.stdout == "canary-of-the-bridge"


def test_tocsind_takes_the_result(tmp_path: Path) -> None:
    out = tmp_path / "tocsin.yml"
    tocsinctl(SMALL, "--out", str(out))
    checked = subprocess.run(
        [sys.executable, "-m", "daemon", "--config", out, "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.endswith("tocsin.yml: good\n")


@pytest.mark.parametrize("option", ["--out", "--environment"])
def test_a_file_that_is_there_is_not_overwritten(option: str, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_text("mine")
    assert "is there already; move it away" in tocsinctl(SMALL, option, str(there), code=2).stderr
    assert there.read_text() == "mine"


def test_it_reads_standard_input() -> None:
    done = tocsinctl("-", text="route: {receiver: a}\nreceivers: [{name: a}]\n")
    assert "(stdin): all of it is carried over" in done.stderr
    assert "- name: a\n" in done.stdout


def test_a_program_gets_json() -> None:
    done = tocsinctl(CLASSIC, "--json", code=1)
    told = json.loads(done.stdout)
    assert set(told) == {"config", "more", "file", "not_carried", "different", "needed"}
    assert len(told["not_carried"]) == 8
    assert done.stderr == ""


def test_a_source_that_cannot_be_read_is_2_with_the_reason(tmp_path: Path) -> None:
    bad, huge, binary = tmp_path / "bad.yml", tmp_path / "huge.yml", tmp_path / "binary.yml"
    bad.write_text("route: {receiver: a, group_wait: soon}\nreceivers: [{name: b}]\n")
    huge.write_bytes(b"#" * (1024 * 1024 + 1))
    binary.write_bytes(b"route: \xff")
    said = tocsinctl(str(bad), code=2).stderr.splitlines()
    assert said[0] == f"tocsinctl: {bad} cannot be imported:"
    assert said[1:] == [
        f'{bad}:1: route.receiver: there is no receiver "a"',
        f'{bad}:1: route.group_wait: "soon" is not a duration; write for example 30s, 5m, 4h or 1h30m',
    ]
    assert "is larger than 1048576 bytes" in tocsinctl(str(huge), code=2).stderr
    assert "is larger than 1048576 bytes" in tocsinctl("-", text="#" * (1024 * 1024 + 1), code=2).stderr
    assert "is not UTF-8: byte 7" in tocsinctl(str(binary), code=2).stderr
    assert "cannot be read: No such file or directory" in tocsinctl(str(tmp_path / "none"), code=2).stderr
    assert "is not a file" in tocsinctl(str(tmp_path), code=2).stderr


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda text: not text.startswith(FILE))
TRICKY = st.sampled_from(
    ["${HOME}", "$$", "a$b", "null", "~", "1e3", "09:00", "- x", "#", "a: b", "'", '"', "\x07", "no"]
)
KEYS = TEXTS.filter(lambda key: key != "<<")
VALUES = st.recursive(
    st.booleans() | TEXTS | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


def read_back(node: Node) -> object:
    match node:
        case Table(entries=entries):
            return {key: read_back(entry.value) for key, entry in entries.items()}
        case Items(items=items):
            return [read_back(item) for item in items]
        case Scalar(text=text, plain=plain):
            if plain and text in ("true", "false"):
                return text == "true"
            return resolve(text, {}).text


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(["a", "channels", "null", "平台"]), VALUES, min_size=1, max_size=3))
def test_what_is_written_is_read_back(value: dict[str, Value]) -> None:
    findings = Findings()
    node = compose(written(value, kept), "x.yml", findings)
    assert node is not None
    assert read_back(node) == value
    assert findings.problems == []
