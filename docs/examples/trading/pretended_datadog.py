"""Stands in for Datadog: agent, monitor and webhook integration, without an account.

Its time may run faster than everybody else's, so that a window of a minute need not take one.
"""

import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from dogstatsd import Agent, parse
from monitor import Change, Monitor, Watch
from webhook import Webhook, variables

HERE = Path(__file__).parent
FLUSH = 10.0  # seconds of its own time, as the real agent's
LONGEST = 65_535  # bytes of a datagram


class PretendedDatadog:
    """Hears datagrams on a free UDP port of this machine, inside a `with` block."""

    def __init__(self, url: str, token: str, *, speed: float, say: Callable[[str], None]) -> None:
        """`url` and `token` are tocsin's webhook, `speed` says how fast its time goes, `say` tells people."""
        self._watch = Watch(Monitor.read(json.loads((HERE / "monitor.json").read_text())))
        self._webhook = Webhook.read(json.loads((HERE / "webhook.json").read_text()), url, {"TOCSIN_TOKEN": token})
        self._speed = speed
        self._say = say
        self._agent = Agent()
        self._stop = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._run, name="datadog")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()

    @property
    def port(self) -> int:
        """Where programs send their metrics."""
        return int(self._socket.getsockname()[1])

    def _run(self) -> None:
        """Hear until the next flush is due, flush, judge; until it is to stop."""
        heard = False
        due = time.monotonic() + FLUSH / self._speed
        while not self._stop.is_set():
            self._socket.settimeout(max(due - time.monotonic(), 0.001))
            try:
                metrics, _ = parse(self._socket.recv(LONGEST))
            except TimeoutError:
                metrics = []
            self._agent.take(metrics)
            if metrics and not heard:
                heard = True
                self._say(
                    f"hears {metrics[0].name} {', '.join(metrics[0].tags)} (a minute takes {60 / self._speed:.1g} s)"
                )
            if time.monotonic() >= due:
                due += FLUSH / self._speed
                for change in self._watch.look(self._agent.flush(), time.monotonic() * self._speed):
                    self._tell(change)

    def _tell(self, change: Change) -> None:
        """Call the webhook. Datagrams that come meanwhile wait in the socket."""
        monitor = self._watch.monitor
        self._say(
            f"{change.transition}: {monitor.metric} of {monitor.group}:{change.group} is {change.value:.0f}"
            f" (alarm above {monitor.threshold:.0f}, over at {monitor.recovery:.0f}); calls the webhook"
        )
        said = self._webhook.post(variables(monitor, change, time.time_ns() // 1_000_000), self._stop)
        self._say(f"tocsin answered {said}")
