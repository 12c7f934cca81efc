"""A real daemon and a real SDK: what had its 200 outlives `kill -9`, once."""

import json
import threading
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk

from running import Tocsind
from unhooked import unhook
from until import until

KEY = "0123456789abcdef0123456789abcdef"
CONFIG = """
log: {level: warning}
channels: {room: {type: console}}
receivers: [{name: ops, notify: [{by: [room]}]}]
route: {receiver: ops}
sentry: {projects: {shop: {id: 42, key: "${SHOP_KEY}", rate: 100000}}}
probes:
  nightly: {type: heartbeat, key: "0123456789abcdef", every: 1d}
"""
SENDERS = 4
KILLS = 3


def done(daemon: Tocsind) -> dict[str, int]:
    (shop,) = daemon.rpc("sentry.status")["projects"]
    assert not daemon.rpc("sentry.status")["aside"]
    return shop["worked_through"] if shop["waiting"]["rows"] == 0 else {}


class Senders:
    """Send errors until the daemon is gone; remember how many had their 200, and how many had no answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.taken = self.unsure = 0
        self.many = threading.Event()

    def run(self) -> None:
        payload = json.dumps({"message": "no money left", "level": "error"}).encode()
        body = b'{}\n{"type":"event","length":%d}\n%s\n' % (len(payload), payload)
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            while True:
                self.unsure += 1
                connection.request("POST", f"/api/42/envelope/?sentry_key={KEY}", body)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == 200
                self.taken, self.unsure = self.taken + 1, self.unsure - 1
                if self.taken > 150:
                    self.many.set()
        except (OSError, HTTPException):
            connection.close()


@pytest.mark.slow
def test_no_event_is_lost_or_doubled_by_kill_9_after_its_200(tmp_path: Path) -> None:
    daemon = Tocsind(tmp_path, CONFIG)
    taken = unsure = 0
    for _ in range(KILLS):
        daemon.start(SHOP_KEY=KEY)
        senders = Senders(daemon.http)
        threads = [threading.Thread(target=senders.run) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        assert senders.many.wait(20)
        daemon.kill()
        for thread in threads:
            thread.join(10)
        taken, unsure = taken + senders.taken, unsure + senders.unsure
    daemon.start(SHOP_KEY=KEY)
    until(lambda: done(daemon), within=20)
    assert taken <= done(daemon)["error"] <= taken + unsure
    (fault,) = daemon.rpc("errors.list")
    assert fault["count"] == done(daemon)["error"]
    _with_an_sdk(daemon)
    assert daemon.stop() == 0


def _with_an_sdk(daemon: Tocsind) -> None:
    before = done(daemon)["error"]
    sentry_sdk.init(f"http://{KEY}@127.0.0.1:{daemon.http}/42", traces_sample_rate=1.0)
    with sentry_sdk.start_transaction(op="http.server", name="/pay"):
        sentry_sdk.capture_message("no money left")
    sentry_sdk.crons.capture_checkin(monitor_slug="nightly", status="ok")
    unhook(timeout=5)
    until(lambda: done(daemon).get("error") == before + 1 and done(daemon).get("transaction") == 1)

    def nightly() -> Any:
        return next(one for one in daemon.rpc("probes.list") if one["name"] == "nightly")["verdict"] == "up"

    until(nightly)
    assert KEY not in json.dumps(daemon.rpc("sentry.status")) + daemon.errors()
