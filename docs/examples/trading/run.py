"""One alarm from a program's metric to a telephone, on this machine and without any account.

`make story` runs it. Without options everything but tocsin and the instrumented program is a stand-in; `--agent` and
`--gateway` put the real things in their places. It ends by itself, with 0 once the alarm and its end were told.
"""

import argparse
import collections
import contextlib
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pretended_aliyun import Account, PretendedAliyun
from pretended_datadog import PretendedDatadog

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
SPEED = 60.0  # how fast the stand-in's time goes: a minute of its takes a second
CALM, TROUBLE = 60.0, 120.0  # seconds of Datadog's time
PATIENCE, REAL_PATIENCE = 50.0, 1_800.0  # seconds
TEMPLATE = "交易系统${state}：${title}，编号${code}。"
READY = 45.0  # seconds that tocsin may take to start on a busy machine
NEEDS = ("datadog", "gevent", "yaml")
OF_ALIYUN = ("ALI_ID", "ALI_SECRET", "ALI_SIGN", "ALI_TEMPLATE")
TOLD = 2  # text messages: the alarm, and its end

_begin = time.monotonic()
_lock = threading.Lock()


class StoryEnds(Exception):
    """It cannot go on; the text says why, and what would help."""


def say(who: str, text: str) -> None:
    """Print one line of what happens."""
    with _lock:
        print(f"{time.monotonic() - _begin:5.1f} s  {who:<8} {text}", flush=True)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", metavar="HOST:PORT", help="a real Datadog agent; DATADOG_TOKEN in the environment")
    parser.add_argument(
        "--gateway",
        metavar="URL",
        help=f"the real https://dysmsapi.aliyuncs.com; {', '.join(OF_ALIYUN)} in the environment. It costs money",
    )
    parser.add_argument("--phone", metavar="NUMBER", default="+8613800000001", help="who is on call: %(default)s")
    parser.add_argument("--port", type=int, help="tocsin's on 127.0.0.1; 8420 with --agent, otherwise a free one")
    parser.add_argument("--patience", type=float, metavar="SECONDS", help="after which it ends with 1")
    told = parser.parse_args()
    told.patience = told.patience or (REAL_PATIENCE if told.agent else PATIENCE)
    told.port = told.port or (8420 if told.agent else free_port())
    return told


def settings(told: argparse.Namespace, state: str, given: Mapping[str, str]) -> dict[str, str]:
    """What tocsin.yml asks of the environment; secrets are made up where a stand-in is to know them."""
    asked = (["DATADOG_TOKEN"] if told.agent else []) + ([*OF_ALIYUN] if told.gateway else [])
    lacking = [name for name in asked if not given.get(name)]
    if lacking:
        raise StoryEnds(f"the real thing needs {', '.join(lacking)} in the environment")
    made_up = {
        "DATADOG_TOKEN": secrets.token_urlsafe(),
        "ALI_ID": "LTAI5tSTORY",
        "ALI_SECRET": secrets.token_urlsafe(),
        "ALI_SIGN": "运维",
        "ALI_TEMPLATE": "SMS_1",
    }
    return made_up | {name: given[name] for name in asked} | {
        "ONCALL_PHONE": told.phone,
        "TOCSIN_HTTP": f"127.0.0.1:{told.port}",
        "TOCSIN_ZMQ": f"ipc://{state}/control",
        "TOCSIN_STATE": state,
    }  # fmt: skip


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def program(
    command: list[str], environ: Mapping[str, str], heard: Callable[[str], None]
) -> Iterator["subprocess.Popen[str]"]:
    """Run a Python program inside the block; `heard` is given each line that it writes."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DD_", "TOCSIN_", "ALI_"))}
    reading, writing = os.pipe()
    running = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env={**clean, **environ}, stdout=writing, stderr=writing, text=True
    )
    os.close(writing)
    reader = threading.Thread(target=_relay, args=(reading, heard))
    reader.start()
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        reader.join()


def _relay(pipe: int, heard: Callable[[str], None]) -> None:
    """Hand on what comes through a pipe, line by line, until its writer is gone."""
    with open(pipe, errors="replace") as lines:
        for line in lines:
            heard(line.rstrip())


class Tocsin:
    """The daemon as this story asks it."""

    def __init__(self, port: int, running: "subprocess.Popen[str]", log: collections.deque[str]) -> None:
        """It listens, or soon will, on this port of this machine; `log` is what it wrote of late."""
        self.url = f"http://127.0.0.1:{port}"
        self._running = running
        self._log = log

    def is_ready(self) -> bool:
        """Whether it takes alarms; StoryEnds when it has ended."""
        if self._running.poll() is not None:
            raise StoryEnds("\n".join(("tocsin has ended; it wrote:", *self._log)))
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                return True
        except OSError:
            return False

    def deliveries(self) -> list[dict[str, Any]]:
        """What it has sent, or is about to, oldest first."""
        asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "deliveries.list", "params": {}}).encode()
        request = urllib.request.Request(f"{self.url}/rpc", asked, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=5) as answer:
            rows: list[dict[str, Any]] = json.load(answer)["result"]
        return rows[::-1]


def until(condition: Callable[[], object], seconds: float, why: Callable[[], str]) -> None:
    """Ask again and again; StoryEnds with `why()` when it takes longer."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StoryEnds(f"not within {seconds:.1f} s: {why()}")
        time.sleep(0.05)


def tell(told: argparse.Namespace, state: str) -> None:
    """Start everything, wait for both messages, stop everything."""
    environ = settings(told, state, os.environ)
    with contextlib.ExitStack() as stack:
        if told.gateway:
            environ["ALI_ENDPOINT"] = told.gateway
        else:
            key_id, key_secret, sign_name, template_code = (environ[name] for name in OF_ALIYUN)
            account = Account(key_id, key_secret, sign_name, template_code, TEMPLATE)
            gateway = stack.enter_context(PretendedAliyun(account, say=lambda text: say("phone", text)))
            environ["ALI_ENDPOINT"] = gateway.endpoint
        tocsin = _tocsin(told, environ, stack)
        agent = told.agent
        webhook = f"{tocsin.url}/webhook/datadog"
        if agent:
            say("datadog", f"is the real one behind {agent}: what its webhook calls must lead to {webhook}")
        else:
            datadog = stack.enter_context(
                PretendedDatadog(webhook, environ["DATADOG_TOKEN"], speed=SPEED, say=lambda text: say("datadog", text))
            )
            agent = f"127.0.0.1:{datadog.port}"
        trading = _trade(agent, 1.0 if told.agent else SPEED, stack)
        until(lambda: _is_told(tocsin, trading), told.patience, lambda: _unsent(tocsin))


def _tocsin(told: argparse.Namespace, environ: Mapping[str, str], stack: contextlib.ExitStack) -> Tocsin:
    """Start tocsin as its service does, with this folder's tocsin.yml."""
    log: collections.deque[str] = collections.deque(maxlen=20)
    command = ["-m", "daemon", "--config", str(HERE / "tocsin.yml")]
    tocsin = Tocsin(told.port, stack.enter_context(program(command, environ, log.append)), log)
    until(tocsin.is_ready, READY, lambda: "\n".join(("tocsin does not become ready; it wrote:", *log)))
    say("tocsin", f"is ready on {tocsin.url}")
    return tocsin


def _trade(agent: str, speed: float, stack: contextlib.ExitStack) -> "subprocess.Popen[str]":
    """Start the instrumented program; all it knows of the rest is where its agent listens."""
    host, _, port = agent.rpartition(":")
    command = [str(HERE / "trading.py"), f"--calm={CALM / speed}", f"--slow={TROUBLE / speed}"]
    environ = {"DD_AGENT_HOST": host, "DD_DOGSTATSD_PORT": port}
    return stack.enter_context(program(command, environ, lambda line: say("trading", line)))


def _is_told(tocsin: Tocsin, trading: "subprocess.Popen[str]") -> bool:
    if trading.poll() is not None:
        raise StoryEnds(f"the trading program has ended with {trading.returncode}; what it wrote stands above")
    return _sent(tocsin) >= TOLD


def _sent(tocsin: Tocsin) -> int:
    return sum(row["phase"] == "sent" for row in tocsin.deliveries())


def _unsent(tocsin: Tocsin) -> str:
    rows = [f"{row['code']} {row['title']}: {row['phase']} {row['reason']}" for row in tocsin.deliveries()]
    return "\n".join((f"{_sent(tocsin)} of {TOLD} text messages were taken. tocsin's deliveries:", *(rows or ["none"])))


def main() -> int:
    """Tell the story; return the exit code."""
    told = arguments()
    lacking = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if lacking:
        print(f"{sys.executable} lacks {', '.join(lacking)}: `make story` builds what is needed", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what it started ends with it
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-story-") as state:
            tell(told, state)
    except KeyboardInterrupt:
        return 1
    except StoryEnds as end:
        print(f"The story did not come to its end: {end}", file=sys.stderr)
        return 1
    print(f"Both were told: the alarm, and that it is over. It took {time.monotonic() - _begin:.0f} s.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
