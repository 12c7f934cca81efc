"""`tocsinctl import` sees what it is given, and writes as many files as it takes."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
BACKUP, ENDPOINTS = str(HERE / "kuma" / "whole.json"), str(HERE / "gatus" / "whole.yaml")


def tocsinctl(*words: str, text: str = "", code: int = 0) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-m", "daemon.cli", "import", *words],
        cwd=ROOT, input=text, capture_output=True, text=True, encoding="utf-8", check=False, timeout=30,
        env={**os.environ, "TOCSIN_URL": "tcp://127.0.0.1:1"},
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    return done


@pytest.mark.parametrize(("file", "what"), [(BACKUP, "Uptime Kuma"), (ENDPOINTS, "Gatus")])
def test_a_source_is_known_by_what_is_in_it(file: str, what: str) -> None:
    done = tocsinctl(file, code=1)
    assert done.stdout.startswith(f"# Probes made from {what}'s {file} by `tocsinctl import`.\n")
    assert "things are not carried over\n\nNot carried over:\n  1. " in done.stderr
    assert "canary" not in done.stdout + done.stderr


def test_all_carried_over_is_0() -> None:
    done = tocsinctl(str(HERE / "gatus" / "small.yaml"))
    assert "all of it is carried over" in done.stderr


def test_what_it_is_can_be_said() -> None:
    text = json.dumps([{"name": "a", "type": "port", "hostname": "a", "port": 22}])
    assert "host: a\n" in tocsinctl("-", "--from", "uptime-kuma", text=text).stdout
    assert "has no endpoints" in tocsinctl("-", "--from", "gatus", text="{}", code=2).stderr
    assert "is it a backup of Uptime Kuma" in tocsinctl("-", "--from", "uptime-kuma", text="{}", code=2).stderr
    assert "invalid choice" in tocsinctl("-", "--from", "nagios", text="{}", code=2).stderr


def test_secrets_go_to_a_file_of_their_own(tmp_path: Path) -> None:
    out, environment = tmp_path / "probes.yml", tmp_path / "tocsin.env"
    tocsinctl(BACKUP, "--out", str(out), "--environment", str(environment), code=1)
    assert "canary" not in out.read_text()
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    read = subprocess.run(["sh", "-c", f'. {environment}; printf %s "$API_BODY"'], capture_output=True, check=True)
    assert json.loads(read.stdout) == {"user": "a", "password": "canary-of-the-body"}


def test_what_is_too_much_for_one_file_becomes_several(tmp_path: Path) -> None:
    out = tmp_path / "probes.yml"
    ports = [{"name": f"n{n}", "type": "port", "hostname": "a", "port": 22} for n in range(4_500)]
    text = json.dumps({"monitorList": ports})
    assert "it becomes 3 files" in tocsinctl("-", text=text, code=2).stderr
    tocsinctl("-", "--out", str(out), text=text)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["probes-2.yml", "probes-3.yml", "probes.yml"]
    (tmp_path / "tocsin.yml").write_text("include: [probes*.yml]\nreceivers: [{name: a}]\nroute: {receiver: a}\n")
    checked = subprocess.run(
        [sys.executable, "-m", "daemon", "--config", tmp_path / "tocsin.yml", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_one_that_is_there_already_keeps_the_others_from_being_written(tmp_path: Path) -> None:
    (tmp_path / "probes-2.yml").write_text("mine")
    ports = [{"name": f"n{n}", "type": "port", "hostname": "a", "port": 22} for n in range(2_500)]
    done = tocsinctl("-", "--out", str(tmp_path / "probes.yml"), text=json.dumps({"monitorList": ports}), code=2)
    assert "is there already" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["probes-2.yml"]
