"""The example is run as a reader of docs/instrumented-programs.md runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from gevent import socket

from dogstatsd import parse
from pretended_aliyun import Account, PretendedAliyun
from running import free_port
from tree import ROOT

RUN = ROOT / "docs/examples/trading/run.py"
TEXT = re.compile(r"phone +signature good; SMS to (\d+): (.*)")


def told(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(RUN), *arguments],
        env=os.environ | environ, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.slow
def test_a_metric_becomes_a_text_message_and_its_recovery_another() -> None:
    # what the reader's own shell holds for a real agent and a real account is not used
    done = told(
        "--phone", "+8613900000007", DD_AGENT_HOST="203.0.113.1", DD_ENV="prod", ALI_ID="real", ALI_SECRET="real"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert TEXT.findall(done.stdout) == [
        ("13900000007", "【运维】交易系统告警：Orders at sse are slow，编号A1。"),
        ("13900000007", "【运维】交易系统恢复：Orders at sse are slow，编号A1。"),
    ]
    assert done.stdout.count("tocsin answered 200") == 2
    assert "refuses" not in done.stdout
    assert "Both were told" in done.stdout
    assert not done.stderr


@pytest.mark.slow
def test_a_gateway_of_one_s_own_is_used_in_the_place_of_the_stand_in() -> None:
    account = Account("LTAI5tEXAMPLE", "s3cret", "托辛", "SMS_7", "${state} ${title} ${code}")
    with PretendedAliyun(account, say=str) as gateway:
        done = told(
            "--gateway", gateway.endpoint,
            ALI_ID="LTAI5tEXAMPLE", ALI_SECRET="s3cret", ALI_SIGN="托辛", ALI_TEMPLATE="SMS_7",
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert [text.words for text in gateway.texts] == [
        "【托辛】告警 Orders at sse are slow A1",
        "【托辛】恢复 Orders at sse are slow A1",
    ]
    assert "phone" not in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.slow
def test_an_agent_of_one_s_own_hears_the_metrics() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(5)
        place = f"127.0.0.1:{agent.getsockname()[1]}"
        done = told("--agent", place, "--port", str(free_port()), "--patience", "2", DATADOG_TOKEN="t0k")
        metrics, _ = parse(agent.recv(65_535))
    assert metrics[0].name == "trading.orders"
    assert "its webhook calls must lead to http://127.0.0.1:" in done.stdout
    assert done.returncode == 1  # nobody called


@pytest.mark.slow
def test_when_it_does_not_come_to_its_end_it_says_how_far_it_came() -> None:
    done = told("--patience", "0.2")
    assert done.returncode == 1
    assert "0 of 2 text messages were taken. tocsin's deliveries:\nnone" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.slow
def test_when_it_is_stopped_nothing_of_it_runs_on(tmp_path: Path) -> None:
    port = free_port()
    running = subprocess.Popen(
        [sys.executable, str(RUN), "--port", str(port)],
        env=os.environ | {"TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with running, socket.socket() as probe:
        assert running.stdout is not None
        assert "is ready" in running.stdout.readline()
        assert "take about 40 ms" in "".join(running.stdout.readline() for _ in range(2))
        running.terminate()
        assert running.wait(20) == 1
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_tocsin_that_cannot_start_is_quoted() -> None:
    done = told("--phone", "no number at all")
    assert done.returncode == 1
    assert "tocsin has ended; it wrote:" in done.stderr
    assert re.search(r"tocsin\.yml:\d+: people\.lin\.phone: .* is not a number", done.stderr)


def test_the_real_things_need_their_secrets() -> None:
    done = told("--agent", "127.0.0.1:8125", "--gateway", "https://dysmsapi.aliyuncs.com", ALI_ID="x", ALI_SIGN="y")
    assert done.returncode == 1
    assert "needs DATADOG_TOKEN, ALI_SECRET, ALI_TEMPLATE in the environment" in done.stderr


def test_a_python_without_the_packages_is_told_who_builds_them() -> None:
    done = subprocess.run(
        [sys.executable, "-S", str(RUN)], capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert re.search(r"lacks datadog, gevent, yaml: `make story` builds", done.stderr)
