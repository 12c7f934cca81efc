"""The phases of the http probe beside those of `curl -w`, on a road on which every step takes as long as is wanted."""

import json
import os
import statistics
import subprocess
import sys

import pytest

from needs import need_program
from tree import ROOT

DELAYS = {"resolve": 0.06, "connect": 0.07, "tls": 0.08, "first_byte": 0.09, "download": 0.1}
ROUNDS = 5
WITHIN = 0.010  # seconds by which the two may differ

Rounds = list[dict[str, float]]


def away(*command: str) -> list[str]:
    """The command in a network and a mount table of its own, which takes root, or the right to play it."""
    return ["unshare", *([] if os.getuid() == 0 else ["--map-root-user"]), "--net", "--mount", *command]


def middle(rounds: Rounds) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rounds]:
    for program, package in (("unshare", "util-linux"), ("ip", "iproute2"), ("curl", "curl")):
        need_program(program, package)
    allowed = subprocess.run(away("ip", "tuntap", "add", "road", "mode", "tun"), capture_output=True, check=False)
    if allowed.returncode:  # in a container that may not, there is nothing to be had
        pytest.skip(f"no network of its own: {allowed.stderr.decode().strip()}")
    folder = tmp_path_factory.mktemp("road")
    program = [sys.executable, "tests/support/slow_road.py", str(folder), str(ROUNDS), json.dumps(DELAYS)]
    done = subprocess.run(
        away(*program), cwd=ROOT, env={**os.environ, "PYTHONPATH": ".:tests/support"}, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Rounds] = json.loads(done.stdout)
    return found


@pytest.mark.slow
@pytest.mark.unguarded
def test_the_phases_agree_with_curl_on_the_same_server(seen: dict[str, Rounds]) -> None:
    ours, theirs = middle(seen["probe"]), middle(seen["curl"])
    assert list(ours) == list(theirs)
    apart = {name: abs(ours[name] - theirs[name]) for name in ours}
    assert max(apart.values()) < WITHIN, (ours, theirs)


@pytest.mark.slow
@pytest.mark.unguarded
def test_each_delay_is_seen_in_its_own_phase_and_in_no_other(seen: dict[str, Rounds]) -> None:
    ours = middle(seen["probe"])
    for name, delay in DELAYS.items():
        assert delay <= ours[name] < delay + 2 * WITHIN, ours
    assert all(sum(one[name] for name in DELAYS) <= one["total"] for one in seen["probe"])
