"""What docs/instrumented-programs.md gives to paste works as pasted."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gevent import socket
from gevent.pywsgi import WSGIServer

from dogstatsd import parse
from monitor import Monitor
from needs import need_program
from tree import ROOT

PAGE = (ROOT / "docs/instrumented-programs.md").read_text()


def block(language: str, holding: str) -> str:
    (found,) = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if holding in text]
    return str(found)


def test_the_instrumented_lines_send_what_the_page_says() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.settimeout(3)
        program = block("python", "statsd.increment").replace("8125", str(agent.getsockname()[1]))
        subprocess.run([sys.executable, "-c", program], check=True, timeout=30)
        metrics = [parse(agent.recv(65_535))[0][0] for _ in range(3)]
    assert [(metric.kind, metric.tags) for metric in metrics] == [
        (kind, ("service:trading", "venue:sse")) for kind in "chg"
    ]


def test_the_commands_set_up_webhook_and_monitor() -> None:
    """The commands are run against a server that takes anything; what they send is what Datadog's API takes."""
    need_program("curl", "curl")
    calls: dict[str, Any] = {}

    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        assert (environ["HTTP_DD_API_KEY"], environ["HTTP_DD_APPLICATION_KEY"]) == ("key", "app")
        assert environ["CONTENT_TYPE"] == "application/json"
        calls[environ["PATH_INFO"]] = json.loads(environ["wsgi.input"].read())
        start("200 OK", [])
        return [b"{}"]

    lines = [line for line in block("sh", "api()").splitlines() if "run.py" not in line]
    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    try:
        script = "\n".join(("set -eu", "API_KEY=key APP_KEY=app", *lines, "echo $DATADOG_TOKEN"))
        here = script.replace("https://api.datadoghq.com", f"http://127.0.0.1:{server.server_port}")
        done = subprocess.run(["bash", "-c", here], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    finally:
        server.stop()
    token = done.stdout.removeprefix("{}" * 3).strip()
    assert len(token) == 32
    hooks = "/api/v1/integration/webhooks/configuration"
    variable, hook, monitor = (
        calls[path] for path in (f"{hooks}/custom-variables", f"{hooks}/webhooks", "/api/v1/monitor")
    )
    assert variable == {"name": "TOCSIN_TOKEN", "is_secret": True, "value": token}
    assert json.loads(hook["custom_headers"]) == {"Authorization": "Bearer $TOCSIN_TOKEN"}
    assert Monitor.read(monitor).threshold == 250.0


@pytest.mark.parametrize("option", re.findall(r"run\.py .*?(--\w+)", PAGE))
def test_the_options_are_there(option: str) -> None:
    assert f'"{option}"' in (ROOT / "docs/examples/trading/run.py").read_text()


def test_the_table_names_every_file_of_the_example() -> None:
    linked = set(re.findall(r"\]\(examples/trading/([\w.]+)\)", PAGE))
    there = {path.name for path in Path(ROOT / "docs/examples/trading").iterdir() if path.is_file()}
    assert there - linked == {"README.md", "requirements.txt"}


def test_the_template_is_the_same_everywhere() -> None:
    for path in ("docs/instrumented-programs.md", "docs/examples/trading/tocsin.yml", "docs/examples/trading/run.py"):
        assert "交易系统${state}：${title}，编号${code}。" in (ROOT / path).read_text(), path
